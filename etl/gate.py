"""The last word: checks that can stop a release. Each is a question to the finished database, with a bound.

CHECKS look at the new release, the one before and the policy; nothing else can publish."""

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from etl import believable, received_audit, withdrawal
from etl.privacy.risk import Facts
from etl.privacy.text.canary import tells
from etl.privacy.text.lexicon import compact
from etl.withdrawal import Marks
from hub import checks
from hub.datasets import DATASETS, tables
from hub.datasets.about_release import RECEIVED
from hub.policy import GRAINS, LEVELS, Policy
from hub.questions import measures, queries
from hub.schema import Table, Type
from hub.sql_functions import register

LONGEST_VALUE = 200_000  # bytes; the guard of the public server refuses longer ones
UNUSABLE = 0.005  # share of keys in quarantine beyond which something is wrong with the source,
FEW = 10  # unless they are so few
THREADS = 2  # checks that look at the release at the same time
CLASS = "service_group, place_id, requested_bucket, requested_grain"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check demanded and found."""

    check_name: str
    bound: str
    value: str
    is_passed: bool
    n: int

    @property
    def row(self) -> dict:
        found = {name: getattr(self, name) for name in self.__slots__}
        return found | checks.told(self.check_name)._asdict() | {"is_passed": int(self.is_passed)}


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged by: the policy, the release served before, and what only the builder knows.

    `fewest_locations`: per tier the smallest number of distinct locations in a released class; None where the vault
    is not at hand. `fallen`: ids that had to become coarser since the last release, which the comparison exempts.
    `facts`: what else the vault knows of the risk. `finer`: rows that are shown finer than the ledger has them.
    `erased`: what was erased since then. `text_layers`: which layers redacted the texts, empty where none are shown.
    `accept_fewer`: an operator says that far fewer rows than before are right."""

    policy: Policy
    before: Path | None = None
    fewest_locations: dict[str, int] | None = None
    fallen: frozenset[int] = frozenset()
    erased: Marks = field(default_factory=dict)
    text_layers: str = ""
    facts: Facts | None = None
    finer: int | None = None
    accept_fewer: bool = False
    new: sqlite3.Connection | None = None


Check = Callable[[Case], list[Finding]]


def judge(path: Path, case: Case) -> list[Finding]:
    """Every check of the database at `path`, in order. A release passes if all findings do."""
    with ThreadPoolExecutor(THREADS) as threads:
        return [finding for found in threads.map(lambda check: _judged(path, case, check), CHECKS) for finding in found]


