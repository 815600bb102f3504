# SPDX-License-Identifier: BSD-3-Clause
"""The sum of bits of different weights mod 2^columns: compressed level by level (add_four), then added (sum_three).

A place of add_four takes four bits of a column, the first of a chain a fifth, and leaves one there and one in the next
column: two bits less for a look-up table. sum_three does the same for three. Constants go where there is room for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product

from fpga.unrolled.circuit import NONE, SET, ZERO, Adder, Bit, Circuit

CARRIES = 2
"""Of sum_three."""


@dataclass(frozen=True)
class Item:
    """A bit of weight 2^column in a sum, from which it is taken if `negative`."""

    column: int
    net: int
    negative: bool = False


def add(circuit: Circuit, items: Sequence[Item], constant: int, columns: int) -> tuple[Bit, ...]:
    """Put the adders of `items` and `constant` into `circuit`, the best of several ways; the sum's bits."""
    items = [item for item in items if item.column < columns]
    ways = [_Way(circuit, columns, *way) for way in product((False, True), repeat=3)]
    best = min((way for way in ways if way.run(items, constant)), key=_Way.cost)
    circuit.times.extend(best.times)
    circuit.adders.extend(best.adders)
    return best.bits


@lru_cache(maxsize=1 << 16)
def estimate(heights: tuple[int, ...]) -> int:
    """Look-up tables of a sum of so many bits a column, its constant for nothing."""
    total, counts = 0, list(heights)
    while max(counts) > 3:
        places = _places(counts, counts, _target(max(counts)), eager=False)
        total += sum(places)
        counts = [
            left(count, count, here, places[column - 1] if column else 0)
            for column, (count, here) in enumerate(zip(counts, places, strict=True))
        ]
    first = next((column for column, count in enumerate(counts) if count > 1), len(counts))
    return total + len(counts) - first


def _target(height: int) -> int:
    """What the next level may leave of columns of at most `height` bits: 3, 5, 9, 17 ..."""
    target = 3
    while 2 * target - 1 < height:
        target = 2 * target - 1
    return target


def _places(counts: Sequence[int], ready: Sequence[int], target: int, eager: bool) -> list[int]:
    """Places of add_four by column, of `counts` bits of which `ready` are there."""
    places: list[int] = []
    for column, (count, there) in enumerate(zip(counts, ready, strict=True)):
        prior = places[-1] if column else 0
        here = there // 4 if eager else 0
        while here < there // 2 and left(count, there, here, prior) > target:
            here += 1
        places.append(here)
    return places


def left(count: int, there: int, here: int, prior: int) -> int:
    """Bits of a column behind a level: `here` places in it, and `prior` ones in the column below."""
    taken = min(there, 4 * here + max(here - prior, 0))
    return count - taken + here + prior + max(prior - here, 0)


@dataclass(frozen=True)
class _Room:
    """Room for a constant in an adder that has been made: in the place of a row, or in the carry (row -1)."""

    adder: int
    row: int
    place: int


