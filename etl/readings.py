"""A reading is all pages of a source. It counts once every part is proved and what it says can be believed; until then
what was read before stays, and so does the last release."""

from etl import canonical, closings, filled, quarantine, undo
from etl.sources.page import Part
from etl.vault import Vault
from etl.walks import ALL, CHANGES, Walk, end_walk, forget, read_again, refuse_suspect
from hub.city import City
from hub.datasets import DATASETS
from hub.errors import ConfigurationError, IncompleteError
from hub.source import Source

FEWER = 0.2  # a reading with so much fewer keys than the last one is not believed


def is_read(vault: Vault, source: Source, parts: list[Part], mapping: str) -> bool:
    """True if exactly these parts were read whole with this field map: nothing has to be read again."""
    held = vault.rows("select fingerprint, mapping from readings where source = ?", source.name)
    return all(part.fingerprint for part in parts) and sorted(held) == sorted((p.fingerprint, mapping) for p in parts)


def refuse_empty(vault: Vault) -> None:
    """Raise ConfigurationError if nothing was ever read to its end."""
    if not vault.rows("select 1 from settings where name like 'as_of:%' limit 1"):
        raise ConfigurationError(
            "The vault is empty.", "read the sources first: `cityglass pull`, or `cityglass run` for all at once"
        )


def refuse_unfinished(vault: Vault) -> None:
    """Raise IncompleteError if the last reading of a source did not reach its end: half data is never published."""
    unfinished = vault.rows("select source from walks order by source")
    if unfinished:
        raise IncompleteError(
            f"{', '.join(name for (name,) in unfinished)}: the last reading did not reach its end.",
            "run `cityglass pull` again; the old release stays",
        )


def abandon_unfinished(vault: Vault, city: City) -> None:
    """Leave every source as its last whole reading left it: what was erased has to leave the public, whatever the state
    of the city's systems. A source that was never read whole is read anew."""
    for (name,) in vault.rows("select source from walks order by source"):
        if undo.is_open(vault, name):
            undo.restore(vault, city.sources[name])
        else:
            forget(vault, name)


def complete(vault: Vault, source: Source, walk: Walk, parts: list[Part], accept_fewer: bool) -> None:
    """Every part was read to its end: end the walk, mark what is gone upstream, keep the time of the data.

    A record whose rows can no longer be used is dropped: what it said is not what the source says now.
    Raises IncompleteError, and marks nothing, if a part is not proved, a fifth of the keys is gone or cannot be used any
    more, a column that was filled is empty, or keys are doubled: the vault is then as the last whole reading left it, and
    the next one asks for all of it again."""
    refuse_suspect(vault, walk)
    held = f"records_{DATASETS[source.dataset].name}"
    not_met = "or key not in (select key from seen where source = $source)" if walk.kind == ALL else ""
    is_told_gone = f"source = $source and (key in (select key from gone where source = $source) {not_met})"
    is_gone = f"{is_told_gone} and not deleted_upstream"
    is_unusable = "source = $source and key in (select key from seen where source = $source and not is_usable)"
    given, unusable = {"source": source.name}, 0
    gone = vault.con.execute(f"select count(*) from {held} where {is_gone}", given).fetchall()[0][0]
    if not source.is_fallback:
        unusable = vault.con.execute(f"select count(*) from {held} where {is_unusable}", given).fetchall()[0][0]
    try:
        _believe(vault, source, held, gone, unusable, accept_fewer)
        filled.refuse_emptied(vault, source, walk, accept_fewer)
    except IncompleteError:
        if undo.is_open(vault, source.name):
            undo.restore(vault, source)
        else:
            read_again(vault, source.name)
        raise
    with vault.transaction():
        if gone:
            vault.con.execute(f"update {held} set deleted_upstream = true where {is_gone}", given)
        if unusable:
            closings.keep_dropped(vault, source, is_unusable)
            vault.con.execute(f"delete from {held} where {is_unusable}", given)
        vault.count_changes(gone + unusable)
        quarantine.note_gone(vault, source, is_told_gone)
        _end(vault, source, walk, parts)
        _count_totals(vault, source)
        filled.note(vault, source, walk)
        undo.settle(vault, source.name)
        vault.set(f"as_of:{source.name}", str(_as_of(vault, source, walk.until)))