def _judged(path: Path, case: Case, check: Check) -> list[Finding]:
    """What one check finds, over a connection of its own."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as con:
        con.execute("pragma cache_size = -65536")
        if case.before:
            con.execute("attach database ? as before", [f"file:{case.before}?mode=ro&immutable=1"])
        return check(replace(case, new=con))


def _one(case: Case, sql: str):
    return case.new.execute(sql).fetchone()[0]


def _rows(case: Case, table: str = "service_requests") -> int:
    return _one(case, f"select count(*) from {table}")


def _none(check_name: str, what: str, found: int, n: int) -> Finding:
    """A finding that demands none of something."""
    return Finding(check_name, f"0 {what}", str(found), found == 0, n)


def closed_list(case: Case) -> list[Finding]:
    found = []
    for table in tables():
        has = tuple(row[1] for row in case.new.execute(f"pragma table_info({table.name})"))
        if has != table.names:
            found.append(f"{table.name}: {sorted(set(has) ^ set(table.names))}")
    extra = set(DATASETS["service_requests"].table.names) - set(case.policy.columns)
    found += [f"not in the policy: {sorted(extra)}"] if extra else []
    return [
        Finding("closed_list", "columns equal the closed list", "; ".join(found) or "equal", not found, len(tables()))
    ]


def small_classes(case: Case) -> list[Finding]:
    """Every class of B and C holds k rows at k places, and in C no class tells one value of all its members."""
    case.new.execute(
        f"""create temp table classes as
        select tier, count(*) as n, count(distinct duration_days) as durations, count(distinct on_time) as words,
        count(on_time) as told from service_requests where tier <> 'A' group by tier, {CLASS}"""
    )
    found = {
        tier: (least, n)
        for tier, least, n in case.new.execute("select tier, min(n), count(*) from classes group by tier")
    }
    findings = []
    for tier, k in case.policy.k.items():
        least, classes = found.get(tier, (k, 0))
        findings.append(Finding(f"rows_per_class_{tier}", f"at least {k}", str(least), least >= k, classes))
        if case.fewest_locations is not None:
            places = case.fewest_locations.get(tier, k)
            findings.append(Finding(f"locations_per_class_{tier}", f"at least {k}", str(places), places >= k, classes))
    bad = _one(case, "select count(*) from classes where tier = 'C' and (durations = 1 or (words = 1 and told = n))")
    return [*findings, _none("two_values_in_c", "classes share one value", bad, found.get("C", (0, 0))[1])]


def tier_columns(case: Case) -> list[Finding]:
    bad = _one(
        case,
        """select count(*) from service_requests
        where tier not in ('A', 'B', 'C') or (tier <> 'A' and text is not null) or photo is not null
        or (tier = 'A' and duration_days is not null) or (tier = 'C' and disposition is not null)
        or (tier <> 'A' and coalesce(service_name, service_code, duration_hours) is not null)
        or (tier <> 'A' and requested_grain = 'day')""",
    )
    return [_none("columns_per_tier", "rows show more than their tier allows", bad, _rows(case))]


def texts(case: Case) -> list[Finding]:
    """Free text only where the policy opted in, and none that holds an address, a number or a time of day."""
    shown = [text for (text,) in case.new.execute("select text from service_requests where text is not null")]
    allowed = frozenset(map(compact, case.policy.text_allowed))
    wrong = len(shown) if case.policy.text == "off" else 0
    leaks = sum(tells(text, allowed) for text in shown)
    told = [Finding("text_layers", "the layers that ran are named", case.text_layers, True, len(shown))]
    return [
        _none("text_opted_in", "texts without a policy that opted in", wrong, len(shown)),
        _none("text_canaries", "texts hold an address, number or time", leaks, len(shown)),
        *(told if case.text_layers else ()),
    ]


def complete(case: Case) -> list[Finding]:
    findings = []
    told_of = "released + waiting + withheld + quarantined + erased + deleted_upstream"
    for dataset, read, told, unusable, released in case.new.execute(
        f"select dataset, read, {told_of}, quarantined, released from completeness"
    ):
        findings.append(Finding(f"complete_{dataset}", f"read = {read}", str(told), read == told, read))
        rows = _one(case, f"select count(*) from {DATASETS[dataset].table.name}")
        findings.append(Finding(f"released_{dataset}", f"rows = {released}", str(rows), rows == released, rows))
        findings.append(_usable(case, dataset, read, unusable))
    return findings


def _usable(case: Case, dataset: str, read: int, unusable: int) -> Finding:
    """Only so many keys may be in quarantine; if there are more, it says what is wrong with most of them."""
    share = unusable / read if read else 0
    is_passed, value = share <= UNUSABLE or unusable <= FEW, f"{share:.2%}"
    if not is_passed:
        [(reason,)] = case.new.execute(
            "select reason from quality_reasons where dataset = ? and kind = 'quarantined' order by rows desc limit 1",
            [dataset],
        )
        value += f" (most of them: {reason})"
    return Finding(f"usable_{dataset}", f"at most {UNUSABLE:.1%} quarantined, or {FEW} rows", value, is_passed, read)


def is_believable(case: Case) -> list[Finding]:
    """The release is about as large as the one before, and most of what was read is understood."""
    shown, is_large, rows = believable.size(case.new, bool(case.before), case.accept_fewer)
    words, is_understood, read = believable.understood(case.new)
    least = f"at least {believable.SHRINKS:.0%} of the release before, or --accept-fewer"
    return [
        Finding("size_believable", least, shown, is_large, rows),
        Finding("words_understood", "most statuses and places", words, is_understood, read),
    ]


def unique_ids(case: Case) -> list[Finding]:
    doubled = _one(case, "select count(*) - count(distinct public_id) from service_requests")
    return [_none("unique_public_ids", "doubled", doubled, _rows(case))]


def rollups_agree(case: Case) -> list[Finding]:
    """The rollups count every released row whose time is told, once."""
    watched = _one(case, "select coalesce(sum(n), 0) from durations")
    rows = _one(
        case,
        """select count(*) from service_requests where status is not null
        and (status = 'open' or duration_hours is not null or duration_days is not null)""",
    )
    kept = _one(case, "select count(*) from service_requests where on_time is not null")
    told = _one(case, "select coalesce(sum(n), 0) from on_time")
    split = _one(case, "select count(*) from on_time where n <> met_fixed + met_other + missed + pending + no_target")
    return [
        Finding("durations_agree", f"{rows} rows", str(watched), watched == rows, rows),
        Finding("on_time_agrees", f"{kept} rows, parts add up", str(told), told == kept and not split, kept),
    ]


def monotone(case: Case) -> list[Finding]:
    """No row became finer or moved since the release before."""
    if not case.before:
        return []
    ranks = (("place_level", LEVELS), ("requested_grain", GRAINS))
    coarser = " and ".join(f"{_rank('n', word, names)} >= {_rank('b', word, names)}" for word, names in ranks)
    moved = case.new.execute(
        f"""select count(*) from service_requests n join before.service_requests b using (id)
        where (n.place_id, n.requested_bucket, n.requested_grain)
        is not (b.place_id, b.requested_bucket, b.requested_grain)
        and not ({coarser})
        or n.tier <> 'A' and (n.service_group is not b.service_group
            or n.agency_responsible is not null and b.agency_responsible is null)"""
    ).fetchone()[0]
    return [_none("monotone", "rows finer or moved", moved, _rows(case, "before.service_requests"))]


def _rank(table: str, column: str, names: tuple[str, ...]) -> str:
    order = " ".join(f"when '{name}' then {rank}" for rank, name in enumerate(names))
    return f"case {table}.{column} {order} end"


def differences(case: Case) -> list[Finding]:
    """No class of B or C grew by 1..k-1 rows since the release before (fallen rows are no news)."""
    if not case.before:
        return []
    bad = 0
    for tier, k in case.policy.k.items():
        bad += case.new.execute(
            f"""select count(*) from (select count(*) as added from service_requests n where tier = ?
            and id not in (select id from before.service_requests) and id not in (select value from json_each(?))
            group by {CLASS} having added < ?)""",
            [tier, json.dumps(sorted(case.fallen)), k],
        ).fetchone()[0]
    return [_none("no_small_difference", "classes grew by less than k", bad, _rows(case))]


def erasures(case: Case) -> list[Finding]:
    """What was erased is not shown; how many rows that took from the release before is counted, and no news."""
    asked = sum(map(len, case.erased.values()))
    shown = withdrawal.count(case.new, "main", case.erased)
    taken = withdrawal.count(case.new, "before", case.erased) if case.before else 0
    exempt = Finding("erased_since", "counted, exempt from comparison", str(taken), True, asked)
    return [_none("erased_gone", "erased rows are shown", shown, asked), exempt]


def ledgered(case: Case) -> list[Finding]:
    """No row became finer or moved since any release that showed it."""
    if case.finer is None:
        return []
    return [_none("monotone_ledger", "rows finer than in the ledger", case.finer, _rows(case))]


def risks(case: Case) -> list[Finding]:
    """Nobody in B and C is singled out, or found with a better chance than 1 in k; in A an area holds many addresses."""
    found = {
        (tier, measure): (Fraction(top, below), n)
        for tier, measure, top, below, n in case.new.execute(
            "select tier, measure, numerator, denominator, n from _privacy_risk where denominator is not null"
        )
    }
    findings = []
    for tier, k in case.policy.k.items():
        uniques, n = found.get((tier, "uniques"), (None, 0))
        highest, _ = found.get((tier, "prosecutor_risk_max"), (Fraction(0) if uniques == 0 else None, 0))
        findings.append(Finding(f"uniques_{tier}", "0", str(uniques), uniques == 0, n))
        bound = highest is not None and highest <= Fraction(1, k)
        findings.append(Finding(f"prosecutor_risk_{tier}", f"at most 1/{k}", str(highest), bound, n))
    return findings + (_new_rows(case.facts, case.policy) if case.facts else [])


def _new_rows(facts: Facts, policy: Policy) -> list[Finding]:
    """What only the vault knows of rows that are shown for the first time."""
    cells = [
        Finding(f"candidate_cells_{tier}", "at least 2", str(least), least >= 2, 1)
        for tier, least in facts.new_candidates.items()
    ]
    least, bound = facts.new_addresses, policy.addresses
    if least is None:
        return cells
    return [*cells, Finding("addresses_per_place_A", f"at least {bound}", str(least), least >= bound, 1)]


def received_is_safe(case: Case) -> list[Finding]:
    """The counts of everything received show no small number, let none be worked out, and add up."""
    lines = _counted(case)
    k = received_audit.thresholds(case.policy)
    found = received_audit.judged(lines, k)
    wrong = found["wrong"] + (_miscounted(case) if case.facts else 0)
    return [
        _none("counts_not_small", "small counts shown", found["small"], len(lines)),
        _none("counts_not_exposed", "hidden counts known to less than k", found["exposed"], found["hidden"]),
        _none("counts_add_up", "counts disagree", wrong, len(lines)),
    ]


def _counted(case: Case) -> list[dict]:
    """The lines of periods that the release before did not have: those it had are compared, not judged again."""
    where = (
        "where (tier, period) not in (select tier, period from before.agg_received)" if _counted_before(case) else ""
    )
    rows = case.new.execute(f"select * from main.{RECEIVED.name} {where}").fetchall()
    return [dict(zip(RECEIVED.names, row, strict=True)) for row in rows]


def _counted_before(case: Case) -> bool:
    sql = "select count(*) from before.sqlite_master where name = ?"
    return bool(case.before and case.new.execute(sql, [RECEIVED.name]).fetchone()[0])


def _miscounted(case: Case) -> int:
    """Cells counted in this release whose `released` is not what its rows say."""
    older = " and (tier, period) not in (select tier, period from before.agg_received)" if _counted_before(case) else ""
    return _one(case, MISCOUNTED.replace("/*older*/", older))


MISCOUNTED = """with of_month(tier, day, service_group, district, n) as (
  select tier, month || '-01', service_group, district, n from month_counts where month is not null
  union all select r.tier, r.requested_bucket, r.service_group, coalesce(p.district, 'Unlocated'), 1
  from service_requests r join places p on p.id = r.place_id where r.requested_grain in ('quarter', 'year')
), by_period as (
  select tier, 'quarter' as grain, substr(day, 1, 5) || printf('%02d', (cast(substr(day, 6, 2) as integer) + 2) / 3 * 3 - 2)
    || '-01' as period, service_group, district, n from of_month
  union all select tier, 'year', substr(day, 1, 4) || '-01-01', service_group, district, n from of_month
), counted as (
  select tier, grain, period, service_group, district, sum(n) as n from by_period group by 1, 2, 3, 4, 5
)
select count(*) from agg_received t left join counted c using (tier, grain, period, service_group, district)
where t.service_group is not null and t.district is not null and t.released <> coalesce(c.n, 0)
and t.counted = (select as_of_date from releases) /*older*/"""


def received_stays(case: Case) -> list[Finding]:
    """What an earlier release counted stands here as it stood there."""
    if not _counted_before(case):
        return []
    own = "from main.agg_received where (tier, period) in (select tier, period from before.agg_received)"
    changed = _one(case, f"select count(*) from (select * from before.agg_received except select * {own})")
    changed += _one(case, f"select count(*) from (select * {own} except select * from before.agg_received)")
    return [_none("counts_stay", "counts changed", changed, _rows(case, "before.agg_received"))]


def sound(case: Case) -> list[Finding]:
    """The file is whole, its references hold, and no value is longer than the public server allows."""
    whole = _one(case, "pragma quick_check")
    orphans = len(case.new.execute("pragma foreign_key_check").fetchall())
    longest = max(_longest(case, table) for table in tables())
    return [
        Finding("integrity", "ok", whole, whole == "ok", 1),
        Finding("references", "0 broken", str(orphans), orphans == 0, 1),
        Finding("longest_value", f"at most {LONGEST_VALUE} bytes", str(longest), longest <= LONGEST_VALUE, 1),
    ]


def _longest(case: Case, table: Table) -> int:
    """Bytes of the longest text of a table, at most: a character takes up to four."""
    lengths = ", ".join(f"max(length({c.name}))" for c in table.columns if c.type is Type.TEXT)
    found = case.new.execute(f"select {lengths} from {table.name}").fetchone() if lengths else ()
    return max((characters for characters in found if characters), default=0) * 4


def questions_run(case: Case) -> list[Finding]:
    """Every measure and ready question runs on this very release."""
    register(case.new)
    failed = []
    for question in (*measures().values(), *queries().values()):
        try:
            case.new.execute(
                question.sql, {name: question.example.get(name, "") for name in question.params}
            ).fetchmany(1)
        except sqlite3.Error as error:
            failed.append(f"{question.name}: {error}")
    return [Finding("questions_run", "all", "; ".join(failed) or "all", not failed, len(measures()) + len(queries()))]


CHECKS: tuple[Check, ...] = (
    closed_list,
    small_classes,
    tier_columns,
    texts,
    complete,
    is_believable,
    unique_ids,
    rollups_agree,
    monotone,
    differences,
    erasures,
    ledgered,
    risks,
    received_is_safe,
    received_stays,
    sound,
    questions_run,
)
