"""ArcGIS: layers are read by their object ids up to the highest one of the moment, and the server's count proves it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from etl.secrets import Secret
from etl.sources import arcgis
from etl.sources.page import page_of
from hub.errors import ConfigurationError, SourceError
from hub.layout import check_layout
from tests.cities.faults import ALWAYS
from tests.cities.model import DAY, Model
from tests.cities.platforms.arcgis import SERVICE, ArcGIS
from tests.cities.server import City
from tests.sources.reading import asked, parts, read, read_until_killed, resumed, talking

ROWS, CAP = 130, 40
COLUMNS = ["SERVICEREQUESTID", "SERVICEORDERSTATUS", "ADDDATE", "RESOLUTIONDATE", "geometry.long", "geometry.lat"]
LAYER = f"{SERVICE}/0"
RECORDED = Path(__file__).parents[3] / "shared/data"


@pytest.fixture
def city():
    with City(Model(rows=ROWS), "arcgis", cap=CAP) as city:
        yield city


def request(city, place=LAYER, columns=COLUMNS, **more):
    return asked(city, place, columns, **more)


def pages_of(city) -> list:
    return [one for one in city.log if "resultRecordCount=" in one.everything and " DESC" not in one.everything]


def test_every_row_of_a_layer_arrives_once(city):
    found = read(arcgis, city, request(city))
    assert [row["SERVICEREQUESTID"] for row in found.rows] == list(city.model.rows)
    assert found.proven_by == {"count"} and found.proofs[0].expected == ROWS


def test_dates_are_the_digits_that_the_server_sent_and_places_are_degrees(city):
    found = {row["SERVICEREQUESTID"]: row for row in read(arcgis, city, request(city)).rows}
    for case in city.model:
        row = found[case.id]
        assert row["ADDDATE"] == str(case.requested * 1000)
        assert row["RESOLUTIONDATE"] == (str(case.closed * 1000) if case.closed else None)
        assert row["geometry.lat"] == (None if case.lat is None else str(case.lat))


def test_only_allow_listed_columns_are_asked_for_and_come_out(city):
    found = read(arcgis, city, request(city))
    assert found.columns == set(COLUMNS)
    for one in pages_of(city):
        assert one.query["outFields"] == "SERVICEREQUESTID,SERVICEORDERSTATUS,ADDDATE,RESOLUTIONDATE,OBJECTID"
    read(arcgis, city, request(city, columns=COLUMNS[:2]))
    assert pages_of(city)[-1].query["returnGeometry"] == "false"


@pytest.mark.parametrize("pages", [1, 2, 4])
def test_after_a_kill_it_goes_on_behind_the_last_stored_page(city, pages):
    whole = read(arcgis, city, request(city)).rows
    [part] = parts(arcgis, city, request(city))
    before, resume = read_until_killed(arcgis, city, request(city), part, pages)
    city.log.clear()
    after = resumed(arcgis, city, request(city), part, resume)
    assert before.rows + after.rows == whole and after.proven_by == {"count"}
    assert not [one for one in pages_of(city) if one.query["where"].startswith("OBJECTID <=")]


def test_rows_that_come_in_meanwhile_are_left_for_the_next_reading(city):
    city.faults("inserted", 3, page=5)
    found = read(arcgis, city, request(city))
    assert len(found.rows) == ROWS and found.proven_by == {"count"}


def test_a_layer_that_shrinks_while_it_is_read_is_not_proved(city):
    city.faults("meanwhile", lambda model: model.delete("001"), page=6)
    assert read(arcgis, city, request(city)).proven_by == {""}


def test_an_empty_layer_is_proved_empty():
    with City(Model(rows=0), "arcgis") as city:
        found = read(arcgis, city, request(city))
        assert not found.pages and found.proofs[0].proven_by == "count" and found.proofs[0].expected == 0


# Page 1 of the path is the highest id, page 2 what is above it, page 3 the count, page 4 the first rows.
OVERCOME = {
    "an empty page": ("empty", (), {"page": 5}),
    "an empty answer for the highest id": ("empty", (), {"page": 1}),
    "a short page": ("short", (7,), {"page": 5, "times": ALWAYS}),
    "the page before once more": ("duplicates", (), {"page": 5}),
    "every page one too late": ("duplicates", (), {"has": "OBJECTID >"}),
    "pages capped in silence": ("capped", (7,), {}),
    "one row at a time": ("capped", (1,), {"has": "OBJECTID >= 79"}),
    "more rows announced, none sent": ("empty", (), {"has": " 40 AND OBJECTID <= 130&resultRecordCount=40"}),
    "nothing said of more rows": ("last_page", (), {"has": "resultRecordCount"}),
    "an error object under 200": ("error_object", (500,), {"page": 5}),
    "a page for people": ("html", (), {"page": 5}),
    "still processing": ("says", ({"status": "Processing", "processingTime": "1.5 seconds"},), {"page": 5}),
    "features without attributes": ("says", ({"features": [{"geometry": None}]},), {"page": 5}),
    "features that are no list": ("says", ({"features": None},), {"page": 5}),
    "too many questions, under 200": ("error_object", (429, "Too many requests. Retry after 0 sec."), {"page": 5}),
}


@pytest.mark.parametrize("fault", OVERCOME)
def test_what_the_server_does_wrong_once_or_in_silence_is_overcome(city, fault):
    word, values, when = OVERCOME[fault]
    city.faults(word, *values, **when)
    found = read(arcgis, city, request(city))
    assert city.faults.happened
    assert [row["SERVICEREQUESTID"] for row in found.rows] == list(city.model.rows) and found.proven_by == {"count"}


ONE_ROW = {"features": [{"attributes": {"OBJECTID": 1, "SERVICEREQUESTID": "001"}}]}
UNPROVED = {
    "an empty page that stays empty": ("empty", (), {"has": "OBJECTID >"}),
    "rows skipped": ("shifted", (3,), {"page": 5}),
    "the same page whatever is asked": ("says", (ONE_ROW,), {"has": "resultRecordCount=40"}),
    "a count that is too high": ("counted", (5,), {"has": "returnCountOnly"}),
    "the layer is published anew": ("meanwhile", (Model.renumber,), {"page": 6}),
}


@pytest.mark.parametrize("fault", UNPROVED)
def test_what_is_lost_for_good_is_no_success(city, fault):
    word, values, when = UNPROVED[fault]
    city.faults(word, *values, **when)
    found = read(arcgis, city, request(city))
    assert found.proven_by == {""} and found.proofs[0].why
    assert len(city.log) < 40


def test_a_layer_that_was_published_anew_after_a_kill_is_not_taken_for_the_old_one(city):
    [part] = parts(arcgis, city, request(city))
    _, resume = read_until_killed(arcgis, city, request(city), part, 2)
    city.model.renumber()
    after = resumed(arcgis, city, request(city), part, resume)
    assert after.proofs[0].why == "the layer was numbered anew while it was read"


def test_an_error_object_under_200_is_told_in_the_server_s_words(city):
    city.faults("error_object", 400, "'where' clause is invalid")
    with pytest.raises(SourceError, match=r"'where' clause is invalid \(400\)"):
        read(arcgis, city, request(city))


def test_a_token_travels_in_a_header_and_its_lack_names_the_setting():
    with City(Model(rows=5), "arcgis", token="only-for-the-city") as city:
        with pytest.raises(SourceError, match=r"Token Required \(499\); set sources.requests.credentials"):
            read(arcgis, city, request(city))
        assert (
            len(
                read(
                    arcgis, city, request(city, secret=Secret("sources.requests.credentials", "only-for-the-city"))
                ).rows
            )
            == 5
        )
        assert not [one for one in city.log if "only-for-the-city" in one.everything]


def test_a_question_too_long_for_an_address_is_posted(city, monkeypatch):
    monkeypatch.setattr(arcgis, "LONGEST", 150)
    assert len(read(arcgis, city, request(city)).rows) == ROWS
    assert {one.method for one in pages_of(city)} == {"POST"}


class Unsorted(ArcGIS):
    """A server that does not sort, and gives whole pages only."""

    def query(self, asked, given):
        return super().query(asked, given | {"orderByFields": "", "resultRecordCount": ""})

    def answer(self, asked):
        if asked.path == f"{LAYER}/query":
            return self.query(asked, asked.form)
        return super().answer(asked)


def test_a_server_that_does_not_sort_is_read_to_its_end_all_the_same(city):
    city.platform = Unsorted(city.model, cap=CAP)
    found = read(arcgis, city, request(city))
    assert [row["SERVICEREQUESTID"] for row in found.rows] == list(city.model.rows) and found.proven_by == {"count"}


class Yearly(ArcGIS):
    """One layer a year: 0 and 1, and each of them has its own object ids."""

    years: ClassVar = {}

    def answer(self, asked):
        number = asked.path.removeprefix(SERVICE)[1:2]
        asked.__dict__["path"] = asked.path.replace(f"{SERVICE}/{number}", LAYER)
        return (self.years[number] if number in self.years else super()).answer(asked)


def test_several_layers_are_parts_of_one_source(city):
    older = Model(rows=0, seed=2)
    for number in range(50):
        older.insert(id=f"old {number}")
    city.platform = Yearly(city.model, cap=CAP)
    city.platform.years = {"1": ArcGIS(older, cap=CAP)}
    both = replace(request(city), location=(city.url + LAYER, f"{city.url}{SERVICE}/1", f"{city.url}{LAYER}/"))
    assert [part.name for part in parts(arcgis, city, both)] == [
        "ServiceRequests/FeatureServer/0",
        "ServiceRequests/FeatureServer/1",
    ]
    found = read(arcgis, city, both)
    assert {row["SERVICEREQUESTID"] for row in found.rows} == {*city.model.rows, *older.rows}
    assert [proof.expected for proof in found.proofs] == [ROWS, 50]


def test_the_time_of_the_last_edit_is_the_layer_s_fingerprint_once_it_has_passed(city):
    """What is edited now may be followed by an edit in the same second."""
    edited = city.model.now
    assert parts(arcgis, city, request(city))[0].fingerprint == ""
    city.model.pass_time(DAY)
    first, again = (parts(arcgis, city, request(city))[0] for _ in range(2))
    assert first == again and first.fingerprint == str(edited * 1000)
    city.model.close("JOB_4")
    city.model.pass_time(DAY)
    assert parts(arcgis, city, request(city))[0].fingerprint == str((edited + DAY) * 1000)


def test_changes_bring_exactly_what_was_edited(city):
    since = city.model.now + 1
    city.model.pass_time(DAY)
    city.model.close("JOB_4")
    new = city.model.insert()
    found = read(arcgis, city, request(city, since=since, layout={"changed_field": "lastedited"}), changed=True)
    assert {row["SERVICEREQUESTID"] for row in found.rows} == {"JOB_4", new.id} and found.proven_by == {"count"}


class Tracked(ArcGIS):
    """A layer that keeps track of its editors, on a server that reckons in another zone."""

    def answer(self, asked):
        answer = super().answer(asked)
        answer.doc["editFieldsInfo"] = {"editDateField": "LASTEDITED"}
        answer.doc["dateFieldsTimeReference"] = {"timeZone": "Eastern Standard Time", "respectsDaylightSaving": True}
        return answer


def test_a_layer_that_names_its_edit_date_needs_no_setting(city):
    city.platform = Tracked(city.model, cap=CAP)
    [part] = parts(arcgis, city, request(city, since=city.model.now), changed=True)
    assert part.name.endswith("since 2024-07-01T12:00:00Z")
    assert part.ask["where"] == "LASTEDITED >= TIMESTAMP '2024-06-30 12:00:00'"  # a day earlier, for the zone


def test_a_layer_without_an_edit_date_cannot_tell_changes(city):
    assert parts(arcgis, city, request(city, since=city.model.now), changed=True) is None


def test_a_wrong_changed_field_is_answered_with_the_right_ones(city):
    layout = check_layout({"changed_field": "STATUS"}, "city.yml: sources.requests.layout", None)
    with pytest.raises(ConfigurationError, match=r"changed_field is 'STATUS'") as refused:
        parts(arcgis, city, request(city, since=1, layout=layout), changed=True)
    assert "ADDDATE, RESOLUTIONDATE, SERVICEDUEDATE, LASTEDITED" in refused.value.cure


FORMS = [LAYER, f"{LAYER}/", f"{LAYER}/query?where=1%3D1&outFields=*", f"{LAYER}?f=pjson", SERVICE]


@pytest.mark.parametrize("place", FORMS)
def test_every_usual_form_of_the_address_is_understood(city, place):
    assert arcgis.recognises(city.url + place)
    assert len(read(arcgis, city, request(city, place)).rows) == ROWS


@pytest.mark.parametrize("more", ["", "&sublayer=0"])
def test_an_item_s_page_is_followed_to_its_service(city, more):
    city.faults("says", {"id": "ab12", "url": f"{city.url}{SERVICE}"}, has="/sharing/rest/content/items/ab12")
    assert len(read(arcgis, city, request(city, f"/home/item.html?id=ab12{more}")).rows) == ROWS


def test_an_item_that_is_no_service_is_named(city):
    city.faults("says", {"id": "ab12", "url": None}, has="/sharing/rest/content/items/ab12")
    with pytest.raises(ConfigurationError, match=r"item\.html"):
        parts(arcgis, city, request(city, "/home/item.html?id=ab12"))


@pytest.mark.parametrize("place", ["/datasets/city::311-requests/about", "/arcgis/rest/services"])
def test_another_address_is_answered_with_where_to_find_the_right_one(city, place):
    with pytest.raises(ConfigurationError) as refused:
        parts(arcgis, city, request(city, place))
    assert city.url + place in refused.value.message and "View API resources" in refused.value.cure


def test_a_service_of_several_layers_is_answered_with_their_list(city):
    two = {
        "layers": [
            {"id": 1, "name": "2023"},
            {"id": 2, "name": "2024"},
            {"id": 0, "name": "all", "type": "Group Layer"},
        ]
    }
    city.faults("says", two)
    with pytest.raises(ConfigurationError) as refused:
        parts(arcgis, city, request(city, SERVICE))
    assert "/1 2023; /2 2024" in refused.value.cure


def test_a_missing_id_column_is_refused_with_the_columns_that_there_are(city):
    with pytest.raises(SourceError, match=r"no column for 'CASE_ID'.*SERVICEREQUESTID"):
        parts(arcgis, city, request(city, columns=["CASE_ID"]))


def test_the_probe_tells_the_columns_and_changes_nothing(city):
    version = city.model.version
    with talking(city, request(city)) as http:
        told = arcgis.probe(replace(request(city), http=http))
    assert {"SERVICEREQUESTID", "OBJECTID", "geometry.long", "geometry.lat"} <= set(told["columns"])
    assert city.model.version == version and {one.method for one in city.log} == {"GET"}


RECORDINGS = {  # of the three shapes an answer can have: rows of a layer, a list of places, a file still being made
    "arcgis_fixtures/liveSamResponse.json": "features",
    "arcgis_fixtures/findAddressCandidates.json": None,
    "dc311/arcgis_download_still_processing.json": None,
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_answers_are_taken_for_what_they_are(city, name):
    if not (RECORDED / name).exists():
        pytest.skip("the recorded answers are not on this machine")
    said, has_rows = json.loads((RECORDED / name).read_bytes()), RECORDINGS[name]
    asking = request(city, columns=["SAM_ADDRESS_ID", "WARD", "geometry.long"])
    assert bool(arcgis._wrong(asking, said, "features")) != bool(has_rows)
    if has_rows:
        page = page_of(asking, [arcgis._row(feature) for feature in said["features"]], 2)
        assert set(page.rows.column_names) == {"SAM_ADDRESS_ID", "WARD", "geometry.long"}
        assert page.rows.num_rows == len(said["features"]) and not page.rejected
        assert not any(column.null_count for column in page.rows.select(["SAM_ADDRESS_ID", "geometry.long"]).columns)
