"""Checks of the counts of everything received: no cell small, none to be worked out, none changed later but with the rows.
They are judged by what they show and nothing else."""

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from etl.checks.finding import Case, Finding, none, one, size_of
from etl.privacy.suppression import exposed
from hub.datasets.about_release import FEW_IN_ALL, RECEIVED
from hub.policy import Policy

WHOLE = None
FOLLOW = ("released", "received")  # the rows of the release
MISCOUNTED = """with of_month(tier, day, service_group, district, n) as (
  select tier, month || '-01', service_group, district, n from month_counts where month is not null
  union all select r.tier, r.requested_bucket, r.service_group, coalesce(p.district, 'Unlocated'), 1
  from service_requests r cross join places p where p.id = r.place_id and r.requested_grain in ('quarter', 'year')
), by_period as (
  select tier, 'quarter' as grain, substr(day, 1, 5) || printf('%02d', (cast(substr(day, 6, 2) as integer) + 2) / 3 * 3 - 2)
    || '-01' as period, service_group, district, n from of_month
  union all select tier, 'year', substr(day, 1, 4) || '-01-01', service_group, district, n from of_month
), counted as (
  select tier, grain, period, service_group, iif((tier, grain, period, district) in (
    select tier, grain, period, district from agg_received), district, 'Unlocated') as district, sum(n) as n
  from by_period group by 1, 2, 3, 4, 5
)
select (
  select count(*) from agg_received t left join counted c using (tier, grain, period, service_group, district)
  where t.service_group is not null and t.district is not null and t.released <> coalesce(c.n, 0)
) + (
  select count(*) from agg_received t where t.service_group is null and t.district is null and t.released <> coalesce(
    (select sum(n) from counted c where (c.tier, c.grain, c.period) = (t.tier, t.grain, t.period)), 0)
) + (
  select count(*) from counted c join (
    select tier, grain, period from agg_received group by 1, 2, 3 having count(*) > 1) using (tier, grain, period)
  left join agg_received t using (tier, grain, period, service_group, district) where t.tier is null
)"""


def received_is_safe(case: Case) -> list[Finding]:
    """The counts of everything received show no small number, let none be worked out, and add up."""
    lines = _counted(case)
    k = thresholds(case.policy)
    found = judged(lines, k)
    wrong = found["wrong"] + (_miscounted(case) if case.facts else 0)
    found["exposed"] += _solved(case, k)
    return [
        none("counts_not_small", "small counts shown", found["small"], len(lines)),
        none("counts_not_exposed", "hidden counts known to less than k", found["exposed"], found["hidden"]),
        none("counts_add_up", "counts disagree", wrong, len(lines)),
    ]


def _solved(case: Case, k: dict[str, int]) -> int:
    """Sums of whole periods that this release hides first and that all that is in no row tells: less what is shown of it,
    each is at least 1."""
    whole = f"from {RECEIVED.name} where service_group is null and district is null"
    today = f"select tier {whole} and not_released is null and counted = (select as_of_date from releases)"
    hidden = [tier for (tier,) in case.new.execute(today)]
    spare = one(
        case,
        f"""select (select coalesce(sum(waiting + withheld), 0) from completeness where dataset = 'service_requests')
        - (select coalesce(sum(coalesce(not_released, 1)), 0) {whole})""",
    )
    return sum(spare < k[tier] for tier in hidden)


def _counted(case: Case) -> list[dict]:
    """The lines of periods that this release counted: others were judged when they were, by the k of then."""
    sql = f"select * from {RECEIVED.name} where counted = (select as_of_date from releases)"
    return [dict(zip(RECEIVED.names, row, strict=True)) for row in case.new.execute(sql).fetchall()]


def _counted_before(case: Case) -> bool:
    sql = "select count(*) from before.sqlite_master where name = ?"
    return bool(case.before and case.new.execute(sql, [RECEIVED.name]).fetchone()[0])


def _miscounted(case: Case) -> int:
    """Cells and whole periods whose `released` is not what the rows of this release say, and cells that are missing."""
    return one(case, MISCOUNTED)


def received_stays(case: Case) -> list[Finding]:
    """What an earlier release counted of requests in no row stands here as it stood there; a line that counts none comes
    and goes with the rows of its group."""
    if not _counted_before(case):
        return []
    kept = ", ".join(name for name in RECEIVED.names if name not in FOLLOW)
    own = "from main.agg_received where (tier, period) in (select tier, period from before.agg_received)"
    then, now = f"select {kept} from before.agg_received", f"select {kept} {own}"
    differences = (
        f"select count(*) from ({a} except {b}) where not_released is not 0" for a, b in ((then, now), (now, then))
    )
    changed = sum(one(case, sql) for sql in differences)
    return [none("counts_stay", "counts changed", changed, size_of(case, "before.agg_received"))]


def thresholds(policy: Policy) -> dict[str, int]:
    """From which number on a count of rows that are not released is shown; kinds that are withheld count as tier C."""
    return {"A": 0, **policy.k, "X": policy.k["C"]}


def judged(lines: Iterable[dict], k: dict[str, int]) -> dict[str, int]:
    """Over all tables (one per tier and period): small counts shown, hidden ones that a reader could tell, wrong sums."""
    found = {"tables": 0, "hidden": 0, "small": 0, "exposed": 0, "wrong": 0}

    def of(line: dict) -> tuple[str, str]:
        return line["tier"], line["period"]

    for (tier, _), table in groupby(sorted(lines, key=of), of):
        found["tables"] += 1
        for name, number in _table([*table], k[tier]).items():
            found[name] += number
    return found


def _table(lines: list[dict], k: int) -> dict[str, int]:
    found = {
        "hidden": sum(line["not_released"] is None for line in lines),
        "small": sum(0 < (line["not_released"] or 0) < k for line in lines),
        "wrong": sum(not _is_consistent(line) for line in lines),
    }
    if lines[0]["reason"] == FEW_IN_ALL:
        return found | {"wrong": found["wrong"] + len(lines) - 1}
    table, hidden = _arrays(lines)
    if table is None:
        return found | {"wrong": found["wrong"] + 1}
    sums = [(table[:, -1], table[:, :-1].sum(axis=1), hidden.any(axis=1))]
    sums += [(table[-1], table[:-1].sum(axis=0), hidden.any(axis=0))]
    if table.size > 1:
        found["wrong"] += sum(int(((total != parts) & ~covered).sum()) for total, parts, covered in sums)
    try:
        return found | {"exposed": len(exposed(table, hidden, k))}
    except ValueError:
        return found | {"wrong": found["wrong"] + 1}


def _is_consistent(line: dict) -> bool:
    rest = line["not_released"]
    whole = None if rest is None else line["released"] + rest
    return line["received"] == whole and line["is_suppressed"] == (rest is None) == (line["reason"] is not None)


def _arrays(lines: list[dict]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The table with its sums last, and which of its cells are hidden; None if a cell is missing."""
    groups, districts = (_in_order({line[name] for line in lines}) for name in ("service_group", "district"))
    cells = {(line["service_group"], line["district"]): line["not_released"] for line in lines}
    if len(cells) != len(lines) or len(lines) != len(groups) * len(districts) or (WHOLE, WHOLE) not in cells:
        return None, None
    told = [[cells.get((group, district)) for district in districts] for group in groups]
    hidden = np.array([[value is None for value in row] for row in told])
    return np.array([[value or 0 for value in row] for row in told]), hidden


def _in_order(names: set[str | None]) -> list[str | None]:
    return [*sorted(names - {WHOLE}), WHOLE]
