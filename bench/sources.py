"""Reading a city's system: `cityglass pull` from a quick server on this machine, and dlt reading the same one, in turn.

A pull asks, parses, maps, judges and keeps every row in the vault, and proves that none is missing. What is quoted is
the CPU and the time of the whole process, its start and all; the server's work is not counted. What the rows alone cost
is told beside it: the same less a pull of a few rows.
python -m bench.sources [--rows 100000] [--long 1000000] [--runs 3] [--platforms socrata arcgis …]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import duckdb
import yaml

from bench import measure
from bench.platforms import PLATFORMS, STATUSES
from etl.recognise import START
from hub import sample

BENCH = Path(__file__).parent
BIN = Path(sys.executable).parent
PEER = BENCH / "work" / "dlt"  # an environment of its own
PEERS = BENCH / "peers.txt"
LONG, BESIDE = "carto", "socrata"  # what is read with a million rows; what dlt reads, too
FEW = 100  # rows, which cost next to nothing but the start
BBOX = [-70.935, 43.606, -70.789, 43.718]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=100_000)
    asked.add_argument("--long", type=int, default=1_000_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--platforms", nargs="*", choices=PLATFORMS, default=list(PLATFORMS))
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="cityglass-bench-") as name:
        told = list(measured(Path(name), options.rows, options.long, options.runs, options.platforms))
    path = measure.write("sources", told)
    print(table(told), f"\n{path}")


def measured(work: Path, rows: int, long: int, runs: int, platforms: list[str]) -> Iterator[dict]:
    csv, few = work / "requests.csv", work / "few.csv"
    sample.resample(rows, csv)
    sample.resample(FEW, few)
    for platform in platforms:
        with serving(platform, few) as url:
            starts = [pulled(work, platform, url, FEW) for _ in range(runs)]
        with serving(platform, csv) as url:
            costs = [pulled(work, platform, url, rows) for _ in range(runs)]
        yield rated(f"pull_{platform}", costs, rows, starts)
    with serving(BESIDE, csv) as url:
        pairs = [(pulled(work, BESIDE, url, rows), read_by_dlt(work, url, rows)) for _ in range(runs)]
        ours, theirs = map(list, zip(*pairs, strict=True))
        yield measure.compared(f"pull_vs_dlt_{BESIDE}", ours, theirs, rows=rows)
    if long:
        sample.resample(long, csv)
        with serving(LONG, few) as url:
            starts = [pulled(work, LONG, url, FEW)]
        with serving(LONG, csv) as url:
            yield rated(f"pull_{LONG}_long", [pulled(work, LONG, url, long)], long, starts)


@contextmanager
def serving(platform: str, csv: Path) -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, "-m", "bench.server", platform, str(csv)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=BENCH.parent, text=True) as child:
        yield child.stdout.readline().strip()
        child.stdin.close()


def pulled(work: Path, platform: str, url: str, rows: int) -> measure.Cost:
    """One pull into a fresh vault."""
    data, city = work / "data", work / "city.yml"
    shutil.rmtree(data, ignore_errors=True)
    city.write_text(yaml.safe_dump(described(work, platform, url)), "utf-8")
    policy = work / "policies" / "service_requests.yml"
    policy.parent.mkdir(exist_ok=True)
    policy.write_text(Template(START.read_text("utf-8")).substitute(slug="town", review="2100-01-01"), "utf-8")
    cost = measure.cost([str(BIN / "cityglass"), "pull", "--city", str(city), "--data", str(data)], work / "log")
    same(data / "private" / "vault.duckdb", "select count(distinct key) from records_service_requests", rows)
    return cost


def described(work: Path, platform: str, url: str) -> dict:
    """The city.yml of a hub whose one source is the server."""
    spoken = PLATFORMS[platform]
    source = {
        "adapter": spoken.adapter,
        "location": url + spoken.path,
        "fields": dict(spoken.fields),
        "layout": {"statuses": STATUSES} | dict(spoken.layout),
    }
    if spoken.credentials:
        (work / "credentials").write_text(spoken.credentials.format(base=url), "utf-8")
        (work / "credentials").chmod(0o600)
        source["credentials"] = "credentials"
    about = {"name": "Town", "slug": "town", "time_zone": "America/New_York", "bbox": BBOX}
    return {"city": about, "sources": {"requests": source}}


def read_by_dlt(work: Path, url: str, rows: int) -> measure.Cost:
    """The same rows by dlt into a fresh DuckDB file, merged by their ids."""
    place = work / "dlt"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    spoken = PLATFORMS[BESIDE]
    key = spoken.fields["service_request_id"]
    python = str(peer() / "bin" / "python")
    cost = measure.cost([python, str(BENCH / "by_dlt.py"), url + spoken.path, key, str(place)], work / "log")
    same(place / "dlt.duckdb", "select count(distinct sr_number) from town.requests", rows)
    return cost


def peer() -> Path:
    """The environment of the baseline, made when it is first needed."""
    if not (PEER / "ready").exists():
        venv.create(PEER, clear=True, with_pip=True)
        subprocess.run([PEER / "bin" / "pip", "install", "--quiet", "-r", PEERS], check=True)
        (PEER / "ready").touch()
    return PEER


def same(path: Path, sql: str, rows: int) -> None:
    """All rows are there, or no time counts."""
    with duckdb.connect(str(path), read_only=True) as con:
        held = con.execute(sql).fetchall()[0][0]
    if held != rows:
        raise RuntimeError(f"{path.name} holds {held} rows of {rows}")


def rated(name: str, costs: list[measure.Cost], rows: int, starts: list[measure.Cost]) -> dict:
    """One platform: what each run cost, and the medians as rows per second."""
    median, start = measure.median(costs), measure.median(starts)
    return {
        "name": name,
        "candidate": measure.told(costs),
        "rows": rows,
        "rows_per_cpu_second": round(rows / median.cpu),
        "rows_per_cpu_second_less_start": round((rows - FEW) / (median.cpu - start.cpu)),
        "rows_per_second": round(rows / median.wall),
        "peak_mb": round(median.peak_mb),
    }


def table(told: list[dict]) -> str:
    lines = [f"{'':28}{'rows':>10}{'rows/CPU s':>12}{'less start':>12}{'rows/s':>10}{'peak MB':>9}"]
    for one in told:
        if "baseline" in one:
            times = f"{one['cpu_ratio']} times less CPU than dlt, {one['wall_ratio']} times less time"
            lines.append(f"{one['name']:28}{one['rows']:>10,}  {times}")
            continue
        rates = f"{one['rows_per_cpu_second']:>12,}{one['rows_per_cpu_second_less_start']:>12,}"
        lines.append(f"{one['name']:28}{one['rows']:>10,}{rates}{one['rows_per_second']:>10,}{one['peak_mb']:>9,}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
