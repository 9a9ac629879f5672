"""What has changed, gone or been numbered anew since a client last asked."""

import pytest

from tests.cities import readers
from tests.cities.model import DAY, Model
from tests.cities.pages import API, SQL
from tests.cities.platforms.carto import NAME
from tests.cities.readers import WEB, ask, incidents, signed_in, truth
from tests.cities.server import City
from tests.cities.times import utc

ROWS = 130


def changed_model() -> Model:
    """A two-year-old request is closed an hour after everything else was written."""
    model = Model(rows=ROWS)
    model.insert(id="old", requested=model.now - 730 * DAY, status="open", closed=None, updated=model.now - 729 * DAY)
    model.pass_time(3600)
    return model


def open311_changes(city: City, since: int) -> set[str]:
    return {row["service_request_id"] for row in readers.requests(city, updated_after=utc(since))}


def carto_changes(city: City, since: int) -> set[str]:
    q = f"SELECT service_request_id AS id FROM {NAME} WHERE updated_datetime >= '{utc(since)}' LIMIT 1000"
    return {row["id"] for row in ask(city, SQL, q=q).json()["rows"]}


CHANGES = {
    "open311": open311_changes,
    "socrata": lambda city, since: set(readers.socrata(city, where=f":updated_at >= '{utc(since)}'")),
    "arcgis": lambda city, since: set(
        readers.arcgis(city, where=f"LASTEDITED >= timestamp '{utc(since)[:19].replace('T', ' ')}'")
    ),
    "carto": carto_changes,
    "dataverse": lambda city, since: set(readers.dataverse(city, query=f"$filter=modifiedon ge {utc(since)}")),
}


@pytest.mark.parametrize("platform", CHANGES)
def test_the_late_closing_of_an_old_request_is_among_the_changes(platform):
    with City(changed_model(), platform) as city:
        assert CHANGES[platform](city, city.model.now) == set()
        city.model.close("old")
        assert CHANGES[platform](city, city.model.now) == {"old"}


def test_open311_without_changes_tells_the_old_request_only_by_its_id():
    with City(changed_model(), "open311", updated_after=False) as city:
        city.model.close("old")
        assert "old" not in open311_changes(city, city.model.now)
        rows = readers.requests(city, service_request_id="001,old")
        assert {row["service_request_id"]: row["status"] for row in rows}["old"] == "closed"
        assert [row["service_request_id"] for row in ask(city, "/open311/v2/requests/old.json").json()] == ["old"]


def test_a_replace_storm_touches_every_row_and_changes_none():
    with City(Model(rows=ROWS), "socrata") as city:
        before = readers.socrata(city)
        city.model.pass_time(3600)
        city.model.touch_all()
        assert readers.socrata(city) == readers.socrata(city, where=f":updated_at >= '{utc(city.model.now)}'") == before


@pytest.mark.parametrize("platform", ["arcgis", "ckan", "carto"])
def test_a_reload_gives_the_same_rows_other_numbers(platform):
    with City(Model(rows=ROWS), platform) as city:
        read, before = getattr(readers, platform), {case.id: case.number for case in city.model}
        city.model.renumber()
        assert read(city) == truth(city.model)
        assert sum(before[case.id] == case.number for case in city.model) < 10


def delta(city: City, link: str, headers: dict) -> tuple[set[str], set[tuple[str, str]], str]:
    """What is new, what is gone and why, and the next link."""
    rows, doc = incidents(city, link, headers)
    gone = {(row["id"], row["reason"]) for row in rows if "$deletedEntity" in row.get("@odata.context", "")}
    return {row["ticketnumber"] for row in rows if "ticketnumber" in row}, gone, doc["@odata.deltaLink"]


def tracked(city: City) -> tuple[dict[str, str], str, dict]:
    """ticketnumber → guid of the whole set, the delta link, and the headers for it."""
    headers = signed_in(city) | {"Prefer": "odata.maxpagesize=7,odata.track-changes"}
    rows, doc = incidents(city, f"{city.url}{API}incidents?$select=ticketnumber", headers)
    return {row["ticketnumber"]: row["incidentid"] for row in rows}, doc["@odata.deltaLink"], headers


def test_dataverse_tells_changes_and_deletions_since_a_delta_link():
    with City(Model(rows=40), "dataverse") as city:
        guids, link, headers = tracked(city)
        assert delta(city, link, headers)[:2] == (set(), set())
        changed = list(city.model.rows)[:12]
        for id in changed:
            city.model.update(id, description="seen")
        city.model.delete("JOB_14")
        city.model.delete("JOB_19", reason="changed")
        city.model.delete("JOB_24")
        city.model.insert(id="JOB_24")  # the id is used again: for Dataverse another incident
        new, gone, following = delta(city, link, headers)
        assert new == {*changed, "JOB_24"}
        assert gone == {(guids["JOB_14"], "deleted"), (guids["JOB_19"], "changed"), (guids["JOB_24"], "deleted")}
        assert delta(city, following, headers)[:2] == (set(), set())


@pytest.mark.parametrize("answer", ["410", "full"])
def test_an_old_delta_link_is_refused_or_answered_with_everything(answer):
    with City(Model(rows=40), "dataverse", expired_delta=answer) as city:
        _, link, _ = tracked(city)
        city.model.pass_time(31 * DAY)
        headers = signed_in(city)
        if answer == "410":
            assert WEB.get(link, headers=headers).status_code == 410
        else:
            assert delta(city, link, headers)[0] == set(city.model.rows)


def test_dataverse_goes_on_after_the_last_row_when_rows_before_it_vanish():
    with City(Model(rows=40), "dataverse") as city:
        headers = signed_in(city) | {"Prefer": "odata.maxpagesize=10"}
        doc = WEB.get(f"{city.url}{API}incidents?$orderby=ticketnumber", headers=headers).json()
        first = [row["ticketnumber"] for row in doc["value"]]
        city.model.delete(first[0])
        rest, _ = incidents(city, doc["@odata.nextLink"], headers)
        assert [*first, *(row["ticketnumber"] for row in rest)] == sorted({*city.model.rows, first[0]})


def test_dataverse_labels_its_options_for_those_who_ask():
    with City(Model(rows=5), "dataverse") as city:
        headers = signed_in(city)
        select = {"$select": "ticketnumber,cgl_servicegroup"}
        plain = ask(city, f"{API}incidents", headers, **select).json()["value"][0]
        assert set(plain) == {"@odata.etag", "ticketnumber", "cgl_servicegroup", "incidentid"}
        annotated = headers | {"Prefer": 'odata.include-annotations="*"'}
        row = ask(city, f"{API}incidents", annotated, **select).json()["value"][0]
        label = row["cgl_servicegroup@OData.Community.Display.V1.FormattedValue"]
        assert label == city.model.rows[row["ticketnumber"]].service_group
        path = "EntityDefinitions(LogicalName='incident')/Attributes(LogicalName='cgl_servicegroup')"
        options = ask(city, f"{API}{path}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata", headers).json()
        labels = {one["Value"]: one["Label"]["UserLocalizedLabel"]["Label"] for one in options["OptionSet"]["Options"]}
        assert labels[row["cgl_servicegroup"]] == label
