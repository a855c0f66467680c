"""From the measured numbers to the printed tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.contestants import MIND, ROWS, TORCH, Row

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
    parts += _section("Peak Memory Usage", "KiB of the backward pass, by memray's high-water mark, one call")
    parts += _memory(programs)
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
    threads = results["threads"]
    clock = f"{method['clock_seconds'] * 1e9:.0f} ns"
    sample = f"{method['sample_seconds'] * 1e3:g} ms"
    return [
        f"machine   {machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}",
        f"versions  {versions}",
        f"threads   PyTorch {threads[TORCH]}; libraries of MIND: {threads[MIND]}",
        f"rates     {rates['gemm'] / 1e9:.0f} GFLOP/s float32 product of 1024; GB/s of a triad: {bandwidths}",
        f"method    {method['samples']} samples each after {method['warmup']} thrown away, by turns, in two processes",
        f"          a sample: the median over calls for {sample}; the clock adds {clock} to each call of both",
        *(f"WARNING   {text}" for text in results["warnings"]),
    ]


def _times(programs: dict[str, Any], rows: Sequence[Row]) -> list[str]:
    lines = []
    for name, program in programs.items():
        for row in rows:
            entry = program["rows"][row]
            both = interval(entry[MIND]), interval(entry[TORCH])
            lines.append((name, ROWS[row], *both, ratio(entry["speedup"]), f"{entry['limit'] * 1e6:.1f}"))
    return table(("program", "what", "MIND", "PyTorch", "speedup", "limit"), lines)


def _memory(programs: dict[str, Any]) -> list[str]:
    lines = []
    for name, program in programs.items():
        for row, entry in program["memory"].items():
            mine, theirs = entry[MIND]["median"], entry[TORCH]["median"]
            gain = f"{theirs / mine:.2f}x" if mine else "-"
            gradients = f"{program['gradient_bytes'] / 1024:.1f}"
            lines.append((name, ROWS[row], f"{mine / 1024:.1f}", f"{theirs / 1024:.1f}", gain, gradients))
    return table(("program", "what", "MIND", "PyTorch", "PyTorch/MIND", "gradients"), lines)


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
