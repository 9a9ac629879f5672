"""To begin a city: its file is written, and what its sources would give is looked at before anything is read."""

from functools import partial
from pathlib import Path

from hub import sample
from tests.town import Town, cityglass, request, requests


def test_init_writes_the_made_up_city_and_the_ready_ones(tmp_path):
    ready = cityglass("init").out
    assert ready.startswith("Ready cities: boston, chicago, new_york, ") and "washington_dc, sample." in ready
    place = tmp_path / "new" / "city.yml"
    said = cityglass("init", "boston", "--city", place)
    assert said.code == 0 and place.is_file() and (place.parent / "policies" / "service_requests.yml").is_file()
    again, unknown = cityglass("init", "boston", "--city", place), cityglass("init", "atlantis", "--city", place)
    assert (again.code, "is there already" in again.err) == (3, True)
    assert (unknown.code, "boston, chicago, new_york" in unknown.err) == (3, True)


def test_init_writes_the_files_of_the_made_up_city_where_there_is_no_folder_yet(tmp_path, monkeypatch):
    monkeypatch.setattr("hub.cli.sample.write", partial(sample.write, requests=60))
    place = tmp_path / "new" / "city.yml"
    said = cityglass("init", "sample", "--city", place)
    assert (said.code, said.out.splitlines()[-1].split(" --")[0]) == (0, "Next: cityglass run")
    assert len(list((place.parent / "data" / "sample").iterdir())) == 8
    root = Path(__file__).parents[2]
    assert sample.CITY.is_relative_to(root / "hub")  # so that an installed hub has it too
    assert place.read_bytes() == sample.CITY.read_bytes() and (root / "city.yml").samefile(sample.CITY)
    assert cityglass("check", "--city", place, "--data", tmp_path).code == 0


def test_check_says_of_every_column_what_becomes_of_it(town):
    path = town.receive(request(1) | {"reporter": "Ann"}, name="other.csv")
    said = town.command("check", "--from", f"requests={path}")
    fates = {words[0]: words[1:] for line in said.out.splitlines() if (words := line.split()) and line[0] == " "}
    assert fates["reporter"] == fates["words"] == ["-", "-", "-"]  # not received, not stored, not released
    assert fates["note"] == "yes (closure_note, not stored) -".split()
    assert fates["address"] == "yes address address as an area".split()
    assert fates["updated"] == "yes updated_datetime -".split()
    assert "boundaries: 2 features in" in said.out


def test_a_policy_that_was_signed_on_the_command_line_is_signed_for_check_too(tmp_path):
    town = Town.found(tmp_path, policy={"signed": None})
    town.receive(*requests(range(30)))
    assert "the policy is not signed" in town.command("check").out
    assert town.command("run", "--sign-off", "Vera Quill, officer").code == 0
    assert "signed by Vera Quill, officer" in town.command("check").out


def test_metadata_is_written_and_checked(town):
    stale = town.command("metadata", "--check")
    assert (stale.code, "is not current" in stale.err) == (3, True)
    assert town.command("metadata").code == town.command("metadata", "--check").code == 0


def test_a_column_that_city_yml_names_and_the_source_lacks_is_told_by_check_and_run(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*({name: value for name, value in row.items() if name != "closed"} for row in requests(range(30))))
    for verb in ("check", "run"):
        said = town.command(verb)
        assert "NOTICE requests: no column for 'closed_datetime' (looked for: closed); correct it in fields" in said.out
    town.receive(*requests(range(30)))
    assert "no column for" not in town.command("check").out + town.command("run").out
