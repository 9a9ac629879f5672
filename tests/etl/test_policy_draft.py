"""A draft of a policy: words propose, an officer decides; what was signed stays, what is unknown stays withheld."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from etl.privacy import draft
from etl.privacy.draft import NOTHING, SOMEBODY, Kind, propose
from hub.city import load_city
from hub.policy import TIERS, Policy, load_policy
from tests.town import Town, request, requests

ROOT = Path(__file__).parents[2]
READY = sorted((ROOT / "etl" / "cities").glob("*.yml"))
NAMES = {
    "Pothole": ("A", "pothole"),
    "Traffic Signal Out Complaint": ("C", "complain"),
    "Traffic Signal Timing": ("A", "traffic signal"),
    "STREET LIGHT OUT": ("A", "street light"),
    "Rodent Sighting": ("B", "rodent"),
    "Missed Trash Pickup": ("B", "missed trash"),
    "Rape": ("X", "rape"),
    "Rapid Bus Lane": ("B", "bus"),
    "Child Abuse": ("X", "child abuse"),
    "Encampment": ("C", "encamp"),
    "Vagrancy in park": ("C", "vagran"),
    "Tent on sidewalk": ("C", "tent"),
    "Mental Health Check": ("C", "mental"),
    "Employee Feedback": ("C", "feedback"),
    "Noise - Park": ("C", "nois"),
    "HEAT/HOT WATER": ("C", "hot water"),
    "Elder Services": ("C", "elder"),
    "Pothole by a Homeless Shelter": ("C", "homeless"),
    "Suicidal Person on Bridge": ("X", "suicid"),
    "Rodents in the home of an elder abuse victim": ("X", "elder abuse"),
    "Zyzzyva": ("X", NOTHING),
    "Pothole: reported by J. Smith": ("X", SOMEBODY),
    "": ("X", NOTHING),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_strictest_word_decides_and_is_named(name):
    line = propose(Kind("", name))
    assert (line.tier, line.word) == NAMES[name]


def test_a_word_of_caution_in_the_group_counts_unless_the_name_is_known():
    assert propose(Kind("Housing Conditions", "Stairs of the Playground")).word == "housing, of its group"
    assert propose(Kind("Animals and Pests", "Rodent Sighting")).tier == "B"
    assert propose(Kind("Elder Abuse Unit", "Rodent Sighting")).tier == "B"
    assert propose(Kind("Elder Abuse Unit", "Broken Bench")).tier == "X"


def officers(city_file: Path) -> dict[str, str]:
    """Kind -> tier, as the officer's policy of a ready city has it."""
    policy = load_policy(load_city(city_file))
    tiers = {name: policy.tiers[group] for name, group in policy.groups.items()}
    tiers |= {name: tier for name, tier in policy.tiers.items() if name not in policy.groups.values()}
    return tiers | policy.services


def test_what_officers_call_sensitive_is_drafted_as_nothing_looser_in_the_ready_cities():
    """The words were chosen after the policies were read, so this is no promise for another city."""
    matrix: Counter = Counter()
    for city_file in READY:
        matrix.update((tier, propose(Kind("", name)).tier) for name, tier in officers(city_file).items())
    looser = {pair: n for pair, n in matrix.items() if TIERS.index(pair[1]) < TIERS.index(pair[0])}
    sensitive = sum(n for (tier, _), n in matrix.items() if tier == "C")
    assert len(READY) == 8 and sensitive > 350
    assert sum(n for (tier, _), n in looser.items() if tier == "C") == 0
    assert sum(looser.values()) <= 0.01 * matrix.total()
    assert sum(n for (tier, drafted), n in matrix.items() if tier == drafted) > 0.6 * matrix.total()


def test_without_words_of_caution_it_would_be_looser(monkeypatch):
    table = draft._table()
    monkeypatch.setattr(draft, "_table", lambda: table | {"caution": []})
    matrix = Counter(
        (tier, propose(Kind("", name)).tier) for city_file in READY for name, tier in officers(city_file).items()
    )
    assert matrix["C", "A"] + matrix["C", "B"] > 20


