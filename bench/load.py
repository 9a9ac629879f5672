"""The whole job against loading alone: `cityglass run` and `sqlite-utils insert --csv` of the same file, in turn.

`cityglass run` reads, keeps the vault, anonymizes, gates, and publishes with indexes, full-text search, cubes,
downloads and maps. The baselines only load every column: sqlite-utils as it comes, and `sqlite3 .import` with as many
indexes as the release has.  python -m bench.load [--rows 1000000] [--runs 5]
"""

import argparse
import json
import shutil
import sqlite3
import statistics
import sys
import tempfile
from pathlib import Path

from bench import measure
from hub import releases, sample

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
INDEXES = ("sr_group, status, created_date", "ward, sr_group", "created_date", "sr_type")  # as wide as the release's


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--runs", type=int, default=5)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="cityglass-bench-") as name:
        path = measure.write("load", list(compare(Path(name), options.rows, options.runs)))
    print(path.read_text("utf-8"))


def compare(work: Path, rows: int, runs: int):
    """Candidate and baselines in turn, so that drift of the machine hits all of them."""
    sample.write(work / "data" / "sample")
    shutil.copy(ROOT / "city.yml", work / "city.yml")
    csv = work / "requests.csv"
    sample.resample(rows, csv)
    taken: dict[str, list[measure.Cost]] = {name: [] for name in ("ours", "again", "sqlite-utils", "import")}
    stages: list[dict[str, float]] = []
    for _ in range(runs):
        shutil.rmtree(work / "out", ignore_errors=True)
        taken["ours"].append(measure.cost(ours(work, csv), work / "log"))
        stages.append(json.loads((work / "log").read_text("utf-8").splitlines()[-1])["data"]["seconds"])
        taken["again"].append(measure.cost(ours(work, csv), work / "log"))
        taken["sqlite-utils"].append(measure.cost(sqlite_utils(work, csv), work / "log"))
        if shutil.which("sqlite3"):
            taken["import"].append(measure.cost(sqlite_import(work, csv), work / "log"))
    facts = {"rows": same_rows(work), "bytes": csv.stat().st_size}
    apart = {name: statistics.median(stage[name] for stage in stages) for name in stages[0]}
    yield measure.compared("run_vs_sqlite_utils_insert", taken["ours"], taken["sqlite-utils"], **facts, seconds=apart)
    yield measure.compared("run_vs_run_without_news", taken["again"], taken["ours"], **facts)
    if taken["import"]:
        yield measure.compared("load_vs_sqlite3_import", taken["ours"], taken["import"], **facts)


def ours(work: Path, csv: Path) -> list[str]:
    city = ["--json", "--city", str(work / "city.yml"), "--data", str(work / "out")]
    return [str(BIN / "cityglass"), "run", *city, "--from", f"requests={csv}"]


def sqlite_utils(work: Path, csv: Path) -> list[str]:
    (work / "baseline.db").unlink(missing_ok=True)
    return [str(BIN / "sqlite-utils"), "insert", str(work / "baseline.db"), "requests", str(csv), "--csv", "--silent"]


def sqlite_import(work: Path, csv: Path) -> list[str]:
    path = work / "import.db"
    path.unlink(missing_ok=True)
    script = work / "import.sql"
    indexes = "\n".join(f"create index i{n} on requests({columns});" for n, columns in enumerate(INDEXES))
    script.write_text(
        f"pragma journal_mode=off;\npragma synchronous=off;\n.import --csv {csv} requests\n{indexes}\n", "utf-8"
    )
    return ["sqlite3", str(path), f".read {script}"]


def same_rows(work: Path) -> int:
    """Both read the same rows, or no time counts."""
    read = _one(
        releases.current(work / "out").db, "select rows_read from completeness where dataset = 'service_requests'"
    )
    loaded = _one(work / "baseline.db", "select count(*) from requests")
    if read != loaded:
        raise RuntimeError(f"cityglass read {read} rows, sqlite-utils loaded {loaded}")
    return read


def _one(path: Path, sql: str) -> int:
    with sqlite3.connect(path) as con:
        return con.execute(sql).fetchone()[0]


if __name__ == "__main__":
    main()
