"""Erasure: a record leaves the vault, the lookup and every release that is kept, and a tombstone keeps it out.

What is deleted stays in the blocks of a DuckDB file, so the vault is copied into a fresh one. Releases that show the
record are withdrawn (`etl/withdrawal.py`), the served one with the next publish, which is made without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from etl import lookup, photos, tombstones, withdrawal
from etl.engine import RECORD, mac_sql, number_sql
from etl.epochs import keys_in_use
from etl.privacy import review
from etl.vault import BEFORE, CLOSINGS, WEEKLY, Vault, open_vault
from hub import releases
from hub.errors import ConfigurationError
from hub.public_ids import id_of
from hub.source import DATASET_OF_SOURCE

REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One record that shall be erased; `said` is how it was named to us: an id, or a line of a file."""

    id: str
    said: str
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: `records` erased now, `before` it already; the ids of the releases that were `withdrawn`,
    and whether the release that is served `is_shown` one of them until the next publish."""

    records: int
    before: int
    withdrawn: tuple[str, ...]
    is_shown: bool


def read_ids(path: Path, is_public: bool) -> list[Wanted]:
    """One id a line; empty lines are left out."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not a text file"
        raise ConfigurationError(
            f"{path} cannot be read: {why}.", "give a text file with one id on each line"
        ) from None
    return [Wanted(line.strip(), f"line {n} of {path}", is_public) for n, line in enumerate(lines, 1) if line.strip()]


def erase(data: Path, source: str, wanted: Sequence[Wanted]) -> Erased:
    """Erase records of a source for good, all or none. Raises ConfigurationError for what cannot be found."""
    if source not in DATASET_OF_SOURCE:
        raise ConfigurationError(f"There is no source {source!r}.", f"sources are: {', '.join(DATASET_OF_SOURCE)}")
    if not wanted:
        raise ConfigurationError("No id is given.", "name records with --id, --public-id or --file; nothing was erased")
    with open_vault(data) as vault:
        keys, before = _found(vault, data, source, wanted)
        _erase(vault, data, source, keys)
        if source == REQUESTS:
            lookup.forget(data, keys)
        serving, marks = releases.current(data), withdrawal.due(vault)
        withdrawn = withdrawal.withdraw(vault, data, serving) if serving else []
        is_shown = bool(serving) and withdrawal.shows(serving, marks) > 0
    return Erased(len(keys), before, tuple(withdrawn), is_shown)


def _held(source: str) -> str:
    """SQL of every key of a source that can be erased."""
    dataset = DATASET_OF_SOURCE[source]
    return f"""(select source, key from records_{dataset} where source = '{source}' union
        select source, key from quarantine where source = '{source}' and key <> '')"""


def _found(vault: Vault, data: Path, source: str, wanted: Sequence[Wanted]) -> tuple[list[str], int]:
    """The keys that are there, and how many were erased before. Raises ConfigurationError for the others."""
    own = [one.id for one in wanted if not one.is_public]
    known = {
        key: key
        for (key,) in vault.rows(f"select key from {_held(source)} where key in (select unnest(?::varchar[]))", own)
    }
    if any(one.is_public for one in wanted):
        known |= _by_public_id(vault, data, source, [one.id for one in wanted if one.is_public])
    gone = tombstones.buried(vault, source, own)
    missing = [one for one in wanted if one.id not in known and one.id not in gone]
    if missing:
        _refuse(source, missing)
    return sorted({known[one.id] for one in wanted if one.id in known}), len(gone)


def _refuse(source: str, missing: list[Wanted]) -> None:
    told = ", ".join(one.said for one in missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    if missing[0].is_public:
        cure = "copy the 16 letters and digits from the record's page; what was erased before has no page"
        raise ConfigurationError(f"No record has the public id of {told}; nothing was erased.", cure)
    cure = "write the id as the city's own system does, and name its source with --source"
    raise ConfigurationError(f"The vault has no record of {source!r} with the id of {told}; nothing was erased.", cure)


def _by_public_id(vault: Vault, data: Path, source: str, asked: list[str]) -> dict[str, str]:
    """Public id -> key, found by making the ids of all records again."""
    if source != REQUESTS:
        raise ConfigurationError(f"Records of {source!r} have no public id.", "name them with --id")
    numbers = {id_of(public_id.lower()): public_id for public_id in asked}
    asked_for, found = [number for number in numbers if number is not None], []
    for made in _made(vault, data):
        found += vault.rows(
            f"select id, key from (select key, {made} as id from {_held(source)}) where id in (select unnest(?::bigint[]))",
            asked_for,
        )
    return {numbers[number]: key for number, key in found}


def _made(vault: Vault, data: Path) -> list[str]:
    """SQL of a record's id, under each key that names it somewhere."""
    return [number_sql(mac_sql(key, RECORD)) for key in keys_in_use(vault, data)]


def _erase(vault: Vault, data: Path, source: str, keys: list[str]) -> None:
    """One transaction: tombstones, then everything that the vault holds of these records."""
    if not keys:
        return
    dataset, erasing = DATASET_OF_SOURCE[source], vault.begin_erasing(data)
    marks = _marks(vault, data, source, keys)
    with vault.transaction():
        vault.rewrite_when_closed()
        tombstones.add(vault, dataset, erasing, source, keys)
        withdrawal.add(vault, dataset, marks)
        for table in (f"records_{dataset}", WEEKLY, CLOSINGS, "quarantine", "seen", "texts", *BEFORE):
            named = "source = ? and key in (select unnest(?::varchar[]))"
            vault.con.execute(f"delete from {table} where {named}", [source, keys])
        if source == REQUESTS:
            _forget_ledger(vault, marks)
            review.forget(vault, map(int, marks))
            photos.forget(vault, source, keys)
        else:
            vault.con.execute("delete from looked_at")  # hashes of texts; the others are looked at once more
        vault.count_changes(len(keys))


def _marks(vault: Vault, data: Path, source: str, keys: list[str]) -> list[str]:
    """How a release names these records, be it by a former key; nothing if none was ever released."""
    if source != REQUESTS:
        return keys
    if not vault.setting("key_check"):
        return []
    named = "(select ? as source, unnest(?::varchar[]) as key)"
    found = (vault.rows(f"select {made} from {named} order by 1", source, keys) for made in _made(vault, data))
    return [str(number) for numbers in found for (number,) in numbers]


def _forget_ledger(vault: Vault, marks: list[str]) -> None:
    """The ledger keeps the id alone: without a tier it matches no record, which so could not even come back without
    its tombstone."""
    numbers = [int(mark) for mark in marks]
    vault.con.execute(
        """update release_ledger set gone = 1, late = null, tier = null, service_group = null, place_level = null,
        place_id = null, requested_bucket = null, requested_grain = null, bucket_end = null, release = null,
        requested_datetime = null, requested_day = null, is_told = null, closed_datetime = null, closed_day = null,
        disposition = null, has_reopened = null
        where id in (select unnest(?::bigint[]))""",
        [numbers],
    )
