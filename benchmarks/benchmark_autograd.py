"""The comparison with PyTorch: time, peak memory and accuracy of the backward pass, measured the same way for both.

``make bench``, or ``python -m benchmarks.benchmark_autograd --help``. docs/benchmarking.md tells the method.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import machine
from benchmarks.contestants import LABELS, NAMES, PEERS, installed
from benchmarks.progress import progress

GENERATED = Path(__file__).resolve().parent.parent / "generated"
SAMPLE_SIZE = int(os.environ.get("SAMPLE_SIZE", "20"))
WARMUP_RUNS = int(os.environ.get("WARMUP_RUNS", "3"))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmark_autograd", description=str(__doc__).splitlines()[0])
    parser.add_argument("--sample-size", type=_positive, default=SAMPLE_SIZE, metavar="N", help="samples per row")
    parser.add_argument("--warmup-runs", type=_natural, default=WARMUP_RUNS, metavar="N", help="samples thrown away")
    parser.add_argument("--programs", nargs="+", choices=NAMES, default=list(NAMES), help="which programs (all)")
    parser.add_argument("--json", type=Path, default=Path("autograd_results.json"), help="where to save the numbers")
    parser.add_argument("--memory-runs", type=_positive, default=3, metavar="N", help="processes per peak of memory")
    parser.add_argument("--generated", type=Path, default=GENERATED, help="where to write the adjoints")
    peers = ", ".join(LABELS[peer] for peer in PEERS)
    parser.add_argument("--peers", action="store_true", help=f"also {peers}, where installed")
    parser.add_argument("--threads", type=_positive, metavar="N", help="threads of every contestant (its own choice)")
    parser.add_argument("--html", type=Path, metavar="PATH", help="where to save a page with plots (none)")
    given = parser.parse_args(argv)
    if given.html and not find_spec("matplotlib"):
        parser.error("--html draws with matplotlib, which is not installed: pip install matplotlib")
    return given


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print, save; 1 where a gradient is wrong or a contestant fails."""
    given = arguments(argv)
    # Not at the top: worker processes import this module too, and each should load its own side alone.
    from benchmarks import report
    from benchmarks.comparison import Plan, WrongGradient, compare
    from benchmarks.worker import WorkerError

    warned = machine.warnings()
    wanted = tuple(PEERS) if given.peers else ()
    peers = tuple(peer for peer in wanted if installed(peer))
    absent = [f"{LABELS[peer]}: {PEERS[peer]} is not installed" for peer in wanted if peer not in peers]
    for text in (*warned, *absent):
        print(f"warning: {text}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="mindast-bench-") as scratch:
        counts = given.sample_size, given.warmup_runs, given.memory_runs
        plan = Plan(tuple(given.programs), *counts, Path(scratch), given.generated, peers, given.threads)
        try:
            with progress(plan.steps) as step:
                results = compare(plan, step)
        except (WrongGradient, WorkerError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    results["warnings"], results["skipped"] = warned, absent + results["skipped"]
    print(report.render(results))
    for path in filter(None, (given.json, given.html)):
        path.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"saved {given.json}; the adjoints are in {given.generated}")
    if given.html:
        from benchmarks import page

        given.html.write_text(page.page(results), encoding="utf-8")
        print(f"drew {given.html}")
    return 0


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is negative")
    return number


def _positive(text: str) -> int:
    number = _natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    raise SystemExit(main())
