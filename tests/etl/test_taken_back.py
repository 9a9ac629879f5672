"""What an officer takes back, or a stricter policy no longer shows, comes back with no rollback."""

import pytest

from hub import releases
from hub.app import build
from tests.asking import ask
from tests.privacy_text import telling
from tests.privacy_text.telling import NAMED, story, tell
from tests.town import BY, Town, request, requests

CLOSED = {"closed": "2024-03-06 09:00:00"}


def wrote(folder) -> tuple[Town, str]:
    """A town whose release shows what somebody wrote."""
    town = Town.found(folder, {"text": {"A": "redacted"}})
    town.receive(request(1, words="The street light is out."), *requests(range(900, 912)))
    town.run()
    return town, "text"


def noted(folder) -> tuple[Town, str]:
    town = Town.found(folder, {"text": {"A": "templates"}})
    town.receive(*(request(n, note=f"fixed by crew {n}, the area is clean", **CLOSED) for n in range(20, 40)))
    town.run()
    return town, "template"


def told(folder) -> tuple[Town, str]:
    town = telling.found(folder)
    tell(town, story(1), story(2, NAMED))
    town.run()
    return town, "story"


def listed(town: Town, kind: str, state: str) -> list[str]:
    found = town.review("--kind", kind, "--state", state, "--json").json["data"]["entries"]
    return [entry["id"] for entry in found]


@pytest.mark.parametrize("found", [wrote, noted, told])
async def test_what_was_taken_down_is_in_no_release_that_can_be_served_again(tmp_path, found):
    town, kind = found(tmp_path)
    without = town.release.id
    if kind != "text":  # a harmless text is shown unless it is rejected
        [thing] = listed(town, kind, "pending")
        town.review("--approve", thing, *BY)
        assert town.command("publish").code == 0
    [thing] = listed(town, kind, "pending" if kind == "text" else "approved")
    showing = town.release.id
    assert town.review("--takedown", thing, *BY).code == 0
    assert town.command("publish").code == 0
    assert releases.withdrawn(town.data) == {showing: {"reason": "takedown", "now": town.release.id}}
    refused = town.command("releases", "rollback", showing)
    assert (refused.code, "was withdrawn: something in it was taken down" in refused.err) == (3, True)
    assert (await ask(build(town.data, town.city), f"/releases/{showing}")).status == 410
    if without != showing:
        assert town.command("releases", "rollback", without).code == 0
    assert town.command("audit", "--gate").code == 0


def test_who_rejects_what_no_release_showed_withdraws_none(tmp_path):
    town, kind = told(tmp_path)
    town.review("--reject", *listed(town, kind, "pending"), *BY)
    assert town.command("publish").code == 0
    assert releases.withdrawn(town.data) == {} and len(releases.kept(town.data)) == 2


@pytest.mark.parametrize(
    "stricter",
    [{"k": {"B": 12}}, {"tiers": {"Trash": "X"}}, {"text": {"A": "off"}}],
    ids=lambda given: next(iter(given)),
)
def test_a_release_of_another_policy_is_not_served_again(tmp_path, stricter):
    town, _ = wrote(tmp_path)
    looser = town.release.id
    before = town.policy.path.read_text("utf-8")
    town.decide(**stricter)
    assert town.run()[1].release
    strict = town.release.id
    refused = town.command("releases", "rollback", looser)
    assert (refused.code, "was made under another policy" in refused.err) == (6, True)
    assert town.release.id == strict
    town.policy.path.write_text(before, "utf-8")
    assert town.command("releases", "rollback", looser).code == 0


def test_a_release_with_the_ids_of_a_former_key_is_not_served_again(tmp_path):
    town, _ = wrote(tmp_path)
    old = town.release.id
    assert town.command("privacy", "rotate-key", *BY).code == 0
    assert town.command("publish").code == 0
    refused = town.command("releases", "rollback", old)
    assert (refused.code, "the public ids of a former key" in refused.err) == (6, True)
