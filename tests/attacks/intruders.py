"""What an intruder can do with one release. Each attack says who he is and what he knows, and returns what he found."""

import base64
import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
from scipy.stats import spearmanr

from hub.policy import LEVELS
from tests.attacks.daily import K, Told, class_of
from tests.attacks.made import TOWN_HALL, House, Report, bucket_days, bucket_of, places_of
from tests.town import POLICY

ROUGHLY = 3  # days that a neighbour may be wrong by
PLACED = [f"h3_{size}" for size in (9, 8, 7)]


def linked(rows: Sequence[dict], known: dict[int, Report]) -> list[int]:
    """Attack 1. A neighbour knows the house, the kind and the day of a report, and finds the only row that fits."""
    of = ("service_group", "place_level", "place_id", "requested_grain", "requested_bucket")
    fitting = defaultdict(list)
    for row in rows:
        fitting[tuple(row[name] for name in of)].append(row["id"])
    rungs = {(row["place_level"], row["requested_grain"]) for row in rows}
    found = []
    for id_, report in known.items():
        places, day = places_of(report.house), report.opened.date()
        fits = [
            one
            for level, grain in rungs
            for one in fitting.get((report.group, level, places[level], grain, bucket_of(day, grain)), ())
        ]
        found += [id_] if fits == [id_] else []
    return found


def found_by_name(rows: Sequence[dict], known: dict[int, Report]) -> tuple[float, dict[str, float]]:
    """Attack 15. Somebody knows who a person is, where they live, about when they reported and what, and that they did.
    He takes the rows that fit for equally likely. The share of persons of whom he is sure of one row (a half or more) and
    right, and per tier the chance to take the right one."""
    fitting, rungs = defaultdict(list), {(row["place_level"], row["requested_grain"]) for row in rows}
    for row in rows:
        fitting[class_of(row)[1:]].append(row["id"])
    sure, chances = 0, defaultdict(list)
    for id_, report in known.items():
        places = places_of(report.reporter.home)
        days = [report.opened.date() + timedelta(n) for n in range(-ROUGHLY, ROUGHLY + 1)]
        periods = {(level, grain, bucket_of(day, grain)) for level, grain in rungs for day in days}
        fits = sorted(
            one
            for level, grain, bucket in periods
            for one in fitting.get((report.group, places[level], bucket, grain), ())
        )
        chances[report.tier].append((id_ in fits) / len(fits) if fits else 0.0)
        sure += bool(fits) and len(fits) <= 2 and fits[0] == id_
    return sure / len(known), {tier: sum(found) / len(found) for tier, found in chances.items()}


def told_by_order(order: Sequence[int], known: dict[int, Report]) -> float:
    """Attack 2. Somebody takes the order in which rows stand for the order in which they came: the rank correlation."""
    times = [known[id_].opened.timestamp() for id_ in order]
    return float(spearmanr(range(len(times)), times).statistic)


def told_by_neighbours(numbers: dict[int, float], known: dict[int, Report]) -> float:
    """Attack 2. Somebody knows when one report in a hundred was made, and places the others between these by their
    number. The median of his error in minutes, over that of one who only knows the hundredth."""
    ids = sorted(numbers, key=numbers.get)
    times = np.array([known[id_].opened.timestamp() / 60 for id_ in ids])
    places = np.array([numbers[id_] for id_ in ids], float)
    own = slice(0, None, 100)
    guessed = np.interp(places, places[own], times[own])
    return float(np.median(np.abs(guessed - times)) / np.median(np.abs(np.median(times[own]) - times)))


def reversed_ids(public: Iterable[str | int], source_ids: Iterable[str], guesses: Sequence[bytes] = ()) -> int:
    """Attack 3. Somebody knows how the city counts its reports, hashes every number in all usual ways, with every key
    that he can think of, and looks the hashes up."""
    released, found = {str(one) for one in public}, set()
    for source_id in source_ids:
        for text in (source_id, f"requests{source_id}", f"requests\x1f{source_id}"):
            for name in ("md5", "sha1", "sha256", "blake2b"):
                found |= released & set(_spellings(hashlib.new(name, text.encode()).digest()))
            for key in (b"", *guesses):
                found |= released & set(_spellings(hmac.digest(key, text.encode(), "sha256")))
        found |= released & {source_id}
    return len(found)


def _spellings(digest: bytes) -> Iterable[str]:
    yield digest.hex()
    yield digest.hex()[:16]
    yield base64.b32encode(digest).decode().lower()[:16]
    yield str(int.from_bytes(digest[:8], "big") >> 1)


