"""The policy: somebody must have signed it as it stands, and nothing may make it looser than was declared."""

import json
import re

import pytest
import yaml

from hub.datasets import DATASETS
from hub.errors import CityglassError, ConfigurationError, GateError
from hub.policy import HERE as POLICIES
from hub.policy import LOOSEST_K
from tests.town import POLICY, Town, requests

B, C = POLICY["ladders"]["B"], POLICY["ladders"]["C"]
LOOSER = {
    "k of B": ({"k": {"B": 4}}, "k.B is 4, looser than 5"),
    "k of C": ({"k": {"C": 10}}, "k.C is 10, looser than 11"),
    "no k at all": ({"k": {"B": None}}, "k.B is 0, looser than 5"),
    "addresses": ({"addresses": 7}, "addresses is 7, looser than 8"),
    "B by day": ({"ladders": {"B": ["h3_9/day", *B]}}, "ladders.B has h3_9/day, finer than allowed"),
    "C by week": ({"ladders": {"C": ["h3_8/week", *C]}}, "ladders.C has h3_8/week, finer than allowed"),
    "C by fine cell": ({"ladders": {"C": ["h3_9/month", *C]}}, "ladders.C has h3_9/month, finer than allowed"),
    "one column more": ({"columns": [*POLICY["columns"], "address"]}, "columns has address"),
}
WRONG = {
    "a promise of no days": ({"targets": {"Pothole": -5}}, "targets.Pothole is -5"),
    "a tier that is none": ({"tiers": {"Streets": "D"}}, "'Streets' has tier 'D'"),
    "a mode that is none": ({"mode": "Q"}, "mode is 'Q'"),
    "a kind in no tier": ({"services": {"Rats": "b"}}, "'Rats' has tier 'b'"),
    "a rung that is none": ({"ladders": {"B": ["h3_10/week"]}}, "ladders.B has 'h3_10/week'"),
    "a period that is none": ({"ladders": {"B": ["h3_9/fortnight"]}}, "ladders.B has 'h3_9/fortnight'"),
    "rungs out of order": ({"ladders": {"B": ["h3_8/month", "h3_9/month"]}}, "has h3_9/month, which is finer"),
    "a tier without a ladder": ({"ladders": {"C": None}}, "there are ladders for A, B"),
    "k for a tier without one": ({"k": {"A": 3}}, "k.A"),
    "no tiers": ({"tiers": None}, "tiers is missing"),
    "a key that is none": ({"laders": {}}, "unknown key 'laders'"),
    "no harm": ({"harm": None}, "service_requests.yml: harm is missing"),
    "no benefit": ({"benefit": None}, "service_requests.yml: benefit is missing"),
    "no day of review": ({"review": None}, "service_requests.yml: review is missing"),
    "a blank harm": ({"harm": "  "}, ": harm is blank"),
    "a blank benefit": ({"benefit": ""}, ": benefit is blank"),
    "a day of review that is none": ({"review": "soon"}, "review is 'soon'"),
    "a signature without a day": ({"signed": {"by": "V", "on": "soon"}}, "signed.on is 'soon'"),
}


@pytest.mark.parametrize("name", LOOSER)
def test_a_policy_looser_than_declared_is_refused(tmp_path, name):
    change, words = LOOSER[name]
    town = Town.found(tmp_path, change)
    with pytest.raises(GateError) as caught:
        _ = town.policy
    assert re.search(r"service_requests\.yml:\d+: ", caught.value.message) and words in caught.value.message
    assert caught.value.cure


@pytest.mark.parametrize("key", ["harm", "benefit", "review"])
def test_what_the_officer_weighs_cannot_be_left_empty_and_the_line_is_told(tmp_path, key):
    town = Town.found(tmp_path)
    path = tmp_path / "policies" / "service_requests.yml"
    lines = path.read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith(f"{key}:"))
    lines[number] = f"{key}:"
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(ConfigurationError, match=f"service_requests.yml:{number + 1}: {key} is ") as caught:
        _ = town.policy
    assert caught.value.cure


@pytest.mark.parametrize("path", sorted(POLICIES.rglob("*.yml")), ids=lambda path: path.parent.name)
def test_every_policy_that_ships_says_what_it_is_good_for_whom_it_could_harm_and_when_it_is_read_again(path):
    said = yaml.safe_load(path.read_text("utf-8").replace("$review", "2030-01-01"))
    assert len(said["harm"].split()) > 8 and len(said["benefit"].split()) > 8
    assert said["review"].year >= 2027


@pytest.mark.parametrize("name", WRONG)
def test_a_policy_that_makes_no_sense_is_refused(tmp_path, name):
    change, words = WRONG[name]
    town = Town.found(tmp_path, change)
    with pytest.raises(ConfigurationError) as caught:
        _ = town.policy
    assert words in caught.value.message and caught.value.cure


def test_a_city_may_raise_k_and_never_lower_it(tmp_path):
    town = Town.found(tmp_path, {"k": {"B": 7}})
    for asked, found in (({"B": 7}, 7), ({"B": 9}, 9), ({"B": None}, 7)):
        town.describe({"privacy": {"k": asked}})
        assert town.policy.k == {"B": found, "C": 11}
    for asked in ({"B": 6}, {"B": 0}, {"B": None, "C": 10}):
        town.describe({"privacy": {"k": asked}})
        with pytest.raises(CityglassError, match=r"city.yml:\d+: privacy.k.[BC] is \d+, looser than the policy's"):
            _ = town.policy


