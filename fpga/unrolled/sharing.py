# SPDX-License-Identifier: BSD-3-Clause
"""Which sums the rows of a constant matrix share, mod 2^AccBits.

A row is the sum of words: inputs, sums of two or three words that several rows have (made once, up to sign and shift),
or another row, from which it may differ in few inputs. Both are found greedily, by what they save in look-up tables.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from fpga.unrolled import columns, schedule
from fpga.unrolled.circuit import NONE, SET, ZERO, Adder, Bit, Circuit
from fpga.unrolled.columns import Item

Integers = npt.NDArray[np.int64]

DEPTHS = (0, 1, 2, 3)
"""How many rows may be made upon each other: what is tried."""

OUTLINED = (1, 3)
"""What is tried for an outline."""

SHARED = 2
"""How many of them, the best ones, get sums of several rows as well."""

LOOK = 16
"""Pairs and triples of words that are tried exactly, of the most promising ones."""

PAIRS = 1_000
"""The most frequent pairs of either sign, of which these are chosen."""

KEPT = 0.75
"""A candidate is taken without a new search if it still saves so much of what it did."""

LARGE = 2_000
"""Weights of a layer of which only the most promising of them is tried."""

EFFORT = 100_000
"""Terms of all rows, times the searches for words: the end of the search in a large layer."""


@dataclass(frozen=True, order=True)
class Term:
    """sign * 2^shift * word."""

    word: int
    shift: int = 0
    sign: int = 1


@dataclass
class Plan:
    """Words 0 .. inputs - 1 are the inputs, the next ones `shared`, in order, and after them the rows, in order.

    peaks   [words but rows] the greatest value of each as an unsigned number; a negative term counts as the
            complement of its bits, so that a shared word is what it says plus a constant
    rows    [rows] the terms of each
    order   rows in such an order that each comes after those that it has as a term
    """

    inputs: int
    in_bits: int
    acc_bits: int
    rows: list[list[Term]]
    order: list[int]
    peaks: list[int]
    shared: list[tuple[Term, ...]] = field(default_factory=list)

    def bits(self, word: int) -> int:
        """Width of a word."""
        return self.peaks[word].bit_length() if word < len(self.peaks) else self.acc_bits

    def width(self, term: Term) -> int:
        """Bits of a term mod 2^acc_bits."""
        return max(0, min(self.bits(term.word), self.acc_bits - term.shift))

    def peak(self, terms: Iterable[Term]) -> int:
        """The greatest value of their sum."""
        return sum(self._most(term) << term.shift for term in terms)

    def _most(self, term: Term) -> int:
        return self.peaks[term.word] if term.sign > 0 else (1 << self.bits(term.word)) - 1

    def heights(self, terms: Iterable[Term]) -> tuple[int, ...]:
        """Bits of each column."""
        counts = [0] * self.acc_bits
        for term in terms:
            for column in range(term.shift, term.shift + self.width(term)):
                counts[column] += 1
        return tuple(counts)

    def share_cost(self, terms: Sequence[Term]) -> int:
        """Look-up tables of a word of its own."""
        heights = self.heights(terms)
        first = next((c for c, count in enumerate(heights) if count > 1), self.acc_bits)
        first = min([first, *(term.shift for term in terms if term.sign < 0)])
        return self._last(heights, terms) - first

    def _last(self, heights: Sequence[int], terms: Sequence[Term]) -> int:
        """Columns of the adder of a shared word, from 0 on: the highest bit may come out of its carry chain."""
        wide = min(self.peak(terms).bit_length(), self.acc_bits)
        top = max((c + 1 for c, count in enumerate(heights) if count), default=0)
        if wide <= top:
            return wide
        return top if heights[top - 1] < 2 else top + 1

    def total(self) -> int:
        """Look-up tables, by estimate."""
        return sum(columns.estimate(self.heights(row)) for row in self.rows) + sum(map(self.share_cost, self.shared))

    def build(self, outputs: Sequence[int]) -> Circuit:
        """The circuit; its outputs are the rows `outputs`."""
        circuit = Circuit(self.inputs, self.in_bits)
        words = [
            (tuple(Bit(e * self.in_bits + b) for b in range(self.in_bits)), 0) for e in range(self.inputs)
        ]  # bits, and the constant that they have too much
        for terms in self.shared:
            words.append(self._word(circuit, terms, words))
        made: dict[int, tuple[Bit, ...]] = {}
        for row in self.order:
            items, constant = [], 0
            for term in self.rows[row]:
                if term.word < len(words):
                    bits, extra = words[term.word]
                else:
                    bits, extra = made[term.word - len(words)], 0
                constant -= term.sign * extra << term.shift
                for place, bit in enumerate(bits):
                    if bit.net >= 0:
                        items.append(Item(term.shift + place, bit.net, term.sign < 0))
                    elif bit != NONE:
                        constant += term.sign << (term.shift + place)
            made[row] = columns.add(circuit, items, constant, self.acc_bits)
        circuit.outputs = [made[row] for row in outputs]
        schedule.relax(circuit)
        return circuit

    def _word(
        self, circuit: Circuit, terms: Sequence[Term], words: Sequence[tuple[tuple[Bit, ...], int]]
    ) -> tuple[tuple[Bit, ...], int]:
        """A shared word's bits and constant; its adder goes to `circuit`."""
        heap: list[list[Bit]] = [[] for _ in range(self.acc_bits)]
        extra = 0
        for term in terms:
            bits, constant = words[term.word]
            extra += (term.sign * constant + (0 if term.sign > 0 else (1 << len(bits)) - 1)) << term.shift
            for place, bit in enumerate(bits[: self.acc_bits - term.shift]):
                negative = term.sign < 0
                if bit.net >= 0:
                    heap[term.shift + place].append(Bit(bit.net, negative))
                elif (bit == SET) != negative:
                    heap[term.shift + place].append(SET)
        heights = [len(column) for column in heap]
        wide = min(self.peak(terms).bit_length(), self.acc_bits)
        last = self._last(heights, terms)
        added = (c for c, column in enumerate(heap) if len(column) > 1 or any(bit.inverted for bit in column))
        first = next(added, last)
        if first >= last:
            return tuple(column[0] if column else NONE for column in heap[:wide]), extra
        level = max(circuit.times[bit.net] for column in heap[first:last] for bit in column if bit.net >= 0)
        sums = [circuit.net(level + 1) for _ in range(first, last)]
        carry = circuit.net(level + 1) if wide > last else ZERO
        rows = tuple(tuple([*column, NONE, NONE, NONE][row] for column in heap[first:last]) for row in range(3))
        circuit.adders.append(Adder(level, rows, (NONE, NONE), tuple(sums), carry=carry))
        below = [column[0] if column else NONE for column in heap[:first]]
        above = [Bit(carry)] if wide > last else []
        return (*below, *map(Bit, sums), *above), extra


