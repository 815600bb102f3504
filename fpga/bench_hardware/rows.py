# SPDX-License-Identifier: BSD-3-Clause
"""The rows of hardware.json: settings, our figures, every rival's, and the ratios."""

import importlib.metadata
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fpga import yosys
from fpga.bench_hardware import distributed
from fpga.bench_hardware.activity import Switching
from fpga.bench_hardware.contest import OURS, Contest
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Figures

Row = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A geometric mean that is to be reached: of rows of `kind`, how much better ours is than `rival`; of
    the `network` alone, where one is named.
    """

    kind: str
    rival: str
    wanted: float
    network: str = ""


TARGETS = (
    *(
        Target(kind, rival, wanted)
        for kind in ("element", "layer")
        for rival, wanted in (("plain32", 2.5), ("finn-min", 2.0), ("plain8", 1.4))
    ),
    Target("unrolled", "da4ml", 1.1),
    Target("placed-element", "plain32", 2.0),
    Target("placed", "plain32", 2.0),
    Target("clock", "plain32", 1.2),
    Target("network", "plain32", 1.6, "cifar-cnv"),
)


def row(kind: str, settings: Mapping[str, Any], figures: Mapping[str, Mapping[str, Any]], by: str = "lut") -> Row:
    """One comparison. `figures` has OURS and the rivals; `ratios` are theirs by ours of the figure `by`, more than 1
    where ours is smaller; `losses` names the rivals that are smaller.
    """
    ours = figures[OURS]
    rivals = {name: dict(values) for name, values in figures.items() if name != OURS}
    ratios = {name: values[by] / ours[by] for name, values in rivals.items()}
    return {
        "kind": kind,
        "settings": dict(settings),
        "ours": dict(ours),
        "rivals": rivals,
        "ratios": ratios,
        "losses": sorted((name for name in ratios if ratios[name] < 1), key=ratios.__getitem__),
    }


def of_contest(contest: Contest, found: Mapping[Design, Figures]) -> Row:
    """The row of a layer."""
    return row(contest.kind, _settings(contest), {name: asdict(found[one]) for name, one in contest.designs.items()})


def of_elements(contest: Contest, luts: Mapping[Design, int]) -> Row:
    """The same without the weights' memories, of which `luts` are."""
    return row("element", _settings(contest), {name: {"lut": luts[one]} for name, one in contest.designs.items()})


def _settings(contest: Contest) -> dict[str, Any]:
    layer = contest.layer
    return {
        "layer": layer.name,
        "fan_in": layer.fan_in,
        "outputs": layer.outputs,
        "PE": layer.pe,
        "SIMD": layer.simd,
        "weights": layer.weights,
        "weight_bits": layer.weight_bits,
        "activation_bits": layer.activation_bits,
        "B": layer.bits,
        "fold": layer.fold,
        "accumulator_bits": dict(contest.widths),
        "versions": versions(),
    }


def with_switching(made: Row, contest: Contest, activity: Mapping[Design, Switching]) -> Row:
    """The row `made` of a layer with the switching of a vector and the latency in cycles among the figures, and with
    the ratios of switching.
    """
    figures = {
        name: {"switching": activity[design].a_vector, "latency": activity[design].latency}
        for name, design in contest.designs.items()
    }
    ours = figures.pop(OURS)
    return made | {
        "ours": made["ours"] | ours,
        "rivals": {name: made["rivals"][name] | own for name, own in figures.items()},
        "switching_ratios": {name: own["switching"] / ours["switching"] for name, own in figures.items()},
    }


def means(rows: Sequence[Row]) -> list[Row]:
    """The geometric mean of the ratios to each rival, for each kind of row (networks one by one), with its target where
    there is one; and of the ratios of switching and of ours at its bound, where there are some. Rows that were placed
    have one of their clocks too, "clock".
    """
    groups: dict[tuple[str, str], list[tuple[Row, Mapping[str, float]]]] = {}
    for one in rows:
        network = one["settings"].get("network", "")
        groups.setdefault((one["kind"], network), []).append((one, one["ratios"]))
        if "fmax_ratios" in one:
            groups.setdefault(("clock", ""), []).append((one, one["fmax_ratios"]))
    made = []
    for (kind, network), ones in groups.items():
        for rival in dict.fromkeys(name for _, found in ones for name in found):
            ratios = [found[rival] for _, found in ones if rival in found]
            asked = (kind, rival, network)
            target = next((t for t in TARGETS if (t.kind, t.rival, t.network) == asked), None)
            mean = geometric_mean(ratios)
            switching = [r for one, _ in ones if (r := one.get("switching_ratios", {}).get(rival)) is not None]
            bounds = [one["bound"]["ratios"][rival] for one, _ in ones if "bound" in one]
            made.append(
                {
                    "kind": "mean",
                    "settings": {
                        "of": kind,
                        "network": network,
                        "rival": rival,
                        "rows": len(ratios),
                        "losses": sum(r < 1 for r in ratios),
                    },
                    "ratio": mean,
                    "range": [min(ratios), max(ratios)],
                    "switching": geometric_mean(switching) if switching else None,
                    "at_bound": geometric_mean(bounds) if bounds else None,
                    "target": target.wanted if target else None,
                    "met": mean >= target.wanted if target else None,
                }
            )
    return made


def geometric_mean(values: Iterable[float]) -> float:
    """Of one or more positive numbers.

    >>> geometric_mean([1.0, 4.0])
    2.0
    """
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms))


def versions() -> dict[str, str]:
    """Of what makes the figures."""
    return {
        "yosys": yosys.version(),
        "finn-plus": importlib.metadata.version("finn-plus"),
        "da4ml": distributed.version(),
    }
