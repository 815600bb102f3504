# SPDX-License-Identifier: BSD-3-Clause
"""Which level each adder of a circuit is best put into: as few registers as possible, at the same latency.

An adder that waits makes its bits later, but needs those that it takes for longer, unless others do anyway.
"""

from dataclasses import replace

from fpga.unrolled.circuit import Adder, Circuit, delay_cost

ROUNDS = 3


def relax(circuit: Circuit) -> None:
    """Move the adders of `circuit` to later levels, and back, where that costs less."""
    uses: dict[int, list[int]] = {net: [] for net in range(len(circuit.times))}  # by net: the takers' numbers
    makers = {net: index for index, adder in enumerate(circuit.adders) for net in adder.made()}
    for index, adder in enumerate(circuit.adders):
        for net in set(adder.taken()):
            uses[net].append(index)
    latency = circuit.latency
    last = {bit.net for row in circuit.outputs for bit in row}
    levels = [adder.level for adder in circuit.adders]

    def made_at(net: int) -> int:
        return levels[makers[net]] + 1 if net in makers else 0

    def cost(net: int) -> int:
        return delay_cost(made_at(net), [levels[index] for index in uses[net]] + [latency] * (net in last))

    def span(adder: Adder) -> tuple[int, int]:
        least = max((made_at(net) for net in adder.taken()), default=0)
        most = min((levels[index] for net in adder.made() for index in uses[net]), default=latency) - 1
        return least, min(most, latency - 1)

    order = list(range(len(circuit.adders)))
    for turn in range(ROUNDS):
        for index in reversed(order) if turn % 2 == 0 else order:
            adder = circuit.adders[index]
            nets = {*adder.taken(), *adder.made()}
            least, most = span(adder)
            found = []
            for level in range(least, most + 1):
                levels[index] = level
                found.append((sum(map(cost, nets)), -level))
            levels[index] = -min(found)[1]
    circuit.adders = [replace(adder, level=level) for adder, level in zip(circuit.adders, levels, strict=True)]
    for net in makers:
        circuit.times[net] = made_at(net)
    circuit.adders.sort(key=lambda adder: adder.level)
