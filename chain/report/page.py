# SPDX-License-Identifier: BSD-3-Clause
"""The report as one HTML page that needs nothing else: no network, no script, no file beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from chain.files import write_text
from chain.report import histogram as histograms
from chain.report import pipeline as pipelines
from chain.report.stages import STAGE_NAMES

REFERENCES = ("torch_32bit", "torch_cut")


@dataclass(frozen=True)
class StageRow:
    """One line of the table of stages; `mismatches` is None for a stage that is compared with nothing."""

    title: str
    value: float
    images: int
    mismatches: int | None
    is_reference: bool

    @property
    def correct(self) -> int:
        """Images that were classified correctly."""
        return round(self.value * self.images)


@dataclass(frozen=True)
class Card:
    """One figure at the top: its name, its value, and how it was come by."""

    name: str
    value: str
    how: str


@dataclass(frozen=True)
class Total:
    """One resource of the whole design."""

    title: str
    used: float
    available: int

    @property
    def share(self) -> float:
        """Of what the part has; more than 1 does not fit. 0 if it has none."""
        return self.used / self.available if self.available else 0.0


def render(report: Mapping[str, Any]) -> str:
    """The page's text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"count": count, "percent": percent, "rate": rate, "plain": plain, "micro": micro}
    pipeline = pipelines.pipeline(report["pipeline"], report["edges"])
    resources = report["resources"]
    return environment.get_template("page.html").render(
        r=report,
        css=jinja2.utils.markupsafe.Markup(Path(__file__).with_name("page.css").read_text(encoding="utf-8")),
        names=STAGE_NAMES,
        sentence=sentence(report),
        comparison=comparison(report),
        cards=cards(report),
        stages=stage_rows(report),
        histograms=[h for h in map(histograms.histogram, report["layers"]) if h],
        hw=histograms.WIDTH,
        hh=histograms.HEIGHT,
        pipeline=pipeline,
        nw=pipelines.NODE_WIDTH,
        nh=pipelines.NODE_HEIGHT,
        available=resources.get("available"),
        totals=totals(report),
        most_luts=max([row["lut"] for row in resources["by_layer"]] + [1]),
    )


def save(report: Mapping[str, Any], folder: Path) -> Path:
    """Write `folder`/report.html."""
    path = folder / "report.html"
    write_text(path, render(report))
    return path


def stage_rows(report: Mapping[str, Any]) -> list[StageRow]:
    """Stages in the order of the chain, the two references first."""
    accuracy, mismatches = report["accuracy"], report["mismatches"]
    names = [str(name) for name in STAGE_NAMES if name in accuracy]
    names += [str(name) for name in accuracy if name not in STAGE_NAMES]
    return [
        StageRow(
            STAGE_NAMES.get(name, name),
            accuracy[name]["value"],
            accuracy[name]["images"],
            mismatches[name]["count"] if name in mismatches else None,
            name in REFERENCES,
        )
        for name in names
    ]


def accumulators(report: Mapping[str, Any]) -> str:
    """The accumulators' widths in words: "8 bits", "6 to 8 bits"."""
    bits = report["accumulator_bits"]
    return f"{min(bits)} bits" if min(bits) == max(bits) else f"{min(bits)} to {max(bits)} bits"


def sentence(report: Mapping[str, Any]) -> str:
    """What the page says, in two sentences."""
    torch = report["accuracy"]["torch"]
    differing = sum(row["count"] for row in report["mismatches"].values())
    compared = len(report["mismatches"]) + 1
    verdict = (
        f"All {compared} stages computed the same integers."
        if not differing
        else f"Stages disagree on {differing} images: the figures below are not to be trusted."
    )
    layers = len(report["accumulator_bits"])
    return (
        f"{percent(torch['value'])} of {count(torch['images'])} test images of {report['dataset']}, "
        f"with accumulators of {accumulators(report)} in {layers} layers. {verdict}"
    )


def comparison(report: Mapping[str, Any]) -> str:
    """What the method is for: the same network with wide accumulators, and with those just cut; '' if not measured."""
    accuracy = report["accuracy"]
    if not all(name in accuracy for name in REFERENCES):
        return ""
    wide, cut = (percent(accuracy[name]["value"]) for name in REFERENCES)
    return (
        f"Trained with wide accumulators, the same network reaches {wide}; "
        f"with those weights and its accumulators just cut to {accumulators(report)}, {cut}."
    )


def cards(report: Mapping[str, Any]) -> list[Card]:
    """The figures at the top of the page."""
    board, torch, resources = report["accuracy"]["board"], report["accuracy"]["torch"], report["resources"]
    differing = sum(row["count"] for row in report["mismatches"].values())
    compared = sum(row["images"] for row in report["mismatches"].values())
    on_board = f"; board: {count(board['images'])}" if board["images"] != torch["images"] else ""
    available = resources.get("available")
    share = f", {percent(resources['lut'] / available['lut'])} of {resources['device']}" if available else ""
    return [
        Card("Accuracy", percent(torch["value"]), f"{count(torch['images'])} test images{on_board}"),
        Card("Images that differ", count(differing), f"in {count(compared)} comparisons"),
        Card("Frames a second", count(report["fps"]), "simulated cycles ÷ clock"),
        Card("Latency", micro(report["latency_us"]), "simulated cycles ÷ clock"),
        Card("LUTs", count(resources["lut"]), f"estimate{share}"),
        Card("Accumulators", accumulators(report), f"{rate(max(report['overflow_rate']))} overflow at most"),
    ]


def totals(report: Mapping[str, Any]) -> list[Total]:
    """The whole design's resources against what the part holds (0 if that is not known)."""
    resources = report["resources"]
    available = resources.get("available") or {}
    titles = {"lut": "LUTs", "ff": "flip-flops", "bram36": "BRAM36", "dsp": "DSP blocks"}
    return [Total(title, resources[key], available.get(key, 0)) for key, title in titles.items()]


def count(value: float) -> str:
    """Thousands apart, no decimals.

    >>> count(12345.6)
    '12,346'
    """
    return f"{value:,.0f}"


def percent(value: float) -> str:
    """A share as a percentage with two decimals.

    >>> percent(0.97222)
    '97.22 %'
    """
    return f"{100 * value:.2f} %"


def rate(value: float) -> str:
    """A share that may be tiny: two significant digits, "0 %" only for zero.

    >>> [rate(0), rate(0.0312), rate(0.00000234), rate(1e-9)]
    ['0 %', '3.1 %', '0.00023 %', '< 0.0001 %']
    """
    if value == 0:
        return "0 %"
    if value < 1e-6:
        return "< 0.0001 %"
    return f"{float(f'{100 * value:.2g}'):.10f}".rstrip("0").rstrip(".") + " %"


def plain(value: float) -> str:
    """Thousands apart, decimals only where there are any.

    >>> [plain(100.0), plain(2.5)]
    ['100', '2.5']
    """
    return f"{value:,.10g}"


def micro(value: float) -> str:
    """Microseconds, in the unit that reads best.

    >>> [micro(12.34), micro(1234.0)]
    ['12.3 µs', '1.23 ms']
    """
    return f"{value:.1f} µs" if value < 1000 else f"{value / 1000:.2f} ms"
