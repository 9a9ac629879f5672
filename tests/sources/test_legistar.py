"""Legistar: what a council decides is read window by window, twice, and what is private stays with the clerk."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from etl.secrets import Secret
from etl.sources import legistar
from etl.sources.page import Request, Resume, page_of, text
from hub.errors import ConfigurationError, SourceError
from tests.cities.council import PERSONS
from tests.cities.model import DAY, Model
from tests.cities.server import City
from tests.cities.times import utc
from tests.sources.reading import asked, parts, read, read_until_killed, resumed, talking

MATTERS, MEETINGS, PAGE = 130, 6, 40
COLUMNS = ["MatterId", "MatterFile", "MatterTitle", "MatterStatusName", "MatterIntroDate"]
VOTES = ["VoteId", "VotePersonName", "VoteValueName", "EventItemTitle", "EventDate"]
RECORDED = Path(__file__).parents[3] / "shared/data/legistar_fixtures"


@pytest.fixture
def city(monkeypatch):
    """Matters of two years, in pages of 40."""
    monkeypatch.setattr(legistar, "TOP", PAGE)
    model = Model()
    model.council.fill(MATTERS, MEETINGS)
    for n, id in enumerate(model.council.matters):
        if n < 50:
            model.council.amend(id, modified=model.now - 300 * DAY)
    with City(model, "legistar") as city:
        yield city


def request(city, path="matters", columns=COLUMNS, **more):
    return asked(city, f"/v1/larkhaven/{path}", columns, **more)


def public(city):
    return {str(matter.id) for matter in city.model.council.matters.values() if not matter.private}


def ids(found, name="MatterId"):
    return [row[name] for row in found.rows]


def deletes(found):
    return {key for page in found.pages for key in page.deletes}


def items(city):
    """The agenda items of all meetings, without those about private matters."""
    council = city.model.council
    private = {matter.id for matter in council.matters.values() if matter.private}
    return [item for meeting in council.meetings.values() for item in meeting.items if item.matter not in private]


def test_every_public_matter_arrives_once_and_no_private_one(city):
    found = read(legistar, city, request(city))
    assert len(ids(found)) == len(set(ids(found))) and set(ids(found)) == public(city)
    assert 0 < len(public(city)) < MATTERS and deletes(found).isdisjoint(public(city))
    assert found.proven_by == {"double_read"}


def test_the_windows_are_years_and_are_called_the_same_again(city):
    names = [part.name for part in parts(legistar, city, request(city))]
    assert names == ["matters 2023", "matters 2024"]
    assert names == [part.name for part in parts(legistar, city, request(city))]


@pytest.mark.parametrize(("oldest", "first"), [("0001", 1995), ("2030", 2024), ("", 2024), ("2022", 2022)])
def test_an_impossible_first_year_makes_no_thousand_windows(city, oldest, first):
    names = [part.name for part in legistar.parts(request(city, known={"columns": [], "oldest": oldest}))]
    assert names == [f"matters {year}" for year in range(first, 2025)]


def test_only_allow_listed_columns_come_out(city):
    found = read(legistar, city, request(city))
    assert found.columns == set(COLUMNS)
    assert "MatterGuid" in found.pages[0].dropped


def test_local_days_and_times_without_a_zone_stay_as_they_were_sent(city):
    found = read(legistar, city, request(city, columns=[*COLUMNS, "MatterLastModifiedUtc"]))
    for row in found.rows:
        matter = city.model.council.matters[int(row["MatterId"])]
        assert row["MatterIntroDate"].endswith("T00:00:00")
        assert row["MatterLastModifiedUtc"] == utc(matter.modified).replace("Z", ".000")


def test_a_matter_without_a_date_of_change_is_in_the_first_window(city):
    id = next(iter(public(city)))
    city.model.council.amend(int(id), modified=None)
    assert set(ids(read(legistar, city, request(city)))) == public(city)


def test_a_client_without_matters_is_read_as_empty():
    with City(Model(), "legistar") as city:
        found = read(legistar, city, request(city))
        assert not found.rows and found.proven_by == {"double_read"}


@pytest.mark.parametrize("pages", [1, 2])
def test_after_a_kill_it_goes_on_behind_the_last_stored_page(city, pages):
    [_, part] = parts(legistar, city, request(city))
    whole = resumed(legistar, city, request(city), part, Resume())
    before, resume = read_until_killed(legistar, city, request(city), part, pages)
    after = resumed(legistar, city, request(city), part, resume)
    assert ids(before) + ids(after) == ids(whole) and after.proofs == whole.proofs


# Changes


def test_changes_bring_exactly_what_was_modified(city):
    city.model.pass_time(3 * DAY)
    since = city.model.now
    some, other = sorted(public(city))[:2]
    city.model.council.amend(int(some), status="Adopted")
    city.model.council.amend(int(other), private=True)
    found = read(legistar, city, request(city, since=since), changed=True)
    assert ids(found) == [some] and found.rows[0]["MatterStatusName"] == "Adopted"
    assert deletes(found) == {other}
    assert found.proven_by == {"double_read"}


def test_changes_ask_for_the_dates_that_the_time_of_change_forgets(city):
    [part] = parts(legistar, city, request(city, since=city.model.now), changed=True)
    assert part.name == "matters since 2024-07-01T12:00:00Z"
    assert part.ask["where"] == (
        "MatterLastModifiedUtc ge datetime'2024-07-01T12:00:00' or MatterIntroDate ge datetime'2024-07-01T12:00:00'"
    )


# What hangs on it


def test_votes_come_with_their_item_and_their_meeting(city):
    found = read(legistar, city, request(city, "events/eventitems/votes", VOTES))
    votes = {str(vote.id): (item, vote) for item in items(city) for vote in item.votes}
    assert sorted(ids(found, "VoteId")) == sorted(votes) and found.columns == set(VOTES)
    for row in found.rows:
        item, vote = votes[row["VoteId"]]
        assert (row["EventItemTitle"], row["VotePersonName"]) == (item.title, PERSONS[vote.person])


def test_why_a_member_was_absent_is_never_told(city):
    columns = [*VOTES, "VoteValueId"]
    found = read(legistar, city, request(city, "events/eventitems/votes", columns))
    told = {row["VoteValueName"] for row in found.rows}
    assert told == {"Affirmative", "Negative", "Absent"}
    meant = {vote.value for item in items(city) for vote in item.votes}
    assert {"Medical", "Parental"} <= meant


@pytest.mark.parametrize("value", ["Medical", "Sick Leave", "Maternity", "Jury Duty", "Excused - Illness"])
def test_a_reason_goes_with_its_code(value):
    row = legistar._impersonal({"VoteId": 1, "VoteValueName": value, "VoteValueId": 55})
    assert row == {"VoteId": 1, "VoteValueName": "Absent", "VoteValueId": None}


@pytest.mark.parametrize("value", ["Aye", "Nay", "Affirmative", "Will not vote", "Excused", "Abstain", None])
def test_a_vote_stays_as_it_was_cast(value):
    row = {"RollCallValueName": value, "RollCallValueId": 3}
    assert legistar._impersonal(row) == row


def test_items_about_private_matters_stay_with_the_clerk(city):
    council = city.model.council
    for item in [item for meeting in council.meetings.values() for item in meeting.items if item.matter][::2]:
        council.amend(item.matter, private=True)
    found = read(legistar, city, request(city, "events/eventitems", ["EventItemId", "EventItemTitle"]))
    assert sorted(ids(found, "EventItemId")) == sorted(str(item.id) for item in items(city))
    assert len(found.rows) < MEETINGS * 4


@pytest.mark.parametrize(
    ("path", "key", "many"),
    [("matters/sponsors", "MatterSponsorId", 2), ("matters/attachments", "MatterAttachmentId", 1)],
)
def test_what_hangs_on_private_matters_is_not_even_asked_for(city, path, key, many):
    found = read(legistar, city, request(city, path, [key, "MatterFile"]))
    assert len(found.rows) == many * len(public(city))
    private = set(map(str, city.model.council.matters)) - public(city)
    assert not [one for one in city.log if one.path.split("/")[-2] in private]


@pytest.mark.parametrize("pages", [1, 3])
def test_what_hangs_on_rows_is_resumed_too(city, pages):
    wanted = request(city, "matters/sponsors", ["MatterSponsorId", "MatterFile"])
    [_, part] = parts(legistar, city, wanted)
    whole = resumed(legistar, city, wanted, part, Resume())
    before, resume = read_until_killed(legistar, city, wanted, part, pages)
    city.log.clear()
    after = resumed(legistar, city, wanted, part, resume)
    assert ids(before, "MatterSponsorId") + ids(after, "MatterSponsorId") == ids(whole, "MatterSponsorId")
    assert len([one for one in city.log if "sponsors" in one.path]) * 2 == len(after.rows)


def rejected(found):
    return [reason for page in found.pages for _, reason in page.rejected]


def test_a_child_that_the_server_cannot_give_counts_as_none_and_is_told(city):
    broken = next(item for item in items(city) if item.votes)
    city.faults("status", 500, has=f"/eventitems/{broken.id}/votes")
    found = read(legistar, city, request(city, "events/eventitems/votes", VOTES))
    votes = {str(vote.id) for item in items(city) if item is not broken for vote in item.votes}
    assert set(ids(found, "VoteId")) == votes and found.proven_by == {"double_read"}
    assert rejected(found) == [f"eventitems/{broken.id}/votes cannot be had: the server answers with 500"]


def test_a_child_that_fails_once_is_asked_again_and_one_that_is_gone_is_none(city):
    once, gone = [item for item in items(city) if item.votes][:2]
    city.faults("status", 500, has=f"/eventitems/{once.id}/votes", times=2)
    city.faults("status", 410, has=f"/eventitems/{gone.id}/votes")
    found = read(legistar, city, request(city, "events/eventitems/votes", VOTES))
    votes = {str(vote.id) for item in items(city) if item is not gone for vote in item.votes}
    assert set(ids(found, "VoteId")) == votes and not rejected(found)


def test_a_server_that_is_down_is_not_taken_for_children_that_are_none(city):
    city.faults("status", 500, has="/sponsors")
    with pytest.raises(SourceError, match="answers with 500, as did the 9 before it"):
        read(legistar, city, request(city, "matters/sponsors", ["MatterSponsorId"]))


@pytest.mark.parametrize(("column", "asked_for"), [("EventItemAgendaNote", True), ("EventItemTitle", False)])
def test_notes_of_items_are_only_asked_for_where_they_are_received(city, column, asked_for):
    read(
        legistar, city, request(city, "events/eventitems", ["EventItemId", column], known={"columns": [], "oldest": ""})
    )
    told = [one for one in city.log if one.path.endswith("/eventitems")]
    assert told and {"AgendaNote=1" in one.target for one in told} == {asked_for}


# Ends that are none

# Page 1 and 2 of the path are the probe's, page 3 the first of 2023.
PASSING = {
    "an empty page": ("empty", (), {"page": 4}),
    "a page of duplicates": ("duplicates", (), {"page": 4}),
    "a short page": ("short", (7,), {"page": 4}),
    "rows skipped": ("shifted", (3,), {"page": 4}),
    "rows told again": ("shifted", (-3,), {"page": 4}),
    "pages capped in silence": ("capped", (7,), {}),
    "an error object under 200": ("error_object", (), {"page": 4}),
    "a list in a wrapping": ("wrapped", ("value",), {}),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_or_can_be_told_is_overcome(city, fault):
    word, values, when = PASSING[fault]
    city.faults(word, *values, **when)
    found = read(legistar, city, request(city))
    assert city.faults.happened and set(ids(found)) == public(city) and found.proven_by == {"double_read"}


def test_a_matter_that_changes_while_it_is_read_is_met_in_the_newest_window(city):
    id = next(matter.id for matter in city.model.council.matters.values() if not matter.private)
    city.faults("meanwhile", lambda model: model.council.amend(id, status="Withdrawn"), page=4)
    found = read(legistar, city, request(city))
    assert [row["MatterStatusName"] for row in found.rows if row["MatterId"] == str(id)][-1] == "Withdrawn"
    assert set(ids(found)) == public(city)


def test_a_server_that_does_not_heed_the_position_is_no_success(city):
    city.faults("paging_ignored")
    found = read(legistar, city, request(city))
    assert found.proven_by == {""} and "does not heed the position" in found.proofs[0].why
    assert len(city.log) < 40


def test_if_the_private_matters_cannot_be_told_no_item_is_read(city):
    city.faults("paging_ignored", has="RestrictViewViaWeb eq true")
    for id in list(city.model.council.matters)[:100]:
        city.model.council.amend(id, private=True)
    found = read(legistar, city, request(city, "events/eventitems", ["EventItemId"]))
    assert not found.rows and found.proven_by == {""} and "which matters are private" in found.proofs[0].why


def test_a_matter_that_does_not_say_whether_it_is_private_is_not_kept(city):
    city.faults("missing", legistar.PRIVATE, row=0)
    assert set(ids(read(legistar, city, request(city)))) < public(city)


# Where it is, and who may ask


FORMS = {
    "https://webapi.legistar.com/v1/larkhaven/matters": "matters",
    "https://webapi.legistar.com/v1/larkhaven/Matters?$top=10": None,
    "https://webapi.legistar.com/v1/larkhaven/events/3012/eventitems": "events/eventitems",
    "https://webapi.legistar.com/v1/larkhaven/eventitems/{id}/votes": "events/eventitems/votes",
    "https://larkhaven.legistar.com/Legislation.aspx": "matters",
    "https://larkhaven.legistar.com/LegislationDetail.aspx?ID=5&GUID=A": "matters",
    "https://larkhaven.legistar.com/Calendar.aspx": "events",
    "https://larkhaven.legistar.com/People.aspx": None,
    "https://webapi.legistar.com/v1/larkhaven": None,
}


@pytest.mark.parametrize("place", FORMS)
def test_the_usual_addresses_are_understood_and_others_answered_with_the_right_ones(place):
    wanted, path = Request("requests", (place,), {}, frozenset()), FORMS[place]
    assert legistar.recognises(place)
    if path:
        council = legistar._council(wanted)
        assert ("/".join(council.path), council.base) == (path, "https://webapi.legistar.com/v1/larkhaven")
    else:
        with pytest.raises(ConfigurationError) as refused:
            legistar._council(wanted)
        assert "events/eventitems/votes" in refused.value.cure


def test_the_token_is_sent_and_never_shown(city):
    city.platform.token = "only-for-the-city"
    secret = Secret("sources.requests.credentials", "only-for-the-city")
    assert read(legistar, city, request(city, secret=secret)).rows
    city.platform.token = "another"
    with pytest.raises(SourceError) as refused:
        read(legistar, city, request(city, secret=secret))
    assert "sources.requests.credentials" in str(refused.value) and "only-for-the-city" not in str(refused.value)


def test_the_probe_tells_the_columns_and_asks_for_json(city):
    wanted = request(city, "events/eventitems/votes", VOTES)
    with talking(city, wanted) as http:
        told = legistar.probe(replace(wanted, http=http))
    assert set(VOTES) <= set(told["columns"]) and told["oldest"] == "2024"
    assert {one.headers["accept"] for one in city.log} == {"application/json"} and {one.method for one in city.log} == {
        "GET"
    }


def test_a_missing_id_column_is_refused_with_the_columns_that_there_are(city):
    with pytest.raises(SourceError, match=r"no column for 'CASE'.*MatterId"):
        parts(legistar, city, request(city, columns=["CASE"]))


@pytest.mark.parametrize(
    ("name", "key"),
    [("matter_index", "MatterIndexId"), ("all_indexes", "IndexId"), ("dupe_event", "MatterHistoryId")],
)
def test_recorded_answers_have_the_shape_that_is_read(name, key):
    if not (RECORDED / f"{name}.json").exists():
        pytest.skip("the recorded answers are not on this machine")
    said = json.loads((RECORDED / f"{name}.json").read_bytes())
    assert legistar._wrong(said) is None
    page = page_of(Request("requests", ("",), {}, frozenset([key.lower()]), key=(key,)), said, 2)
    assert page.rows.column_names == [key] and page.rows[key].to_pylist() == [text(row[key]) for row in said]
    assert not [name for row in said for name, value in row.items() if name.endswith("Utc") and value.endswith("Z")]
