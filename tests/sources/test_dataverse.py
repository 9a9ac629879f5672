"""Dataverse: a table is read along its links to a delta link, which afterwards tells what changed and what is gone."""

from dataclasses import replace
from itertools import islice

import pytest

from etl.http import Refused
from etl.secrets import Secret
from etl.sources import dataverse, odata
from etl.sources.page import Part, Resume
from hub.errors import ConfigurationError, SourceError
from tests.cities.faults import ALWAYS
from tests.cities.model import DAY, Model
from tests.cities.platforms import dataverse as platform
from tests.cities.platforms.dataverse import incident
from tests.cities.platforms.dataverse_schema import Described
from tests.cities.server import City
from tests.sources.reading import Reading, asked, read, read_until_killed, resumed, talking

ROWS, PAGE = 130, 40
COLUMNS = [
    "incidentid",
    "ticketnumber",
    "statuscode",
    "statuscode@label",
    "createdon",
    "_owningbusinessunit_value@label",
]
CONTACTS = {"emailaddress", "cgl_telephone", "_customerid_value", "description"}
TABLE = "/api/data/v9.2/incidents"
LIST = "/main.aspx?appid=1b3c&pagetype=entitylist&etn=incident&viewid=77"


def started(rows=ROWS, **options):
    city = City(Model(rows=rows), "dataverse")
    city.platform = Described(city.model, **options)
    return city


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    """Pages of 40, so that few rows make a chain, and a count that ends there, as that of the real one does at 5000."""
    monkeypatch.setattr(odata, "PAGE_ROWS", PAGE)
    monkeypatch.setattr(dataverse, "PREFER", dataverse.PREFER.replace("=5000", f"={PAGE}"))
    monkeypatch.setattr(dataverse, "TRACKED", dataverse.TRACKED.replace("=5000", f"={PAGE}"))


@pytest.fixture
def uncounted(monkeypatch):
    """A table of more rows than the server counts."""
    monkeypatch.setattr(dataverse, "COUNTED", 0)


@pytest.fixture
def city():
    with started() as city:
        yield city


def credentials(city, **lines):
    given = {"tenant": "made-up-tenant", "client_id": "made-up-client", "client_secret": "made-up-secret"}
    given |= {"login": city.url} | lines
    return Secret(
        "sources.requests.credentials", "\n".join(f"{name}: {value}" for name, value in given.items() if value)
    )


def request(city, columns=COLUMNS, place=TABLE, **more):
    """What the runner asks: with what the probe told."""
    known, secret = more.pop("known", {}), more.pop("secret", None) or credentials(city)
    wanted = asked(city, place, columns, secret=secret, **more)
    with talking(city, wanted) as http:
        return replace(wanted, known=dataverse.probe(replace(wanted, http=http)) | known)


def changed(city, cursor, columns=COLUMNS, **more):
    """What changed since a delta link; None if only a reading of all tells."""
    wanted = request(city, columns, known={"changes_cursor": cursor}, **more)
    with talking(city, wanted) as http:
        found = dataverse.changes(replace(wanted, http=http))
    if found is None:
        return None
    [part] = found
    return resumed(dataverse, city, wanted, part, Resume())


def ids(found):
    return [row["incidentid"] for row in found.rows]


def deletes(found):
    return [key for page in found.pages for key in page.deletes]


def pages_of(city):
    return [one for one in city.log if one.path == TABLE and "$count" not in one.query]


def test_every_row_arrives_once_and_a_delta_link_with_them(city):
    found = read(dataverse, city, request(city))
    assert {row["ticketnumber"] for row in found.rows} == set(city.model.rows) and len(found.rows) == ROWS
    [proof] = found.proofs
    assert proof.proven_by == "count" and proof.expected == ROWS and "$deltatoken=" in proof.cursor


def test_a_table_larger_than_the_server_counts_is_proved_by_the_end_of_its_chain(city, uncounted):
    assert read(dataverse, city, request(city)).proven_by == {"next_link_end"}


def test_labels_of_options_and_names_behind_lookups_are_columns(city):
    found = {row["ticketnumber"]: row for row in read(dataverse, city, request(city)).rows}
    for case in city.model:
        row = found[case.id]
        assert row["statuscode@label"] == platform.STATUSES[int(row["statuscode"])]
        assert row["_owningbusinessunit_value@label"] == case.agency


