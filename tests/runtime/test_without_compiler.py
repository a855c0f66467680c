"""Without a C compiler: one warning in a process, at the user's line, and the NumPy adjoint's results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import warnings
import numpy as np
import mindast

@mindast.differentiate
def f(x):
    return np.sum(np.sin(x) * x)

@mindast.differentiate(fallback=False)
def strict(x):
    return np.sum(x)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    x = np.linspace(0.0, 1.0, 4)
    expected = np.cos(x) * x + np.sin(x)
    assert np.allclose(f.grad(x).x, expected)
    assert np.allclose(f.vjp(x)[1](2.0).x, 2.0 * expected)
    assert f(x) == np.sum(np.sin(x) * x)
assert [w.category for w in caught] == [mindast.CompilerNotFoundWarning], caught
assert "apt-get install gcc" in str(caught[0].message)
assert caught[0].filename == __file__, caught[0].filename
try:
    strict(x)
except mindast.CompileError as error:
    assert "apt-get install gcc" in str(error)
else:
    raise AssertionError("fallback=False must raise")
"""


def test_python_adjoint_serves_after_one_warning(tmp_path: Path) -> None:
    script = tmp_path / "without_compiler.py"
    script.write_text(SCRIPT, encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if k not in ("PATH", "MINDAST_CC")}
    root = str(Path(__file__).resolve().parents[2])
    environment = {**kept, "PATH": "", "MINDAST_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": root}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
