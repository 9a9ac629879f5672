"""What a release shows of free text: in tier A only, redacted or as an approved template, and what waits for review.

A closing note is told where its row is told as closed, not before: the outcome embargo holds for it too."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import narwhals as nw
import pyarrow as pa
from narwhals import col, lit, when

from etl import texts
from etl.anonymize import Anonymized
from etl.generalise import Context
from etl.privacy import review, templates
from etl.privacy.pseudonym import public_ids
from etl.privacy.review import Entry
from etl.privacy.text import Gazetteer, available, fingerprint, redact
from etl.privacy.text.ner import is_installed
from etl.vault import Vault

NOTED = ("hash", "text", "reason", "spans", "layers")
SPAN_RISK, UNNAMED_RISK = 0.1, 0.25  # of each masked part; of all where names are not recognised (no L4)
SOURCES = {"templates": ("closure_note",), "redacted": ("description", "closure_note")}  # by what the policy uses


@dataclass(frozen=True, slots=True)
class Request:
    """A released row of tier A with the redaction of its texts; None for what is not there or is withheld."""

    number: int
    public_id: str
    description: str | None
    note: str | None
    note_spans: int = 0
    description_spans: int = 0


def add(vault: Vault, at: Context, done: Anonymized) -> tuple[Anonymized, str]:
    """The rows with their text, and the layers that ran, as the audit names them; neither where the policy is off."""
    texts.follow(vault, at.policy)
    if at.policy.text == "off":
        return done, ""
    texts.sweep(vault)
    requests = list(_requests(vault, at, done))
    known = _approved(vault, requests)
    shown = _as_templates(requests, known)
    if at.policy.text == "redacted":
        shown = {**shown, **_as_redacted(vault, requests, known)}
    codes = {r.number: entry.disposition for r in requests if (entry := known.get(_id(r.note))) and entry.disposition}
    return _joined(at, done, shown, codes), layers_told()


def layers_told() -> str:
    missing = "" if is_installed() else "; L4 did not run: the extra ner is not installed"
    return ", ".join(available()) + missing


def gazetteer(vault: Vault, at: Context) -> Gazetteer:
    """The city's own districts and streets, and the numbers and addresses that its policy allows."""
    names = [name for (name,) in vault.rows("select distinct name from areas where name <> '' order by name")]
    return Gazetteer.of([*names, at.city.name], at.policy.text_allowed)


def _requests(vault: Vault, at: Context, done: Anonymized) -> Iterator[Request]:
    """Rows of tier A that have a text, in the order of their numbers."""
    used = SOURCES[at.policy.text]
    shown = at.engine.keep(done.rows.filter(col("tier") == "A").select("id", "status"))
    held = at.engine.keyed(at.engine.table("texts"), at.key)
    found = at.engine.arrow(held.join(shown, on="id", how="inner").sort("id"))
    ids = public_ids(found["id"].combine_chunks(), found["id_tail"].combine_chunks()).to_pylist() if len(found) else []
    rows = found.to_pylist()
    for row in rows:
        row["description"] = row["description"] if "description" in used and _may(at, row, "description") else None
        is_told = row["status"] == "closed" and _may(at, row, "closure_note")
        row["closure_note"] = row["closure_note"] if is_told else None
    given = [row[name] for row in rows for name in texts.COLUMNS if row[name]]
    made = _redacted(vault, given, gazetteer(vault, at))
    for row, public_id in zip(rows, ids, strict=True):
        words, note = made.get(row["description"], (None, 0)), made.get(row["closure_note"], (None, 0))
        yield Request(row["id"], public_id, words[0], note[0], note[1], words[1])


def _may(at: Context, row: dict, column: str) -> bool:
    """False for a column that city.yml does not publish."""
    source = at.city.sources.get(row["source"])
    return column not in at.city.withheld and not (
        source and source.publish is not None and column not in source.publish
    )