def plan(weights: Integers, in_bits: int, acc_bits: int) -> Circuit:
    """The smallest circuit found for `weights` [rows, inputs], each row's sum mod 2^acc_bits of unsigned inputs."""
    rows, outputs = _distinct(weights, acc_bits)
    plans = [_based(rows, in_bits, acc_bits, depth) for depth in DEPTHS]
    if rows.size > LARGE:
        plans = sorted(plans, key=Plan.total)[:1]
    found = [(made.build(outputs), made) for made in plans]
    found.sort(key=lambda pair: pair[0].cost)
    best = found[0][0]
    for _, made in found[:SHARED]:
        _share(made)
        circuit = made.build(outputs)
        if circuit.cost < best.cost:
            best = circuit
    return best


@lru_cache(maxsize=1 << 16)
def digits(value: int, acc_bits: int) -> tuple[tuple[int, int], ...]:
    """Shifts and signs of the fewest powers of two that add up to `value` mod 2^acc_bits.

    >>> digits(7, 8), digits(255, 8), digits(128, 8)
    (((0, -1), (3, 1)), ((0, -1),), ((7, 1),))
    """
    size = 1 << acc_bits
    value %= size
    best: list[tuple[int, int]] | None = None
    for start in (value, value - size):
        rest, shift, found = start, 0, []
        while rest:
            if rest & 1:
                sign = 2 - (rest & 3)
                found.append((shift, sign))
                rest -= sign
            rest >>= 1
            shift += 1
        found = [digit for digit in found if digit[0] < acc_bits]
        if best is None or len(found) < len(best):
            best = found
    assert best is not None
    return tuple(best)


