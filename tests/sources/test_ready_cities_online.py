"""Every ready city, read from a system that speaks as that city's does: its own file, and only the address is another."""

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from etl.canonical import flags_of
from etl.sources.page import plain
from tests.cities.ready import STRANGE, running
from tests.cities.server import City
from tests.ready import FOLDER, READY, both, city
from tests.town import ask, cityglass

ROWS = 240
FATES = ("released", "waiting", "withheld", "quarantined", "erased", "deleted_upstream")
SECOND = [slug for slug in READY if len(both(slug)) > 1]


def let_in(monkeypatch, slug: str, system: City) -> None:
    """Set what the city's file names as its credentials."""
    if name := city(slug).sources["requests"].credentials:
        told = {"tenant": "made-up-tenant", "client_id": "made-up-client", "client_secret": "made-up-secret"}
        lines = (f"{key}: {value}" for key, value in (told | {"login": system.url}).items())
        monkeypatch.setenv(name, "\n".join(lines))


def held(data: Path) -> dict[str, dict]:
    """id -> what the vault holds of it."""
    names = ("service_request_id", "service_name", "status", "requested_datetime", "closed_datetime", "lat", "long")
    with closing(duckdb.connect(str(data / "private" / "vault.duckdb"))) as con:
        rows = con.execute(f"select {', '.join((*names, 'flags'))} from records_service_requests").fetchall()
    return {row[0]: dict(zip((*names[1:], "flags"), row[1:], strict=True)) for row in rows}


def is_told_truly(system: City, data: Path, by_number: bool = False) -> None:
    """Every request of the city stands in the vault as the city has it."""
    found = held(data)
    for case in system.model:
        row = found.pop(str(case.number) if by_number else case.id)
        assert set(flags_of(row.pop("flags"))) <= {"unknown_disposition"}
        assert row == {
            "service_name": case.service_name,
            "status": case.status,
            "requested_datetime": case.requested,
            "closed_datetime": case.closed,
            "lat": case.lat,
            "long": case.long,
        }
    assert found == {}


def is_published_and_adds_up(data: Path) -> None:
    [line] = ask(
        data / "public" / "current" / "city.db", "select * from completeness where dataset = 'service_requests'"
    )
    assert (line["rows_read"], line["read"]) == (ROWS, ROWS)
    assert line["read"] == sum(line[fate] for fate in FATES)
    assert (
        line["withheld"] >= ROWS / 10 and line["released"] > ROWS / 2
    )  # what no policy names is withheld, and counted
    told = ask(
        data / "public" / "current" / "city.db", "select distinct service_name, disposition from service_requests"
    )
    assert STRANGE not in {row["service_name"] for row in told}


@pytest.mark.parametrize("slug", READY)
def test_a_ready_city_is_checked_and_run_from_its_file_with_only_the_address_given(slug, tmp_path, monkeypatch):
    with running(slug, rows=ROWS) as system:
        let_in(monkeypatch, slug, system)
        words = ("--city", FOLDER / f"{slug}.yml", "--data", tmp_path, "--from", f"requests={system.url}", "--json")
        checked = cityglass("check", *words)
        assert checked.code == 0, checked.out
        ran = cityglass("run", *words, "--sign-off", "Ana Diaz, data officer")
        assert ran.code == 0, ran.out
    is_told_truly(system, tmp_path)
    is_published_and_adds_up(tmp_path)
    fates = checked.json["data"]["sources"]["requests"]
    assert not [fate["column"] for fate in fates if fate["received"] and "reporter" in fate["column"].lower()]
    named = {plain(given[0]) for given in city(slug).sources["requests"].fields.values() if given}
    unread = {plain(given) for given in city(slug).sources["requests"].fields.get("description", [])}
    assert named - unread <= {plain(fate["column"]) for fate in fates if fate["received"]}


@pytest.mark.parametrize("slug", SECOND)
def test_where_the_first_system_of_a_ready_city_is_gone_its_second_one_is_read(slug, tmp_path, monkeypatch):
    with running(slug, second=True, rows=ROWS) as system:
        text = (FOLDER / f"{slug}.yml").read_text("utf-8")
        for source in both(slug):
            scheme, _, rest = source.location[0].partition("://")
            text = text.replace(f"{scheme}://{rest.partition('/')[0]}", system.url)
        (tmp_path / "city.yml").write_text(text, "utf-8")
        words = ("--city", tmp_path / "city.yml", "--data", tmp_path / "data", "--json")
        ran = cityglass("run", *words, "--sign-off", "Ana Diaz, data officer")
        assert ran.code == 0, ran.out
    [pulled] = ran.json["data"]["sources"]
    first, second = both(slug)
    assert f"{first.adapter} failed" in pulled["notice"] and f"{second.adapter} was read" in pulled["notice"]
    is_told_truly(system, tmp_path / "data", by_number=second.adapter == "seeclickfix")
    is_published_and_adds_up(tmp_path / "data")
