# SPDX-License-Identifier: BSD-3-Clause
"""One training on several processes, as torchrun starts them: each takes its share of every batch.

Everything that depends on the batch as a whole is taken over all shares: loss, penalty and gradients are means over
equal shares, batch norm's statistics and the counters are summed. So the total batch gives what one process would
make of it, up to the order in which float32 sums are rounded.
"""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.parallel import DistributedDataParallel

from chain.errors import InputError, UnsupportedError
from training.autograd import by_channel


@dataclass(frozen=True)
class Ranks:
    """The processes of this training, of which this one is number `rank` of `size` and computes on `device`."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and evaluates."""
        return self.rank == 0

    def require_divisible(self, batch_size: int) -> None:
        """Raise InputError unless a total batch can be split into equal shares."""
        if batch_size % self.size:
            raise InputError(
                f"batch_size {batch_size} cannot be split over {self.size} processes: it is that of all together; "
                f"choose a multiple of {self.size}, or another --nproc-per-node"
            )

    def require_same(self, epochs: int) -> None:
        """Raise InputError unless all processes go on after the same epoch."""
        if self.size == 1:
            return
        bounds = torch.tensor([epochs, -epochs], device=self.device)
        dist.all_reduce(bounds, dist.ReduceOp.MAX)
        most, least = bounds[0].item(), -bounds[1].item()
        if most != least:
            raise InputError(
                f"the processes found checkpoints of {least} to {most} epochs, expected one; give a --build folder "
                "that all machines share"
            )

    def share(self, batch: Tensor) -> Tensor:
        """This process' part of a total batch [N, ...] -> [N / size, ...]."""
        part = len(batch) // self.size
        return batch[self.rank * part : (self.rank + 1) * part]

    def total(self, *numbers: float) -> list[float]:
        """Each of `numbers` summed over the processes."""
        if self.size == 1:
            return list(numbers)
        sums = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return sums.tolist()  # type: ignore[no-any-return]

    def parallel(self, model: nn.Module) -> nn.Module:
        """What to call instead of `model` in training, so that its gradients are means over the processes. Its batch
        norms are replaced, in place, by ones that take their statistics over all shares.

        Raises UnsupportedError for a kind of batch norm that is neither BatchNorm1d nor BatchNorm2d itself.
        """
        if self.size == 1:
            return model
        _share_batch_norm(model, self.device)
        # Of a convolution with one input channel, whose weights are channels last and channels first at once.
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
        return DistributedDataParallel(model)


@contextlib.contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """The processes that torchrun started, connected (gloo for "cpu", NCCL for "cuda"); one, where it did not.

    Raises InputError if there is no such device for this process.
    """
    if not dist.is_torchelastic_launched():
        yield Ranks(device=_device(device, 0))
        return
    own = _device(device, dist.get_node_local_rank())
    if own.type == "cuda":
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo")
    yield Ranks(dist.get_rank(), dist.get_world_size(), own)
    # Not after an error: the others are no longer there to part from.
    dist.destroy_process_group()


def _device(name: str, number: int) -> torch.device:
    if name == "cpu":
        return torch.device("cpu")
    if name != "cuda":
        raise InputError(f"device: found {name!r}, expected 'cpu' or 'cuda'")
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if number >= found:
        raise InputError(
            f"device cuda: this machine's torch {torch.__version__} sees {found} GPUs, process {number} on this "
            "machine needs one of its own; use --device cpu, fewer processes, or a torch built for CUDA"
        )
    return torch.device("cuda", number)


def _share_batch_norm(model: nn.Module, device: torch.device) -> None:
    # torch's own SyncBatchNorm works on GPUs alone.
    made: dict[nn.Module, nn.Module] = {}
    for name, norm in list(model.named_modules(remove_duplicate=False)):
        if not isinstance(norm, nn.modules.batchnorm._BatchNorm):
            continue
        kind = _SHARED.get(type(norm))
        if kind is None:
            raise UnsupportedError(
                f"batch norm {name!r} is a {type(norm).__name__}, which cannot be shared by processes; use "
                "BatchNorm1d or BatchNorm2d, or train in one process"
            )
        if norm not in made:
            made[norm] = kind(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
            made[norm].load_state_dict(norm.state_dict())
            made[norm].to(device)
        model.set_submodule(name, made[norm])


class _Shared(nn.modules.batchnorm._BatchNorm):
    """Batch norm over the batches [N, C, ...] of all processes while training."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        self._check_input_dim(x)
        count = x.numel() // x.shape[1] * dist.get_world_size()
        mean, variance = _moments(x.detach(), count)
        if self.running_mean is not None and self.running_var is not None:
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr, operator]
            momentum = 1.0 / int(self.num_batches_tracked) if self.momentum is None else self.momentum  # type: ignore[arg-type]
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), momentum)
        weight = self.weight if self.affine else torch.ones_like(mean)
        bias = self.bias if self.affine else torch.zeros_like(mean)
        y: Tensor = _Normalise.apply(x, weight, bias, mean, torch.rsqrt(variance + self.eps), count)
        return y


class _SharedBatchNorm1d(_Shared, nn.BatchNorm1d):
    pass


class _SharedBatchNorm2d(_Shared, nn.BatchNorm2d):
    pass


_SHARED: dict[type, Any] = {nn.BatchNorm1d: _SharedBatchNorm1d, nn.BatchNorm2d: _SharedBatchNorm2d}


def _moments(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel of x [N, C, ...] over all processes, `count` values a channel."""
    variance, mean = torch.var_mean(x, _other_dimensions(x), correction=0)
    # In float64 the squares' sum loses nothing that float32 held.
    moments = torch.stack([mean.double(), variance.double() + mean.double() ** 2]) * (x.numel() // x.shape[1])
    dist.all_reduce(moments)
    first, second = moments / count
    return first.float(), (second - first**2).clamp(min=0.0).float()


class _Normalise(Function):
    """(x - mean) * inverse_std * weight + bias, with the gradient that goes through mean and inverse_std as well."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, inverse_std: Tensor, count: int
    ) -> Tensor:
        ctx.count = count
        ctx.save_for_backward(x, weight, mean, inverse_std)
        factor = weight * inverse_std
        return torch.addcmul(by_channel(bias - mean * factor, x), x, by_channel(factor, x))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        (gradient,) = gradients
        x, weight, mean, inverse_std = ctx.saved_tensors
        normal = (x - by_channel(mean, x)) * by_channel(inverse_std, x)
        own = torch.stack([(gradient * normal).sum(_other_dimensions(x)), gradient.sum(_other_dimensions(x))])
        everyone = own.clone()
        dist.all_reduce(everyone)
        by_scale, by_shift = everyone / ctx.count
        by_x = gradient - by_channel(by_shift, x) - normal * by_channel(by_scale, x)
        return by_x * by_channel(weight * inverse_std, x), own[0], own[1], None, None, None


def _other_dimensions(x: Tensor) -> list[int]:
    return [0, *range(2, x.dim())]