def alike(rows: Iterable[dict]) -> list[tuple]:
    """Attack 8. A landlord knows that a tenant is in a class of tier C, and that all of it took as long, or was as late."""
    classes = defaultdict(list)
    for row in rows:
        if row["tier"] == "C":
            classes[class_of(row)].append(row)
    found = []
    for name, members in classes.items():
        took = [row["duration_days"] for row in members if row["duration_days"] is not None]
        words = [row["on_time"] for row in members]
        found += [name] if len(set(took)) == 1 or (None not in words and len(set(words)) == 1) else []
    return found


def one_candidate(rows: Sequence[dict], houses: Iterable[House]) -> list[tuple]:
    """Attack 9. Somebody knows the ladder: a row that stands coarse was not in one of the fine classes that are there.
    He strikes those out, and is left with a single finer place and period. What is told of the whole city only may have
    no known place at all: there he can strike nothing out."""
    on_map = {level: defaultdict(set) for level in LEVELS}  # level -> place -> its houses' places, all levels
    for places in {tuple(places_of(house).items()) for house in houses}:
        for level, place in places:
            on_map[level][place].add(places)
    there = {(row["service_group"], row["place_id"], row["requested_bucket"], row["requested_grain"]) for row in rows}
    found = []
    coarse = [row for row in rows if row["tier"] in K and not row["late"] and row["place_level"] != "city"]
    for name, row in {class_of(row): row for row in coarse}.items():
        ladder = [tuple(rung.split("/")) for rung in POLICY["ladders"][row["tier"]]]
        inside = [dict(places) for places in on_map[row["place_level"]][row["place_id"]]]
        opened = bucket_days(row)
        for level, grain in ladder[: ladder.index((row["place_level"], row["requested_grain"]))]:
            fine = {(places[level], bucket_of(day, grain)) for places in inside for day in opened}
            left = [cell for cell in fine if (row["service_group"], *cell, grain) not in there]
            found += [name] if len(left) < 2 else []
    return found


def few_houses(rows: Iterable[dict], known: dict[int, Report]) -> list[tuple]:
    """Attack 10. A caretaker knows that one tenant complains every week: the class is a crowd of rows, not of people."""
    houses = defaultdict(set)
    for row in rows:
        if row["tier"] in K:
            houses[class_of(row)].add(known[row["id"]].house.address)
    return [name for name, found in houses.items() if len(found) < K[name[0]]]


def false_crowd(rows: Sequence[dict], known: dict[int, Report]) -> list[int]:
    """Attack 11. Somebody looks at the cell with the most reports, which is where the geocoder gives up: rows that hide
    in a crowd of others from all over town."""
    cells = {name: places_of(House("", *TOWN_HALL))[name] for name in PLACED}
    return [
        row["id"]
        for row in rows
        if row["tier"] in K and row["place_id"] == cells.get(row["place_level"]) and known[row["id"]].is_guessed
    ]


def slivers(rows: Iterable[dict], told_beside: Sequence[str] = ("agency_responsible",)) -> list[tuple]:
    """Attack 12. Somebody splits a class by whatever else a row tells of its place: parts of 1 to k-1 rows."""
    parts = Counter((*class_of(row), *(row[name] for name in told_beside)) for row in rows if row["tier"] in K)
    whole = Counter(class_of(row) for row in rows if row["tier"] in K)
    return [part for part, n in parts.items() if n < K[part[0]] and n < whole[part[:5]]]


def left_over(told: Told) -> list[tuple]:
    """Attack 12. Somebody counts the rows, takes that from the published counts, and knows what is left out of the rows:
    (table, cell, rest) wherever rows and counts differ."""
    districts = {place["id"]: place["district"] or "Unlocated" for place in told.tables["places"]}
    cells = {
        "area_counts": lambda row: (row["place_id"], row["tier"], row["service_group"], row["requested_bucket"][:4]),
        "month_counts": lambda row: (
            row["requested_bucket"][:7] if row["requested_grain"] in ("day", "week", "month") else None,
            districts[row["place_id"]],
            row["tier"],
            row["service_group"],
        ),
    }
    found = []
    for table, cell_of in cells.items():
        rest = Counter(map(cell_of, told.rows))
        for line in told.tables[table]:
            rest[tuple(value for name, value in line.items() if name not in ("n", "open"))] -= line["n"]
        found += [(table, cell, n) for cell, n in rest.items() if n]
    return found
