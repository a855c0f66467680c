"""The plan of a call's memory against what memray sees, in a process of its own.

BLAS runs on one thread there: on several, OpenBLAS takes half a MiB of its own for each large product, which no plan of
ours can know.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEASURE = """
import gc, json, sys
import memray
from benchmarks import programs

name, mode, record = sys.argv[1:]
f, arguments = programs.PROGRAMS[name], programs.inputs(name)
call = f.value_and_grad if mode == "value_and_grad" else f.vjp(*arguments)[1]
given = arguments if mode == "value_and_grad" else (1.0,)
for _ in range(3):
    call(*given)
gc.collect()
with memray.Tracker(record):
    result = call(*given)
with memray.FileReader(record) as reader:
    seen = sum(r.size for r in reader.get_high_watermark_allocation_records(merge_threads=True))
print(json.dumps({"seen": seen, "planned": f.memory_plan(*arguments, mode=mode).total}))
"""


@pytest.mark.parametrize("mode", ["value_and_grad", "pullback"])
@pytest.mark.parametrize("name", ["simple_quadratic", "small_mlp", "matmul_chain"])
def test_plan_is_what_is_allocated(name: str, mode: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", MEASURE, name, mode, str(Path(folder) / "call.bin")]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True)
    measured = json.loads(done.stdout)
    assert abs(measured["seen"] - measured["planned"]) <= max(8192, 0.05 * measured["seen"])
