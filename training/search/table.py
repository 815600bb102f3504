# SPDX-License-Identifier: BSD-3-Clause
"""What a search found, for the terminal."""

from rich.table import Table

from training.search.cost import shown
from training.search.front import front
from training.search.search import Result


def layers(result: Result) -> Table:
    """Each layer: products, what narrow accumulators would overflow without training, the recipe's width, the new."""
    table = Table("layer", "products", "holds all sums", "1 % overflow", "recipe", "found", title="accumulators")
    for name, layer in result.layers.items():
        overflow = layer.overflow[layer.holding]
        table.add_row(
            name,
            str(layer.products),
            f"{layer.holding} bits" if overflow == 0 else f"over {layer.holding} bits",
            f"{layer.start} bits",
            str(result.widths[name]),
            str(result.best.widths[name]),
        )
    return table


def candidates(result: Result) -> Table:
    """The front, with the recipe's own network above it."""
    table = Table("bits", "cost", "in a trial", "in full", "", title="accuracy on validation images, and cost")
    table.add_row(shown(result.widths), f"{result.cost:.6g}", "", _percent(result.reference), "recipe")
    for one in front(result.found):
        mark = "found" if one == result.best else "" if one.fits else "too far below"
        table.add_row(shown(one.widths), f"{one.cost:.6g}", _percent(one.accuracy), _percent(one.full), mark)
    return table


def _percent(accuracy: float | None) -> str:
    return "" if accuracy is None else f"{100 * accuracy:.2f} %"
