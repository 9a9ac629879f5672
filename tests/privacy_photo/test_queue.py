"""Photos wait until a person has looked at each; nothing is shown by itself, and an erasure takes them along."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from etl import gate, shown_photos
from etl.checks.finding import Case
from etl.privacy import faces
from hub.app import build
from hub.errors import CityglassError
from hub.policy import load_policy
from tests.asking import ask
from tests.privacy_photo.drawing import face
from tests.town import BY, Town, request, requests

CANARY = "CANARY-4711-WHIPPOORWILL"


@pytest.fixture(scope="module")
def founded(tmp_path_factory) -> Path:
    """A town that allows photos: requests of tier A, one of tier B, one that the policy does not name."""
    town = Town.found(tmp_path_factory.mktemp("photos") / "town", {"photo": {"A": "approved"}})
    town.receive(*requests(range(12)), request(40, "Rats"), request(50, "Secret"))
    town.pull()
    return town.folder


@pytest.fixture
def town(founded, tmp_path) -> Town:
    return Town(Path(shutil.copytree(founded, tmp_path / "town")))


@pytest.fixture
def file(tmp_path) -> Path:
    """A photo of a face, with a canary in its comment."""
    path = tmp_path / "IMG_4711.jpg"
    face(320).save(path, comment=CANARY.encode())
    return path


def added(town: Town, file: Path, number: str = "3") -> dict:
    said = town.command("photo", "add", file, "--id", number, "--json")
    assert said.code == 0, said
    return said.json["data"]


def queue(town: Town) -> list[tuple]:
    return town.vault("select id, state, risk from review_queue where kind = 'photo' order by id")


def test_a_photo_waits_under_a_random_name_with_its_faces_covered(town, file):
    told, again = added(town, file), added(town, file)
    assert told["name"] != again["name"] and len(told["name"]) == 36
    assert "4711" not in told["name"] + again["name"] and len(told["covered"]) == 1
    assert {(name, state) for name, state, _ in queue(town)} == {(told["name"], "pending"), (again["name"], "pending")}
    [(body,)] = town.vault("select body from photos where name = ?", told["name"])
    assert CANARY.encode() not in body and faces.find(np.asarray(Image.open(io.BytesIO(body)))) == []
    assert all(CANARY.encode() not in path.read_bytes() for path in town.data.rglob("*") if path.is_file())


def test_only_a_person_approves_and_what_is_covered_later_must_be_approved_again(town, file, tmp_path):
    name = added(town, file)["name"]
    assert town.review("--approve", name).code == 3  # nobody said who
    assert town.review("--approve", name, *BY).code == 0
    assert queue(town)[0][1] == "approved"
    said = town.command("photo", "cover", name, "--box", "0,0,40,40")
    assert (said.code, "2 covered" in said.out, queue(town)[0][1]) == (0, True, "pending")
    look = tmp_path / "look.jpg"
    assert town.command("photo", "show", name, "--to", look).code == 0
    assert np.abs(np.asarray(Image.open(look)).astype(int)[4:36, 4:36] - 64).max() < 16
    assert town.command("photo", "show", name, "--to", look).code == 3  # nothing is written over


def shown(town: Town) -> set[str]:
    """The photos of the release, as its rows name them; its folder holds the same."""
    named = {row["photo"] for row in town.released() if row["photo"]}
    files = {str(path.relative_to(town.release.path)) for path in town.release.path.rglob("*.jpg")}
    assert files == named <= town.release.manifest["files"].keys()
    return named


def test_a_photo_is_shown_once_a_person_approved_it_and_never_by_itself(town, file):
    first, second = added(town, file)["name"], added(town, file, "4")["name"]
    assert town.command("publish").code == 0 and shown(town) == set()
    town.review("--approve", first, *BY)
    assert town.command("publish").code == 0 and shown(town) == {f"photos/{first}"}
    [row] = [row for row in town.released() if row["photo"]]
    assert (row["tier"], row["service_name"]) == ("A", "Pothole")
    assert CANARY.encode() not in (town.release.path / row["photo"]).read_bytes()
    assert town.command("audit", "--gate").code == 0
    town.review("--approve", second, *BY)
    assert town.command("publish").code == 0 and len(shown(town)) == 2


async def test_it_is_served_beside_its_request_and_no_other_file_is(town, file):
    first, second = added(town, file)["name"], added(town, file, "4")["name"]
    town.review("--approve", first, *BY)
    town.publish()
    [public_id] = [row["public_id"] for row in town.released() if row["photo"]]
    site = build(town.data, town.city)
    page = await ask(site, f"/requests/{public_id}")
    assert f'src="/photos/{first}"' in page.text
    served = await ask(site, f"/photos/{first}")
    assert (served.status, served.headers["content-type"]) == (200, "image/jpeg")
    assert served.body == (town.release.path / "photos" / first).read_bytes()
    for name in (second, "..%2fcity.db", "../city.db", "nothing.jpg"):
        assert (await ask(site, f"/photos/{name}")).status in (302, 404)  # Datasette's spelling of a path first


@pytest.mark.parametrize("how", ["taken down", "covered once more", "dropped", "policy off", "record gone"])
def test_what_is_not_approved_any_more_is_in_no_release_any_more(town, file, how):
    name = added(town, file)["name"]
    town.review("--approve", name, *BY)
    town.publish()
    assert shown(town) == {f"photos/{name}"}
    {
        "taken down": lambda: town.review("--takedown", name, *BY),
        "covered once more": lambda: town.command("photo", "cover", name, "--box", "0,0,40,40"),
        "dropped": lambda: town.command("photo", "drop", name),
        "policy off": lambda: town.decide(photo={"A": "off"}),
        "record gone": lambda: town.command("erase", "--id", "3"),
    }[how]()
    before = town.release.id
    assert town.command("publish").code == 0 and shown(town) == set()
    assert town.command("releases", "rollback", before).code in (3, 6)


def test_the_gate_refuses_a_photo_with_anything_in_it_but_pixels(town, file, monkeypatch):
    name = added(town, file)["name"]
    town.review("--approve", name, *BY)
    monkeypatch.setattr(shown_photos, "add", lambda vault, at, done: _as_sent(file, *REAL(vault, at, done)))
    said = town.command("publish")
    assert (said.code, "photos_plain is 1" in said.err, town.release) == (6, True, None)


REAL = shown_photos.add


def _as_sent(file: Path, done, photos: dict[str, bytes]):
    return done, dict.fromkeys(photos, file.read_bytes())


def test_the_gate_refuses_photos_that_nobody_opted_in_to(town, file):
    town.review("--approve", added(town, file)["name"], *BY)
    town.publish()
    release = town.release
    town.decide(photo={"A": "off"})
    found = {f.check_name: f for f in gate.judge(release.db, Case(town.policy))}
    assert not found["photos_opted_in"].is_passed


REFUSED = {
    "of tier B": ("40", "is not of tier A"),
    "of a kind that nobody named": ("50", "is not of tier A"),
    "of no request": ("404", "The vault has no request '404'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_photos_are_refused_and_not_kept(town, file, name):
    number, words = REFUSED[name]
    said = town.command("photo", "add", file, "--id", number)
    assert (said.code, words in said.err, town.vault("select * from photos")) == (3, True, [])


def test_a_file_that_is_no_photo_is_refused_and_not_kept(town, tmp_path):
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7")
    said = town.command("photo", "add", letter, "--id", "3")
    assert (said.code, "letter.pdf is not a photo" in said.err, town.vault("select * from photos")) == (4, True, [])
    assert town.command("photo", "add", tmp_path / "none.jpg", "--id", "3").code == 4


def test_photos_are_off_unless_the_policy_says_so_strictly(town, file):
    for said in (None, {"A": "off"}, {"A": False}):
        town.decide(photo=None)
        town.decide(photo=said)
        assert load_policy(town.city).photo == "off"
        refused = town.command("photo", "add", file, "--id", "3")
        assert (refused.code, "allows no photos" in refused.err) == (3, True)
    for wrong in ({"A": "yes"}, {"A": True}, {"B": "approved"}, {"C": "approved"}, {"D": "approved"}):
        town.decide(photo=None)
        town.decide(photo=wrong)
        with pytest.raises(CityglassError):
            load_policy(town.city)


MISTAKES = {
    "a box of three": (("cover", "NAME", "--box", "1,2,3"), "is no box"),
    "a box of words": (("cover", "NAME", "--box", "a,b,c,d"), "is no box"),
    "a box outside": (("cover", "NAME", "--box", "0,0,9999,10"), "is not in the photo of 320 x 320"),
    "a photo that is none": (("drop", "nothing.jpg"), "There is no photo 'nothing.jpg'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained(town, file, name):
    words, message = MISTAKES[name]
    held = added(town, file)["name"]
    said = town.command("photo", *(held if word == "NAME" else word for word in words))
    assert (said.code, message in said.err, "To mend it" in said.err) == (3, True, True)


def test_a_photo_can_be_dropped_and_an_erasure_takes_those_of_the_record(town, file, tmp_path):
    face(200).save(tmp_path / "other.jpg")
    face(240).save(tmp_path / "third.jpg")
    stays = added(town, file, "5")["name"]
    dropped, erased = added(town, tmp_path / "other.jpg")["name"], added(town, tmp_path / "third.jpg")["name"]
    bodies = [body for (body,) in town.vault("select body from photos where name <> ?", stays)]
    traces = [bytes(body[len(body) // 2 :][:48]) for body in bodies]
    vault = town.data / "private" / "vault.duckdb"
    assert all(trace in vault.read_bytes() for trace in traces)
    assert town.command("photo", "drop", dropped).code == 0
    assert town.command("erase", "--id", "3").code == 0
    assert [name for name, *_ in queue(town)] == [stays]
    assert town.vault("select name, key from photos") == [(stays, "5")]
    assert not any(trace in vault.read_bytes() for trace in (*traces, erased.encode(), dropped.encode()))
