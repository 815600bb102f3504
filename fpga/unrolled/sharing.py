# SPDX-License-Identifier: BSD-3-Clause
"""Which sums the rows of a constant matrix share, mod 2^AccBits.

A row is the sum of words: inputs, sums of two or three words that several rows have (made once, up to sign and shift),
or another row, from which it may differ in few inputs. Both are found greedily, by what they save in look-up tables.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from fpga.unrolled import columns
from fpga.unrolled.circuit import NONE, ZERO, Adder, Bit, Circuit
from fpga.unrolled.columns import Item

Integers = npt.NDArray[np.int64]

LOOK = 16
"""Candidates that are tried exactly, of the most promising ones."""


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
                heap[term.shift + place].append(Bit(bit.net, term.sign < 0))
        heights = [len(column) for column in heap]
        wide = min(self.peak(terms).bit_length(), self.acc_bits)
        first = next(c for c, column in enumerate(heap) if len(column) > 1 or any(bit.inverted for bit in column))
        last = self._last(heights, terms)
        level = max(circuit.times[bit.net] for column in heap[first:last] for bit in column)
        sums = [circuit.net(level + 1) for _ in range(first, last)]
        carry = circuit.net(level + 1) if wide > last else ZERO
        rows = tuple(tuple([*column, NONE, NONE, NONE][row] for column in heap[first:last]) for row in range(3))
        circuit.adders.append(Adder(level, rows, (NONE, NONE), tuple(sums), carry=carry))
        below = [column[0] if column else NONE for column in heap[:first]]
        above = [Bit(carry)] if wide > last else []
        return (*below, *map(Bit, sums), *above), extra


def plan(weights: Integers, in_bits: int, acc_bits: int) -> Circuit:
    """The smallest circuit found for `weights` [rows, inputs], each row's sum mod 2^acc_bits of unsigned inputs."""
    matrix = np.asarray(weights, dtype=np.int64)
    size = 1 << acc_bits
    unique: list[Integers] = []
    outputs = []
    for row in matrix % size:
        index = next((i for i, one in enumerate(unique) if (one == row).all()), len(unique))
        if index == len(unique):
            unique.append(row)
        outputs.append(index)
    best: Circuit | None = None
    for depth in (0, 1, 2, 4):
        for extra in (False, True):
            rows = [*unique, np.full(matrix.shape[1], size - 1)] if extra else unique
            if extra and not depth:
                continue
            made = _based(np.stack(rows), len(unique), in_bits, acc_bits, depth)
            _share(made)
            circuit = made.build(outputs)
            if best is None or _cost(circuit) < _cost(best):
                best = circuit
    assert best is not None
    return best


def _cost(circuit: Circuit) -> float:
    """A flip-flop counts little: there are two to a look-up table, and an adder has its own."""
    return circuit.luts + circuit.registers / 64


def digits(value: int, acc_bits: int) -> list[tuple[int, int]]:
    """Shifts and signs of the fewest powers of two that add up to `value` mod 2^acc_bits.

    >>> digits(7, 8), digits(255, 8), digits(128, 8)
    ([(0, -1), (3, 1)], [(0, -1)], [(7, 1)])
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
    return best


def _terms(vector: Integers, acc_bits: int) -> list[Term]:
    return [Term(word, *digit) for word, value in enumerate(vector) for digit in digits(int(value), acc_bits)]


def _based(rows: Integers, needed: int, in_bits: int, acc_bits: int, depth: int) -> Plan:
    """Each row from nothing or from another one, the cheapest first; at most `depth` rows upon each other.

    Rows from `needed` on are there for others only.
    """
    count, inputs = rows.shape
    made = Plan(inputs, in_bits, acc_bits, [[] for _ in rows], [], [(1 << in_bits) - 1] * inputs)
    alone = [_terms(row, acc_bits) for row in rows]
    costs = np.array([columns.estimate(made.heights(terms)) for terms in alone])
    found: dict[int, list[Term]] = dict(enumerate(alone))
    depths = np.zeros(count, dtype=int)
    open_rows = set(range(count))
    while open_rows:
        row = min(open_rows, key=lambda index: (costs[index], index))
        made.rows[row] = found[row]
        made.order.append(row)
        open_rows.remove(row)
        if depths[row] == depth:
            continue
        for other in open_rows:
            for sign in (1, -1):
                base = Term(inputs + row, 0, sign)
                terms = [base, *_terms(rows[other] - sign * rows[row], acc_bits)]
                cost = columns.estimate(made.heights(terms))
                if cost < costs[other]:
                    costs[other], found[other], depths[other] = cost, terms, depths[row] + 1
    used = {term.word - inputs for row in made.rows for term in row if term.word >= inputs}
    for row in range(needed, count):
        if row not in used:
            made.rows[row] = []
    return made


def _share(made: Plan) -> None:
    """Make words of sums that several rows have, as long as that saves look-up tables."""
    while True:
        best: tuple[int, tuple[Term, ...], dict[int, list[Term]]] | None = None
        for terms in _candidates(made):
            changed = _with(made, terms)
            saved = sum(
                columns.estimate(made.heights(made.rows[row])) - columns.estimate(_heights(made, new, terms))
                for row, new in changed.items()
            )
            gain = saved - made.share_cost(terms)
            if gain > 0 and (best is None or gain > best[0]):
                best = gain, terms, changed
        if best is None:
            return
        _, terms, changed = best
        word = len(made.peaks)
        made.rows = [
            [t if t.word < word else Term(t.word + 1, t.shift, t.sign) for t in changed.get(i, row) if t.word >= 0]
            + [Term(word, t.shift, t.sign) for t in changed.get(i, ()) if t.word < 0]
            for i, row in enumerate(made.rows)
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


def _normal(terms: Iterable[Term]) -> tuple[tuple[Term, ...], int, int]:
    """The same sum with the lowest shift 0 and the first sign +, and what it is to be shifted and multiplied by."""
    ordered = sorted(terms)
    shift, sign = min(term.shift for term in ordered), ordered[0].sign
    return tuple(Term(t.word, t.shift - shift, t.sign * sign) for t in ordered), shift, sign


def _candidates(made: Plan) -> list[tuple[Term, ...]]:
    """Sums of two or three words that promise to save most."""
    counts: Counter[tuple[Term, ...]] = Counter()
    limit = len(made.peaks)
    own = [[term for term in row if term.word < limit] for row in made.rows]
    for row in own:
        for pair in combinations(row, 2):
            if pair[0].word != pair[1].word:
                counts[_normal(pair)[0]] += 1
    pairs = _promising(made, counts, LOOK)
    triples: Counter[tuple[Term, ...]] = Counter()
    for pair in pairs:
        for row in own:
            present = set(row)
            for first in row:
                if first.word != pair[0].word or first.shift < pair[0].shift:
                    continue
                shift, sign = first.shift - pair[0].shift, first.sign * pair[0].sign
                second = Term(pair[1].word, pair[1].shift + shift, pair[1].sign * sign)
                if second not in present:
                    continue
                for third in row:
                    if third.word not in (first.word, second.word):
                        triples[_normal((first, second, third))[0]] += 1
    return [*pairs, *_promising(made, triples, LOOK)]


def _promising(made: Plan, counts: Counter[tuple[Term, ...]], number: int) -> list[tuple[Term, ...]]:
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