def outline(weights: Integers, in_bits: int, acc_bits: int) -> Circuit:
    """As `plan`, but without words for sums that several rows have: far quicker, and as good with binary weights."""
    rows, outputs = _distinct(weights, acc_bits)
    plans = (_based(rows, in_bits, acc_bits, depth) for depth in OUTLINED)
    return min((made.build(outputs) for made in plans), key=lambda circuit: circuit.cost)


def _distinct(weights: Integers, acc_bits: int) -> tuple[Integers, list[int]]:
    """The different rows of `weights` mod 2^acc_bits, and which of them each is."""
    rows, places = np.unique(np.asarray(weights, dtype=np.int64) % (1 << acc_bits), axis=0, return_inverse=True)
    return rows, [int(place) for place in places.ravel()]


def _terms(vector: Integers, acc_bits: int) -> list[Term]:
    return [Term(word, *digit) for word, value in enumerate(vector) for digit in digits(int(value), acc_bits)]


def _based(rows: Integers, in_bits: int, acc_bits: int, depth: int) -> Plan:
    """Each row from nothing or from another one, the cheapest first; at most `depth` rows upon each other."""
    inputs = rows.shape[1]
    made = Plan(inputs, in_bits, acc_bits, [_terms(row, acc_bits) for row in rows], [], [(1 << in_bits) - 1] * inputs)
    costs = [columns.estimate(made.heights(terms)) for terms in made.rows]
    depths = [0] * len(rows)
    left = set(range(len(rows)))
    while left:
        row = min(left, key=lambda index: (costs[index], index))
        made.order.append(row)
        left.remove(row)
        if depths[row] == depth:
            continue
        others = sorted(left)
        for sign in (1, -1):
            different = rows[others] - sign * rows[row]
            for other, vector, heights in zip(others, different, _bits(different, in_bits, acc_bits), strict=True):
                cost = columns.estimate(tuple(1 + height for height in heights))
                if cost < costs[other]:
                    made.rows[other] = [Term(inputs + row, 0, sign), *_terms(vector, acc_bits)]
                    costs[other], depths[other] = cost, depths[row] + 1
    return made


def _bits(vectors: Integers, in_bits: int, acc_bits: int) -> list[list[int]]:
    """Bits of each column of the sums of inputs times `vectors` [sums, inputs], as Plan.heights of their terms."""
    values, places = np.unique(vectors, return_inverse=True)
    table = np.zeros((len(values), acc_bits), dtype=np.int64)
    for bits, value in zip(table, values, strict=True):
        for shift, _ in digits(int(value), acc_bits):
            bits[shift : shift + in_bits] += 1
    found: list[list[int]] = table[places.reshape(vectors.shape)].sum(axis=1).tolist()
    return found


