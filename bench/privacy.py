"""What privacy costs on a million rows: the ladder (records to rows), the risk audit, one large table of counts.

python -m bench.privacy [--rows 1000000] [--runs 3]   the targets are 10, 5 and 2 seconds of one processor
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench import measure
from etl import anonymize, as_of, contents, run
from etl.generalise import generalise
from etl.live import live_records
from etl.privacy import closing, place, risk, suppression
from etl.vault import open_vault
from hub import releases, sample
from hub.city import load_city
from hub.policy import load_policy

ROOT = Path(__file__).parent.parent
TARGETS = {"ladder": 10, "risk_audit": 5, "table_of_1000_cells": 2}
LARGE, SMALL_CELLS = (39, 24), 0.6  # of the table: groups by districts without the sums, and how skewed it is


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--runs", type=int, default=3)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="cityglass-bench-") as name:
        path = measure.write("privacy", list(compare(Path(name), options.rows, options.runs)))
    print(path.read_text("utf-8"))


def compare(work: Path, rows: int, runs: int) -> Iterator[dict]:
    """Seconds of processor and of the clock for each part, run after run on one release."""
    sample.write(work / "data" / "sample")
    shutil.copy(ROOT / "city.yml", work / "city.yml")
    sample.resample(rows, work / "requests.csv")
    city = load_city(work / "city.yml", {"requests": [str(work / "requests.csv")]})
    run.run(city, work / "out")
    release = releases.current(work / "out")
    parts = {
        "ladder": lambda: ladder(city, work / "out"),
        "risk_audit": lambda: _cost(lambda: risk.measure(release.db, "ABC", risk.Facts())),
        "table_of_1000_cells": lambda: _cost(table()),
    }
    for name, part in parts.items():
        taken = [part() for _ in range(runs)]
        cpu, wall = (round(statistics.median(costs), 2) for costs in zip(*taken, strict=True))
        yield {"name": name, "cpu": cpu, "wall": wall, "target": TARGETS[name], "rows": rows, "runs": taken}


def ladder(city, data: Path) -> tuple[float, float]:
    """Every record to its rung as if nothing had been released yet; ids, tiers and cells are there already."""
    with open_vault(data) as vault:
        policy = load_policy(city)
        now = as_of.of_release(as_of.of_sources(vault, city, policy))
        at = contents._context(vault, city, policy, data, now)
        frame = live_records(at.engine, city, "service_requests")
        for rule in anonymize.RULES.values():
            frame = rule(frame, at)
        empty = at.engine.table("release_ledger").head(0)
        frame = at.engine.keep(closing.remember(frame, empty).select(*anonymize.KEPT))
        cells = place.cells_of(frame, at.engine, at.areas)
        catchments = place.catchments(frame, cells, at.engine)
        none = at.engine.keep(anonymize._numbered(empty, at))
        return _cost(lambda: generalise(frame, cells, catchments, none, at))


def table() -> Callable[[], object]:
    cells = np.random.default_rng(3).negative_binomial(SMALL_CELLS, SMALL_CELLS / (SMALL_CELLS + 25), LARGE)
    whole = np.vstack([cells, cells.sum(axis=0)])
    whole = np.column_stack([whole, whole.sum(axis=1)])
    return lambda: suppression.hide(whole, (whole > 0) & (whole < 5), 5)


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return round(time.process_time() - cpu, 2), round(time.perf_counter() - wall, 2)


if __name__ == "__main__":
    main()
