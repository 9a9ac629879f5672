"""A walk reads a source to its end: all of it, or what changed since the last one. Begun walks go on where they stopped.

Whether a walk is due, which of its parts are proved, and from where a part goes on, is kept in the vault with the rows.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from etl.sources.page import Adapter, Part, Proof, Resume
from etl.vault import BEFORE, CLOSINGS, WEEKLY, Vault
from hub.datasets import DATASETS
from hub.errors import IncompleteError
from hub.source import Source

ALL, CHANGES = "all", "changes"
OVERLAP = 24 * 3600  # changes are asked for from so long before the last walk: systems deliver late
AGAIN = 7 * 24 * 3600  # all is read again so often, or what is gone upstream would never be seen
KEPT = ("walk_parts", "pages", "seen", "gone")  # what is known of a walk while it goes on


@dataclass(frozen=True, slots=True)
class Walk:
    """One reading. `since` and `until` in UTC seconds; `until` is when it began, `since` is 0 where all is read."""

    source: str
    kind: str
    since: int
    until: int
    mapping: str
    is_stored: bool = False


def due(vault: Vault, source: Source, adapter: Adapter, mapping: str, now: int) -> Walk:
    """The walk that was begun, if it can go on; else all if it is time for that, or what changed. What changed is not
    asked for to the end once it is time to read all: a server may answer that question wrongly for ever.

    A fallback adds and changes, and says of nothing that it is gone: its walk is one of changes, since either was read."""
    is_known = vault.setting(f"mapping:{source.name}") == mapping
    is_told = adapter.changes and is_known and now - _when(vault, f"walked_all:{source.name}", now) < AGAIN
    found = vault.rows("select kind, since, until, mapping from walks where source = ?", source.name)
    if found and adapter.resumes and found[0][3] == mapping and found[0][2] <= now:
        begun = Walk(source.name, *found[0], is_stored=True)
        if begun.kind == ALL or is_told or source.is_fallback:
            return begun
    last = max(_when(vault, f"walked:{reader}", now) for reader in (source.name, source.reader))
    changes = Walk(source.name, CHANGES, max(last - OVERLAP, 0), now, mapping)
    if source.is_fallback:
        return changes
    if is_told:
        return changes
    return Walk(source.name, ALL, 0, now, mapping)


def _when(vault: Vault, name: str, now: int) -> int:
    """When something was last done; 0 if that has not come yet: a clock was wrong then."""
    told = int(vault.setting(name, "0"))
    return told if told <= now else 0


def is_begun(vault: Vault, source: str) -> bool:
    """True if its last walk did not reach its end: what the vault holds of it is no whole reading."""
    return bool(vault.rows("select 1 from walks where source = ?", source))


def begin(vault: Vault, walk: Walk, kept: Iterable[str] = ()) -> None:
    """From now on the source counts as unproven, but for the parts that are `kept`. Rows without a key cannot be met
    again: a walk of all counts its own."""
    others = "source = ? and not list_contains(?::varchar[], part)"
    with vault.transaction():
        vault.con.execute("delete from walks where source = ?", [walk.source])
        for table in (*KEPT, "first_flagged"):
            vault.con.execute(f"delete from {table} where {others}", [walk.source, list(kept)])
        if walk.kind == ALL:
            vault.con.execute(f"delete from quarantine where key = '' and {others}", [walk.source, list(kept)])
        vault.set(f"kept:{walk.source}", "1" if kept else "")
        if not kept:
            vault.set(f"mixed:{walk.source}", "")
        values = [walk.source, walk.kind, walk.since, walk.until, walk.mapping]
        vault.con.execute("insert into walks values (?, ?, ?, ?, ?)", values)


def end_walk(vault: Vault, walk: Walk, parts: list[Part]) -> None:
    """Forget the walk. What it met stays known where a later one may need it: if it is told which of several parts has
    changed, and no row of one stood in another."""
    may_be_kept = walk.kind == ALL and len(parts) > 1 and any(part.fingerprint for part in parts)
    for table in ("walks", *(() if may_be_kept and not are_mixed(vault, walk.source) else KEPT)):
        vault.con.execute(f"delete from {table} where source = ?", [walk.source])


def drop_trials(vault: Vault, read: Iterable[str]) -> None:
    """A source that is not `read` now and was never read to its end was a trial: nothing of it stays, or it would keep
    everything else from being published."""
    trials = vault.rows(
        """select source from walks where source not in (select source from readings)
        and not list_contains(?::varchar[], source)""",
        list(read),
    )
    for (name,) in trials:
        forget(vault, name)


def held(vault: Vault) -> dict[str, int]:
    """Source -> records, of everything that was read or begun to be read."""
    found = {name: 0 for (name,) in vault.rows("select distinct source from walks")}
    for dataset in DATASETS:
        found |= dict(vault.rows(f"select source, count(*) from records_{dataset} group by source"))
    return found


def forget(vault: Vault, source: str) -> int:
    """Drop everything that the vault holds of a source but the ledger of what was published. Returns how many records."""
    records = [f"records_{dataset}" for dataset in DATASETS]
    count = sum(vault.one(f"select count(*) from {table} where source = ?", source) for table in records)
    with vault.transaction():
        of_photos = "kind = 'photo' and id in (select name from photos where source = ?)"
        vault.con.execute(f"delete from review_queue where {of_photos}", [source])
        for table in (
            "walks",
            *KEPT,
            "readings",
            "columns",
            "quarantine",
            "first_flagged",
            "texts",
            "photos",
            *records,
            WEEKLY,
            CLOSINGS,
            *BEFORE,
        ):
            vault.con.execute(f"delete from {table} where source = ?", [source])
        if count:
            vault.rewrite_when_closed()
        facts = "split_part(name, ':', 2) in (?, ? || ' fallback')"  # such as walked:requests
        vault.con.execute(f"delete from settings where {facts}", [source, source])
        vault.count_changes(count)
    return count


def read_again(vault: Vault, source: str) -> None:
    """The walk stays unfinished, and what it read is not taken for an answer any more."""
    with vault.transaction():
        for table in KEPT:
            vault.con.execute(f"delete from {table} where source = ?", [source])


def kept(vault: Vault, walk: Walk, parts: list[Part]) -> set[str]:
    """The parts that need not be read again: their content and the field map are those of the last whole reading."""
    if walk.kind != ALL or are_mixed(vault, walk.source):
        return set()
    held = vault.rows(
        """select part, fingerprint from walk_parts join readings using (source, part, fingerprint)
        where source = ? and mapping = ? and walk_parts.proven_by <> ''""",
        walk.source,
        walk.mapping,
    )
    return {part.name for part in parts if part.fingerprint and (part.name, part.fingerprint) in held}


class Mixed(Exception):
    """A row of a part that is read stands in one that was kept, too: which copy counts only a reading of both tells."""


def note_mixed(vault: Vault, source: str) -> None:
    """From now on no part of the source is kept: a row stands in several of them."""
    vault.set(f"mixed:{source}", "1")


def refuse_mixed(vault: Vault, source: str) -> None:
    """Note the same, or raise Mixed if parts were kept in this walk."""
    if vault.setting(f"kept:{source}"):
        raise Mixed
    note_mixed(vault, source)


def are_mixed(vault: Vault, source: str) -> bool:
    return bool(vault.setting(f"mixed:{source}"))


def forget_suspects(vault: Vault, walk: Walk) -> None:
    """Parts that could not be proved are read again from their beginning, and what they met does not count any more.
    Where a row of one may stand in another, too, all parts are."""
    suspect = [
        part for (part,) in vault.rows("select part from walk_parts where source = ? and proven_by = ''", walk.source)
    ]
    if suspect and walk.kind == ALL and are_mixed(vault, walk.source):
        read_again(vault, walk.source)
    with vault.transaction():
        for table in KEPT if suspect else ():
            if table == "seen" and walk.kind == CHANGES:  # what another part met may be noted under this one
                continue
            vault.con.execute(
                f"delete from {table} where source = ? and list_contains(?::varchar[], part)", [walk.source, suspect]
            )


def resume(vault: Vault, walk: Walk, part: Part) -> Resume:
    """Where the part goes on: behind its last stored page."""
    found = vault.rows(
        """select cursor, sum(rows_read) over ()::bigint from pages where source = ? and part = ?
        order by number desc limit 1""",
        walk.source,
        part.name,
    )
    if not found:
        return Resume()
    keys = vault.rows("select key from seen where source = ? and part = ?", walk.source, part.name)
    return Resume(*found[0], frozenset(key for (key,) in keys))


def proved(vault: Vault, walk: Walk) -> set[str]:
    """The names of the parts that need not be read again in this walk."""
    found = vault.rows("select part from walk_parts where source = ? and proven_by <> ''", walk.source)
    return {name for (name,) in found}


def end(vault: Vault, walk: Walk, part: Part, proof: Proof) -> None:
    """Note how a part ended."""
    values = [walk.source, part.name, part.fingerprint, proof.proven_by, proof.why, proof.expected, proof.cursor]
    with vault.transaction():
        vault.con.execute("insert into walk_parts values (?, ?, ?, ?, ?, ?, ?)", values)


def note_columns(vault: Vault, source: Source, walk: Walk, offered: Iterable[str]) -> tuple[str, ...]:
    """Keep the names of the columns that were left out: of the pages of the walk, and those the probe says are
    `offered`. Returns the ones that no whole reading before saw; the first one has nothing to compare with."""
    held = {name for (name,) in vault.rows("select name from columns where source = ?", source.reader)}
    sent = vault.rows("select distinct dropped from pages where source = ?", source.name)
    new = sorted({*offered, *(name for (names,) in sent for name in json.loads(names))} - held)
    since = walk.until if vault.setting(f"walked:{source.reader}") else 0
    vault.con.execute("insert into columns select ?, unnest(?::varchar[]), ?", [source.reader, new, since])
    return tuple(new) if since else ()


def refuse_suspect(vault: Vault, walk: Walk) -> None:
    """Raise IncompleteError if a part could not be proved: it is read again next time, and nothing is published."""
    suspect = vault.rows(
        "select part, why from walk_parts where source = ? and proven_by = '' order by part", walk.source
    )
    if suspect:
        told = "; ".join(f"{part}: {why or 'no end was seen'}" for part, why in suspect[:3])
        more = f" and {len(suspect) - 3} more" if len(suspect) > 3 else ""
        raise IncompleteError(
            f"{walk.source}: {len(suspect)} parts are not proved to be whole ({told}{more}).",
            "run again: only these are read again; the last release stays",
            suspect=[part for part, _ in suspect],
        )
