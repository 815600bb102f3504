# SPDX-License-Identifier: BSD-3-Clause
"""One setting for each of several parts whose costs depend on a part's own setting and on pairs of neighbours.

Exact, by eliminating one part after the other: a part's best setting for every combination of its neighbours' settings
is a new cost between these. For a chain that is the usual dynamic programme; a fork that joins again costs one power of
the number of settings more.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Costs = npt.NDArray[np.float64]


def cheapest(own: Sequence[Costs], between: Mapping[tuple[int, int], Costs]) -> list[int]:
    """The setting of each part that together cost the least.

    own      costs of each part, [settings of that part]
    between  costs of two parts i < j together, [settings of i, settings of j]

    >>> cheapest([np.array([0.0, 1.0]), np.array([0.0, 5.0])], {(0, 1): np.array([[9.0, 9.0], [2.0, 0.0]])})
    [1, 0]
    """
    factors: list[tuple[tuple[int, ...], Costs]] = [((index,), costs) for index, costs in enumerate(own)]
    factors += [(pair, costs) for pair, costs in sorted(between.items())]
    order, left = [], set(range(len(own)))
    while left:
        around = {part: {other for parts, _ in factors if part in parts for other in parts} for part in left}
        part = min(left, key=lambda one: (len(around[one]), one))
        neighbours = tuple(sorted(around[part] - {part}))
        scope = (*neighbours, part)
        total = np.zeros([len(own[one]) for one in scope])
        for parts, costs in factors:
            if part in parts:
                total = total + _spread(parts, costs, scope)
        factors = [(parts, costs) for parts, costs in factors if part not in parts]
        if neighbours:
            factors.append((neighbours, total.min(axis=-1)))
        order.append((part, neighbours, total.argmin(axis=-1)))
        left.remove(part)
    chosen = [0] * len(own)
    for part, neighbours, best in reversed(order):
        chosen[part] = int(best[tuple(chosen[one] for one in neighbours)])
    return chosen


def _spread(parts: tuple[int, ...], costs: Costs, scope: tuple[int, ...]) -> Costs:
    """`costs` over `parts` as an array over `scope`, of length 1 along the others."""
    axes = sorted(range(len(parts)), key=lambda axis: scope.index(parts[axis]))
    lengths = {parts[axis]: costs.shape[axis] for axis in axes}
    return costs.transpose(axes).reshape([lengths.get(part, 1) for part in scope])
