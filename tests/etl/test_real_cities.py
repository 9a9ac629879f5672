"""Real files of real cities, where they are at hand: they run, sign off, pass the gate, and nothing is lost on the way."""

import csv
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from etl.canonical import flags_of
from etl.copies import OLDER_COPY
from tests.ready import DATA
from tests.ready import FOLDER as READY
from tests.town import Said, ask, cityglass

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the cities' real files are not at hand (../shared/data)")
FATES = ("released", "waiting", "withheld", "quarantined", "erased", "deleted_upstream")
SIGNED = ("--sign-off", "Ana Diaz, data officer")


def run(folder: Path, city: str, *words: str, verb: str = "run", **files: Path) -> Said:
    """`cityglass run` of a ready city with real files in place of its sources."""
    reads = [word for source, path in files.items() for word in ("--from", f"{source}={path}")]
    return cityglass(verb, "--city", READY / f"{city}.yml", "--data", folder, "--json", *words, *reads)


def served(folder: Path, sql: str) -> list[dict]:
    return ask(folder / "public" / "current" / "city.db", sql)


def adds_up(folder: Path, dataset: str, rows: int, keys: int) -> bool:
    [line] = served(folder, f"select * from completeness where dataset = '{dataset}'")
    assert (line["rows_read"], line["read"], line["duplicates"]) == (rows, keys, rows - keys)
    assert line["read"] == sum(line[fate] for fate in FATES)
    return line["released"] > 0.9 * keys and line["quarantined"] == 0


def test_boston_files_with_duplicates_give_the_ids_of_the_deduplicated_one(tmp_path):
    fixtures = DATA / "boston311_qsv_fixtures"
    found = {}
    for name, rows in (("boston311-100-20dupes-random.csv", 100), ("boston311-100-deduped.csv", 80)):
        data = tmp_path / name
        city = ("--city", READY / "boston.yml", "--data", data)
        assert cityglass("pull", *city, "--from", f"requests={fixtures / name}").code == 0
        found[name] = _vault(data, "select * exclude (hash) from records_service_requests order by key")
        [(read, keys)] = _vault(data, "select rows_read, keys from readings")
        assert (read, keys) == (rows, 80)
    first, second = found.values()
    assert first == second and len(first) == 80


