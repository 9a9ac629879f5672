"""The review queue: what an officer has to decide before it is shown, or has decided. One line per thing, by kind and id.

template  a closing note that many requests share; shown, or told as an outcome code, once approved
text      a redacted text; shown while its risk is low or it is approved, and never once it is rejected
photo     shown once approved
budget    texts of budget lines in which somebody may be named; told once approved
story     texts of stories in which others than their teller may be named; told once approved

A decision holds for the content that was seen: if that changes, a rejection stays and an approval lapses."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from etl.vault import Vault
from hub.errors import ConfigurationError
from hub.outcomes import DISPOSITIONS
from hub.public_ids import id_of

PENDING, APPROVED, REJECTED = STATES = ("pending", "approved", "rejected")
RISK_BOUND = 0.3  # up to which a redacted text is shown without a decision
COLUMNS = ("kind", "id", "content_hash", "text", "risk", "rows", "state", "disposition", "by", "at")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to decide. `rows`: how many requests it stands for; `disposition`: the code that a template is told as."""

    kind: str
    id: str
    content_hash: str
    text: str | None
    risk: float
    rows: int = 1
    state: str = PENDING
    disposition: str | None = None
    by: str | None = None
    at: int | None = None


STATED = ("kind", "id", "content_hash", "text")
SCHEMA = pa.schema([*((name, pa.string()) for name in STATED), ("risk", pa.float64()), ("rows", pa.int64())])


def put(vault: Vault, kind: str, entries: Iterable[Entry]) -> None:
    """What there is of a kind now: new things wait, changed ones lose an approval, things that are gone leave unless
    they were rejected. `kind` is replaced as a whole."""
    with vault.transaction():
        _put(vault.con, kind, entries, f"state <> '{REJECTED}'")


def place(con: duckdb.DuckDBPyConnection, kind: str, entries: Iterable[Entry]) -> None:
    """The same of contents, each known by its hash: one that is gone leaves, whatever was decided on it. Step by step:
    after none of them is more shown than should be."""
    _put(con, kind, entries, "true")


def _put(con: duckdb.DuckDBPyConnection, kind: str, entries: Iterable[Entry], leaves: str) -> None:
    """`leaves`: SQL that is true of a state in which a thing leaves once it is gone or has changed."""
    rows = [{name: getattr(entry, name) for name in SCHEMA.names} for entry in entries]
    same = "q.kind = o.kind and q.id = o.id"
    con.register("_offered", pa.Table.from_pylist(rows, SCHEMA))
    con.execute("create or replace temp table offered as select * from _offered")
    con.unregister("_offered")
    con.execute(
        f"""delete from review_queue q where kind = ? and {leaves} and not exists (
        select 1 from offered o where {same} and (q.content_hash = o.content_hash or q.state = '{REJECTED}'))""",
        [kind],
    )
    con.execute(
        f"""update review_queue q set risk = o.risk, rows = o.rows, text = o.text from offered o where {same}
        and (q.risk <> o.risk or q.rows <> o.rows or q.text is distinct from o.text)"""
    )
    con.execute(
        f"""insert into review_queue by name select *, '{PENDING}' as state from offered o
        where not exists (select 1 from review_queue q where {same})"""
    )


def entries(vault: Vault, kind: str = "", state: str = "") -> list[Entry]:
    """The queue, what is riskiest and stands for most first."""
    return listed(vault.con, kind, state)


def listed(con: duckdb.DuckDBPyConnection, kind: str = "", state: str = "") -> list[Entry]:
    """The same over an open connection."""
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    rows = con.execute(
        f"""select {columns} from review_queue where (? = '' or kind = ?) and (? = '' or state = ?)
        order by risk desc, rows desc, kind, id""",
        [kind, kind, state, state],
    )
    return [Entry(*row) for row in rows.fetchall()]


def is_shown(entry: Entry) -> bool:
    """A text may be shown if it was approved, or waits and has little risk; everything else only once approved."""
    if entry.state == PENDING:
        return entry.kind == "text" and entry.risk <= RISK_BOUND
    return entry.state == APPROVED


def decide(vault: Vault, ids: Sequence[str], state: str, by: str, disposition: str = "") -> list[Entry]:
    """Write down a decision on things by their ids, inside a transaction. Raises ConfigurationError for a wrong one."""
    if not all(part.strip() for part in by.partition(",")[::2]):
        raise ConfigurationError(f"--by {by!r} does not say who decided.", 'write --by "NAME, ROLE"')
    if disposition and disposition not in DISPOSITIONS:
        raise ConfigurationError(f"There is no outcome code {disposition!r}.", f"codes are: {', '.join(DISPOSITIONS)}")
    known = {entry.id: entry for entry in entries(vault)}
    if missing := [name for name in ids if name not in known]:
        raise ConfigurationError(
            f"Nothing in the queue has the id {', '.join(missing)}; nothing was decided.",
            "copy the ids from `cityglass privacy review`",
        )
    if disposition and any(known[name].kind != "template" for name in ids):
        raise ConfigurationError("Only a template can be told as an outcome code.", "leave --as out for the others")
    vault.con.execute(
        """update review_queue set state = ?, "by" = ?, "at" = ?, disposition = ?
        where id in (select unnest(?::varchar[]))""",
        [state, by.strip(), int(time.time()), disposition or None, list(ids)],
    )
    vault.count_changes(len(ids))
    return [known[name] for name in ids]


def forget_words(vault: Vault) -> None:
    """Text is used no more: what waits goes, of what was decided only the decision stays."""
    vault.con.execute(f"delete from review_queue where kind in ('text', 'template') and state = '{PENDING}'")
    vault.con.execute("update review_queue set text = null where kind in ('text', 'template')")


def forget(vault: Vault, numbers: Iterable[int]) -> None:
    """Forget what was said of requests that were erased, by the numbers of their public ids."""
    gone = set(numbers)
    ids = [entry.id for entry in entries(vault, "text") if id_of(entry.id) in gone]
    vault.con.execute("delete from review_queue where kind = 'text' and id in (select unnest(?::varchar[]))", [ids])
    left = " union ".join(f"select left(sha256({name}), 32) from texts" for name in ("description", "closure_note"))
    vault.con.execute(
        f"delete from redactions where hash not in (select * from ({left}) as l(mark) where mark is not null)"
    )
