"""One page of a source into the vault, exactly once: a page is a transaction, a reading is all pages of a source.

Rows move through the temporary table `staged`: bad ones to quarantine with their reason, equal ones collapse, of rows
with one id and other content the newest stays, and only records whose content hash changed are written.
"""

import json

import duckdb
import narwhals as nw
import pyarrow as pa

from etl import canonical, filled, flagged, texts, tombstones, typed
from etl.cleaning import cleaned
from etl.sources.page import Page, Part
from etl.vault import CLOSINGS, Vault
from etl.walks import ALL, CHANGES, Walk, end_walk, read_again, refuse_mixed, refuse_suspect
from hub.city import City
from hub.datasets import DATASETS
from hub.errors import ConfigurationError, IncompleteError
from hub.schema import Dataset
from hub.source import Source

OLDER_COPY = "an older copy of an id that came again with other content"
MET = "coalesce(nullif(staged.key, ''), staged.hash::varchar)"  # a row without a key is met by its content
IS_NEW = f"not exists (select 1 from met n where n.key = {MET})"
BATCH_ROWS = 20_000
MADE: dict[str, str] = {}  # how rows are judged -> the SQL made of it, which takes longer to make than to run
FEWER = 0.2  # a reading with so much fewer keys than the last one is not believed


def is_read(vault: Vault, source: Source, parts: list[Part], mapping: str) -> bool:
    """True if exactly these parts were read whole with this field map: nothing has to be read again."""
    held = vault.rows("select fingerprint, mapping from readings where source = ?", source.name)
    return all(part.fingerprint for part in parts) and sorted(held) == sorted((p.fingerprint, mapping) for p in parts)


