# SPDX-License-Identifier: BSD-3-Clause
"""What `bench` found, as text for a terminal."""

from collections.abc import Sequence

from host.measurement import Batch, Energy, Measurement, Spread


def text(found: Measurement) -> str:
    """All of it. A figure of the simulated board is never shown without saying so."""
    return "\n".join([*_heading(found), "", *_columns(found), "", *_energy(found)]) + "\n"


def _heading(found: Measurement) -> list[str]:
    where = f"{found.model}, design {found.design_hash[:8]}, {found.clock_mhz:g} MHz, on {found.board.name}"
    lines = [where + (", a simulated board" if found.simulated else "")]
    if found.simulated:
        lines += [
            "Nothing here was measured on hardware: FPS are simulated cycles divided by the clock. Wall-clock times of",
            "a simulator say nothing about a board and are left out.",
        ]
    else:
        known = [part for part in (found.board.image, found.board.system) if part]
        lines.append(f"image: {', '.join(known) or 'not told by the board'}; pynq {found.driver['pynq']}")
        if found.board.remote:
            lines.append("Reached over a network: what the host and the transfer take is the network's doing.")
    lines.append(
        f"Median of {found.repetitions} calls after {found.warm_up} to warm up, in brackets the interquartile range; "
        f"{found.images} images"
    )
    return lines


def _columns(found: Measurement) -> list[str]:
    titles = ["images", "first image", "interval", "fabric"]
    units = ["a call", "us", "cycles", "ms"]
    if not found.simulated:
        titles += ["packing", "transfer", "unpacking", "whole call"]
        units += ["ms", "ms", "ms", "ms"]
    titles += ["steady state", "this batch"] + ([] if found.simulated else ["whole call"])
    units += ["images/s"] * (2 if found.simulated else 3)
    rows: list[Sequence[str]] = [titles, units]
    notes = []
    for batch in found.batches:
        if batch.skipped is not None:
            rows.append([f"{batch.images:,}", "left out"])
            notes.append(f"batch of {batch.images:,}: left out: {batch.skipped}")
        else:
            rows.append(_row(found, batch))
    widths = [max(len(row[i]) if i < len(row) else 0 for row in rows) for i in range(len(titles))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
    return lines + notes


def _row(found: Measurement, batch: Batch) -> list[str]:
    cells = [
        f"{batch.images:,}",
        _spread(batch.fill_cycles, 1 / found.clock_mhz),
        _spread(batch.interval_cycles, 1),
        _spread(batch.cycles, 1e-3 / found.clock_mhz),
    ]
    if batch.host_seconds is not None:
        times = batch.host_seconds
        cells += [_spread(part, 1e3) for part in (times.pack, times.transfer, times.unpack, times.call)]
    rates = [found.fps(batch), found.batch_fps(batch)] + ([] if found.simulated else [found.call_fps(batch)])
    return cells + ["-" if rate is None else f"{rate:,.0f}" for rate in rates]


def _spread(value: Spread | None, scale: float) -> str:
    return "-" if value is None else f"{_short(value.median * scale)} ({_short(value.iqr * scale)})"


def _short(value: float) -> str:
    """Four digits, or all that stand before the point."""
    return f"{value:,.0f}" if value >= 1000 or value == 0 else f"{value:.4g}" if value >= 1e-3 else f"{value:.1g}"


def _energy(found: Measurement) -> list[str]:
    if found.energy is None:
        return [
            "Energy: none, the board is simulated and draws no power."
            if found.simulated
            else "Energy: none, no batch was run."
        ]
    energy = found.energy
    ran = f"{energy.images:,} images in {energy.seconds:.1f} s, in calls of {energy.batch:,}, host and fabric together"
    lines = []
    if energy.rails is not None:
        rails = energy.rails
        lines += [
            f"Energy, by the board's rails: {_joules(rails.joules_per_image)} an image ({ran})",
            f"  {rails.watts:.2f} W, mean of {rails.samples} readings, {rails.idle_watts:.2f} W at rest: {rails.of}",
            *(f"    {name}: {watts:.2f} W" for name, watts in rails.by_rail.items()),
        ]
    if energy.meter is not None:
        joules = _joules(energy.meter.joules_per_image)
        lines.append(f"Energy, by your own reading of {energy.meter.watts:g} W: {joules} an image ({ran})")
    return lines or _without(energy, ran)


def _without(energy: Energy, ran: str) -> list[str]:
    return [
        f"Energy: {energy.note} ({ran}).",
        "  With a meter's reading while it runs: bench --watts W (--energy-seconds S: for so long)",
    ]


def _joules(value: float) -> str:
    for unit, scale in (("J", 1.0), ("mJ", 1e3), ("uJ", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e9:.3g} nJ"
