"""Real files of real cities, where they are at hand: they run, sign off, pass the gate, and nothing is lost on the way."""

import csv
from pathlib import Path

import duckdb
import pytest

from tests.town import Said, ask, cityglass

DATA = Path(__file__).parents[3] / "shared" / "data"
READY = Path(__file__).parents[2] / "etl" / "cities"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the cities' real files are not at hand (../shared/data)")
FATES = ("released", "waiting", "withheld", "quarantined", "erased", "deleted_upstream")
SIGNED = ("--sign-off", "Ana Diaz, data officer")


def run(folder: Path, city: str, *words: str, **files: Path) -> Said:
    """`cityglass run` of a ready city with real files in place of its sources."""
    reads = [word for source, path in files.items() for word in ("--from", f"{source}={path}")]
    return cityglass("run", "--city", READY / f"{city}.yml", "--data", folder, "--json", *words, *reads)


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


def test_every_story_of_the_archive_is_told_and_every_other_card_is_counted(boston):
    with (DATA / "stories" / "lcoh.csv").open(encoding="utf-8-sig", newline="") as file:
        cards = list(csv.DictReader(file))
    told = [card for card in cards if card["display_template"] in ("transcript", "record")]
    empty = [card for card in told if card["description"].strip().lower() in ("", "n/a")]
    [line] = served(boston, "select read, released, quarantined from completeness where dataset = 'stories'")
    assert tuple(line.values()) == (len(told), len(told) - len(empty), len(empty))
    assert served(boston, "select count(*) as n from stories") == [{"n": len(told) - len(empty)}]
    aside = served(boston, "select rows from quality_reasons where dataset = 'stories' and kind = 'set_aside'")
    assert aside == [{"rows": len(cards) - len(told)}]