def _share(made: Plan) -> None:
    """Make words of sums that several rows have, as long as that saves look-up tables."""
    size = sum(map(len, made.rows))
    for _ in range(1 + EFFORT // max(size, 1)):
        gains = [(gain, terms) for terms in _candidates(made) if (gain := _gain(made, terms, _with(made, terms))) > 0]
        if not gains:
            return
        for before, terms in sorted(gains, key=lambda pair: (-pair[0], pair[1])):
            changed = _with(made, terms)
            if _gain(made, terms, changed) >= KEPT * before:
                _take(made, terms, changed)


def _gain(made: Plan, terms: tuple[Term, ...], changed: dict[int, list[Term]]) -> int:
    """Look-up tables that a word of the sum `terms` saves if the rows are `changed` to use it."""
    after = sum(columns.estimate(_heights(made, new, terms)) for new in changed.values())
    before = sum(columns.estimate(made.heights(made.rows[row])) for row in changed)
    return before - after - made.share_cost(terms)


def _take(made: Plan, terms: tuple[Term, ...], changed: dict[int, list[Term]]) -> None:
    """Make the word: its number is the next one, and those of the rows come after it."""
    word = len(made.peaks)
    made.rows = [
        [Term(word if t.word == NEW else t.word + (t.word >= word), t.shift, t.sign) for t in changed.get(index, row)]
        for index, row in enumerate(made.rows)
    ]
    made.shared.append(terms)
    made.peaks.append(made.peak(terms))


NEW = -1
"""The word that a candidate would be."""


def _heights(made: Plan, row: Sequence[Term], terms: Sequence[Term]) -> tuple[int, ...]:
    wide = made.peak(terms).bit_length()
    counts = list(made.heights(term for term in row if term.word != NEW))
    for term in row:
        if term.word == NEW:
            for column in range(term.shift, min(term.shift + wide, made.acc_bits)):
                counts[column] += 1
    return tuple(counts)


def _normal(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The same sum but for its sign and shift, with the lowest shift 0 and the first sign +."""
    ordered = sorted(terms)
    shift, sign = min(term.shift for term in ordered), ordered[0].sign
    return tuple(Term(term.word, term.shift - shift, term.sign * sign) for term in ordered)


def _candidates(made: Plan) -> list[tuple[Term, ...]]:
    """Sums of two or three words that promise to save most."""
    found = sorted({(t.word, t.shift) for row in made.rows for t in row if t.word < len(made.peaks)})
    places = {digit: place for place, digit in enumerate(found)}
    table = np.zeros((len(made.rows), len(found)), dtype=np.int32)  # the sign of a word and shift in each row
    for index, row in enumerate(made.rows):
        for term in row:
            if term.word < len(made.peaks):
                table[index, places[term.word, term.shift]] = term.sign
    plus, minus = (table > 0).astype(np.float32), (table < 0).astype(np.float32)
    counts: Counter[tuple[Term, ...]] = Counter()
    for sign, together in ((1, plus.T @ plus + minus.T @ minus), (-1, plus.T @ minus + minus.T @ plus)):
        left, right = np.nonzero(np.triu(together, 1))
        often = np.argsort(-together[left, right], kind="stable")[:PAIRS]
        for i, j in zip(left[often], right[often], strict=True):
            if found[i][0] != found[j][0]:
                first, second = Term(*found[i]), Term(found[j][0], found[j][1], sign)
                counts[_normal((first, second))] += int(together[i, j])
    pairs = _promising(made, counts, LOOK)
    triples: dict[tuple[Term, ...], int] = {}
    for pair in pairs:
        several: Counter[tuple[Term, ...]] = Counter()
        for one, (word, at) in enumerate(found):
            shift = at - pair[0].shift
            other = places.get((pair[1].word, shift + pair[1].shift))
            if word != pair[0].word or other is None:
                continue
            signs = table[:, one] * (table[:, one] == table[:, other] * pair[1].sign)
            for sign in (1, -1):
                times = (signs[:, None] * table == sign).sum(axis=0)
                for third in np.flatnonzero(times > 0):
                    if found[third][0] not in (pair[0].word, pair[1].word):
                        term = Term(found[third][0], found[third][1] - shift, sign)
                        several[_normal((*pair, term))] += int(times[third])
        triples |= several
    return [*pairs, *_promising(made, triples, LOOK)]


def _promising(made: Plan, counts: Mapping[tuple[Term, ...], int], number: int) -> list[tuple[Term, ...]]:
    def saved(terms: tuple[Term, ...]) -> float:
        before = sum(made.width(term) for term in terms)
        after = min(made.peak(terms).bit_length(), made.acc_bits)
        return counts[terms] * (before - after) / 2 - made.share_cost(terms)

    several = [terms for terms, count in counts.items() if count > 1]
    return sorted(several, key=lambda terms: (-saved(terms), terms))[:number]


def _with(made: Plan, terms: tuple[Term, ...]) -> dict[int, list[Term]]:
    """The rows that have the sum `terms`, with NEW in its place wherever it is."""
    changed = {}
    for index, row in enumerate(made.rows):
        left = list(row)
        for first in row:
            if first.word != terms[0].word or first.shift < terms[0].shift or first not in left:
                continue
            shift, sign = first.shift - terms[0].shift, first.sign * terms[0].sign
            all_terms = [Term(t.word, t.shift + shift, t.sign * sign) for t in terms]
            if all(term in left for term in all_terms):
                for term in all_terms:
                    left.remove(term)
                left.append(Term(NEW, shift, sign))
        if left != list(row):
            changed[index] = left
    return changed