def _vault(data: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(data / "private" / "vault.duckdb")) as con:
        return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def boston(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("boston")
    files = {
        "requests": DATA / "boston311" / "boston_311_2011H2_legacy29col.csv.gz",
        "boundaries": DATA / "boundaries" / "boston_neighborhood_boundaries.geojson",
        "capital_projects": DATA / "budget" / "boston_fy24_capital_plan.csv",
        "stories": DATA / "stories" / "lcoh.csv",
    }
    unsigned = run(folder, "boston", **files)
    assert (unsigned.code, "is not signed" in unsigned.json["message"]) == (6, True)
    names = ("boston_fy24_operating.csv", "boston_fy24_revenue.csv")
    budgets = [f"--from=budget={DATA / 'budget' / name}" for name in names]
    said = run(folder, "boston", *SIGNED, *budgets, **files)
    assert said.code == 0, said.out
    return folder


def test_every_request_of_boston_went_somewhere(boston):
    assert adds_up(boston, "service_requests", 58_251, 58_251)
    tiers = served(boston, "select distinct tier from service_requests order by 1")
    assert [row["tier"] for row in tiers] == ["A", "B", "C"]
    audit = cityglass("audit", "--gate", "--city", READY / "boston.yml", "--data", boston)
    assert audit.code == 0, audit.err


def test_bostons_budget_agrees_with_what_the_city_states(boston):
    totals = served(boston, "select * from budget_totals where stated_cents is not null")
    assert len(totals) == 2 and {row["is_reconciled"] for row in totals} == {1}
    balanced = served(boston, "select direction, amount_cents from budget_totals where fiscal_year = 2024 order by 1")
    assert [row["direction"] for row in balanced] == ["expense", "revenue"]
    assert abs(balanced[0]["amount_cents"] - balanced[1]["amount_cents"]) < 100
    lines, summed = (
        served(boston, "select count(*) as n from budget_lines"),
        "select sum(lines) as n from budget_totals",
    )
    assert lines == served(boston, summed)


def test_bostons_capital_plan_loses_no_project_and_no_cent(boston):
    with (DATA / "budget" / "boston_fy24_capital_plan.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    cents = sum(round(float(row["Total_Project_Budget"].replace(",", "").replace("$", "")) * 100) for row in rows)
    [total] = served(boston, "select * from capital_totals where measure = 'budget'")
    assert (total["projects"], total["amount_cents"]) == (len(rows), cents)
    parts = [name for name in rows[0] if name.strip().startswith(("Authorization_", "External_Funds"))]
    parts += [name for name in rows[0] if name.strip() in ("Grant_Existing", "Grant_FY", "Grant_Future")]
    raised = sum(
        round(float(row[name].replace(",", "").replace("$", "").strip(" -") or 0) * 100)
        for row in rows
        for name in parts
    )
    assert (len(parts), total["stated_cents"], total["is_reconciled"]) == (7, raised, 1)


def test_every_request_of_new_york_went_somewhere(tmp_path):
    said = run(
        tmp_path,
        "new_york",
        *SIGNED,
        requests=DATA / "nyc311" / "nyc_311_2020_2023_20col.csv.gz",
        boundaries=DATA / "boundaries" / "nyc_community_districts.geojson",
    )
    assert said.code == 0, said.out
    assert adds_up(tmp_path, "service_requests", 52_519, 52_519)
    assert cityglass("audit", "--gate", "--city", READY / "new_york.yml", "--data", tmp_path).code == 0


def test_every_story_of_the_archive_is_told_or_waits_for_a_person_and_every_other_card_is_counted(boston):
    with (DATA / "stories" / "lcoh.csv").open(encoding="utf-8-sig", newline="") as file:
        cards = list(csv.DictReader(file))
    told = [card for card in cards if card["display_template"] in ("transcript", "record")]
    empty = [card for card in told if card["description"].strip().lower() in ("", "n/a")]
    [line] = served(boston, "select read, released, waiting, quarantined from completeness where dataset = 'stories'")
    assert (line["read"], line["quarantined"]) == (len(told), len(empty))
    assert line["released"] + line["waiting"] == len(told) - len(empty)
    assert served(boston, "select count(*) as n from stories") == [{"n": line["released"]}]
    assert line["released"] > 0.5 * len(told) and line["waiting"] > 0  # they tell of brothers and neighbours
    aside = served(boston, "select rows from quality_reasons where dataset = 'stories' and kind = 'set_aside'")
    assert aside == [{"rows": len(cards) - len(told)}]


# Every other real file of these cities, read whole

# The files; rows and keys; what cannot be used, and why; what had to be set aside; how many ended nobody knows how
CHICAGO, FRANCISCO, NEW_YORK = DATA / "chicago311", DATA / "sanfrancisco311", DATA / "nyc311"
READ = {
    "chicago, a day of 2021": (
        "chicago",
        [CHICAGO / "chicago_v6vf_2021-01_37col.csv.gz"],
        (5_000, 5_000),
        {},
        {"default_point": 3_525, "closed_at_opening": 2},
        0,
    ),
    "chicago, the retired table of sanitation": (
        "chicago",
        [CHICAGO / "chicago_sanitation_2000_2014_pertype16col.csv.gz"],
        (74_401, 74_026),  # 375 repeated ids: 21 as whole rows, 354 with other content
        {OLDER_COPY: 354, "requested_datetime is missing": 1},
        {"closed_without_date": 210, "open_with_closing_date": 209},
        0,
    ),
    "san francisco": (
        "san_francisco",
        [FRANCISCO / "sf_cases_10000_2008_2016.csv.gz"],
        (10_000, 10_000),
        {},
        {"closed_before_opened": 129, "closed_without_date": 129, "unknown_disposition": 4_375},
        4_375,  # 4,261 of them have no closing words at all
    ),
    "washington, six layers": (
        "washington_dc",
        sorted((DATA / "dc311").glob("*.geojson")),
        (3_656, 3_656),
        {"service_request_id is missing": 1},  # the row that the server takes for a model
        {},
        0,
    ),
    "boston's animals": (
        "boston",
        [DATA / "boston311" / "boston_311_animal_2014_2023_legacy30col.csv.gz"],
        (33_952, 33_948),
        {},
        {"default_point": 331, "unknown_disposition": 704},
        704,
    ),
    "new york, 41 and 46 columns": (
        "new_york",
        [NEW_YORK / f"nyc_311_{name}col.csv.gz" for name in ("2010_2025_41", "2023-02-28_46")],
        (10_894, 10_893),  # one request stands in both
        {},
        {
            "closed_at_opening": 59,
            "closed_before_opened": 2,
            "closed_without_date": 2,
            "open_with_closing_date": 35,
            "sentinel_date": 2,
            "unknown_disposition": 252,
            "unknown_status": 1,
        },
        233,
    ),
    "new york, a page of the API and a hundred rows": (
        "new_york",
        [NEW_YORK / "311_AnthonyUPF_soda.json", NEW_YORK / "nyc311-100.csv"],
        (1_100, 1_100),
        {},
        {"open_with_closing_date": 1, "unknown_disposition": 10},
        10,
    ),
}
# Those that are published too: their districts, the share of keys that is told or waits for its period, the tiers, and
# the share of tier A that is told by cells. Of Chicago's day 71 % are calls on two points, where nobody is one of many:
# they are withheld.
PUBLISHED = {
    "chicago, a day of 2021": ("chicago_WARDS_2015.geojson", 0.28, "ABC", 0.7),
    "san francisco": ("cth_san-francisco.geojson", 0.98, "ABC", 0.99),  # though their places stand in one column
    "washington, six layers": ("dc_ward_2012.geojson", 0.99, "AB", 0.9),
    "new york, 41 and 46 columns": ("nyc_community_districts.geojson", 0.98, "ABC", 0.8),
}


def reads(name: str) -> list[str]:
    return [f"--from=requests={path}" for path in READ[name][1]]


def read_is_whole(folder: Path, name: str) -> None:
    """What the vault holds is what the file holds, and what could not be used is counted with its reason."""
    _, _, (rows, keys), reasons, flags, unknown = READ[name]
    assert _vault(folder, "select sum(rows_read), count(distinct proven_by) from readings") == [(rows, 1)]
    assert dict(_vault(folder, "select reason, count(*) from quarantine group by reason")) == reasons
    held = "from records_service_requests"
    unusable = sum(reasons.values()) - reasons.get(OLDER_COPY, 0)
    assert _vault(folder, f"select count(*), count(distinct key) {held}") == [(keys - unusable, keys - unusable)]
    told = Counter()
    for bits, count in _vault(folder, f"select flags, count(*) {held} group by flags"):
        told.update(dict.fromkeys(flags_of(bits), count))
    assert told == flags
    assert _vault(folder, f"select count(*) {held} where disposition = 'unknown'") == [(unknown,)]


@pytest.mark.parametrize("name", [name for name in READ if name not in PUBLISHED])
def test_a_large_file_is_read_whole_and_nothing_vanishes(tmp_path, name):
    said = run(tmp_path, READ[name][0], *reads(name), verb="pull")
    assert said.code == 0, said.out
    read_is_whole(tmp_path, name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_small_file_is_read_signed_off_and_published_and_passes_the_gate(tmp_path, name):
    city, (boundaries, share, tiers, placed) = READ[name][0], PUBLISHED[name]
    words = ("--sign-off", "Test, officer", *reads(name))
    said = run(tmp_path, city, *words, boundaries=DATA / "boundaries" / boundaries)
    assert said.code == 0, said.out
    read_is_whole(tmp_path, name)
    _, _, (rows, keys), reasons, _, _ = READ[name]
    [line] = served(tmp_path, "select * from completeness where dataset = 'service_requests'")
    assert (line["rows_read"], line["read"], line["quarantined"]) == (rows, keys, sum(reasons.values()))
    assert line["read"] == sum(line[fate] for fate in FATES)
    assert line["released"] + line["waiting"] >= share * keys
    found = served(tmp_path, "select distinct tier from service_requests order by 1")
    assert "".join(row["tier"] for row in found) == tiers
    in_cells = "select avg(place_level like 'h3%') as share from service_requests where tier = 'A'"
    assert served(tmp_path, in_cells)[0]["share"] >= placed
    audit = cityglass("audit", "--gate", "--city", READY / f"{city}.yml", "--data", tmp_path)
    assert audit.code == 0, audit.err


def test_no_work_queue_of_san_francisco_and_with_it_no_worker_is_stored(tmp_path):
    name = "san francisco"
    assert run(tmp_path, "san_francisco", *reads(name), verb="pull").code == 0
    assert _vault(tmp_path, "select count(agency_responsible), count(*) from records_service_requests") == [(0, 10_000)]
    assert _vault(tmp_path, "select count(*) from columns where name = 'Responsible.Agency'") == [(1,)]