def _redacted(vault: Vault, given: list[str], places: Gazetteer) -> dict[str, tuple[str | None, int]]:
    """Each distinct text redacted, and how many parts of it are masked; what was redacted before is remembered."""
    how = hashlib.sha256(repr((fingerprint(), sorted(places.names), sorted(places.allowed))).encode()).hexdigest()
    unique = list(dict.fromkeys(given))
    marks = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in unique]
    vault.con.execute("delete from redactions where layers <> ?", [how])
    known = {mark: (text, spans) for mark, text, spans in vault.rows("select hash, text, spans from redactions")}
    new = {mark: text for mark, text in zip(marks, unique, strict=True) if mark not in known}
    if new:
        told = redact(new.values(), places)
        lines = [[mark, r.text, r.reason, len(r.spans), how] for mark, r in zip(new, told, strict=True)]
        _note(vault, lines)
        known |= {line[0]: (line[1], line[3]) for line in lines}
    vault.con.execute("delete from redactions where hash not in (select unnest(?::varchar[]))", [marks])
    return {text: known[mark] for mark, text in zip(marks, unique, strict=True)}


def _note(vault: Vault, lines: list[list]) -> None:
    schema = pa.schema([(name, pa.int64() if name == "spans" else pa.string()) for name in NOTED])
    table = pa.Table.from_pylist([dict(zip(NOTED, line, strict=True)) for line in lines], schema)
    vault.con.register("_redacted", table)
    vault.con.execute("insert into redactions by name select * from _redacted")
    vault.con.unregister("_redacted")


def _id(note: str | None) -> str:
    return templates.id_of(templates.template_of(note)) if note else ""


def _approved(vault: Vault, requests: list[Request]) -> dict[str, Entry]:
    """The queue gets the templates that there are now; those that were approved, by their ids."""
    mined = templates.mined((r.number, r.note) for r in requests if r.note)
    review.put(vault, "template", mined)
    here = {entry.id for entry in mined}
    return {e.id: e for e in review.entries(vault, "template", review.APPROVED) if e.id in here}


def _as_templates(requests: list[Request], known: dict[str, Entry]) -> dict[int, str]:
    """The approved wording of each closing note; nothing for one that is told as an outcome code."""
    found = ((r.number, known.get(_id(r.note))) for r in requests)
    return {number: entry.text for number, entry in found if entry and not entry.disposition}


def _as_redacted(vault: Vault, requests: list[Request], known: dict[str, Entry]) -> dict[int, str]:
    """What the reporter wrote, else the closing note, redacted, as far as the queue lets it pass."""
    offered = {}
    for r in requests:
        text, spans = (r.description, r.description_spans) if r.description else (r.note, r.note_spans)
        if text and (r.description or _id(r.note) not in known):
            offered[r.number] = Entry("text", r.public_id, _mark(text), text, risk(spans))
    review.put(vault, "text", offered.values())
    told = {entry.id: entry for entry in review.entries(vault, "text")}
    return {number: entry.text for number, entry in offered.items() if review.is_shown(told[entry.id])}


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def risk(spans: int) -> float:
    """0 to 1: each masked part may stand beside one that was missed; without L4 more names are missed."""
    return round(min(1.0, SPAN_RISK * spans + (0 if is_installed() else UNNAMED_RISK)), 3)


def _joined(at: Context, done: Anonymized, shown: dict[int, str], codes: dict[int, str]) -> Anonymized:
    """The rows with `text`, and with the outcome code of a template where the city's words gave none."""
    numbers = sorted(shown.keys() | codes.keys())
    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("code_", pa.string())])
    told = pa.table([numbers, [shown.get(n) for n in numbers], [codes.get(n) for n in numbers]], schema=schema)
    rows = done.rows.drop("text").join(at.engine.given(told), on="id", how="left")
    coded = (col("disposition") == lit("unknown")) & ~col("code_").is_null()
    rows = rows.with_columns(disposition=when(coded.fill_null(False)).then(col("code_")).otherwise(col("disposition")))
    kept: nw.LazyFrame = at.engine.keep(rows.drop("code_"))
    return replace(done, rows=kept)
