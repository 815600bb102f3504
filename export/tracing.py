# SPDX-License-Identifier: BSD-3-Clause
"""A frozen network's ONNX graph as torch traces it, with quantisers and accumulators as single named operators.

In a copy of the network every Brevitas activation quantiser and every wrapping layer is replaced by a stand-in whose
forward is the operators that the file shall hold. Everything else, the user's own forward included, is traced as it is.
"""

import copy
import io
import warnings
from dataclasses import dataclass
from typing import Any

import onnx
import torch
from brevitas.proxy.runtime_quant import ActQuantProxyFromInjectorBase
from brevitas.quant_tensor import IntQuantTensor
from onnx import ModelProto
from torch import Tensor, nn
from torch.autograd import Function

from chain.errors import UnsupportedError
from export.ops.functions import OPSET, QUANT_DOMAIN, QUANT_DOMAIN_VERSION, WRAP_DOMAIN, WRAP_DOMAIN_VERSION
from training.layers import QuantSumPool, accumulators
from training.layers.wrapping import AccumulatorMixin


@dataclass(frozen=True)
class LayerFacts:
    """What a layer's file entry needs beside the graph: the weights' datatype, the input's width, the sums' range."""

    weight_type: str
    input_bits: int
    lowest: int
    highest: int

    @property
    def sum_bits(self) -> int:
        """The narrowest two's complement width that no sum leaves."""
        return max(self.highest.bit_length(), (-self.lowest - 1).bit_length() if self.lowest < 0 else 0) + 1


class _WrapAccumulator(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, path: str, bits: int, fold: int) -> Tensor:
        return z.clone()

    @staticmethod
    def symbolic(g: Any, z: Any, path: str, bits: int, fold: int) -> Any:
        result = g.op(f"{WRAP_DOMAIN}::WrapAccumulator", z, bits_i=bits, fold_i=fold, module_path_s=path)
        result.setType(z.type())
        return result


class _Quant(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, zero: Tensor, bits: Tensor, path: str, options: Any) -> Tensor:
        return x.clone()

    @staticmethod
    def symbolic(g: Any, x: Any, scale: Any, zero: Any, bits: Any, path: str, options: tuple[bool, bool, str]) -> Any:
        signed, narrow, rounding = options
        result = g.op(
            f"{QUANT_DOMAIN}::Quant",
            x,
            scale,
            zero,
            bits,
            signed_i=int(signed),
            narrow_i=int(narrow),
            rounding_mode_s=rounding,
            module_path_s=path,
        )
        result.setType(x.type())
        return result


class _QuantiserStandIn(nn.Module):
    """Takes the place of a Brevitas activation quantiser: its activation function, then one Quant operator."""

    def __init__(self, proxy: Any, path: str) -> None:
        super().__init__()
        self.activation = proxy.fused_activation_quant_proxy.activation_impl
        self.path = path
        self.scale, self.zero_point, self.bit_width = (
            value.detach().clone() for value in (proxy.scale(), proxy.zero_point(), proxy.bit_width())
        )
        self.signed = bool(proxy.is_signed)
        self.options = (self.signed, bool(proxy.is_narrow_range), str(proxy.rounding_mode).upper())

    def forward(self, x: Tensor) -> IntQuantTensor:
        value = self.activation(x.value if isinstance(x, IntQuantTensor) else x)
        numbers = [_scalar(v) for v in (self.scale, self.zero_point, self.bit_width)]
        y = _Quant.apply(value, *numbers, self.path, self.options)
        return IntQuantTensor(y, self.scale, self.zero_point, self.bit_width, self.signed, False)