# The verb


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    """A town whose system sends three kinds that its policy does not know, one of them hostile."""
    town = Town.found(tmp_path_factory.mktemp("draft") / "town", {"services": {"Encampment": "X"}, "signed": None})
    odd = 'Park "Light"\n  Pothole: A # \\'
    kinds = {"Rat in Alley": "Vermin", "Encampment": "People", "Noise": "People", odd: "", "Zyzzyva": "Odd"}
    rows = [request(n, kind) | {"group": group} for n, (kind, group) in enumerate(kinds.items(), 50)]
    town.receive(*requests(range(20)), *rows)
    town.pull()
    return town


def test_only_kinds_that_the_policy_leaves_open_are_drafted(town):
    before = town.policy.path.read_bytes()
    said = town.command("policy", "draft", "--json")
    path = town.folder / "policies" / "service_requests.draft.yml"
    assert (said.code, Path(said.json["data"]["draft"])) == (0, path)
    drafted = yaml.safe_load(path.read_text("utf-8"))["services"]
    assert drafted == {one["name"]: one["tier"] for one in said.json["data"]["kinds"]}
    assert {name: tier for name, tier in drafted.items() if "Park" not in name} == {
        "Rat in Alley": "B",
        "Noise": "C",
        "Zyzzyva": "X",
    }
    assert len(drafted) == 4 and "They stay withheld" in said.json["message"]
    assert town.policy.path.read_bytes() == before


def test_a_name_cannot_write_a_line_of_its_own(town):
    town.command("policy", "draft")
    path = town.folder / "policies" / "service_requests.draft.yml"
    told = yaml.safe_load(path.read_text("utf-8"))["services"]
    assert "Pothole" not in told and sum("Pothole" in name for name in told) == 1


def test_each_line_says_which_word_decided_and_it_is_the_same_every_time(town):
    path = town.folder / "policies" / "service_requests.draft.yml"
    path.unlink(missing_ok=True)
    texts = []
    for _ in range(2):
        assert town.command("policy", "draft").code == 0
        texts.append(path.read_text("utf-8"))
        path.unlink()
    assert texts[0] == texts[1]
    assert '  "Rat in Alley": B # "rat", 1 requests' in texts[0] and f'"Zyzzyva": X # {NOTHING}' in texts[0]
    assert "Nothing of it is in force" in texts[0]


def test_a_draft_that_an_officer_works_on_is_not_written_over(town):
    path = town.folder / "policies" / "service_requests.draft.yml"
    path.write_text("services: {Zyzzyva: C}\n", "utf-8")
    said = town.command("policy", "draft")
    assert (said.code, "is there already" in said.err, path.read_text("utf-8")) == (3, True, "services: {Zyzzyva: C}\n")
    path.unlink()


def test_what_was_drafted_is_still_withheld_and_must_be_signed(town):
    assert town.command("policy", "draft").code == 0
    assert "is not signed" in town.command("publish").err
    assert town.command("publish", "--sign-off", "Ana Diaz, data officer").code == 0
    line = town.completeness()
    assert (line["released"], line["waiting"] + line["withheld"]) == (20, 5)
    town.decide(services={"Rat in Alley": "A"})
    assert town.command("publish").code == 6  # another text than the one that was signed


def test_what_is_signed_is_not_drafted_again_even_if_it_is_looser():
    policy = Policy(Path("p.yml"), 1, "P", {}, 8, {}, {"Shelters": "A"}, {"Rape": "B"}, ())
    kinds = [Kind("", "Rape"), Kind("Shelters", "Beds"), Kind("Other", "Beds")]
    assert [line.kind for line in draft.draft(kinds, policy)] == [Kind("Other", "Beds")]


def test_before_anything_was_read_it_says_so(tmp_path):
    said = Town.found(tmp_path / "town").command("policy", "draft")
    assert (said.code, "The vault holds no requests yet" in said.err) == (3, True)
