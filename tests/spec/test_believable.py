"""What renames upstream would do to a site: it is refused, or said, and the release that is served stays."""

import pytest

from etl import believable
from hub.errors import GateError
from tests.town import Town, request, requests

MANY = range(120)


@pytest.fixture
def town(tmp_path):
    return Town.found(tmp_path)


def test_renamed_kinds_do_not_empty_the_site(town):
    town.receive(*requests(MANY))
    town.run()
    served = town.release.id
    town.receive(*(row | {"kind": "A new word", "group": "Another"} for row in requests(MANY)))
    with pytest.raises(GateError, match=r"size_believable is 0 rows after 120 \(most of the others: Its kind"):
        town.run()
    assert town.release.id == served
    assert town.run(accept_fewer=True)[1].release.id != served


def test_a_first_release_of_nothing_is_refused(town):
    town.receive(*(row | {"kind": "A new word", "group": ""} for row in requests(MANY)))
    with pytest.raises(
        GateError, match=r"size_believable is 0 rows of 120 that were read .* must be more than none"
    ) as refused:
        town.run()
    assert "the policy names the kinds" in refused.value.cure


@pytest.mark.parametrize(
    ("change", "said", "cure"),
    [
        ({"status": "Finito"}, "120 of 120 have a status that layout.statuses does not name", "column of status_raw"),
        ({"lat": "12.5", "long": "-1.5"}, "120 of 120 lie outside city.bbox", "correct `city.bbox`"),
    ],
)
def test_statuses_or_places_that_nobody_understands_are_refused(town, change, said, cure):
    """The cure is for what is wrong, and for that alone."""
    town.receive(*(row | change for row in requests(MANY)))
    with pytest.raises(GateError, match=said) as refused:
        town.run()
    assert town.release is None
    assert [word in refused.value.cure for word in (cure, "layout.statuses", "city.bbox")] == [
        True,
        "status" in cure,
        "bbox" in cure,
    ]


def test_a_kind_that_is_not_in_the_policy_is_named_to_the_officer(town):
    town.receive(*requests(MANY), request(900, "Secret"), request(901, "Secret"))
    said = town.command("run")
    assert said.code == 0
    assert "1 kind of request is not in service_requests.yml and so withheld: 'Secret' (2)" in said.out


def test_without_the_bound_an_empty_site_would_be_published(town, monkeypatch):
    monkeypatch.setattr(believable, "LEAST", 10**9)
    town.receive(*(row | {"kind": "A new word", "group": ""} for row in requests(MANY)))
    assert town.run()[1].release is not None


def test_what_somebody_wrote_about_whom_to_call_is_neither_a_kind_nor_an_agency(town):
    kind, agency = "Call Zed Canaryman 617-555-0142", "Works: Zed Canaryman, zed@canary.example"
    told = [request(1, kind, group="Streets"), request(2, agency=agency), request(3, agency="Works, Ward 4")]
    town.receive(*told, *requests(range(10, 30)))
    notices = town.run()[1].notices
    assert b"Canaryman" not in town.release.db.read_bytes()
    assert len(town.released()) == 22 and {row["agency_responsible"] for row in town.released()} >= {
        None,
        "Works, Ward 4",
    }
    assert any("the agency of 1 requests is not told" in line for line in notices)
    assert any("'Call Zed Canaryman 617-555-0142' (1)" in line for line in notices)


def test_a_system_that_keeps_the_last_so_many_days_is_told_of(town):
    """When a row of B or C leaves such a system tells when it was opened: the officer should read one that keeps all."""
    old, new = requests(range(20), opened="2024-03-05 09:00:00"), requests(range(50, 130), opened="2024-03-20 09:00:00")
    town.receive(*old, *new)
    town.run()
    town.receive(*new, request(131))
    assert "no longer has" not in town.command("run", "--accept-fewer").out  # one as old is left
    town.receive(*new, request(132, opened="2024-03-21 09:00:00"))
    assert "no longer has 21 requests that were opened before 2024-03-20" in town.command("run").out


def test_a_few_old_requests_that_are_deleted_are_no_window(town):
    town.receive(*requests(range(10)), *requests(range(50, 130), opened="2024-03-20 09:00:00"))
    town.run()
    town.receive(*requests(range(50, 130), opened="2024-03-20 09:00:00"))
    assert "no longer has" not in town.command("run").out