def test_contact_fields_are_not_even_asked_for(city):
    found = read(dataverse, city, request(city))
    assert found.columns == set(COLUMNS)
    selected = {name for one in pages_of(city) for name in one.query["$select"].split(",")}
    assert selected == {"incidentid", "ticketnumber", "statuscode", "createdon", "_owningbusinessunit_value"}
    assert not selected & CONTACTS
    assert not [name for page in found.pages for name in page.dropped if "odata" in name.lower()]


def test_the_list_in_the_browser_is_the_same_table(city):
    assert ids(read(dataverse, city, request(city, place=LIST))) == ids(read(dataverse, city, request(city)))


@pytest.mark.parametrize("place", ["/api/data/v9.2", "/main.aspx?pagetype=dashboard", "/api/data/v9.2/incidents(1)/x"])
def test_an_address_without_a_table_is_answered_with_its_form(city, place):
    with pytest.raises(ConfigurationError) as refused:
        request(city, place=place)
    assert "https://ORG.crm.dynamics.com/api/data/v9.2/TABLE" in refused.value.cure


def test_a_table_that_is_not_there_is_named(city):
    with pytest.raises(SourceError, match="no table with EntitySetName eq 'cases'"):
        request(city, place="/api/data/v9.2/cases")


def test_the_probe_tells_the_columns_that_can_be_selected(city):
    columns = set(request(city).known["columns"])
    assert {*COLUMNS, "_customerid_value@label"} <= columns and "customerid" not in columns
    assert not columns & {"statuscodename", "to", "secret"} and {one.method for one in city.log[1:]} == {"GET"}


# A run that is broken off


@pytest.mark.parametrize("pages", [1, 2, 3, 4])
def test_after_a_kill_it_goes_on_behind_the_last_stored_page(city, pages):
    whole, part = read(dataverse, city, request(city)), Part("all", ask=_ask(city))
    before, resume = read_until_killed(dataverse, city, request(city), part, pages)
    city.log.clear()
    after = resumed(dataverse, city, request(city), part, resume)
    assert ids(before) + ids(after) == ids(whole) and after.proofs == whole.proofs
    assert not [one for one in pages_of(city) if "$skiptoken" not in one.query]


def _ask(city):
    wanted = request(city)
    [part] = dataverse.parts(wanted)
    return part.ask


def test_a_link_that_expired_while_the_run_was_broken_off_brings_all_again(city):
    wanted, part = request(city), Part("all", ask=_ask(city))
    _, resume = read_until_killed(dataverse, city, wanted, part, 2)
    city.faults("status", 410, has="$skiptoken", times=2)
    after = resumed(dataverse, city, wanted, part, resume)
    assert len(set(ids(after))) == ROWS and after.proven_by == {"count"}


def test_a_token_that_expires_in_the_middle_is_got_anew_in_silence(city):
    city.faults("token_expired", has="$skiptoken", times=1)
    found = read(dataverse, city, request(city))
    assert len(found.rows) == ROWS and found.proven_by == {"count"}
    assert city.faults.happened == [("token_expired", city.faults.happened[0][1])]


def test_tokens_that_last_only_for_a_page_are_enough(city):
    city.platform.token_seconds = 1
    wanted = request(city)
    for page in (2, 3, 4):
        city.faults("meanwhile", lambda model: model.pass_time(1), page=page)
    assert len(read(dataverse, city, wanted).rows) == ROWS
    assert len(city.faults.happened) == 3


def test_a_wrong_secret_is_asked_once_and_names_the_setting_only(city):
    with pytest.raises(Refused) as refused:
        request(city, secret=credentials(city, client_secret="not-the-secret"))
    assert "sources.requests.credentials" in refused.value.cure
    assert "not-the-secret" not in str(refused.value) and len(city.log) == 1


def test_the_secret_travels_in_no_address(city):
    read(dataverse, city, request(city))
    assert not [one for one in city.log if "made-up-secret" in one.target]
    assert {one.path for one in city.log if b"made-up-secret" in one.body} == {"/made-up-tenant/oauth2/v2.0/token"}


@pytest.mark.parametrize("lines", [{"tenant": ""}, {"client_secret": "", "client_id": ""}])
def test_credentials_that_lack_a_line_are_answered_with_its_name(city, lines):
    with pytest.raises(ConfigurationError) as refused:
        request(city, secret=credentials(city, **lines))
    assert all(name in refused.value.message for name in lines)


# Ends that are none


