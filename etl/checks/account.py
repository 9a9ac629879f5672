"""Checks of the account: nothing that was read is lost or doubled, and what was released is believable."""

from itertools import permutations

import duckdb
import pyarrow as pa

from etl import believable, database
from etl.checks.finding import Case, Finding, file_of, none, one, size_of
from hub.datasets import DATASETS
from hub.datasets.service_requests import COUNTS

UNUSABLE = 0.005  # share of keys in quarantine beyond which something is wrong with the source,
COUNTED = pa.schema(
    [(name, pa.string()) for name in "place_id tier service_group requested_bucket requested_grain status".split()]
    + [("agency_responsible", pa.string())]
)
UNDECIDED = """select count(*) from (select 1 from service_requests where tier <> 'A' group by service_group
    having count(distinct coalesce(agency_responsible, '')) > 1)"""
FEW = 10  # unless they are so few


def complete(case: Case) -> list[Finding]:
    findings = []
    told_of = "released + waiting + withheld + quarantined + erased + deleted_upstream"
    met_of = "rows_read - duplicates + deleted_upstream"
    for dataset, read, told, met, erased, unusable, released in case.new.execute(
        f"select dataset, read, {told_of}, {met_of}, erased, quarantined, released from completeness"
    ):
        findings.append(Finding(f"complete_{dataset}", f"read = {read}", str(told), read == told, read))
        # what was erased may still be read, and may be gone
        bound = f"{read - erased} to {read} keys" if erased else f"{read} keys"
        findings.append(Finding(f"read_{dataset}", bound, str(met), read - erased <= met <= read, read))
        rows = one(case, f"select count(*) from {DATASETS[dataset].table.name}")
        findings.append(Finding(f"released_{dataset}", f"rows = {released}", str(rows), rows == released, rows))
        findings.append(_usable(case, dataset, read, unusable))
    return findings


def _usable(case: Case, dataset: str, read: int, counted: int) -> Finding:
    """Only so many keys may be in quarantine; if there are more, it says what is wrong with most of them.

    More may be unusable now than a release counts within the week: they stop it too, but are not told by one."""
    now = case.unusable if dataset == "service_requests" else {}
    unusable = max(counted, sum(now.values()))
    is_passed = unusable <= max(FEW, UNUSABLE * read)
    value = f"{(counted if is_passed else unusable) / max(read, 1):.2%}"
    if not is_passed:
        value += f" (most of them: {_most(now or _quarantined(case, dataset))})"
    return Finding(f"usable_{dataset}", f"at most {UNUSABLE:.1%} quarantined, or {FEW} rows", value, is_passed, read)


def _quarantined(case: Case, dataset: str) -> dict[str, int]:
    sql = "select reason, rows from quality_reasons where dataset = ? and kind = 'quarantined'"
    return dict(case.new.execute(sql, [dataset]))


def _most(reasons: dict[str, int]) -> str:
    return max(reasons, key=reasons.__getitem__)


def is_believable(case: Case) -> list[Finding]:
    """The release is about as large as the one before, and most of what was read is understood."""
    reasons = believable.reasons(case.new) if case.reasons is None else case.reasons
    shown, is_large, rows = believable.size(case.new, bool(case.before), case.accept_fewer, reasons)
    words, is_understood, read = believable.understood(case.new, reasons)
    least = f"at least {believable.SHRINKS:.0%} of the release before" if case.before else "more than none"
    return [
        Finding("size_believable", f"{least}, or --accept-fewer", shown, is_large, rows),
        Finding("words_understood", "most statuses and places", words, is_understood, read),
    ]


def unique_ids(case: Case) -> list[Finding]:
    doubled = one(case, "select count(*) - count(distinct public_id) from service_requests")
    return [none("unique_public_ids", "doubled", doubled, size_of(case))]


def rollups_agree(case: Case) -> list[Finding]:
    """The rollups count every released row whose time is told, once."""
    watched = one(case, "select coalesce(sum(n), 0) from durations")
    rows = one(
        case,
        """select count(*) from service_requests where status is not null
        and (status = 'open' or duration_hours is not null or duration_days is not null)""",
    )
    kept = one(case, "select count(*) from service_requests where on_time is not null")
    told = one(case, "select coalesce(sum(n), 0) from on_time")
    split = one(case, "select count(*) from on_time where n <> met_fixed + met_other + missed + pending + no_target")
    return [
        Finding("durations_agree", f"{rows} rows", str(watched), watched == rows, rows),
        Finding("on_time_agrees", f"{kept} rows, parts add up", str(told), told == kept and not split, kept),
    ]


def follows_from_rows(case: Case) -> list[Finding]:
    """Outside of the public realm an agency is that of the whole group. The tables that count rows by area and month are
    what the rows of this release give, line by line; the backlog of a month is that of the month before, with what was
    opened and closed since."""
    with duckdb.connect() as con:
        con.register("service_requests", database.rows(file_of(case), COUNTED))
        con.register("places", _arrow(case, "select id, district from places"))
        wrong = sum(_differ(con, sql, _arrow(case, f"select * from {name}")) for name, sql in COUNTS.items())
        undecided = _asked(con, UNDECIDED)
    followed = one(
        case,
        """select count(*) from (select open - opened + closed as before, coalesce(lag(open) over (
        partition by district, service_group order by month_end), 0) as was from backlog) where before <> was""",
    )
    lines = one(case, "select count(*) from backlog")
    return [
        none("agency_of_the_group", "groups of B and C tell several agencies", undecided, size_of(case)),
        none("counts_agree", "lines of area_counts and month_counts are not those of the rows", wrong, size_of(case)),
        none("backlog_agrees", "lines do not follow from the month before", followed, lines),
    ]


def _arrow(case: Case, sql: str) -> pa.Table:
    asked = case.new.execute(sql)
    names = [column[0] for column in asked.description]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in asked], _typed(names))


def _typed(names: list[str]) -> pa.Schema:
    return pa.schema([(name, pa.int64() if name in ("n", "open") else pa.string()) for name in names])


def _differ(con: duckdb.DuckDBPyConnection, sql: str, told: pa.Table) -> int:
    """Lines that only one of both has."""
    con.register("told", told)
    pairs = permutations(("select * from told", f"select * from ({sql})"))
    return sum(_asked(con, f"select count(*) from ({ones} except all {others})") for ones, others in pairs)


def _asked(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    return con.execute(sql).fetchall()[0][0]
