"""One self-contained HTML page of a comparison: the plots, and every number below them.

``--html PATH`` draws it at the end of a comparison; ``python -m benchmarks.page RESULTS.json PAGE.html`` later.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks import plots, report
from benchmarks.contestants import LABELS, MIND, TORCH

SECTIONS: tuple[tuple[str, str, Callable[[dict[str, Any]], str]], ...] = (
    (
        "Time",
        "Median of the samples, with a line from the 10th to the 90th percentile. The grey bar is what the machine "
        "could do at best: the necessary matrix products at the rate of a large one, or each argument read once and "
        "each gradient written once at the measured bandwidth, whichever takes longer.",
        plots.times,
    ),
    (
        "Distance to the limit",
        "The same medians as multiples of that limit. Calling a function, and waiting for it, are not in the limit: "
        "a program of a microsecond stays far from it.",
        plots.distances,
    ),
    (
        "Peak memory of the backward pass",
        "What one warm call allocates, natively or through Python, when most of it is alive; the gradients themselves "
        "are the floor.",
        plots.memory,
    ),
    (
        "Accuracy of the gradients",
        "Largest difference from PyTorch in float64, as part of the largest entry; what is exact is drawn at the left "
        "edge. Nothing that lies beyond the dashed line would have been timed.",
        plots.accuracy,
    ),
)

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.5rem 4rem; background: #fff; color: #222;
       font: 16px/1.5 Helvetica, Arial, "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .3rem; }
p { margin: .3rem 0 1rem; max-width: 46rem; } .quiet { color: #555; font-size: .9rem; }
svg { width: 100%; height: auto; display: block; }
table { border-collapse: collapse; margin: 1.2rem 0; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } th { font-weight: 600; border-color: #888; }
.warning { border-left: 4px solid #d55e00; padding-left: .8rem; }
pre { overflow-x: auto; font: 12px/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; background: #f6f6f6;
      padding: 1rem; }
"""


def page(results: dict[str, Any]) -> str:
    """The page of `results`, as the comparison saves them; it refers to nothing outside itself."""
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(report.TITLE)}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
        f"<h1>{escape(report.TITLE)}</h1>",
        *_introduction(results),
    ]
    if results["programs"]:
        parts += _summary(results["programs"])
        for title, text, draw in SECTIONS:
            parts += [f"<h2>{title}</h2>", f"<p>{text}</p>", draw(results)]
    parts += ["<h2>Every number</h2>", f"<pre>{escape(report.render(results))}</pre>", "</body></html>"]
    return "\n".join(parts) + "\n"


def _introduction(results: dict[str, Any]) -> list[str]:
    machine, method = results["machine"], results["method"]
    versions = ", ".join(f"{name} {number}" for name, number in sorted(results["versions"].items()))
    threads = "as many threads as it chooses" if method["threads"] is None else f"{method['threads']} thread(s)"
    peers = "".join(f", {LABELS[kind]}" for kind in results["contestants"][2:])
    return [
        f"<p>Gradients of NumPy functions, compiled by MIND, beside PyTorch eager{escape(peers)}: "
        f"{method['samples']} samples of each, taken in turns, each contestant in a process of its own, on "
        f"{threads}.</p>",
        f'<p class="quiet">{escape(str(machine["cpu"]))}, {machine["cores"]} cores, {escape(str(machine["system"]))}, '
        f'Python {machine["python"]}; {escape(versions)}. {escape(results["date"])}</p>',
        *(f'<p class="warning">{escape(text)}</p>' for text in results["warnings"]),
        *(f'<p class="quiet">Skipped: {escape(text)}</p>' for text in results["skipped"]),
    ]


def _summary(programs: dict[str, Any]) -> list[str]:
    """The main row of each program."""
    head = ("backward alone", "MIND", "PyTorch", "speedup", "MIND memory", "PyTorch memory", "MIND from its limit")
    lines = ["<table><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    for name, program in programs.items():
        row, peak = program["rows"]["backward"], program["memory"]["backward"]
        cells = (
            name,
            *(report.seconds(row[kind]["median"]) for kind in (MIND, TORCH)),
            f"{row['speedup']['median']:.2f}x",
            *(f"{peak[kind]['median'] / 1024:,.1f} KiB" for kind in (MIND, TORCH)),
            f"{row['distance'][MIND]:.2f}x",
        )
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return [*lines, "</table>"]


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the page of a saved comparison."""
    parser = argparse.ArgumentParser(prog="page", description=str(__doc__).splitlines()[0])
    parser.add_argument("results", type=Path, help="what a comparison saved")
    parser.add_argument("page", type=Path, help="where to write the page")
    given = parser.parse_args(argv)
    given.page.write_text(page(json.loads(given.results.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
