"""Values that had to be set aside hint at a layout that does not fit: where the first of each was met, and what cures it."""

from etl.canonical import FLAGS, bit
from etl.vault import Vault
from hub.source import Source

# flag -> what to do about it in city.yml
CURES = {
    "unknown_status": "name it in layout.statuses",
    "bad_date": "say in layout.dates how it is written",
    "bad_number": "look whether fields names the right column",
    "closed_before_opened": "look whether fields names the right columns",
    "closed_ahead": "look at layout.dates and time_zone",
    "opened_ahead": "look at layout.dates and time_zone",
    "outside_city": "look at city.bbox, and at the columns of lat and long",
}
REPEATED = "repeated_id"
NO_STATUS = "look whether fields names the right column"
STATUS = {"service_requests": "status_raw", "capital_projects": "status"}  # the column of the city's own word
NAMED, LONGEST = 3, 40  # words that are named, and letters of each


def note(vault: Vault, source: Source, part: str) -> None:
    """Keep the first row of a part with each of them, from the page that is staged."""
    first = ", ".join(f"min(row_number) filter (flags & {bit(word)} <> 0)" for word in CURES)
    [rows] = vault.rows(f"select {first} from staged where flags <> 0")
    for word, row in zip(CURES, rows, strict=True):
        _keep(vault, source, part, word, row)


def note_repeated(vault: Vault, source: Source, part: str) -> None:
    """Keep the first row of a part whose id came before: in the page that is staged, or as `met` in an earlier one."""
    [(row,)] = vault.rows(
        """select min(row_number) from (
            select min(row_number, 2)[2] as row_number from staged where key <> '' group by key having count(*) > 1
            union all select row_number from staged where key <> '' and key in (select key from met))"""
    )
    _keep(vault, source, part, REPEATED, row)


def _keep(vault: Vault, source: Source, part: str, word: str, row: int | None) -> None:
    if row is not None:
        vault.con.execute(
            """insert into first_flagged select $source, $part, $word, $row where not exists (
            select 1 from first_flagged where source = $source and part = $part and word = $word)""",
            {"source": source.name, "part": part, "word": word, "row": row},
        )


def places(vault: Vault, source: Source) -> dict[str, tuple[str, int]]:
    """The part and row in which each was met first."""
    first = "select word, min(part), arg_min(row_number, part) from first_flagged where source = ? group by word"
    return {word: (part, row) for word, part, row in vault.rows(first, source.name)}


def counted(vault: Vault, source: Source) -> list[tuple[str, str, int | None, str]]:
    """What there is of each among the live records, in words; the part and row where the first was met; the cure."""
    counts = ", ".join(f"count(*) filter (flags & {bit(word)} <> 0)" for word in CURES)
    [found] = vault.rows(f"select {counts} from {_live(source)}", source.name)
    first = places(vault, source)
    counts = {word: count for word, count in zip(CURES, found, strict=True) if count}
    words = {word: _in_words(vault, source, word) for word in counts}
    return [
        (f"{count:,}: {words[word][0]}", *first.get(word, ("", None)), words[word][1]) for word, count in counts.items()
    ]


def _live(source: Source) -> str:
    return f"records_{source.dataset} where source = ? and not deleted_upstream"


def _in_words(vault: Vault, source: Source, word: str) -> tuple[str, str]:
    """What it is, with the words that were met; and its cure."""
    told = f"{FLAGS[word][0].lower()}{FLAGS[word][1:]}"
    if word != "unknown_status":
        return told, CURES[word]
    raw = STATUS[source.dataset]
    words = vault.rows(
        f"""select {raw}, count(*) from {_live(source)} and flags & {bit(word)} <> 0 and {raw} is not null
        group by 1 order by 2 desc, 1 limit {NAMED}""",
        source.name,
    )
    named = ", ".join(f"{text[:LONGEST]!r} ({rows:,})" for text, rows in words)
    return (f"{told}, such as {named}", CURES[word]) if named else ("no status at all", NO_STATUS)