PASSING = {
    "an empty page": ("empty", (), {"page": 4}),
    "a short page": ("short", (7,), {"page": 4}),
    "the page before once more": ("duplicates", (), {"page": 4}),
    "a link that is left out": ("last_page", (), {"page": 3}),
    "a relative link": ("next_link", ("relative",), {"page": 3, "times": ALWAYS}),
    "an error object under 200": ("error_object", (), {"page": 3}),
    "a page for people": ("html", (), {"page": 3}),
    "pages capped in silence": ("capped", (7,), {}),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_overcome(city, uncounted, fault):
    word, values, when = PASSING[fault]
    wanted = request(city)
    city.faults(word, *values, **when)
    found = read(dataverse, city, wanted)
    assert city.faults.happened and len(found.rows) == len(set(ids(found))) == ROWS
    assert found.proven_by == {"next_link_end"} and found.proofs[0].cursor


LASTING = {
    "an empty page": ("empty", (), {"page": 4, "times": ALWAYS}),
    "a short page": ("short", (7,), {"page": 4, "times": ALWAYS}),
    "the page before once more": ("duplicates", (), {"page": 4, "times": ALWAYS}),
    "a link that is left out": ("last_page", (), {"page": 3, "times": ALWAYS}),
    "a link that leads back": ("next_link", ("loop",), {"page": 3, "times": ALWAYS}),
    "the first page for ever": ("paging_ignored", (), {}),
}


@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_stays_is_no_success(city, uncounted, fault):
    word, values, when = LASTING[fault]
    wanted = request(city)
    city.faults(word, *values, **when)
    [proof] = read(dataverse, city, wanted).proofs
    assert city.faults.happened and not proof.proven_by and proof.why and not proof.cursor
    assert len(city.log) < 30


def test_a_chain_that_leads_back_over_several_pages_comes_to_an_end(city):
    links, asked_for = [f"{city.url}/{n}" for n in range(3)], []

    def fetch(link):
        asked_for.append(link)
        assert len(asked_for) < 20, "an endless loop"
        n = links.index(link)
        return {"value": [{"incidentid": str(n)}], odata.NEXT: links[(n + 1) % 3]}

    walk = odata.walk(request(city), Resume(), odata.Chain(links[0], fetch))
    pages = list(islice(walk, 10))
    assert [page.rows["incidentid"].to_pylist() for page in pages] == [["0"], ["1"], ["2"]]


@pytest.mark.parametrize(("is_even", "proven_by"), [(True, ""), (False, "next_link_end")])
def test_pages_of_changes_may_be_of_any_length_and_pages_of_a_table_may_not(city, is_even, proven_by):
    sizes = [3, 1, 3, 2]

    def fetch(link):
        n = int(link[-1])
        follows = {odata.NEXT: f"{city.url}/{n + 1}"} if n < 3 else {}
        return {"value": [{"incidentid": f"{n}.{row}"} for row in range(sizes[n])]} | follows

    walk = odata.walk(request(city), Resume(), odata.Chain(f"{city.url}/0", fetch, is_even=is_even))
    found = Reading()
    while not found.proofs:
        try:
            found.pages.append(next(walk))
        except StopIteration as end:
            found.proofs.append(end.value)
    assert len(found.rows) == sum(sizes) and found.proven_by == {proven_by}


def test_rows_that_only_the_count_misses_are_missed(city):
    wanted = request(city)
    city.faults("shifted", 3, page=4)
    [proof] = read(dataverse, city, wanted).proofs
    assert not proof.proven_by and "the server counts 130" in proof.why


def test_a_short_page_before_a_kill_is_remembered_after_it(city, uncounted):
    wanted, part = request(city), Part("all", ask=_ask(city))
    city.faults("short", 7, has="$skiptoken", times=2)
    _, resume = read_until_killed(dataverse, city, wanted, part, 2)
    assert resumed(dataverse, city, wanted, part, resume).proven_by == {""}


def test_a_link_to_another_host_is_refused_and_nothing_is_sent_there(city):
    wanted = request(city)
    city.faults("next_link", "http://elsewhere.example", page=3, times=ALWAYS)
    with pytest.raises(SourceError, match=r"another host, elsewhere\.example"):
        read(dataverse, city, wanted)


# Changes


def test_changes_bring_exactly_what_changed_and_what_is_gone(city):
    first = read(dataverse, city, request(city)).proofs[0].cursor
    closed, gone = city.model.close("JOB_4"), city.model.rows["001"]
    city.model.delete("001")
    hidden = city.model.rows["JOB_9"]
    city.model.delete("JOB_9", reason="changed")
    new = city.model.insert()
    found = changed(city, first)
    assert set(ids(found)) == {incident(closed), incident(new)}
    assert set(deletes(found)) == {incident(gone), incident(hidden)}
    assert found.proven_by == {"next_link_end"}
    again = changed(city, found.proofs[0].cursor)
    assert not ids(again) and not deletes(again) and again.proven_by == {"next_link_end"}


def test_many_changes_are_read_along_their_links_whatever_the_length_of_their_pages(city, monkeypatch):
    first = read(dataverse, city, request(city)).proofs[0].cursor
    for case in list(city.model)[:100]:
        city.model.update(case.id, address="elsewhere")
    for case in list(city.model)[100:]:
        city.model.delete(case.id)
    monkeypatch.setattr(platform, "page_size", lambda asked: 20 if "$deltatoken" in asked.query else 40)
    found = changed(city, first)
    assert [page.rows.num_rows + len(page.deletes) for page in found.pages] == [20, 40, 40, 30]
    assert len(set(ids(found))) == 100 and len(deletes(found)) == 30 and found.proven_by == {"next_link_end"}


def test_changes_that_were_broken_off_go_on(city):
    first = read(dataverse, city, request(city)).proofs[0].cursor
    for case in list(city.model)[:100]:
        city.model.update(case.id, address="elsewhere")
    wanted, part = (
        request(city),
        Part("changes", ask={"link": first, "tracked": True, "id": "incidentid", "has_keys": True}),
    )
    before, resume = read_until_killed(dataverse, city, wanted, part, 2)
    after = resumed(dataverse, city, wanted, part, resume)
    assert len(before.rows) == 80 and len(after.rows) == 20 and after.proofs[0].cursor


@pytest.mark.parametrize("expired", ["410", "full"])
def test_an_expired_delta_link_means_that_all_is_read_again(city, expired):
    city.platform.expired_delta = expired
    first = read(dataverse, city, request(city)).proofs[0].cursor
    city.model.delete("001")
    city.model.pass_time(31 * DAY)
    assert changed(city, first) is None
    again = read(dataverse, city, request(city, known={"changes_cursor": first}))
    assert len(again.rows) == len(set(ids(again))) == ROWS - 1 and again.proofs[0].cursor != first


def test_a_delta_link_of_other_columns_means_that_all_is_read_again(city):
    first = read(dataverse, city, request(city)).proofs[0].cursor
    assert changed(city, first) is not None
    assert changed(city, first, [*COLUMNS, "cgl_zipcode"]) is None
    assert changed(city, "") is None


def test_a_deletion_told_by_an_id_that_is_not_the_city_s_means_that_all_is_read_again(city):
    columns = ["ticketnumber", "createdon"]
    first = read(dataverse, city, request(city, columns)).proofs[0].cursor
    city.model.close("JOB_4")
    found = changed(city, first, columns)
    assert [row["ticketnumber"] for row in found.rows] == ["JOB_4"] and found.proven_by == {"next_link_end"}
    city.model.delete("001")
    assert changed(city, first, columns) is None


def test_such_a_deletion_between_the_two_looks_leaves_the_changes_unproved(city):
    columns = ["ticketnumber", "createdon"]
    wanted = request(city, columns)
    first = read(dataverse, city, wanted).proofs[0].cursor
    city.model.delete("001")
    part = Part("changes", ask={"link": first, "tracked": True, "id": "incidentid", "has_keys": False})
    [proof] = resumed(dataverse, city, wanted, part, Resume()).proofs
    assert not proof.proven_by and "only a reading of all" in proof.why


def test_a_table_that_is_not_tracked_tells_what_was_modified():
    with started(tracked=False) as city:
        whole = read(dataverse, city, request(city))
        assert len(whole.rows) == ROWS and not whole.proofs[0].cursor
        since = city.model.now + 1
        city.model.pass_time(DAY)
        closed = city.model.close("JOB_4")
        found = changed(city, "", since=since)
        assert ids(found) == [incident(closed)] and found.proven_by == {"count"}


def test_the_parts_are_called_the_same_again(city):
    wanted = request(city, since=city.model.now, known={"changes_cursor": ""})
    assert [part.name for part in dataverse.parts(wanted)] == ["all"]
    first = read(dataverse, city, request(city)).proofs[0].cursor
    wanted = request(city, since=city.model.now, known={"changes_cursor": first})
    with talking(city, wanted) as http:
        names = {dataverse.changes(replace(wanted, http=http))[0].name for _ in range(2)}
    assert names == {"changes since 2024-07-01T12:00:00Z"}
