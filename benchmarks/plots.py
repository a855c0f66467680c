"""The plots of the page, drawn by matplotlib as SVG that stands inside HTML.

Times and memory span four orders of magnitude, so every plot has a logarithmic axis and marks a number by a dot, not
by the length of a bar. A contestant has the same colour and mark everywhere; the colours differ to colour-blind eyes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.comparison import TOLERANCE
from benchmarks.contestants import AUTOGRAD, COMPILED, JAX, LABELS, MIND, ROWS, TORCH

STYLE = {
    MIND: ("#0072b2", "o"),
    TORCH: ("#d55e00", "s"),
    COMPILED: ("#cc79a7", "D"),
    JAX: ("#009e73", "^"),
    AUTOGRAD: ("#8a6d00", "v"),
}
INK, RULE, FLOOR = "#222222", "#dddddd", "#666666"
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
FAMILY = re.compile(r"font-family: [^;\"]+")
WIDTH = 10.0
EXACT = 1e-9
"""Where an error of zero is drawn on a logarithmic axis."""

Point = dict[str, float]
"""``median`` with, where there is a spread, ``p10`` and ``p90``."""
Line = tuple[str, dict[str, Point], float | None]
"""A line of a panel: its name, the point of each contestant, and the floor, where there is one."""
Panels = dict[str, list[Line]]
"""One panel for each program."""


def times(results: dict[str, Any]) -> str:
    """Microseconds of every row, the limit beside them."""
    panels: Panels = {
        name: [
            (ROWS[row].strip(), _scaled(entry, results, 1e6), entry["limit"] * 1e6)
            for row, entry in p["rows"].items()
        ]
        for name, p in results["programs"].items()
    }
    return _figure(panels, results["contestants"], "microseconds", "limit of this machine")


def memory(results: dict[str, Any]) -> str:
    """KiB at the peak of a backward pass, the bytes of the gradients beside them."""
    panels: Panels = {
        name: [
            (ROWS[row].strip(), _scaled(entry, results, 1 / 1024), p["gradient_bytes"] / 1024)
            for row, entry in p["memory"].items()
        ]
        for name, p in results["programs"].items()
    }
    return _figure(panels, results["contestants"], "KiB", "the gradients themselves")


def accuracy(results: dict[str, Any]) -> str:
    """The worst error of a gradient in each row."""
    panels: Panels = {
        name: [
            (ROWS[row].strip(), {k: {"median": max(entry[k]["gradients"], EXACT)} for k in entry}, None)
            for row, entry in p["accuracy"].items()
        ]
        for name, p in results["programs"].items()
    }
    kinds, label = results["contestants"], "part of the largest entry"
    return _figure(panels, kinds, label, "refused beyond this", rule=TOLERANCE, shared=True)


def distances(results: dict[str, Any]) -> str:
    """How many times the limit each row takes."""
    panels: Panels = {
        name: [
            (ROWS[row].strip(), {k: {"median": value} for k, value in entry["distance"].items()}, None)
            for row, entry in p["rows"].items()
        ]
        for name, p in results["programs"].items()
    }
    return _figure(panels, results["contestants"], "times the limit", "limit of this machine", rule=1.0, shared=True)


def _scaled(entry: dict[str, Any], results: dict[str, Any], scale: float) -> dict[str, Point]:
    present = [kind for kind in results["contestants"] if kind in entry]
    return {kind: {key: entry[kind][key] * scale for key in ("median", "p10", "p90")} for kind in present}


def _figure(
    panels: Panels,
    kinds: Sequence[str],
    label: str,
    floor: str,
    *,
    rule: float | None = None,
    shared: bool = False,
) -> str:
    """Two panels beside each other, one per program, and one legend above all."""
    height = 0.36 + 0.12 * len(kinds)
    rows = -(-len(panels) // 2)
    lines = max(len(each) for each in panels.values())
    settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "mindast", "font.size": 10, "text.color": INK}
    with mpl.rc_context({**settings, "axes.edgecolor": FLOOR, "xtick.color": INK, "ytick.color": INK}):
        figure = Figure(figsize=(WIDTH, rows * (0.9 + lines * height) + 0.5))
        figure.set_layout_engine("constrained", wspace=0.05, hspace=0.06)
        FigureCanvasSVG(figure)
        axes = figure.subplots(rows, 2, squeeze=False, sharex=shared, sharey="row").flat
        for axis, (name, each) in zip(axes, panels.items(), strict=False):
            _panel(axis, name, each, kinds, rule)
            axis.set_xlabel(label)
            axis.tick_params(labelbottom=True)
        for axis in list(axes)[len(panels) :]:
            axis.remove()
        _legend(figure, kinds, floor, dashed=rule is not None)
        return _svg(figure)


def _panel(axis: Axes, name: str, lines: Sequence[Line], kinds: Sequence[str], rule: float | None) -> None:
    axis.set_title(name, loc="left", fontweight="bold", fontsize=11)
    axis.set_xscale("log")
    step = 0.7 / max(len(kinds), 2)
    for y, (_, points, floor) in enumerate(lines):
        for i, kind in enumerate(kinds):
            if kind in points:
                _dot(axis, kind, points[kind], y + (i - (len(kinds) - 1) / 2) * step)
        if floor is not None:
            axis.plot([floor, floor], [y - 0.42, y + 0.42], color=FLOOR, linewidth=2, zorder=1.5)
    if rule is not None:
        axis.axvline(rule, color=FLOOR, linewidth=1.2, linestyle="--")
    axis.set_yticks(range(len(lines)), [text for text, _, _ in lines])
    axis.set_ylim(len(lines) - 0.45, -0.55)
    low, high = axis.get_xlim()
    if high / low < 20:  # at least one power of ten is named on the axis
        axis.set_xlim(low / 2.5, high * 2.5)
    wide = axis.get_xlim()[1] / axis.get_xlim()[0] > 300
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=9))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.grid(axis="x", color=RULE, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(axis="y", length=0)
    axis.spines[["top", "right", "left"]].set_visible(False)


def _dot(axis: Axes, kind: str, point: Point, y: float) -> None:
    colour, mark = STYLE[kind]
    if "p10" in point:
        axis.plot([point["p10"], point["p90"]], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
    axis.plot([point["median"]], [y], mark, color=colour, markersize=6.5, markeredgecolor="white", markeredgewidth=0.6)


def _legend(figure: Figure, kinds: Sequence[str], floor: str, *, dashed: bool) -> None:
    def entry(label: str, **how: Any) -> Line2D:
        return Line2D([], [], label=label, **how)

    handles = [entry(LABELS[k], color=STYLE[k][0], marker=STYLE[k][1], linewidth=1.6, markersize=6.5) for k in kinds]
    handles.append(entry(floor, color=FLOOR, linewidth=1.2 if dashed else 2, linestyle="--" if dashed else "-"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)


def _svg(figure: Figure) -> str:
    """The SVG element alone, of the width of what it stands in, its words as text."""
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return FAMILY.sub(f"font-family: {FONT}", svg[svg.index("<svg") :])
