"""The machine that the numbers belong to."""

from __future__ import annotations

import os
import platform
from pathlib import Path

BLAS_OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def cpu_name() -> str:
    """The processor's own name, or the architecture where nobody tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, object]:
    """Processor, cores, system and Python."""
    return {
        "cpu": cpu_name(),
        "architecture": platform.machine(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def warnings() -> list[str]:
    """What in the environment would make the comparison mean something else."""
    found = [
        f"{name}={os.environ[name]} is set: OpenBLAS does not choose for itself"
        for name in BLAS_OVERRIDES
        if name in os.environ
    ]
    threads = [name for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    found += [f"{name}={os.environ[name]} is set" for name in threads]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.5 * cores():
        found.append(f"the machine is busy (load {load:.1f} on {cores()} cores): times will be noisy")
    return found
