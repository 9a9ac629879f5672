"""Run a command as a fresh process and read what it cost from the operating system's own accounting."""

import json
import os
import platform
import statistics
import subprocess
import time
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
TOLD = ("duckdb", "narwhals", "pyarrow", "pandas", "sqlite-utils", "datasette", "adbc-driver-sqlite", "h3")


@dataclass(frozen=True, slots=True)
class Cost:
    """One finished run: CPU and wall seconds, and the peak memory of its largest process in MB."""

    cpu: float
    wall: float
    peak_mb: float


def cost(command: list[str], output: Path) -> Cost:
    """Run to the end; its words go to `output`. A failing command is a RuntimeError with the last of them."""
    start = time.time()
    with output.open("wb") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} failed:\n{output.read_text('utf-8', 'replace')[-2000:]}")
    return Cost(used.ru_utime + used.ru_stime, time.time() - start, used.ru_maxrss / 1024)


def median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(c, name) for c in costs) for name in Cost.__slots__))


def compared(name: str, ours: list[Cost], theirs: list[Cost], **facts) -> dict:
    """One comparison: medians of both and the ratio baseline / candidate."""
    mine, other = median(ours), median(theirs)
    return {
        "name": name,
        "candidate": told(ours),
        "baseline": told(theirs),
        "cpu_ratio": round(other.cpu / mine.cpu, 2),
        "wall_ratio": round(other.wall / mine.wall, 2),
        "peak_mb": round(mine.peak_mb),
        **facts,
    }


def told(costs: list[Cost]) -> dict:
    return {name: [round(getattr(cost, name), 2) for cost in costs] for name in Cost.__slots__}


def write(name: str, comparisons: list[dict]) -> Path:
    """bench/results/<date>-<name>.json"""
    machine = {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()}
    document = {
        "machine": machine,
        "versions": {package: version(package) for package in TOLD},
        "comparisons": comparisons,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{date.today()}-{name}.json"
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return path
