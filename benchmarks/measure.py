"""How time, memory and the machine are measured: the same code for every contestant."""

from __future__ import annotations

import gc
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contestants import Trial

SAMPLE_SECONDS = 2e-3
"""The clock covers at least about this much per sample, so that its own cost and resolution do not count."""
SETTLE_SECONDS = 5e-3
"""Calls outside the clock at the start of a sample: caches and thread pools wake up after the other's turn."""
MAX_CALLS = 10_000
STALL = 3.0
"""A waking or contended pool costs milliseconds; the spread of an undisturbed run stays far below this factor."""
ATTEMPTS = 3
"""How often stalled turns are taken again before they stay in the numbers."""

Turn = dict[str, dict[str, float]]
"""One sample of each contestant, by its name."""

clock = time.perf_counter_ns


def timed(trial: Trial, calls: int) -> list[int]:
    """Nanoseconds of each of `calls` calls; setup, and dropping the results, are outside the clock."""
    times = []
    for _ in range(calls):
        function, arguments = trial.setup()
        before = clock()
        result = function(*arguments)
        after = clock()
        times.append(after - before)
        del result, function, arguments
        trial.release()
    return times


def settle(trial: Trial) -> None:
    """Call for a while without a clock."""
    until = clock() + SETTLE_SECONDS * 1e9
    while clock() < until:
        timed(trial, 1)


def calibrate(trial: Trial) -> int:
    """How many calls fill the clock's time of one sample."""
    settle(trial)
    typical = float(np.median(timed(trial, 20)))
    return int(np.clip(np.ceil(SAMPLE_SECONDS * 1e9 / max(typical, 1.0)), 5, MAX_CALLS))


def sample(trial: Trial, calls: int) -> dict[str, float]:
    """Median, mean and least seconds per call over `calls` calls, the garbage collector switched off."""
    gc.collect()
    gc.disable()
    try:
        settle(trial)
        times = timed(trial, calls)
    finally:
        gc.enable()
    return {"median": float(np.median(times)) * 1e-9, "mean": float(np.mean(times)) * 1e-9, "least": min(times) * 1e-9}


def stalled(samples: Sequence[dict[str, float]]) -> list[bool]:
    """Which samples of one trial were taken while a thread pool stalled: half of their calls took more than `STALL`
    times the least of all the calls."""
    least = min(sample["least"] for sample in samples)
    return [sample["median"] > STALL * least for sample in samples]


def without_stalls(turns: list[Turn], again: Callable[[], Turn]) -> tuple[list[Turn], Counter[str], Counter[str]]:
    """`turns`, the stalled ones replaced by new ones; how many each contestant lost, and how many stayed."""
    lost: Counter[str] = Counter()
    for attempt in range(ATTEMPTS + 1):
        marks = {kind: stalled([turn[kind] for turn in turns]) for kind in turns[0]}
        found = Counter({kind: sum(marked) for kind, marked in marks.items()})
        whole = [turn for turn, *marked in zip(turns, *marks.values(), strict=True) if not any(marked)]
        if attempt == ATTEMPTS or len(whole) == len(turns):
            break
        lost += found
        turns = whole + [again() for _ in range(len(turns) - len(whole))]
    return turns, lost, found


def clock_cost() -> float:
    """Seconds that reading the clock twice adds to each call."""
    times = []
    for _ in range(2000):
        before = clock()
        after = clock()
        times.append(after - before)
    return float(np.median(times)) * 1e-9


def peak_memory(trial: Trial) -> int:
    """High-water mark, in bytes, of what one call allocates, natively or through Python; all else is warm."""
    import memray

    timed(trial, 3)
    function, arguments = trial.setup()
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "call.bin"
        with memray.Tracker(record):
            result = function(*arguments)
        del result
        with memray.FileReader(record) as reader:
            peak = sum(int(r.size) for r in reader.get_high_watermark_allocation_records(merge_threads=True))
    trial.release()
    return peak


def rate(call: Callable[[], object], amount: float, repeats: int = 15) -> float:
    """`amount` per second at the best of `repeats` calls: what the machine can do, not what it does on average."""
    call()
    best = min(_seconds(call) for _ in range(repeats))
    return amount / best


def _seconds(call: Callable[[], object]) -> float:
    before = clock()
    call()
    return max(clock() - before, 1) * 1e-9


def gemm_rate(product: Callable[[Any, Any], Callable[[], object]], n: int = 1024) -> float:
    """FLOP/s of an n x n x n float32 product."""
    generator = np.random.default_rng(0)
    a, b = (generator.standard_normal((n, n)).astype(np.float32) for _ in range(2))
    return rate(product(a, b), 2.0 * n**3)


def bandwidth(triad: Callable[[int], Callable[[], object]], size: int) -> float:
    """Bytes/s of ``a = b + c`` in float32 over arrays that hold `size` bytes together."""
    n = max(1, size // 12)
    return rate(triad(n), 12.0 * n, repeats=50)
