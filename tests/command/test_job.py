"""The job on the command line: what a run says, refuses, and asks of who answers for it."""

from datetime import date

from tests.town import Town, request, requests, write_csv


def test_run_says_what_was_read_what_is_current_and_what_comes_next(town):
    town.receive(*requests(range(21)))
    said = town.command("run")
    assert said.code == 0
    first, second, third = said.out.splitlines()
    assert first == "requests: 21 rows read, 1 written; boundaries: unchanged."
    assert second.startswith(f"Release {town.release.id} is current: 21 service requests, ")
    assert third.startswith("Next: cityglass serve ")
    again = town.command("run").out.splitlines()
    assert again[0].startswith("requests: unchanged")
    assert again[1] == "Nothing has changed since the last release; it stays."


def test_what_a_pull_has_to_tell_is_told_before_a_refusal(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(200)), *(request(n, opened="32/13/2011") for n in range(200, 220)))
    said = town.command("run")
    assert said.code == 6 and "usable_service_requests" in said.err
    assert "NOTICE requests: 20 cannot be used: requested_datetime cannot be read; the first is row 202 of" in said.err


def test_a_release_that_shows_nothing_says_so(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(3), kind="Missed Bin"))
    assert "NOTICE: no service request of 3 is shown" in town.command("run").out


def test_to_believe_fewer_rows_is_for_one_run_only(town):
    said = town.command("run", "--every", "1h", "--accept-fewer")
    assert said.code == 3 and "run once with --accept-fewer" in said.err


def test_a_policy_whose_review_is_due_is_told(tmp_path):
    town = Town.found(tmp_path, policy={"review": date(2020, 1, 1)})
    town.receive(*requests(range(30)))
    for verb in ("check", "run"):
        assert "NOTICE: service_requests.yml was to be reviewed by 2020-01-01" in town.command(verb).out
    town.decide(review=date(2999, 1, 1))
    for verb in ("check", "run"):
        assert "to be reviewed" not in town.command(verb).out


def test_a_source_that_was_only_tried_does_not_keep_the_others_from_being_published(tmp_path):
    town = Town.found(tmp_path)
    town.describe({"sources": {"stories": {"location": []}}})
    town.receive(*requests(range(30)))
    write_csv(tmp_path / "tried.csv", [{"story_id": "lh-1", "heading": "The pond"}])
    tried = town.command("run", "--from", f"stories={tmp_path / 'tried.csv'}")
    assert (tried.code, "tried.csv" in tried.err) == (4, True)
    assert town.command("publish").code == 5
    assert town.command("run").code == 0
    assert town.vault("select source from walks") == []


def test_a_source_that_is_no_longer_named_is_named_again_or_forgotten(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(30)))
    write_csv(tmp_path / "stories.csv", [{"story_id": "lh-1", "title": "The pond", "body": "Full.", "rights": "CC0"}])
    town.describe({"sources": {"stories": {"location": "stories.csv"}}})
    assert town.command("run").code == 0
    assert town.vault("select source from records_stories") == [("stories",)]
    town.describe({"sources": {"stories": None}})
    refused = town.command("run")
    assert refused.code == 3 and "'stories', of which the vault holds records (1)" in refused.err
    assert town.command("forget", "requests").code == 3
    assert "it holds: requests, stories" in town.command("forget", "tales").err
    assert town.command("forget", "stories").code == 0
    assert town.command("run").code == 0
    assert town.vault("select source from records_stories") == []


def test_an_unsigned_city_that_read_nothing_is_told_to_read_first(tmp_path):
    town = Town.found(tmp_path, policy={"signed": None})
    said = town.command("publish")
    assert (said.code, said.err.splitlines()[0]) == (3, "The vault is empty.")
