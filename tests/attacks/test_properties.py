"""Whatever comes, late, twice, from one house or not at all any more, whatever is erased and however the policy is
edited: no release tells too much, and none after another (attacks 1, 4, 6, 7, 10 and the monotone rule).

Hypothesis makes up towns; each lives through three releases of the real pipeline. The checks are those of somebody who
keeps every release and knows what the city knows; with a protection switched off they must find something."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import h3
import narwhals as nw
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from etl import contents, gate
from etl.checks import account
from etl.engine import keyed_id
from etl.privacy import outcome, small_cells
from etl.privacy import time as days
from hub.errors import GateError
from hub.policy import DELAY_DAYS, GRAINS, LEVELS
from tests.attacks.made import LONG
from tests.town import CELL, FAR, SISTERS, Town, day, request

MONDAYS = ("2024-06-03", "2024-06-17", "2024-07-01")
CELLS = (CELL, SISTERS[0], SISTERS[6], h3.latlng_to_cell(43.05, -70.97, 9), FAR)
KINDS = ("Pothole", "Rats", "No Heat")
K = {"B": 5, "C": 11}
EDITS = (  # by the officer, before a release
    {},
    {"k": {"B": 8, "C": 15}},
    {"tiers": {"Trash": "C"}},
    {"tiers": {"Streets": "B"}},
    {"tiers": {"Housing": "X"}},
    {"ladders": {"B": ["h3_8/month", "h3_7/month", "neighbourhood/quarter", "city/quarter"]}},
)
EXAMPLES = 60 if LONG else 2
REAL_SIZES = small_cells.class_sizes


@dataclass(frozen=True)
class Report:
    """One request, the release from which on it is in the city's system, and the one from which on it is gone."""

    row: dict[str, str]
    comes: int
    goes: int


def reports(seed: int, houses: int, late: float, gone: float) -> list[Report]:
    dice, found = random.Random(seed), []
    for number in range(dice.randrange(200, 300)):
        opened = dice.randrange(182)
        first = next((n for n, monday in enumerate(MONDAYS) if day("2024-01-01", opened) < monday), 2)
        comes = dice.randrange(first, 3) if dice.random() < late else first
        goes = dice.randrange(comes + 1, 5) if dice.random() < gone else 5
        cell, house = dice.choices(CELLS, (6, 2, 2, 1, 1))[0], 0 if dice.random() < 0.2 else dice.randrange(houses)
        given_ = {"address": f"{house} {cell} Street", "cell": cell}
        if dice.random() < 0.05:
            given_ |= {"lat": "", "long": ""}
        if dice.random() < 0.6:
            given_ |= {"closed": f"{day('2024-01-01', opened + dice.randrange(40))} 23:00:00", "note": "fixed"}
        row = request(number, dice.choices(KINDS, (2, 4, 3))[0], f"{day('2024-01-01', opened)} 10:00:00", **given_)
        found.append(Report(row, comes, goes))
    return found


@dataclass(frozen=True)
class Told:
    """What one release said, and which house each of its rows came from."""

    rows: dict[int, dict]
    house: dict[int, str]
    completeness: dict
    erased: int = 0

    def classes(self) -> dict[tuple, list[int]]:
        found = defaultdict(list)
        for id_, row in self.rows.items():
            if row["tier"] != "A":
                found[
                    tuple(
                        row[name]
                        for name in ("tier", "service_group", "place_id", "requested_bucket", "requested_grain")
                    )
                ].append(id_)
        return found


def publish(town: Town, all_reports: list[Report], number: int) -> Told:
    known = [report.row for report in all_reports if report.comes <= number < report.goes]
    town.on(MONDAYS[number]).receive(*known)
    town.run(accept_fewer=True)
    key = (town.data / "private" / "keys" / "release.key").read_bytes()
    house = {keyed_id(key, "requests", row["id"])[0]: row["address"] for row in known}
    erased = town.vault("select count(*) from tombstones")[0][0]
    return Told({row["id"]: row for row in town.released()}, house, town.completeness(), erased)


# What the collector finds in the releases so far; nothing, if the hub keeps its promises


def too_small(told: list[Told]) -> list:
    return [name for name, ids in told[-1].classes().items() if len(ids) < K[name[0]]]


def too_few_houses(told: list[Told]) -> list:
    now = told[-1]
    return [name for name, ids in now.classes().items() if len({now.house[id_] for id_ in ids}) < K[name[0]]]


def finer_or_moved(told: list[Told]) -> list:
    """Rows that are told more finely than ever before, or elsewhere without being told more coarsely."""
    found = []
    for before in told[:-1]:
        for id_ in before.rows.keys() & told[-1].rows.keys():
            old, new = before.rows[id_], told[-1].rows[id_]
            level = LEVELS.index(new["place_level"]) - LEVELS.index(old["place_level"])
            grain = GRAINS.index(new["requested_grain"]) - GRAINS.index(old["requested_grain"])
            moved = (level == 0 and new["place_id"] != old["place_id"]) or (
                grain == 0 and new["requested_bucket"] != old["requested_bucket"]
            )
            found += [id_] if level < 0 or grain < 0 or moved else []
    return found


