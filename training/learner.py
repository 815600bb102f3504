# SPDX-License-Identifier: BSD-3-Clause
"""What a stage of training does with a batch: forward, loss and penalty, backward, optimiser."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from training.layers import overflow_penalty, penalising
from training.recipe import Stage
from training.recorded import WARM_UP, Recording


class NotFiniteError(ArithmeticError):
    """The loss, which `value` is, is not a number or infinite."""

    def __init__(self, value: float) -> None:
        super().__init__(f"the loss is {value}")
        self.value = value


class Learner:
    """Learns a batch at a time by the rules of `stage`. `parallel` is what to call in place of `model`, which it holds;
    `smoothing` the share of a label that goes to all classes alike.

    On a GPU, and in one process, steps are recorded once and replayed.
    """

    def __init__(
        self, model: nn.Module, parallel: nn.Module, stage: Stage, device: torch.device, smoothing: float = 0.0
    ) -> None:
        self.model, self.parallel, self.stage, self.smoothing = model, parallel, stage, smoothing
        self.optimiser = optimiser_of(model, stage, device)
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.recording: Recording | None = None
        self.launched = 0
        # Summed over steps: the loss, the penalty, how many images were right.
        self.sums = torch.zeros(3, dtype=torch.float64, device=device)

    @property
    def on_gpu(self) -> bool:
        """Whether the model lies on a GPU."""
        return self.stream is not None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Around the steps of an epoch: on a GPU they have a stream of their own, which a recording needs."""
        if self.stream is None:
            yield
            return
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            yield
        torch.cuda.current_stream().wait_stream(self.stream)

    def set_rate(self, rate: float) -> None:
        """The learning rate of the steps to come."""
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def resume(self, state: dict[str, Any]) -> None:
        """Take up the `optimiser`'s state as a checkpoint holds it, on whatever device it was made."""
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state["state"]})

    def learn(self, images: Tensor, labels: Tensor, launch: bool) -> None:
        """One step with images [N, C, H, W] and labels [N]. With `launch` it is not replayed: all of Python runs.

        Raises NotFiniteError, before anything is learnt, where Python runs.
        """
        if launch or self.stream is None or self.parallel is not self.model or self.launched < WARM_UP:
            self.launched += 1
            total = self._losses(images, labels)
            if not torch.isfinite(total):
                raise NotFiniteError(total.item())
            self._update(total)
            return
        if self.recording is None:
            self.recording = Recording(self._step, (images, labels), self.stream)
        self.recording(images, labels)

    def take(self) -> list[float]:
        """The sums over the steps since they were taken last: loss, penalty, images that were right."""
        values = self.sums.tolist()
        self.sums.zero_()
        return values  # type: ignore[no-any-return]

    def _step(self, images: Tensor, labels: Tensor) -> None:
        self._update(self._losses(images, labels))

    def _losses(self, images: Tensor, labels: Tensor) -> Tensor:
        logits, penalty = self._forward(images)
        loss = nn.functional.cross_entropy(logits, labels, label_smoothing=self.smoothing)
        hits = (logits.argmax(dim=1) == labels).sum()
        found = [loss.detach(), torch.zeros_like(loss) if penalty is None else penalty.detach(), hits]
        self.sums += torch.stack([value.double() for value in found])
        return loss if penalty is None else loss + self.stage.penalty * penalty

    def _forward(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        if not self.stage.penalty:
            return self.parallel(images), None
        with penalising(self.model):
            return self.parallel(images), overflow_penalty(self.model)

    def _update(self, total: Tensor) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()


def optimiser_of(model: nn.Module, stage: Stage, device: torch.device) -> torch.optim.Optimizer:
    """The optimiser that `stage` asks for, of all of the model's parameters, which lie on `device`."""
    on_gpu = device.type == "cuda"
    # In a recording the learning rate has to be where it can be changed.
    rate: Any = torch.tensor(stage.lr, device=device) if on_gpu else stage.lr
    if stage.optimiser == "sgd":
        return torch.optim.SGD(
            model.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=stage.weight_decay, fused=on_gpu
        )
    return torch.optim.Adam(model.parameters(), rate, weight_decay=stage.weight_decay, fused=on_gpu, capturable=on_gpu)
