"""Checks of what single rows show: in small classes, for their tier, in texts, and beside the release before."""

import json
from fractions import Fraction

import h3

from etl import withdrawal
from etl.checks.finding import CLASS, Case, Finding, file_of, none, one, size_of
from etl.privacy.photo import is_plain
from etl.privacy.place import RESOLUTIONS, cell_label
from etl.privacy.risk import Facts
from etl.privacy.text.canary import tells
from etl.privacy.text.lexicon import compact
from hub.datasets import tables
from hub.policy import GRAINS, LEVELS, Policy
from hub.releases import PHOTOS


def small_classes(case: Case) -> list[Finding]:
    """Every class of B and C holds k rows at k places, and in C no class tells one value of all its members."""
    case.new.execute(
        f"""create temp table classes as
        select tier, count(*) as n, count(on_time) as told, min(duration_days) = max(duration_days) as one_duration,
        min(on_time) = max(on_time) as one_word from service_requests not indexed where tier <> 'A' group by tier, {CLASS}"""
    )
    found = {
        tier: (least, n)
        for tier, least, n in case.new.execute("select tier, min(n), count(*) from classes group by tier")
    }
    findings = []
    for tier, k in case.policy.k.items():
        least, classes = found.get(tier, (k, 0))
        findings.append(Finding(f"rows_per_class_{tier}", f"at least {k}", str(least), least >= k, classes))
        if case.facts:
            places = case.facts.locations.get(tier, k)
            findings.append(Finding(f"locations_per_class_{tier}", f"at least {k}", str(places), places >= k, classes))
    bad = one(case, "select count(*) from classes where tier = 'C' and (one_duration or (one_word and told = n))")
    return [*findings, none("two_values_in_c", "classes share one value", bad, found.get("C", (0, 0))[1])]


def tier_columns(case: Case) -> list[Finding]:
    bad = one(
        case,
        """select count(*) from service_requests
        where tier not in ('A', 'B', 'C') or (tier <> 'A' and coalesce(text, photo) is not null)
        or (tier = 'A' and duration_days is not null) or (tier = 'C' and disposition is not null)
        or (tier <> 'A' and coalesce(service_name, service_code, duration_hours) is not null)
        or (tier <> 'A' and requested_grain = 'day')""",
    )
    named = sum(
        one(case, f"select count(*) from {table.name} where tier <> 'A' and service_name is not null")
        for table in tables()
        if {"tier", "service_name"} <= set(table.names)
    )
    return [none("columns_per_tier", "rows show more than their tier allows", bad + named, size_of(case))]


def places(case: Case) -> list[Finding]:
    """A place is an area as a whole: a cell stands for its centre and is called by its number, whatever lies in it."""
    told = case.new.execute("select id, level, label, district, lat, long from places").fetchall()
    bad = sum(not _is_area(*place) for place in told)
    return [none("places_are_areas", "places are finer than an area, or lie elsewhere in it", bad, len(told))]


def _is_area(place: str, level: str, label: str, district: str | None, lat: float, long: float) -> bool:
    if level not in RESOLUTIONS:
        return level in LEVELS and not h3.is_valid_cell(place)
    if not h3.is_valid_cell(place) or h3.get_resolution(place) != RESOLUTIONS[level]:
        return False
    called = label == cell_label(district, place) if district else label.endswith(cell_label("", place))
    return called and all(abs(a - b) < 1e-5 for a, b in zip((lat, long), h3.cell_to_latlng(place), strict=True))


def texts(case: Case) -> list[Finding]:
    """Free text only where the policy opted in, and none that holds an address, a number or a time of day."""
    shown = [text for (text,) in case.new.execute("select text from service_requests where text is not null")]
    allowed = frozenset(map(compact, case.policy.text_allowed))
    wrong = len(shown) if case.policy.text == "off" else 0
    leaks = sum(tells(text, allowed) for text in shown)
    told = [Finding("text_layers", "the layers that ran are named", case.text_layers, True, len(shown))]
    return [
        none("text_opted_in", "texts without a policy that opted in", wrong, len(shown)),
        none("text_canaries", "texts hold an address, number or time", leaks, len(shown)),
        *(told if case.text_layers else ()),
    ]


def photos(case: Case) -> list[Finding]:
    """Photos only where the policy opted in; every file is shown by a row, and has nothing in it but pixels."""
    folder = file_of(case).parent / PHOTOS
    shown = {name for (name,) in case.new.execute("select photo from service_requests where photo is not null")}
    files = {f"{PHOTOS}/{path.name}": path for path in folder.glob("*")}
    wrong = len(shown) if case.policy.photo == "off" else 0
    bad = len(shown ^ files.keys()) + sum(not is_plain(path.read_bytes()) for path in files.values())
    return [
        none("photos_opted_in", "photos without a policy that opted in", wrong, len(shown)),
        none("photos_plain", "photos hold more than pixels, or are missing", bad, len(files)),
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
    return [none("monotone", "rows finer or moved", moved, size_of(case, "before.service_requests"))]


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
    return [none("no_small_difference", "classes grew by less than k", bad, size_of(case))]


def erasures(case: Case) -> list[Finding]:
    """What was erased is not shown; how many rows that took from the release before is counted, and no news."""
    asked = sum(map(len, case.erased.values()))
    shown = withdrawal.count(case.new, "main", case.erased)
    taken = withdrawal.count(case.new, "before", case.erased) if case.before else 0
    exempt = Finding("erased_since", "counted, exempt from comparison", str(taken), True, asked)
    return [none("erased_gone", "erased rows are shown", shown, asked), exempt]


def ledgered(case: Case) -> list[Finding]:
    """No row became finer or moved since any release that showed it."""
    if case.finer is None:
        return []
    return [none("monotone_ledger", "rows finer than in the ledger", case.finer, size_of(case))]


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
