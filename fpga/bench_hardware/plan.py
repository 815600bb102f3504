# SPDX-License-Identifier: BSD-3-Clause
"""Which layers are compared: a quick choice, and all."""

from fpga.bench_hardware.layer import Layer

# fan-in, outputs, PE, SIMD, weights, bits of the activations, bits of our accumulator.
# Convolutions of 3x3 and 5x5 over 1 to 256 channels, and linear layers. PE and SIMD are such that a step is 36 to 256
# products: larger ones repeat the same element more often, and take the longer to synthesise. Every accumulator of ours
# is narrower than no overflow would allow: a wider one is nobody's choice.
_QUICK = (
    (9, 8, 4, 9, "binary", 4, 6),
    (64, 8, 4, 8, "binary", 4, 6),
    (144, 16, 4, 16, "binary", 4, 8),
    (288, 16, 8, 16, "binary", 1, 6),
    (9, 8, 4, 9, "ternary", 4, 6),
    (144, 16, 4, 16, "ternary", 2, 8),
    (9, 8, 4, 9, "4-bit", 4, 8),
    (72, 8, 4, 18, "4-bit", 2, 8),
    (144, 8, 2, 16, "4-bit", 4, 12),
)
# With the quick form's, the dozen that the full form places and routes, and whose netlists it simulates.
_EXAMINED = (
    (27, 16, 4, 9, "binary", 2, 6),
    (72, 16, 4, 36, "binary", 2, 8),
    (144, 16, 4, 16, "binary", 2, 8),
)
_MORE = (
    (576, 8, 4, 36, "binary", 2, 6),
    (2304, 4, 4, 64, "binary", 1, 8),
    (36, 16, 4, 36, "ternary", 2, 6),
    (576, 4, 2, 24, "ternary", 4, 12),
    (36, 16, 4, 36, "binary", 2, 6),
    (64, 16, 4, 16, "binary", 1, 6),
    (128, 16, 2, 32, "binary", 1, 6),
    (144, 16, 4, 36, "binary", 3, 8),
    (288, 16, 4, 16, "binary", 4, 12),
    (256, 8, 1, 64, "binary", 2, 8),
    (288, 8, 4, 32, "binary", 2, 8),
    (576, 8, 4, 64, "binary", 1, 8),
    (576, 8, 2, 32, "binary", 4, 8),
    (1152, 4, 4, 64, "binary", 1, 8),
    (1152, 4, 2, 48, "binary", 2, 8),
    (2304, 4, 4, 36, "binary", 2, 8),
    (2304, 2, 2, 64, "binary", 4, 12),
    (25, 8, 4, 25, "ternary", 4, 8),
    (72, 16, 4, 18, "ternary", 3, 8),
    (144, 16, 4, 36, "ternary", 1, 6),
    (144, 8, 4, 16, "ternary", 4, 8),
    (288, 8, 4, 32, "ternary", 2, 8),
    (576, 8, 4, 36, "ternary", 2, 8),
    (1152, 4, 4, 32, "ternary", 1, 8),
    (2304, 4, 4, 36, "ternary", 2, 8),
    (16, 8, 4, 16, "4-bit", 2, 6),
    (27, 16, 4, 9, "4-bit", 4, 8),
    (64, 8, 4, 8, "4-bit", 4, 8),
    (144, 8, 4, 16, "4-bit", 2, 8),
    (288, 8, 2, 24, "4-bit", 1, 8),
    (576, 4, 2, 16, "4-bit", 3, 8),
    (1152, 4, 2, 32, "4-bit", 2, 8),
    (2304, 4, 2, 24, "4-bit", 4, 12),
)
# Every weight a constant of the circuit: PE is the outputs, SIMD the fan-in.
_UNROLLED_QUICK = ((9, 16, "binary", 4, 6), (27, 8, "ternary", 2, 6))
_UNROLLED_MORE = ((72, 8, "binary", 1, 6), (64, 10, "binary", 2, 6), (16, 16, "ternary", 4, 6), (16, 8, "4-bit", 4, 8))

NETWORKS = ("fmnist-cnn", "cifar-cnv")
WITH_UNITS = ("fmnist-cnn",)
"""Networks whose units' netlists, and the rivals', are simulated on test images."""


def layers(full: bool) -> list[Layer]:
    """Folded layers, in steps of a few words."""
    return [Layer(*values) for values in (*_QUICK, *((*_EXAMINED, *_MORE) if full else ()))]


def unrolled(full: bool) -> list[Layer]:
    """Layers whose weights are constants."""
    chosen = (*_UNROLLED_QUICK, *(_UNROLLED_MORE if full else ()))
    return [Layer(fan_in, outputs, outputs, fan_in, *rest) for fan_in, outputs, *rest in chosen]


def examined() -> list[Layer]:
    """The layers that the full form places and routes, and whose netlists it simulates: a dozen, of each kind of
    weights and each width, and all unrolled ones.
    """
    return [*(Layer(*values) for values in (*_QUICK, *_EXAMINED)), *unrolled(full=True)]
