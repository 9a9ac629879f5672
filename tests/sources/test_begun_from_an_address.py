"""A city that has nothing but the address of its system: from `init --from` to its first release, by the command alone."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml

from etl.box import box_of
from hub.city import load_city
from hub.datasets import DATASETS
from hub.policy import load_policy
from hub.releases import current
from tests.cities.model import EAST, NORTH, SOUTH, WEST, Model
from tests.cities.server import City
from tests.cities.wire import Answer
from tests.sources.tiny_hub import PLATFORMS, SECRET, secret_for
from tests.town import Said, cityglass

KEY = "made-up-signature"


@pytest.fixture
def system():
    with City(Model(rows=120, now=int(time.time()) - 3600), "socrata") as system:
        yield system


def begun(folder: Path, system: City, platform: str = "socrata", query: str = "", *more: str) -> Said:
    return cityglass(
        "init", "--from", system.url + PLATFORMS[platform].path + query, "--city", folder / "city.yml", *more
    )


def told(folder: Path, verb: str, *words: str) -> Said:
    return cityglass(*verb.split(), "--city", folder / "city.yml", "--data", folder / "data", *words)


def test_an_officer_comes_from_an_address_to_a_release(tmp_path, system):
    said, policy = begun(tmp_path, system), tmp_path / "policies" / "service_requests.yml"
    assert said.code == 0 and str(policy) in said.out and "cityglass check --city" in said.out
    checked = told(tmp_path, "check")
    assert (checked.code, "all are withheld" in checked.out, "NOTICE" in checked.out) == (0, True, False)
    at = f" --city {tmp_path / 'city.yml'} --data {tmp_path / 'data'}"
    assert f"cityglass pull{at}, and cityglass policy{at} draft" in checked.out
    early = told(tmp_path, "run", "--sign-off", "Vera Quill, officer")
    assert (early.code, "names no kind of request" in early.err, current(tmp_path / "data")) == (3, True, None)
    assert told(tmp_path, "pull").out.splitlines() == [
        "requests: 120 rows read, 120 written.",
        f"Next: cityglass policy{at} draft",
    ]
    assert told(tmp_path, "status").out.splitlines()[-1] == f"Next: cityglass publish{at}"
    assert told(tmp_path, "policy draft").code == 0
    draft = policy.with_suffix(".draft.yml").read_text("utf-8")
    policy.write_text(policy.read_text("utf-8") + draft[draft.index("\nservices:") :], "utf-8")
    assert f"cityglass run{at} --sign-off" in told(tmp_path, "check").out
    done = told(tmp_path, "run", "--sign-off", "Vera Quill, officer")
    assert (done.code, current(tmp_path / "data") is not None) == (0, True), done.err
    assert told(tmp_path, "audit", "--gate").code == 0


def test_the_policy_to_begin_with_names_no_kind_and_is_looked_at_again_in_a_year(tmp_path, system):
    begun(tmp_path, system)
    policy = load_policy(load_city(tmp_path / "city.yml"))
    assert (policy.tiers, policy.services, policy.signed_by, policy.text, policy.photo) == ({}, {}, "", "off", "off")
    assert set(policy.columns) == set(DATASETS["service_requests"].table.names)
    assert 364 <= (datetime.fromisoformat(policy.review) - datetime.now(UTC).replace(tzinfo=None)).days <= 366


def test_a_policy_that_is_there_already_stays(tmp_path, system):
    policy = tmp_path / "policies" / "service_requests.yml"
    policy.parent.mkdir()
    policy.write_text("mine", "utf-8")
    assert "was there already and stays" in begun(tmp_path, system).out
    assert policy.read_text("utf-8") == "mine"


@pytest.mark.parametrize("platform", ["arcgis", "ckan", "open311", "files"])
def test_the_box_of_the_city_comes_from_its_places(tmp_path, platform):
    with City(Model(rows=120, now=int(time.time()) - 3600), platform) as system:
        assert begun(tmp_path, system, platform).code == 0
    west, south, east, north = load_city(tmp_path / "city.yml").bbox
    assert west <= WEST and south <= SOUTH and east >= EAST and north >= NORTH
    assert max(east - west, north - south) < 1


def test_what_lies_elsewhere_widens_no_box_and_what_lies_everywhere_has_none():
    dice = np.random.default_rng(7)
    city = dice.uniform((WEST, SOUTH), (EAST, NORTH), (200, 2))
    box = box_of(np.vstack([city, [(10.0, 50.0), (-3.0, 20.0)]]))
    assert max(box[2] - box[0], box[3] - box[1]) < 1
    assert box_of(dice.uniform((-180, -90), (180, 90), (200, 2))) is None
    assert box_of(np.empty((0, 2))) is None


def without_places(folder: Path) -> None:
    """city.yml as it is where the source did not tell where its places lie."""
    raw = yaml.safe_load((folder / "city.yml").read_text("utf-8"))
    raw["city"]["bbox"] = [-180.0, -90.0, 180.0, 90.0]
    (folder / "city.yml").write_text(yaml.safe_dump(raw, sort_keys=False), "utf-8")


def test_a_box_that_nobody_corrected_is_refused_and_check_tells_a_better_one(tmp_path, system):
    begun(tmp_path, system)
    without_places(tmp_path)
    for verb in ("pull", "run", "policy draft"):
        said = told(tmp_path, verb)
        assert (said.code, "city.yml:5: city.bbox is [-180.0, -90.0, 180.0, 90.0]" in said.err) == (3, True)
        assert "`cityglass check --city " in said.err
    checked = told(tmp_path, "check", "--json").json
    box = checked["data"]["boxes"]["requests"]
    assert (checked["code"], "is not finished" in checked["message"], str(box) in checked["next"]) == (0, True, True)
    assert box[0] <= WEST and box[3] >= NORTH and checked["data"]["sources"]["requests"]


def test_a_box_of_another_city_is_noticed_before_anything_is_read(tmp_path, system):
    begun(tmp_path, system)
    text = (tmp_path / "city.yml").read_text("utf-8")
    box = load_city(tmp_path / "city.yml").bbox
    (tmp_path / "city.yml").write_text(text.replace(str(list(box)), "[10.0, 50.0, 10.5, 50.5]"), "utf-8")
    checked = told(tmp_path, "check").out
    assert "most places of requests lie outside city.bbox" in checked and "is sound" not in checked
    [line] = [line for line in checked.splitlines() if line.startswith("NOTICE")]
    assert "0 of " in line and "most lie in [" in line and "correct city.bbox" in line


def test_a_key_in_the_address_is_repeated_nowhere_but_in_the_address(tmp_path):
    with City(Model(rows=30), "files") as system:
        said = begun(tmp_path, system, "files", f"?sig={KEY}")
        assert (said.code, KEY in said.out) == (0, False)
        lines = [line for line in (tmp_path / "city.yml").read_text("utf-8").splitlines() if KEY in line]
        assert [line.split(":")[0].strip() for line in lines] == ["location"]


def test_a_system_that_lets_nobody_in_is_begun_with_its_credentials(tmp_path):
    with City(Model(rows=30, now=int(time.time()) - 3600), "dataverse") as system:
        shut = begun(tmp_path, system, "dataverse")
        assert (shut.code, "--credentials NAME" in shut.err, (tmp_path / "city.yml").exists()) == (4, True, False)
        (tmp_path / "key.txt").write_text(secret_for("dataverse", system), "utf-8")
        (tmp_path / "key.txt").chmod(0o600)
        said = begun(tmp_path, system, "dataverse", "", "--credentials", "key.txt")
        assert said.code == 0, said.err
        text = (tmp_path / "city.yml").read_text("utf-8")
        assert "    credentials: key.txt\n" in text and SECRET not in text + said.out
        text = text.replace("[-180.0, -90.0, 180.0, 90.0]", str([WEST, SOUTH, EAST, NORTH]))
        (tmp_path / "city.yml").write_text(text, "utf-8")
        unnamed = told(tmp_path, "check")
        assert (unnamed.code, "fields.service_request_id names no column" in unnamed.err) == (3, True)
        text = text.replace("service_request_id: []", "service_request_id: ticketnumber")
        (tmp_path / "city.yml").write_text(text, "utf-8")
        assert "requests: 30 rows read, 30 written." in told(tmp_path, "pull").out
    assert cityglass("init", "boston", "--credentials", "key.txt", "--city", tmp_path / "b.yml").code == 3


@pytest.mark.parametrize("path", ["/about", "/resource/nothing", "/arcgis/rest/services/Nothing/FeatureServer/0"])
def test_a_key_in_an_address_that_is_not_recognised_is_not_repeated(tmp_path, path):
    with City(Model(rows=3), "carto") as system:
        said = cityglass("init", "--from", f"{system.url}{path}?sig={KEY}", "--city", tmp_path / "city.yml")
    assert (said.code, KEY in said.err, "is not recognised" in said.err) == (4, False, True)
    assert not (tmp_path / "city.yml").exists()


@pytest.mark.parametrize(
    ("platform", "path"),
    [
        ("arcgis", PLATFORMS["arcgis"].path),
        ("arcgis", "/arcgis/rest/services/ServiceRequests"),
        ("socrata", "/page"),
        ("ckan", "/page"),
        ("carto", "/page"),
        ("dataverse", "/page"),
        ("open311", "/open311/v2"),
    ],
)
def test_a_key_in_the_address_is_in_no_message(hub_of, platform, path):
    """An answer of no form at all, and an address that is none of the platform: both are told without the query."""
    hub = hub_of(platform, rows=3)
    hub.describe(location=f"{hub.system.url}{path}?token={KEY}")
    hub.system.platform.answer = lambda asked: Answer({"fields": 5, "features": [], "result": 7, "columns": [None]})
    error = hub.pull().error
    assert "127.0.0.1" in error.message
    assert KEY not in str(error) and KEY not in repr(error)
