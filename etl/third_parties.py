"""Other people in the texts of budget, projects and stories: what may name them waits for a person, and is told once approved.

Kinds of the review queue: budget, project and story. A decision holds for one content, whatever rows bear it; the queue keeps a
hash of it and no words, so that what leaves the records is nowhere else."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from etl.completeness import Fate
from etl.engine import DuckEngine
from etl.live import tellable
from etl.privacy import review
from etl.privacy.review import Entry
from etl.privacy.text import fingerprint
from etl.privacy.text.others import Found, chosen_name, find
from hub.city import City

RISKS = {"name": 0.5}  # of one that is found; any number is worse
NUMBER_RISK = 0.9
CONTACTS = frozenset({"email", "phone", "address"})  # of the archive, which stand in its terms
AROUND = 24  # characters told beside what was found
HEADING = re.compile(
    r"((?:^|; )[^\W\d_][\w'’-]*), (?=[^\W\d_][\w'’-]*(?: [^\W\d_]\.?)?(?:;|$))"
)  # of a subject: Park, Soo-Jin
WAITS = "Its text may name somebody else: a person has to look at it"
REJECTED = "Its text names somebody else"
UNAPPROVED = "Not approved, or no consent is on file"


@dataclass(frozen=True, slots=True)
class Scanned:
    """Which texts of a dataset are looked at. `kind`: in the queue; `is_prose`: told by people, not written by an office;
    `by`: the column with the name that the teller chose, which is searched for numbers alone; `terms`: the column that says
    whom to ask; `usual`: what may stand in any of them: parks and schools bear the names of people."""

    kind: str
    columns: tuple[str, ...]
    is_prose: bool = False
    by: str = ""
    terms: str = ""
    usual: tuple[str, ...] = ()


SCANNED = {
    "budget": Scanned("budget", ("cabinet", "department", "program", "category")),
    "capital_projects": Scanned(
        "project", ("name", "department", "manager", "scope", "status", "neighbourhood"), usual=("name",)
    ),
    "stories": Scanned(
        "story",
        ("title", "body", "byline", "era", "subjects", "place_label", "credit_line", "rights"),
        True,
        "byline",
        "rights",
    ),
}
Content = tuple[str, ...]  # what the columns of one row say


def released(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> pa.Table:
    """The rows in whose texts nobody else was found, or that were approved; the queue gets the others."""
    if name not in SCANNED:
        return rows
    contents = _contents(SCANNED[name], rows)
    entries = _entries(con, SCANNED[name], Counter(contents))
    review.place(con, SCANNED[name].kind, entries)
    held = {e.id for e in review.listed(con, SCANNED[name].kind) if not review.is_shown(e)}
    ids = {content: content_id(*content) for content in set(contents)}
    return rows.filter(pa.array([ids[content] not in held for content in contents], pa.bool_()))


def fates(con: duckdb.DuckDBPyConnection, name: str, told: int) -> list[Fate]:
    """What became of the live records of a dataset without small cells, of which so many are told."""
    [(live,)] = con.execute(f"select count(*) from records_{name} where not deleted_upstream").fetchall()
    found = Counter()
    for entry in review.listed(con, SCANNED[name].kind) if name in SCANNED else ():
        found[entry.state] += entry.rows
    waiting, rejected = found[review.PENDING], found[review.REJECTED]
    return [
        Fate("released", "", told),
        Fate("waiting", WAITS, waiting),
        Fate("withheld", REJECTED, rejected),
        Fate("withheld", UNAPPROVED, live - told - waiting - rejected),
    ]


def with_words(con: duckdb.DuckDBPyConnection, city: City, entries: Sequence[Entry]) -> list[Entry]:
    """The entries with what was found in their contents, which is read from the records as they are now."""
    asked = {entry.kind for entry in entries}
    words: dict[str, str] = {}
    for name, scanned in SCANNED.items():
        if scanned.kind in asked:
            known = {
                content_id(*content): content for content in _contents(scanned, tellable(DuckEngine(con), city, name))
            }
            wanted = [known[entry.id] for entry in entries if entry.kind == scanned.kind and entry.id in known]
            words |= {
                content_id(*c): _told(scanned, c, found)
                for c, found in zip(wanted, _found(scanned, wanted), strict=True)
            }
    return [replace(entry, text=words.get(entry.id, entry.text)) for entry in entries]


def _contents(scanned: Scanned, rows: pa.Table) -> list[Content]:
    texts = (pc.fill_null(rows[name], "").to_pylist() for name in scanned.columns)
    return [*zip(*texts, strict=True)]


def content_id(*content: str | None) -> str:
    """How the queue names what the columns of a row say."""
    return hashlib.sha256("\x1f".join(text or "" for text in content).encode()).hexdigest()[:12]


def _entries(con: duckdb.DuckDBPyConnection, scanned: Scanned, rows: Counter[Content]) -> list[Entry]:
    """What is in the queue now: contents in which somebody was found, and those that were decided on before."""
    decided = {entry.id for entry in review.listed(con, scanned.kind) if entry.state != review.PENDING}
    contents = {content_id(*content): content for content in rows}
    return [
        Entry(scanned.kind, key, key, None, risk, rows[contents[key]])
        for key, risk in _risks(con, scanned, contents).items()
        if risk or key in decided
    ]


def _risks(con: duckdb.DuckDBPyConnection, scanned: Scanned, contents: dict[str, Content]) -> dict[str, float]:
    """The risk of each content, 0 where nobody was found. Each is looked at once: its hash and its risk are kept."""
    how = hashlib.sha256(repr((fingerprint(), HEADING.pattern, scanned)).encode()).hexdigest()
    kept = dict(
        con.execute("select id, risk from looked_at where kind = ? and how = ?", [scanned.kind, how]).fetchall()
    )
    new = {key: content for key, content in contents.items() if key not in kept}
    found = dict(zip(new, map(_risk, _found(scanned, list(new.values()))), strict=True))
    risks = {key: found[key] if key in found else kept[key] for key in contents}
    if risks != kept:
        lines = pa.table({"id": [*risks], "risk": pa.array(risks.values(), pa.float64())})
        con.register("_risks", lines)
        con.execute("delete from looked_at where kind = ?", [scanned.kind])
        con.execute("insert into looked_at select ?, id, risk, ? from _risks", [scanned.kind, how])
        con.unregister("_risks")
    return risks


def _risk(hits: list[list[Found]]) -> float:
    return max((RISKS.get(hit.label, NUMBER_RISK) for each in hits for hit in each), default=0.0)


def _found(scanned: Scanned, contents: Sequence[Content]) -> list[list[list[Found]]]:
    """For each content what was found in each of its columns; equal texts are looked at once."""
    own = [_own(scanned, content) for content in contents]
    asked = {(text, names): None for content, names in zip(contents, own, strict=True) for text in content}
    plain = [HEADING.sub(r"\1  ", text) for text, _ in asked]
    found = find(plain, scanned.is_prose, [names for _, names in asked])
    known = dict(zip(asked, found, strict=True))
    return [
        [
            [hit for hit in known[text, names] if not _may_stand(scanned, column, hit)]
            for column, text in zip(scanned.columns, content, strict=True)
        ]
        for content, names in zip(contents, own, strict=True)
    ]


def _may_stand(scanned: Scanned, column: str, hit: Found) -> bool:
    return hit.label in scanned.usual or (column == scanned.terms and hit.label in CONTACTS)


def _own(scanned: Scanned, content: Content) -> frozenset[str]:
    """The words of the teller's chosen name, in lower case."""
    if not scanned.by:
        return frozenset()
    of = dict(zip(scanned.columns, content, strict=True))
    return chosen_name(of[scanned.by], of["title"])


def _told(scanned: Scanned, content: Content, found: list[list[Found]]) -> str:
    """What a person has to look at, each with the words around it."""
    return "; ".join(
        f"{hit.label} in {column}: {_around(text, hit)}"
        for column, text, hits in zip(scanned.columns, content, found, strict=True)
        for hit in hits
    )


def _around(text: str, hit: Found) -> str:
    first, last = max(0, hit.start - AROUND), min(len(text), hit.end + AROUND)
    return f"{'…' * (first > 0)}{text[first:last]}{'…' * (last < len(text))}"
