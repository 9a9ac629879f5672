"""Pages that are empty, short, capped, shifted or chained wrongly: careless clients lose rows without noticing."""

import pytest

from tests.cities import readers
from tests.cities.model import Model
from tests.cities.pages import SODA, ids, page
from tests.cities.readers import LAYER, WEB, ask, incidents, signed_in, truth
from tests.cities.server import City

ROWS = 100


def naive(city: City, size: int = 20) -> list[str]:
    """Stops at the first page that is shorter than it asked for."""
    read, number = [], 1
    while number < 30:
        found = ids(page(city, number, size))
        read += found
        if len(found) < size:
            break
        number += 1
    return read


def test_a_naive_client_reads_everything_of_a_good_city(city):
    assert sorted(naive(city)) == sorted(city.model.rows)


LOSSES = {
    "capped": (("capped", 15), 85),
    "empty": (("empty",), 80),
    "short": (("short", 19), 41),
    "duplicates": (("duplicates",), 20),
    "first_again": (("first_again",), 20),
    "doubled": (("doubled",), 1),
    "shifted": (("shifted", 3), 3),
}


@pytest.mark.parametrize("word", LOSSES)
def test_a_naive_client_loses_rows_without_noticing(city, word):
    fault, lost = LOSSES[word]
    place = {"has": ""} if word == "capped" else {"page": 3 if word == "short" else 2}
    city.faults(*fault, **place)
    read = naive(city)
    if word == "empty":
        assert len(read) == 20
    assert len(set(city.model.rows) - set(read)) == lost
    assert all(asked.status == 200 for asked in city.log)


def test_a_silent_cap_keeps_a_patient_client_whole(city):
    city.faults("capped", 15)
    assert readers.open311(city, size=1000) == truth(city.model)


def test_paging_is_ignored(city):
    city.faults("paging_ignored")
    assert ids(page(city, 1)) == ids(page(city, 2)) == ids(page(city, 7))
    with City(Model(rows=ROWS), "socrata") as other:
        other.faults("paging_ignored")
        pages = [ask(other, SODA, **{"$order": ":id", "$limit": 9, "$where": f":id > '{id}'"}) for id in ("a", "s")]
        assert pages[0].json() == pages[1].json() != []


def test_a_page_that_shifts_back_brings_rows_again_and_loses_as_many(city):
    city.faults("shifted", -3, page=2)
    read = naive(city)
    assert len(read) == ROWS and len(set(read)) == ROWS - 3
    assert read[17:20] == read[20:23]


def test_rows_that_come_in_while_pages_are_read_push_others_onto_the_next_page(city):
    city.faults("inserted", 3, page=2)
    read = naive(city)
    assert len(read) == ROWS + 3 and len(set(read)) == ROWS and len(city.model.rows) == ROWS + 3


def test_a_row_that_goes_while_pages_are_read_pulls_another_one_past_the_reader(city):
    newest = max(city.model, key=lambda case: case.requested).id
    city.faults("meanwhile", lambda model: model.delete(newest), page=2)
    lost = set(city.model.rows) - set(naive(city))
    assert len(lost) == 1 and newest not in city.model.rows


def test_keyset_reading_loses_nothing_when_rows_go_in_between():
    with City(Model(rows=ROWS), "arcgis") as city:
        city.faults("meanwhile", lambda model: model.delete("001"), page=2)
        assert set(readers.arcgis(city)) - {"001"} == set(city.model.rows)
        assert city.faults.happened == [("meanwhile", 2)]


def test_reading_by_offset_without_an_order_loses_rows():
    with City(Model(rows=ROWS), "socrata") as city:
        pages = [ask(city, SODA, **{"$limit": 25, "$offset": n * 25}).json() for n in range(4)]
        read = [row["sr_number"] for rows in pages for row in rows]
        assert len(read) == ROWS > len(set(read))


def test_an_arcgis_page_may_be_empty_with_more_to_come():
    with City(Model(rows=ROWS), "arcgis", cap=20) as city:
        city.faults("empty", page=1)
        doc = ask(city, f"{LAYER}/query", f="json", where="1=1").json()
        assert doc["features"] == [] and doc["exceededTransferLimit"]


def test_the_chain_of_links_ends_too_early_loops_or_leads_elsewhere():
    with City(Model(rows=ROWS), "dataverse") as city:
        headers = signed_in(city) | {"Prefer": "odata.maxpagesize=30"}
        start = f"{city.url}/api/data/v9.2/incidents"
        city.faults("last_page", page=2)
        assert len(incidents(city, start, headers)[0]) == 60
        for where, link in {
            "loop": start,
            "relative": "/api/data/",
            "http://localhost:9": "http://localhost:9/",
        }.items():
            city.faults("next_link", where, page=1)
            assert WEB.get(start, headers=headers).json()["@odata.nextLink"].startswith(link)


def test_a_count_is_wrong():
    with City(Model(rows=ROWS), "socrata") as city:
        city.faults("counted", 5)
        assert ask(city, SODA, **{"$select": "count(*)"}).json() == [{"count": "105"}]
    with City(Model(rows=ROWS), "arcgis") as city:
        city.faults("counted", -5)
        assert ask(city, f"{LAYER}/query", f="json", where="1=1", returnCountOnly="true").json() == {"count": 95}


def test_a_token_expires_in_the_middle_of_a_run():
    with City(Model(rows=ROWS), "dataverse") as city:
        headers = signed_in(city) | {"Prefer": "odata.maxpagesize=30"}
        city.faults("token_expired", page=2)
        first = WEB.get(f"{city.url}/api/data/v9.2/incidents", headers=headers).json()
        assert WEB.get(first["@odata.nextLink"], headers=headers).status_code == 401
        again = headers | signed_in(city)
        assert len(incidents(city, first["@odata.nextLink"], again)[0]) == 70


def test_one_child_of_legistar_fails_for_ever():
    model = Model()
    model.council.fill(matters=5, meetings=2)
    first, second = (meeting.items[1].id for meeting in model.council.meetings.values())
    with City(model, "legistar") as city:
        city.faults("status", 500, "cast to value type 'System.Int32' failed", has=f"/eventitems/{first}/votes")
        paths = [f"/v1/larkhaven/eventitems/{id}/votes" for id in (first, first, second)]
        assert [ask(city, path).status_code for path in paths] == [500, 500, 200]