PUBLISHED = [column.name for column in DATASETS["service_requests"].record if column.name != "agency_responsible"]
# what city.yml may choose: where it stands, and what is chosen
CHOICES = {
    "privacy.k": ({"B": 9}, lambda said: {"privacy": {"k": said}}),
    "privacy.delay_days": (7, lambda said: {"privacy": {"delay_days": said}}),
    "privacy.columns": ({"channel": "withheld"}, lambda said: {"privacy": {"columns": said}}),
    "sources.requests.publish": (PUBLISHED, lambda said: {"sources": {"requests": {"publish": said}}}),
}


def test_a_signature_in_the_file_is_of_what_was_signed_and_of_nothing_else(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(20)))
    path = tmp_path / "policies" / "service_requests.yml"
    path.write_text(path.read_text("utf-8").replace("Housing: C", "Housing: A"), "utf-8")
    refused = town.command("run")
    assert (refused.code, "was changed since Vera Quill, officer signed it" in refused.err) == (6, True)
    assert town.policy.digest in refused.err and town.release is None
    said = path.read_text("utf-8").replace("Housing: A", "Housing: C")
    path.write_text(f"# one comment more\n{said}", "utf-8")
    assert town.command("run").code == 0


def test_a_kind_that_is_new_in_a_group_whose_kinds_are_named_is_withheld_until_somebody_signs_again(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(20)))
    town.run()
    asleep = {"kind": "Person Sleeping in Doorway", "group": "Streets"}
    town.receive(*requests(range(20)), *requests(range(20, 40), **asleep))
    said = town.command("run")
    assert said.code == 0 and "'Person Sleeping in Doorway' (20)" in said.out
    assert {row["service_name"] for row in town.released()} == {"Pothole"}
    assert town.command("publish", "--sign-off", "Vera Quill, officer").code == 0
    assert {row["service_name"] for row in town.released()} == {"Pothole", "Person Sleeping in Doorway"}


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_signed_and_audited_is_the_policy_with_what_city_yml_chose(tmp_path, name):
    """A signature for the stricter does not hold once the choice is gone; when it is back it stands again."""
    choice, written = CHOICES[name]
    town = Town.found(tmp_path, {"signed": None})
    town.receive(*requests(range(20)))
    town.describe(written(choice))
    strict = town.policy
    assert town.command("run", "--sign-off", "Ana Diaz, data officer").code == 0
    assert town.release.manifest["policy_hash"] == strict.hash
    audit = json.loads((town.release.path / "audit.json").read_text("utf-8"))["policy"]
    assert (audit["k"], audit["chosen"], list(audit["chosen"])) == (strict.k, strict.chosen, [name])
    town.describe(written(None))
    assert town.policy.hash != strict.hash
    refused, audited = town.command("publish"), town.command("audit", "--gate")
    assert (refused.code, "is not signed" in refused.err) == (6, True)
    assert (audited.code, "fails: policy" in audited.err) == (6, True)
    town.describe(written(choice))
    assert town.command("publish").code == town.command("audit", "--gate").code == 0


def test_a_signature_in_the_policys_file_holds_for_choices_that_are_stricter(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(20)))
    town.describe({"privacy": {"k": {"C": 20}}})
    assert town.command("run").code == 0
    assert town.release.manifest["signed"] == "Vera Quill, officer, 2024-01-02"


def test_a_stricter_policy_is_allowed(tmp_path):
    strict = {"k": {"B": 20}, "addresses": 30, "ladders": {"B": B[2:]}, "tiers": {"Streets": "X"}}
    assert Town.found(tmp_path, strict).policy.k["B"] == 20 > LOOSEST_K["B"]


def test_nothing_is_published_until_somebody_signs_and_the_signature_is_told(tmp_path):
    town = Town.found(tmp_path, {"signed": None})
    town.receive(*requests(range(20)))
    refused = town.command("run")
    assert (refused.code, town.release, "is not signed" in refused.err) == (6, None, True)
    assert '--sign-off "NAME, ROLE"' in refused.err
    signed = town.command("publish", "--sign-off", "Ana Diaz, data officer")
    assert (signed.code, len(town.released())) == (0, 20)
    audit = json.loads((town.release.path / "audit.json").read_text("utf-8"))
    assert audit["policy"]["signed"] == town.release.manifest["signed"] == "Ana Diaz, data officer"
    assert audit["policy"]["hash"] == town.policy.hash
    serving = town.release.id
    town.decide(harm="Somebody thought again.")
    town.receive(*requests(range(21)))
    changed = town.command("run")  # what was signed was another text
    assert (changed.code, town.release.id) == (6, serving)


def test_a_stricter_policy_takes_rows_back_and_moves_none_and_a_looser_one_makes_none_finer(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(20)), *requests(range(30, 37), "Rats"))
    town.run()
    before = told(town)
    assert len(before) == 27
    town.decide(k={"B": 8})
    town.run()
    assert len(town.released()) == 20
    town.decide(k={"B": 5})
    town.on("2024-07-08").run()  # B and C let rows in once a week
    assert told(town) == before


def told(town: Town) -> list[tuple]:
    """What of each row may never sharpen or move."""
    return [(row["id"], row["place_id"], row["requested_bucket"], row["requested_grain"]) for row in town.released()]
