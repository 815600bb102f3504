# SPDX-License-Identifier: BSD-3-Clause
"""Power rails of a board, from the kernel's hwmon files, read where the board is (over the network if need be)."""

import itertools
from collections.abc import Callable, Container
from dataclasses import dataclass, field

_FOLDERS = 32
_CHANNELS = 16
# The chip that measures the whole board's supply, by board (PYNQ's name for it, in capitals).
_SUPPLY = {"ZCU104": "ina226"}


@dataclass(frozen=True)
class Power:
    """`watts` is drawn in all, None where the board has no sensor; `rails` in watts by name. `note` says what counts.

    Not every rail counts: one sensor may see the whole supply, and a chip may measure both what goes in and comes out.
    """

    watts: float | None
    note: str
    rails: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.watts is None:
            return self.note
        return "\n".join([f"{self.watts:.2f} W ({self.note})", *(f"  {n}: {w:.2f} W" for n, w in self.rails.items())])


SIMULATED = Power(None, "the board is simulated: it has no power sensor and draws no power")


def measure(read: Callable[[str], str | None], board: str) -> Power:
    """The power of `board`; `read(path)` gives a file's text, None if it does not exist."""
    rails: dict[str, float] = {}
    supply = _SUPPLY.get(board.upper())
    counted, whole = [], []
    for folder in (f"/sys/class/hwmon/hwmon{index}" for index in range(_FOLDERS)):
        name = read(f"{folder}/name")
        if name is None:
            break
        chip = name.strip()
        for channel in range(1, _CHANNELS + 1):
            microwatts = read(f"{folder}/power{channel}_input")
            if microwatts is None:
                continue
            label = (read(f"{folder}/power{channel}_label") or f"power{channel}").strip()
            rail = _unused(f"{chip} {label}", rails)
            rails[rail] = int(microwatts) * 1e-6
            if chip == supply:
                whole.append(rail)
            if not label.startswith("pin"):
                counted.append(rail)
    if not rails:
        return Power(None, f"{board} has no power sensor that Linux knows of: measure at its supply")
    if len(whole) == 1:
        return Power(rails[whole[0]], f"the board's supply: {whole[0]}, which feeds all others", rails)
    if not counted:
        note = f"{board} has sensors only where chips are fed, not of all that it draws: measure at its supply"
        return Power(None, note, rails)
    note = f"the sum of {len(counted)} outputs that have a sensor, not all that the board draws"
    return Power(sum(rails[name] for name in counted), note, rails)


def _unused(name: str, taken: Container[str]) -> str:
    """`name`, or with a number behind it: boards have several chips of one kind."""
    names = itertools.chain([name], (f"{name} ({count})" for count in itertools.count(2)))
    return next(candidate for candidate in names if candidate not in taken)
