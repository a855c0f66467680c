"""From the measured numbers to the printed tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.contestants import LABELS, MIND, ROWS, TORCH, Row

WIDTH = 112
TITLE = "AUTOGRAD COMPARISON: MIND vs PyTorch"


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median with the 10th and 90th percentile."""
    low, middle, high = np.percentile(values, (10, 50, 90))
    return {"median": float(middle), "p10": float(low), "p90": float(high)}


def seconds(value: float) -> str:
    """A time in the unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}" if value < 1000 * scale else f"{value / scale:.0f} {unit}"
    return f"{value / 1e-6:.3f} us"


def interval(stats: dict[str, float]) -> str:
    """Median and spread in microseconds."""
    median, low, high = (stats[key] * 1e6 for key in ("median", "p10", "p90"))
    digits = 2 if median < 10 else 1 if median < 100 else 0
    return f"{median:.{digits}f} [{low:.{digits}f}-{high:.{digits}f}]"


def ratio(stats: dict[str, float]) -> str:
    """A speedup with its spread."""
    return f"{stats['median']:.2f}x [{stats['p10']:.2f}-{stats['p90']:.2f}]"


def stall_counts(results: dict[str, Any]) -> str:
    """How many turns each contestant's stalls made repeat, and how many stayed; empty where there was none."""
    texts = []
    for kind in results["contestants"]:
        entries = [r[kind] for p in results["programs"].values() for r in p["rows"].values() if kind in r]
        lost, kept = (sum(entry[key] for entry in entries) for key in ("stalls", "kept_stalls"))
        if lost or kept:
            texts.append(f"{LABELS[kind]} {lost}" + (f" ({kept} stayed)" if kept else ""))
    return ", ".join(texts)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], first: int = 2) -> list[str]:
    """Aligned columns: the `first` ones to the left, numbers to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    texts = [
        "  ".join(
            cell.ljust(width) if i < first else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return [texts[0], "-" * max(map(len, texts)), *texts[1:]]


def render(results: dict[str, Any]) -> str:
    """The whole report."""
    parts = ["=" * WIDTH, TITLE, "=" * WIDTH, *_machine(results), ""]
    programs, imported = results["programs"], seconds(results["import_seconds"])
    parts += _section("Backward Pass Time", "us, median [p10-p90]; the forward pass is outside the clock")
    parts += _times(programs, [row for row in ROWS if row != "value_and_grad"])
    parts += _section("Value and Gradient Time", "us, median [p10-p90]; forward and backward together")
    parts += _times(programs, ["value_and_grad"])
    if peers := results["contestants"][2:]:
        parts += _section("Peers", "us, median [p10-p90]; a dash where one does not take part")
        parts += _peers(programs, peers)
    parts += _section("Distance to the Limit", "times the least that this machine could take, in us")
    parts += _distances(programs, results["contestants"])
    parts += _section("Peak Memory Usage", "KiB of the backward pass, by memray's high-water mark, one call")
    parts += _memory(programs, results["contestants"])
    parts += _section("Accuracy", "worst error against PyTorch in float64, as part of the largest entry")
    parts += _accuracy(programs)
    parts += _section("Compile Time of MIND", f"first calls, beyond the import of {imported}")
    parts += _compile(results)
    return "\n".join(parts) + "\n"


def _section(title: str, text: str) -> list[str]:
    return ["", f"{title}  ({text})"]


def _machine(results: dict[str, Any]) -> list[str]:
    machine, method = results["machine"], results["method"]
    versions = ", ".join(f"{name} {number}" for name, number in sorted(results["versions"].items()))
    rates = machine["rates"]
    bandwidths = ", ".join(f"{rate / 1e9:.0f} at {int(size) >> 10} KiB" for size, rate in rates["bandwidth"].items())
    counts = [f"{LABELS[kind]} {count}" for kind, count in results["threads"].items()]
    stalls = stall_counts(results)
    turns = "no turn was taken again" if not stalls else "turns taken again because a thread pool stalled: " + stalls
    clock = f"{method['clock_seconds'] * 1e9:.0f} ns"
    sample = f"{method['sample_seconds'] * 1e3:g} ms"
    return [
        f"machine   {machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}",
        f"versions  {versions}",
        f"threads   {'as found' if method['threads'] is None else method['threads']}: " + "; ".join(counts),
        f"rates     {rates['gemm'] / 1e9:.0f} GFLOP/s float32 product of 1024; GB/s of a triad: {bandwidths}",
        f"method    {method['samples']} samples each after {method['warmup']} thrown away, by turns, each in a process",
        f"          a sample: the median over calls for {sample}; the clock adds {clock} to each call of both",
        f"          {turns}",
        *(f"skipped   {text}" for text in results["skipped"]),
        *(f"WARNING   {text}" for text in results["warnings"]),
    ]


def _times(programs: dict[str, Any], rows: Sequence[Row]) -> list[str]:
    lines = []
    for name, program in programs.items():
        for row in rows:
            entry = program["rows"][row]
            both = interval(entry[MIND]), interval(entry[TORCH])
            lines.append((name, ROWS[row], *both, ratio(entry["speedup"])))
    return table(("program", "what", "MIND", "PyTorch", "speedup"), lines)


def _peers(programs: dict[str, Any], peers: Sequence[str]) -> list[str]:
    lines = []
    for name, program in programs.items():
        for row, entry in program["rows"].items():
            times = (interval(entry[kind]) if kind in entry else "-" for kind in peers)
            lines.append((name, ROWS[row], *times))
    return table(("program", "what", *(LABELS[kind] for kind in peers)), lines)


def _distances(programs: dict[str, Any], kinds: Sequence[str]) -> list[str]:
    lines = []
    for name, program in programs.items():
        for row, entry in program["rows"].items():
            times = (f"{entry['distance'][kind]:.2f}x" if kind in entry else "-" for kind in kinds)
            lines.append((name, ROWS[row], entry["bound"], f"{entry['limit'] * 1e6:.2f}", *times))
    return table(("program", "what", "bound by", "limit", *(LABELS[kind] for kind in kinds)), lines, first=3)


def _memory(programs: dict[str, Any], kinds: Sequence[str]) -> list[str]:
    lines = []
    for name, program in programs.items():
        for row, entry in program["memory"].items():
            mine, theirs = entry[MIND]["median"], entry[TORCH]["median"]
            gain = f"{theirs / mine:.2f}x" if mine else "-"
            peaks = [f"{entry[kind]['median'] / 1024:.1f}" if kind in entry else "-" for kind in kinds]
            gradients = f"{program['gradient_bytes'] / 1024:.1f}"
            lines.append((name, ROWS[row], gradients, *peaks, gain))
    header = ("program", "what", "gradients", *(LABELS[kind] for kind in kinds), "PyTorch/MIND")
    return table(header, lines)


def _accuracy(programs: dict[str, Any]) -> list[str]:
    lines = []
    for name, program in programs.items():
        for row, entry in program["accuracy"].items():
            mine, theirs = entry[MIND], entry[TORCH]
            errors = (mine["value"], mine["gradients"], theirs["value"], theirs["gradients"])
            lines.append((name, ROWS[row], *(f"{error:.1e}" for error in errors)))
    return table(("program", "what", "MIND value", "gradients", "PyTorch value", "gradients"), lines)


def _compile(results: dict[str, Any]) -> list[str]:
    lines = []
    for label, entry in results["compile"].items():
        times = (seconds(entry[key]) for key in ("first", "second_mode"))
        lines.append((label, entry["program"], *times))
    return table(("what", "program", "value and gradient", "backward"), lines)