def add(vault: Vault, city: City, source: Source, walk: Walk, part: Part, page: Page) -> int:
    """Store one page: records, quarantine, keys met, deletions, cursor and ledger line move together. Returns records
    written. Raises Mixed, and stores nothing, if parts that were kept must be read too."""
    dataset = DATASETS[source.dataset]
    with_text = texts.are_kept(vault, dataset)
    vault.con.execute(f"set variable read_at = {walk.until:d}")
    record = _record_sql(vault.con, city, source, page, with_text)
    with vault.transaction():
        vault.con.execute(_stage_sql(source, dataset, record, with_text))
        kept = vault.one("select count(*) from staged")
        flagged.note(vault, source, part.name)
        erased = tombstones.keep_out(vault, source.name, part.name)
        for statement in _judge_copies(source, dataset):
            vault.con.execute(statement)
        held = f"records_{dataset.name}"
        _look_up(vault, source, held)
        if walk.kind == ALL and vault.one("select count(*) from met where part <> ?", part.name):
            refuse_mixed(vault, source.name)
        _keep_aside(vault, source.name, dataset, part.name, page)
        written = _write(vault, source, dataset)
        _note_gone(vault, source, part, page.deletes)
        if with_text:
            texts.keep(vault)
        keys = _meet(vault, source, part) + len(page.rejected) + erased
        wide = len(typed.wide_columns(source, page.rows.column_names)) or 1
        line = [
            source.name,
            part.name,
            vault.one("select coalesce(max(number), 0) + 1 from pages where source = ?", source.name),
            page.cursor,
            kept + len(page.rejected),
            keys,
            page.rows.num_rows * wide - kept,
            written,
            json.dumps(page.dropped),
        ]
        vault.con.execute("insert into pages values (?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
        vault.count_changes(written)
    vault.con.unregister("page")
    return written


def _look_up(vault: Vault, source: Source, held: str) -> None:
    """What stands in the vault under the keys of the page, and which of them were met. Only so are the large tables read
    by their keys; a `not exists` on one of them is answered from a copy of all its keys."""
    for table, columns, large, keys in (
        ("standing", "key, hash, deleted_upstream", held, "key"),
        ("met", "key, part", "seen", MET),
    ):
        vault.con.execute(
            f"""create or replace temp table {table} as select {columns} from {large}
            where source = ? and key in (select {keys} from staged)""",
            [source.name],
        )


def _meet(vault: Vault, source: Source, part: Part) -> int:
    """Note the keys of the page as met. Returns how many are new in this walk."""
    met = vault.con.execute(
        f"""insert into seen select source, ? as part, {MET} as met, bool_or(reason is null) from staged
        where {IS_NEW} group by source, met""",
        [part.name],
    ).fetchall()[0][0]
    vault.con.execute(
        f"update seen set is_usable = true where not is_usable and source = ? and key in ("
        f"select {MET} from staged where reason is null)",
        [source.name],
    )
    return met


def _note_gone(vault: Vault, source: Source, part: Part, keys: tuple[str, ...]) -> None:
    """What the system says is gone, and has not told of again. Of a fallback nothing is: what it does not know the first
    system may have."""
    if vault.one("select count(*) from gone where source = ?", source.name):
        vault.con.execute(
            "delete from gone where source = ? and key in (select key from staged where reason is null)", [source.name]
        )
    if keys and not source.is_fallback:
        vault.con.execute("insert into gone select ?, ?, unnest(?::varchar[])", [source.name, part.name, list(keys)])


def judged(con: duckdb.DuckDBPyConnection, city: City, source: Source, page: Page) -> duckdb.DuckDBPyRelation:
    """What the rows of a page become: the record's columns, `row_number`, `flags` and `reason`."""
    return con.sql(_record_sql(con, city, source, page))


def _record_sql(con: duckdb.DuckDBPyConnection, city: City, source: Source, page: Page, with_text: bool = False) -> str:
    """The same as SQL over the table `page`, which is registered."""
    dataset, rows = DATASETS[source.dataset], cleaned(page.rows, source.layout.get("nulls", []))
    numbers = pa.py_buffer(page.numbers)
    numbered = rows.append_column("row_number", pa.Array.from_buffers(pa.int64(), rows.num_rows, [None, numbers]))
    batches = numbered.to_batches(BATCH_ROWS)  # they are read in parallel
    con.register("page", pa.Table.from_batches(batches, numbered.schema))
    select = typed.select_sql(source, dataset, rows.column_names)
    how = repr((select, city.bbox, source.layout, numbered.schema.types, with_text, canonical.stored(dataset)))
    if how not in MADE:
        made = canonical.finish(nw.from_native(con.sql(select)), city, source, dataset, with_text)
        MADE[how] = made.to_native().sql_query()
    return MADE[how]


def _stage_sql(source: Source, dataset: Dataset, record: str, with_text: bool) -> str:
    names = [column.name for column in canonical.stored(dataset)]
    key = ", ".join(f"{name}::varchar" for name in dataset.key)
    words = canonical.texts(dataset) if with_text else ()
    return f"""create or replace temp table staged as
        select '{source.name}' as source, concat_ws(chr(31), {key}) as key,
        hash(flags, {", ".join(names)}) as hash, flags, reason, row_number, {", ".join([*names, *words])} from ({record})"""


def _judge_copies(source: Source, dataset: Dataset) -> list[str]:
    """Equal rows collapse; of rows with one id and other content all but the newest get OLDER_COPY as their reason."""
    has_updated = any(column.name == "updated_datetime" for column in dataset.record)
    newest = "updated_datetime desc nulls last, row_number desc" if has_updated else "row_number desc"
    older = f"update staged set reason = '{OLDER_COPY}' where reason is null and "
    statements = [
        # judged older before: it stays so, or an unchanged file would be written again and again
        older
        + f"""exists (select 1 from quarantine q where q.source = staged.source and q.key = staged.key
        and q.hash = staged.hash and q.reason = '{OLDER_COPY}')""",
        older
        + f"""row_number in (select row_number from (
            select row_number, hash, first_value(hash) over (partition by key order by {newest}) as best
            from (select * from staged where reason is null and key in (
                select key from staged where reason is null group by key having count(*) > 1))) where hash <> best)""",
    ]
    if has_updated:
        statements.append(
            older
            + f"""row_number in (select s.row_number from staged s join seen n using (source, key)
            join records_{dataset.name} h using (source, key)
            where n.is_usable and s.updated_datetime < h.updated_datetime and s.hash <> h.hash)"""
        )
    equal = """delete from staged where reason is null and row_number not in (
        select max(row_number) from staged where reason is null group by key)
    and key in (select key from staged where reason is null group by key having count(*) > 1)"""
    return [*statements, equal]


def _keep_aside(vault: Vault, source: str, dataset: Dataset, part: str, page: Page) -> None:
    row = "to_json(struct_pack(" + ", ".join(f"{c.name} := {c.name}" for c in canonical.stored(dataset)) + "))"
    vault.con.execute(  # what was wrong with them in an earlier reading, and is no more
        f"""delete from quarantine q where source = ? and key <> '' and reason <> '{OLDER_COPY}'
        and key in (select key from staged where {IS_NEW}) and not exists (
            select 1 from staged s where s.reason is not null and s.key = q.key and s.hash = q.hash)""",
        [source],
    )
    vault.con.execute(  # the same is wrong as before, on a row that may stand elsewhere now
        """update quarantine q set gone = false, part = ?, row_number = s.row_number from (
            select key, hash, min(row_number) as row_number from staged where reason is not null and key <> '' group by all) s
        where q.source = ? and q.key = s.key and q.hash = s.hash
        and (gone or (q.part, q.row_number) is distinct from (?, s.row_number))""",
        [part, source, part],
    )
    vault.con.execute(
        f"""insert into quarantine select distinct on (key, hash) source, '{dataset.name}', key, hash, ?, row_number, reason, {row},
        false from staged where reason is not null and not exists (
            select 1 from quarantine q where q.source = staged.source and q.key = staged.key and q.hash = staged.hash)""",
        [part],
    )
    for number, reason in page.rejected:
        vault.con.execute(
            """insert into quarantine select ?, ?, '', h, ?, nullif(?, 0), ?, null, false from (select hash(?) as h)
            where h not in (select hash from quarantine)""",
            [source, dataset.name, part, number, reason, f"{part}:{number}:{reason}"],
        )


def _write(vault: Vault, source: Source, dataset: Dataset) -> int:
    """Write the records whose content changed. Returns how many."""
    held = f"records_{dataset.name}"
    names = ", ".join(column.name for column in canonical.stored(dataset))
    vault.con.execute(
        """create or replace temp table changed as select s.rowid as place, key from staged s
        where reason is null and not exists (
            select 1 from standing h where h.key = s.key and h.hash = s.hash and not h.deleted_upstream)"""
    )
    written = vault.one("select count(*) from changed")
    if written and vault.one("select count(*) from standing where key in (select key from changed)"):
        row = "to_json(struct_pack(" + ", ".join(f"{c.name} := h.{c.name}" for c in canonical.stored(dataset)) + "))"
        vault.con.execute(  # what this very reading wrote and a later row of it replaces was the older copy
            f"""insert into quarantine select h.source, '{dataset.name}', h.key, h.hash, null, null, '{OLDER_COPY}', {row},
            false from {held} h join seen n using (source, key) join changed c using (key)
            join staged s on s.rowid = c.place and s.source = h.source where h.hash <> s.hash"""
        )
        if dataset.name == "service_requests":
            _keep_replaced(vault, held)
        vault.con.execute(f"delete from {held} where source = ? and key in (select key from changed)", [source.name])
    if written:
        only = (
            "" if written == vault.one("select count(*) from staged") else "where rowid in (select place from changed)"
        )
        vault.con.execute(f"insert into {held} select source, key, hash, flags, false, {names} from staged {only}")
    return written


def _keep_replaced(vault: Vault, held: str) -> None:
    """Remember the closings that the records to be replaced stated, and the new ones do not: each is told in its time."""
    _keep_closings(
        vault,
        f"""{held} h join changed c using (key) join staged s on s.rowid = c.place and s.source = h.source
        where (h.closed_datetime, 'closed') is distinct from (s.closed_datetime, s.status)
        and (h.source, h.key) not in (select (source, key) from seen)""",
    )


def _keep_closings(vault: Vault, of: str, given: dict | None = None) -> None:
    """`of`: SQL of the records `h`, from where they come and which of them."""
    vault.con.execute(
        f"""insert into {CLOSINGS} select h.source, h.key, (select coalesce(max(number), 0) + 1 from {CLOSINGS}),
        h.closed_datetime, h.closed_day, h.disposition, true
        from {of} and h.status = 'closed' and h.closed_datetime is not null""",
        given,
    )


def restore(vault: Vault, source: Source) -> int:
    """Forget that a copy was the older one where the newer one is gone from the source. Returns for how many keys: if
    there are any, the source must be read again."""
    only_older = """source = $source and reason = $older and key in (
        select key from seen where source = $source and not is_usable)"""
    given = {"source": source.name, "older": OLDER_COPY}
    found = vault.con.execute(f"select count(distinct key) from quarantine where {only_older}", given).fetchone()[0]
    if found:
        with vault.transaction():
            vault.con.execute(f"delete from quarantine where {only_older}", given)
    return found


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


def complete(vault: Vault, source: Source, walk: Walk, parts: list[Part], accept_fewer: bool) -> None:
    """Every part was read to its end: end the walk, mark what is gone upstream, keep the time of the data.

    A record whose rows can no longer be used is dropped: what it said is not what the source says now.
    Raises IncompleteError, and marks nothing, if a part is not proved, a fifth of the keys is gone or cannot be used any
    more, a column that was filled is empty, or keys are doubled; the next reading then asks for all of it again."""
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
        read_again(vault, source.name)
        raise
    with vault.transaction():
        if gone:
            vault.con.execute(f"update {held} set deleted_upstream = true where {is_gone}", given)
        if unusable:
            if source.dataset == "service_requests":
                _keep_closings(vault, f"{held} h where {is_unusable}", given)
            vault.con.execute(f"delete from {held} where {is_unusable}", given)
        vault.count_changes(gone + unusable)
        only_aside = f"not gone and key <> '' and key not in (select key from {held} where source = $source)"
        vault.con.execute(f"update quarantine set gone = true where {only_aside} and {is_told_gone}", given)
        _end(vault, source, walk, parts)
        _count_totals(vault, source)
        filled.note(vault, source, walk)
        vault.set(f"as_of:{source.name}", str(_as_of(vault, source, walk.until)))


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
    held = f"records_{source.dataset}"
    return vault.con.execute(
        f"""select (select count(*) from {held} where source = $source and not deleted_upstream)
        + (select count(distinct case when key = '' then hash::varchar else key end) from quarantine
        where source = $source and not gone and (key = '' or key not in (select key from {held} where source = $source)))""",
        {"source": source.name},
    ).fetchall()[0][0]


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