def _believe(vault: Vault, source: Source, held: str, gone: int, unusable: int, accept_fewer: bool) -> None:
    before = vault.one(f"select count(*) from {held} where source = ? and not deleted_upstream", source.name)
    if gone + unusable > FEWER * before and not accept_fewer:
        told = [f"{gone:,} are gone from the source"] if gone else []
        if unusable:
            why = vault.rows(
                """select reason from quarantine where source = ? and key in (
                    select key from seen where source = quarantine.source and not is_usable)
                group by reason order by count(*) desc, reason limit 1""",
                source.name,
            )
            told.append(f"{unusable:,} can no longer be used ({', '.join(reason for (reason,) in why)})")
        raise IncompleteError(
            f"{source.name}: of {before:,} rows that were there before, {' and '.join(told)}.",
            "look at the source, or correct its layout in city.yml; if it is right, run again with --accept-fewer. "
            "The last release stays",
        )
    doubled = vault.one(f"select count(*) - count(distinct key) from {held} where source = ?", source.name)
    if doubled:
        raise IncompleteError(
            f"{source.name}: {doubled:,} keys stand twice in the vault.",
            "restore the vault from its backup and run again",
        )


def _end(vault: Vault, source: Source, walk: Walk, parts: list[Part]) -> None:
    """What was read becomes the ledger: a walk of all replaces what stood there, and what one of changes adds and takes
    away is told by what stands in the vault now."""
    if walk.kind == ALL:
        vault.con.execute("delete from readings where source = ?", [source.name])
        vault.set(f"walked_all:{source.name}", str(walk.until))
        vault.set(f"mapping:{source.name}", walk.mapping)
    for part in parts:
        name = part.name if walk.kind == ALL else CHANGES
        vault.con.execute(
            """insert into readings select w.source, ?, w.fingerprint, ?, coalesce(sum(rows_read), 0),
            coalesce(sum(keys), 0), coalesce(sum(set_aside), 0), coalesce(sum(written), 0), expected,
            proven_by, ? from walk_parts w left join pages p using (source, part)
            where w.source = ? and w.part = ? group by all""",
            [name, walk.mapping, walk.until, source.name, part.name],
        )
    if walk.kind == CHANGES:
        others = f"(select coalesce(sum(keys), 0) from readings where source = $source and part <> '{CHANGES}')"
        vault.con.execute(
            f"""create or replace temp table all_changes as select source, part, '' as fingerprint, max(mapping),
            $standing - {others} as rows_read, $standing - {others} as keys, 0 as set_aside, sum(written),
            null::bigint as expected, arg_max(proven_by, ended), max(ended) from readings
            where source = $source and part = '{CHANGES}' group by source, part""",
            {"source": source.name, "standing": _standing(vault, source)},
        )
        vault.con.execute("delete from readings where source = ? and part = ?", [source.name, CHANGES])
        vault.con.execute("insert into readings select * from all_changes")
    cursor = vault.rows("select cursor from walk_parts where source = ? and cursor <> '' limit 1", source.name)
    if cursor:
        vault.set(f"changes_cursor:{source.reader}", cursor[0][0])
    vault.set(f"walked:{source.reader}", str(walk.until))
    if source.is_fallback:  # it wrote over more than the source will tell as changes
        vault.set(f"walked_all:{source.name}", "0")
    end_walk(vault, walk, parts)


def _standing(vault: Vault, source: Source) -> int:
    """How many keys the source has by what was read: records, and rows of which none could be made."""
    live = vault.one(
        f"select count(*) from records_{source.dataset} where source = ? and not deleted_upstream", source.name
    )
    without = f"select count(*) from {quarantine.unusable(source.dataset)} where source = ? and not gone"
    return live + vault.one(without, source.name)


def _count_totals(vault: Vault, source: Source) -> None:
    """What the public is told of the reading is a change too, even where no record changed."""
    read = vault.rows("select sum(rows_read), sum(keys), sum(set_aside) from readings where source = ?", source.name)
    aside = vault.rows(
        "select reason, count(*) from quarantine where source = ? and not gone group by reason order by reason",
        source.name,
    )
    if (told := repr((read, aside))) != vault.setting(f"totals:{source.name}"):
        vault.set(f"totals:{source.name}", told)
        vault.count_changes(1)


def _as_of(vault: Vault, source: Source, now: int) -> int:
    """The time of the data: declared, else the day of its newest believable instant, else the start of the pull.

    The day, not the instant: that would be the second in which somebody's request was opened or closed."""
    midnight = "select epoch(timezone(?, date_trunc('day', timezone(?, to_timestamp(?)))))::bigint"
    zone = source.time_zone
    if source.as_of:
        declared = int(vault.one("select epoch(timezone(?, ?::timestamp))::bigint", zone, source.as_of))
        if declared > now:
            raise ConfigurationError(
                f"sources.{source.name}.as_of is {source.as_of}, which has not come yet.",
                "give the time up to which the source tells, or leave it out",
            )
        return declared
    instants = [
        c.name
        for c in canonical.stored(DATASETS[source.dataset])
        if c.name.endswith("_datetime") and c.name != "expected_datetime"
    ]
    if not instants:
        return now
    newest = ", ".join(f"max({name}) filter ({name} <= {now})" for name in instants)
    found = vault.one(f"select greatest({newest}) from records_{source.dataset} where source = ?", source.name)
    return vault.one(midnight, zone, zone, found) if found else now
