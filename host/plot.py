# SPDX-License-Identifier: BSD-3-Clause
"""A curve as SVG, which Jupyter shows by itself: the bundle's notebook needs no plotting package."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from host.errors import EmptyError

_WIDTH, _HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 20, 36, 52  # margins


@dataclass(frozen=True)
class Curve:
    """Points (`x`, `y`), each with a mark and its tick; both axes begin at 0. Raises EmptyError without a point."""

    x: Sequence[float]
    y: Sequence[float]
    x_label: str
    y_label: str
    title: str

    def __post_init__(self) -> None:
        if not len(self.x) or len(self.x) != len(self.y):
            raise EmptyError(f"{len(self.x)} values of x and {len(self.y)} of y, expected as many, at least one")

    def _repr_svg_(self) -> str:
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        across, up = max(self.x) or 1.0, max(self.y) or 1.0
        points = [
            (_LEFT + width * x / across, _TOP + height * (1 - y / up)) for x, y in zip(self.x, self.y, strict=True)
        ]
        floor = _TOP + height
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            f'<path d="M{_LEFT} {_TOP}V{floor}H{_LEFT + width}" fill="none" stroke="black"/>',
            _text(_WIDTH / 2, 20, self.title, "middle"),
            _text(_LEFT + width / 2, _HEIGHT - 10, self.x_label, "middle"),
            f'<g transform="translate(14 {_TOP + height / 2}) rotate(-90)">{_text(0, 0, self.y_label, "middle")}</g>',
        ]
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            lines.append(_text(_LEFT - 6, floor - height * share + 4, f"{up * share:,.6g}", "end"))
        taken = -1e9
        for (x, _), value in zip(points, self.x, strict=True):
            if x - taken > 24:  # labels that would lie upon each other are left out
                lines.append(_text(x, floor + 16, f"{value:,.6g}", "middle"))
                taken = x
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1f5fa8"/>' for x, y in points]
        return "\n".join([*lines, "</svg>"])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