class _Way:
    """One way to add. `negated`: it is the negative of the sum that is compressed, and the last adder subtracts.

    eager     places for all full fours, not only as many as a level needs
    as_bits   the constant is among the bits, and not left to what room there is
    """

    def __init__(self, circuit: Circuit, columns: int, negated: bool, eager: bool, as_bits: bool) -> None:
        self.columns, self.negated, self.eager, self.as_bits = columns, negated, eager, as_bits
        self.known, self.first = circuit.times, len(circuit.times)
        self.times: list[int] = []
        self.adders: list[Adder] = []
        self.bits: tuple[Bit, ...] = ()
        self.rooms: list[list[_Room]] = [[] for _ in range(columns)]

    def cost(self) -> tuple[int, int, int]:
        """Look-up tables, levels, nets."""
        levels = max((adder.level for adder in self.adders), default=0)
        return sum(adder.width for adder in self.adders), levels, len(self.times)

    def run(self, items: Sequence[Item], constant: int) -> bool:
        """Whether it works out."""
        heap: list[list[Bit]] = [[] for _ in range(self.columns)]
        constant = -constant if self.negated else constant
        for item in items:
            inverted = item.negative != self.negated  # -b = ~b - 1
            heap[item.column].append(Bit(item.net, inverted))
            constant -= inverted << item.column
        if self.as_bits:
            for column in range(self.columns):
                if constant >> column & 1:
                    heap[column].append(SET)
            constant = 0
        level = min((self._time(bit) for column in heap for bit in column), default=0)
        while max(map(len, heap)) > 3 or any(self._time(bit) > level for column in heap for bit in column):
            heap = self._compress(heap, level)
            level += 1
        return self._finish(heap, constant, level)

    def _time(self, bit: Bit) -> int:
        if bit.net < 0:
            return 0
        return self.known[bit.net] if bit.net < self.first else self.times[bit.net - self.first]

    def _net(self, level: int) -> int:
        self.times.append(level + 1)
        return self.first + len(self.times) - 1

    def _compress(self, heap: list[list[Bit]], level: int) -> list[list[Bit]]:
        """What is left of `heap` behind a level, a column's inverted bits first."""
        ready = [[bit for bit in column if self._time(bit) <= level] for column in heap]
        counts = [len(column) for column in heap]
        if max(counts) <= 3:
            return heap
        places = _places(counts, [len(column) for column in ready], _target(max(counts)), self.eager)
        left = [[bit for bit in column if self._time(bit) > level] for column in heap]
        rows: list[list[list[Bit]]] = []  # by column and place
        starts: list[dict[int, Bit]] = []
        for column, here in enumerate(places):
            prior = places[column - 1] if column else 0
            taken, carries, rest = _deal(ready[column], here, max(here - prior, 0))
            rows.append(taken)
            starts.append(dict(zip(range(prior, here), carries, strict=True)))
            left[column] += rest
        for column, here in enumerate(places):
            for place in range(places[column - 1] if column else 0, here):
                end = column
                while end < self.columns and places[end] > place:
                    end += 1
                self._chain(column, [rows[c][place] for c in range(column, end)], starts[column][place], left, level)
        return left

    def _chain(self, column: int, places: list[list[Bit]], carry: Bit, left: list[list[Bit]], level: int) -> None:
        """An add_four from `column` on; what it makes goes to `left`."""
        width = len(places)
        sums = tuple(self._net(level) for _ in places)
        keeps = tuple(self._net(level) if column + i + 1 < self.columns else ZERO for i in range(width))
        out = self._net(level) if column + width < self.columns else ZERO
        for i in range(width):
            left[column + i].append(Bit(sums[i]))
            if keeps[i] != ZERO:
                left[column + i + 1].append(Bit(keeps[i]))
        if out != ZERO:
            left[column + width].append(Bit(out))
        index = len(self.adders)
        for i, place in enumerate(places):
            self.rooms[column + i] += [_Room(index, row, i) for row, bit in enumerate(place) if bit == NONE]
        if carry == NONE:
            self.rooms[column].append(_Room(index, -1, 0))
        rows = tuple(tuple(place[row] for place in places) for row in range(4))
        self.adders.append(Adder(level, rows, (carry,), sums, keeps, out))

    def _finish(self, heap: list[list[Bit]], constant: int, level: int) -> bool:
        """The last adder, of at most three bits a column. Whether the constant finds room."""
        if self.negated:  # -b = ~b - 1
            constant = -constant - sum(len(column) << c for c, column in enumerate(heap))
            heap = [[Bit(bit.net, not bit.inverted) for bit in column] for column in heap]
            heap = [[NONE if bit == Bit(SET.net, True) else bit for bit in column] for column in heap]
        constant %= 1 << self.columns
        heap = [[bit for bit in column if bit != NONE] for column in heap]
        wanted = [c for c, column in enumerate(heap) if len(column) > 1 or constant >> c & 1 or _inverted(column)]
        if not wanted:
            self.bits = tuple(column[0] if column else NONE for column in heap)
            return True
        if not any(heap):
            self.bits = tuple(SET if constant >> c & 1 else NONE for c in range(self.columns))
            return True
        first = wanted[0]
        share = self._share(heap, constant >> first, first)
        if share is None:
            return False
        carries = 0
        for column, count in enumerate(share, first):
            here = min(max(count, 0), 3 - len(heap[column]))
            heap[column] = heap[column] + [SET] * here
            rest = count - here
            if column == first and not self.negated:
                carries = min(rest, CARRIES)
                rest -= carries
            elif column == first:
                carries = max(rest, 0)
                rest -= carries
            for room in self.rooms[column][: abs(rest)]:
                self._fill(room)
        rows = tuple(tuple([*column, NONE, NONE, NONE][row] for column in heap[first:]) for row in range(3))
        sums = tuple(self._net(level) for _ in range(first, self.columns))
        self.adders.append(Adder(level, rows, tuple(SET if i < carries else NONE for i in range(CARRIES)), sums))
        self.bits = (*(column[0] if column else NONE for column in heap[:first]), *map(Bit, sums))
        return True

    def _share(self, heap: list[list[Bit]], constant: int, first: int) -> tuple[int, ...] | None:
        """How many ones each column from `first` on takes, so that they add up to `constant`; None: there is no way.

        What an adder before the last one takes counts as negative if the last one subtracts.
        """

        @cache
        def share(constant: int, column: int) -> tuple[int, ...] | None:
            if column == self.columns:
                return ()
            here, before = 3 - len(heap[column]) + (CARRIES if column == first else 0), len(self.rooms[column])
            low, high = (-before, here) if self.negated else (0, here + before)
            for count in sorted((n for n in range(low, high + 1) if (n - constant) % 2 == 0), key=abs):
                rest = share((constant - count) // 2 % (1 << self.columns - column - 1), column + 1)
                if rest is not None:
                    return (count, *rest)
            return None

        return share(constant, first)

    def _fill(self, room: _Room) -> None:
        """Put a constant into an adder."""
        adder = self.adders[room.adder]
        if room.row < 0:
            self.adders[room.adder] = replace(adder, carries=(SET,))
            return
        rows = [list(row) for row in adder.rows]
        rows[room.row][room.place] = SET
        self.adders[room.adder] = replace(adder, rows=tuple(map(tuple, rows)))


def _deal(bits: Sequence[Bit], places: int, starts: int) -> tuple[list[list[Bit]], list[Bit], list[Bit]]:
    """Bits for the four rows of each place, for the carries of chains that start here, and the rest.

    The fourth row and the carry take no inverted bits.
    """
    plain = [bit for bit in bits if not bit.inverted]
    inverted = [bit for bit in bits if bit.inverted]
    fourth = [plain.pop() if plain else NONE for _ in range(places)]
    spare = max(0, len(plain) + len(inverted) - 3 * places)
    carries = [plain.pop() if plain and i < spare else NONE for i in range(starts)]
    pool = inverted + plain
    taken = [[*(pool.pop(0) if pool else NONE for _ in range(3)), fourth[place]] for place in range(places)]
    return taken, carries, pool


def _inverted(column: Sequence[Bit]) -> bool:
    return any(bit.inverted for bit in column)