class _LayerStandIn(nn.Module):
    """Takes the place of a wrapping layer: integers, the product with integer weights, the accumulator."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer
        weight, _ = layer.integer_weight()
        self.weight = weight.detach().clone()
        self.facts: LayerFacts | None = None

    def forward(self, x: IntQuantTensor) -> Tensor:
        layer = self.layer
        facts = self.facts = self._facts(int(x.bit_width))
        fold = (layer.fold or 0) if layer.wrapping else 0
        bits = layer.accumulator_bits if layer.wrapping else facts.sum_bits
        if not fold:
            bits = min(bits, facts.sum_bits)
        integers = torch.round(x.value / _scalar(x.scale))
        z = layer.inner_forward_impl(integers, self.weight, None)
        result: Tensor = _WrapAccumulator.apply(z, layer.layer_name, bits, fold)
        return result

    def _facts(self, input_bits: int) -> LayerFacts:
        bits = self.layer.weight_bits
        weight_type = "BIPOLAR" if bits == 1 else "TERNARY" if bits < 2 else f"INT{int(bits)}"
        top = (1 << input_bits) - 1
        rows = self.weight.double().flatten(1)
        lowest, highest = (int(side.sum(dim=1).abs().max()) * top for side in (rows.clamp(max=0), rows.clamp(min=0)))
        return LayerFacts(weight_type, input_bits, -lowest, highest)


class _SumPoolStandIn(nn.Module):
    """Takes the place of a QuantSumPool: the sum of the integers, times one constant."""

    def __init__(self, pool: QuantSumPool) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: IntQuantTensor) -> Tensor:
        total = torch.round(x.value / _scalar(x.scale.detach())).sum(dim=(2, 3), keepdim=True)
        factor = self.pool.factor(_scalar(x.scale), x.value.shape[2] * x.value.shape[3])
        y = total * factor
        return y.flatten(1) if self.pool.flatten else y


def trace(frozen: nn.Module, shape: tuple[int, ...]) -> tuple[ModelProto, dict[str, LayerFacts]]:
    """The ONNX model of `frozen` (see training.freeze) for one image of `shape` [C, H, W], as torch writes it, and
    facts about its layers by name.

    Quant and WrapAccumulator nodes carry their module's path in the attribute `module_path`.

    Raises:
        UnsupportedError: torch cannot express the network's forward in ONNX.
    """
    model = copy.deepcopy(frozen).eval()
    accumulators(model)
    _replace(model)
    written = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                model,
                (torch.zeros(1, *shape),),
                written,  # type: ignore[arg-type]  # torch takes a file, its annotation does not
                dynamo=False,
                opset_version=OPSET,
                input_names=["input"],
                output_names=["output"],
                custom_opsets={WRAP_DOMAIN: WRAP_DOMAIN_VERSION, QUANT_DOMAIN: QUANT_DOMAIN_VERSION},
            )
        except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
            raise UnsupportedError(f"torch cannot write the network as ONNX: {error}") from error
    stand_ins = [module for module in model.modules() if isinstance(module, _LayerStandIn)]
    facts = {stand_in.layer.layer_name: stand_in.facts for stand_in in stand_ins if stand_in.facts is not None}
    return onnx.load_model_from_string(written.getvalue()), facts


def _replace(model: nn.Module) -> None:
    """Put the stand-ins into `model`; a module used in several places gets one."""
    made: dict[nn.Module, nn.Module] = {}
    for path, module in list(model.named_modules(remove_duplicate=False)):
        for name, child in list(module.named_children()):
            if child not in made:
                stand_in = _stand_in(child, path)
                if stand_in is None:
                    continue
                made[child] = stand_in
            setattr(module, name, made[child])
    if isinstance(model, AccumulatorMixin):
        raise UnsupportedError("the network is a single layer: wrap it in a module together with its input quantiser")


def _stand_in(module: nn.Module, parent: str) -> nn.Module | None:
    if isinstance(module, ActQuantProxyFromInjectorBase) and module.is_quant_enabled:
        return _QuantiserStandIn(module, parent)
    if isinstance(module, AccumulatorMixin):
        return _LayerStandIn(module)
    if isinstance(module, QuantSumPool):
        return _SumPoolStandIn(module)
    return None


def _scalar(value: Tensor) -> Tensor:
    """A tensor of one element without dimensions, any other as it is."""
    return value.detach().reshape(()) if value.numel() == 1 else value.detach()
