# SPDX-License-Identifier: BSD-3-Clause
"""The report as one HTML page that needs nothing else: no network, no script, no file beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.files import write_text
from chain.report import bitstreams as bitstream_tables
from chain.report import histogram as histograms
from chain.report import measurements, standalone
from chain.report import pipeline as pipelines
from chain.report.stages import STAGE_NAMES
from chain.report.summary import REFERENCES, accumulators, kind_rows, stage_rows, totals
from chain.report.words import count, micro, percent, plain, rate


@dataclass(frozen=True)
class Card:
    """One figure at the top: its name, its value, and how it was come by."""

    name: str
    value: str
    how: str


def render(report: Mapping[str, Any]) -> str:
    """The page's text."""
    pipeline = pipelines.pipeline(report["pipeline"], report["edges"])
    resources = report["resources"]
    tables = measurements.shown(report)
    return standalone.render(
        Path(__file__).with_name("page.html"),
        {"count": count, "percent": percent, "rate": rate, "plain": plain, "micro": micro},
        r=report,
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
        measurements=tables,
        measured_on_a_board=measurements.any_board(tables),
        totals=totals(report),
        kinds=kind_rows(report),
        bitstreams=bitstream_tables.shown(report),
        most_luts=max([row["lut"] for row in resources["by_layer"]] + [1]),
    )


def save(report: Mapping[str, Any], folder: Path) -> Path:
    """Write `folder`/report.html."""
    path = folder / "report.html"
    write_text(path, render(report))
    return path


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
    """What the method is for: the network before it, with accumulators wide and just cut; '' if not measured."""
    accuracy = report["accuracy"]
    if not all(name in accuracy for name in REFERENCES):
        return ""
    wide, cut = (percent(accuracy[name]["value"]) for name in REFERENCES)
    return (
        f"Before it was trained for overflow, with wide accumulators, the network reached {wide}; "
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
