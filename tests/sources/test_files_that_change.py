"""Of several files only those that changed are read again, and the vault is as if all had been."""

from random import Random

import pytest

from tests.town import Town, request

NAMES = ("a.csv", "b.csv", "c.csv")
RECORDS = "select key, agency_responsible, deleted_upstream from records_service_requests where not deleted_upstream order by all"
ASIDE = "select key, reason from quarantine order by all"
COUNTS = "select right(part, 5) as file, rows_read, keys, set_aside from readings order by all"


def town_of(folder, files: dict[str, list[dict]]) -> Town:
    folder.mkdir(exist_ok=True)
    town = Town.found(folder)
    town.describe({"sources": {"requests": {"location": list(NAMES)}}})
    give(town, files)
    return town


def give(town: Town, files: dict[str, list[dict]]) -> None:
    for name, rows in files.items():
        town.receive(*rows, name=name)


def pulled(town: Town):
    return next(one for one in town.pull(accept_fewer=True) if one.source == "requests")


@pytest.fixture
def files():
    return {name: [request(10 * n + i, agency="old") for i in range(4)] for n, name in enumerate(NAMES)}


def test_only_the_file_that_changed_is_read(tmp_path, files):
    town = town_of(tmp_path / "town", files)
    assert pulled(town).rows == 12
    files["b.csv"] = [request(10, agency="new"), *files["b.csv"][2:], request(15)]
    give(town, files)
    again = pulled(town)
    assert (again.error, again.rows, again.written) == (None, 4, 2)
    assert town.vault(RECORDS) == town_fresh(tmp_path, files).vault(RECORDS)
    assert pulled(town).unchanged


def town_fresh(tmp_path, files) -> Town:
    fresh = town_of(tmp_path / "fresh", files)
    (fresh.data / "private" / "vault.duckdb").unlink(missing_ok=True)
    pulled(fresh)
    return fresh


def test_rows_without_an_id_of_a_file_that_did_not_change_stay_aside(tmp_path, files):
    files["a.csv"].append(request(98, id=""))
    town = town_of(tmp_path / "town", files)
    pulled(town)
    files["c.csv"].append(request(99, id=""))
    give(town, files)
    assert pulled(town).rows == 5
    assert len(town.vault(ASIDE)) == 2


def test_a_row_that_comes_to_stand_in_two_files_makes_all_be_read(tmp_path, files):
    """Which of its copies counts, only a reading of both can tell."""
    town = town_of(tmp_path / "town", files)
    pulled(town)
    files["a.csv"].append(request(20, agency="a copy"))
    give(town, files)
    assert pulled(town).rows == 13
    assert town.vault(RECORDS) == town_fresh(tmp_path, files).vault(RECORDS)
    files["a.csv"].pop()
    give(town, files)
    assert pulled(town).rows == 12  # still: it is not known where the rows that were met twice belong
    files["a.csv"].append(request(4))
    give(town, files)
    assert pulled(town).rows == 5


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_the_files_the_vault_is_as_if_all_were_read(tmp_path, files, seed):
    random, town = Random(seed), town_of(tmp_path / "town", files)
    for turn in range(6):
        for name in random.sample(NAMES, random.randint(0, 2)):
            rows = files[name]
            if rows and random.random() < 0.5:
                rows.pop(random.randrange(len(rows)))
            new = random.choice([random.randrange(30), 100 + turn])
            rows.append(
                request(new, agency=f"turn {turn}", opened="soon" if random.random() < 0.2 else "2024-03-01 08:00")
            )
        give(town, files)
        assert pulled(town).error is None
        fresh = town_fresh(tmp_path, files)
        assert [town.vault(sql) for sql in (RECORDS, COUNTS)] == [fresh.vault(sql) for sql in (RECORDS, COUNTS)]
