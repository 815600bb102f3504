# SPDX-License-Identifier: BSD-3-Clause
"""The front of accuracy and cost: what is worth a look."""

from collections.abc import Iterable

from training.search.study import Found


def front(found: Iterable[Found]) -> list[Found]:
    """The candidates, trained to the end, of which no other is both cheaper (or as cheap) and more accurate; the
    cheapest first.
    """
    best: list[Found] = []
    for one in sorted((one for one in found if not one.stopped), key=lambda one: (one.cost, -one.judged)):
        if not best or one.judged > best[-1].judged:
            best.append(one)
    return best
