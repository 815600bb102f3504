# SPDX-License-Identifier: BSD-3-Clause
"""Power rails of a board, from the kernel's hwmon files, read where the board is (over the network if need be)."""

from collections.abc import Callable
from dataclasses import dataclass, field

_FOLDERS = 32
_CHANNELS = 16


@dataclass(frozen=True)
class Power:
    """`watts` is the sum of `rails` (watts by name), None where the board has no sensor; `note` says so in words."""

    watts: float | None
    note: str
    rails: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.watts is None:
            return self.note
        return "\n".join([f"{self.watts:.2f} W ({self.note})", *(f"  {n}: {w:.2f} W" for n, w in self.rails.items())])


SIMULATED = Power(None, "the board is simulated: it has no power sensor and draws no power")


def measure(read: Callable[[str], str | None], board: str) -> Power:
    """Sum the power sensors of `board`; `read(path)` gives a file's text, None if it does not exist."""
    rails: dict[str, float] = {}
    for folder in (f"/sys/class/hwmon/hwmon{index}" for index in range(_FOLDERS)):
        name = read(f"{folder}/name")
        if name is None:
            break
        for channel in range(1, _CHANNELS + 1):
            microwatts = read(f"{folder}/power{channel}_input")
            if microwatts is None:
                continue
            label = read(f"{folder}/power{channel}_label")
            rails[f"{name.strip()} {label.strip() if label else f'power{channel}'}"] = int(microwatts) * 1e-6
    if not rails:
        return Power(None, f"{board} has no power sensor that Linux knows of: measure at its supply")
    return Power(sum(rails.values()), "all rails that have a sensor, board included", rails)