def grown_a_little(told: list[Told]) -> list:
    """Classes that 1 to k-1 rows joined that no release had told before."""
    if len(told) < 2:
        return []
    known = set().union(*(before.rows for before in told[:-1]))
    grown = Counter({name: len(set(ids) - known) for name, ids in told[-1].classes().items()})
    return [name for name, rows in grown.items() if 0 < rows < K[name[0]]]


def off_time(told: list[Told]) -> list:
    """Closings of B and C that are told before the end of the period and the duration have passed, or a release later
    than then: the release would tell the day."""
    now, before = told[-1], told[-2] if len(told) > 1 else None
    found = []
    for id_, row in now.rows.items():
        if row["tier"] != "A" and row["duration_days"] is not None:
            _, end = days.bucket(date.fromisoformat(row["requested_bucket"]), row["requested_grain"])
            due = end + timedelta(row["duration_days"] + DELAY_DAYS[row["tier"]])
            was_open = before and before.rows.get(id_, {}).get("status") == "open"
            is_missed = was_open and due <= date.fromisoformat(MONDAYS[len(told) - 2])
            found += [row] if due > date.fromisoformat(MONDAYS[len(told) - 1]) or is_missed else []
    return found


def lost(told: list[Told]) -> list:
    line = told[-1].completeness
    fates = ("released", "waiting", "withheld", "quarantined", "erased", "deleted_upstream")
    is_whole = line["read"] == sum(line[fate] for fate in fates) and line["released"] == len(told[-1].rows)
    return [] if is_whole and (line["quarantined"], line["erased"]) == (0, told[-1].erased) else [line]


CHECKS = (too_small, too_few_houses, finer_or_moved, grown_a_little, off_time, lost)


@example(seed=158003, houses=60, late=0.16, gone=0.16, edits=[EDITS[1], EDITS[5]], erased=[])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(
    seed=st.integers(0, 10**6),
    houses=st.sampled_from([6, 15, 60]),
    late=st.floats(0, 0.5),
    gone=st.floats(0, 0.4),
    edits=st.lists(st.sampled_from(EDITS), min_size=2, max_size=2),
    erased=st.lists(st.integers(0, 199), max_size=4, unique=True),
)
def test_no_release_and_no_row_of_releases_tells_too_much(seed, houses, late, gone, edits, erased):
    with TemporaryDirectory() as folder:
        town, all_reports, told = Town.found(Path(folder) / "town"), reports(seed, houses, late, gone), []
        for number in range(len(MONDAYS)):
            if number:
                town.decide(**edits[number - 1])
                erase(town, erased[number - 1 :: 2])
            told.append(publish(town, all_reports, number))
            assert {check.__name__: found for check in CHECKS if (found := check(told))} == {}
        assert len(told[0].rows) > 50


def erase(town: Town, numbers: list[int]) -> None:
    """Erase those that the city's system has sent so far."""
    known = {key for (key,) in town.vault("select key from records_service_requests")}
    ids = [word for number in numbers if str(number) in known for word in ("--id", str(number))]
    assert not ids or town.command("erase", *ids).code == 0


# Each protection switched off: the gate refuses, and without the gate the collector finds something


@pytest.fixture
def life(tmp_path):
    return Town.found(tmp_path), reports(seed=7, houses=15, late=0.4, gone=0.3)


def k_of_one(monkeypatch):
    real = small_cells._in_large_classes
    monkeypatch.setattr(small_cells, "_in_large_classes", lambda entering, held, k: real(entering, held, 1))


def rows_for_houses(monkeypatch):
    def count_rows(frame: nw.LazyFrame, of_class: list[str]) -> nw.LazyFrame:
        return frame.group_by(*of_class).agg(rows=nw.len(), locations=nw.len())

    monkeypatch.setattr(small_cells, "class_sizes", count_rows)


def no_embargo(monkeypatch):
    def at_once(frame, engine, policy, told, closings, opens, real=outcome.add_outcome):
        return real(frame, engine, policy, dict.fromkeys(told, 10**6), closings, opens)

    monkeypatch.setattr(outcome, "add_outcome", at_once)


def no_ledger(monkeypatch):
    real = contents.Contents.freeze

    def freeze_and_forget(self, vault, release_id: str) -> None:
        real(self, vault, release_id)
        vault.con.execute("delete from release_ledger")

    monkeypatch.setattr(contents.Contents, "freeze", freeze_and_forget)


@pytest.mark.parametrize(
    ("switch_off", "finds"),
    [
        (k_of_one, {too_small, grown_a_little}),
        (rows_for_houses, {too_few_houses}),
        (no_ledger, {finer_or_moved}),
        (no_embargo, {off_time}),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_with_a_protection_switched_off_the_collector_finds_something(life, monkeypatch, switch_off, finds):
    switch_off(monkeypatch)
    monkeypatch.setattr(gate, "CHECKS", (account.unique_ids,))
    told, found = [], set()
    while len(told) < len(MONDAYS) and not finds <= found:
        told.append(publish(*life, len(told)))
        found |= {check for check in CHECKS if check(told)}
    assert finds <= found


def test_and_the_gate_refuses_the_release(life, monkeypatch):
    rows_for_houses(monkeypatch)
    monkeypatch.setattr(contents, "class_sizes", REAL_SIZES)
    with pytest.raises(GateError, match=r"locations_per_class_[BC] is \d+, must be at least"):
        publish(*life, 0)
