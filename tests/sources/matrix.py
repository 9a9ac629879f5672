"""The failure matrix: what goes wrong with a city's system, and on which pages.

Its rows are called as in the design of the sources: F1 is a server that stumbles, F18 a million rows. Faults are told in
the words of tests/cities/faults.py.
"""

from dataclasses import dataclass

from tests.cities.model import NOW, Model
from tests.cities.times import http_date

ROWS_OF_MATRIX = tuple(f"F{number}" for number in range(1, 19))
FIRST, MIDDLE, LAST = "the first page", "a page in the middle", "the last page"
MIDDLE_STUCK, LAST_STUCK = f"{MIDDLE}, however often", f"{LAST}, however often"
ONCE, ALWAYS = "once", "always"
ANYWHERE = (FIRST, MIDDLE, LAST, MIDDLE_STUCK, LAST_STUCK, ALWAYS)


@dataclass(frozen=True)
class Fault:
    """`row` of the failure matrix, what the city is told to do wrong, and on which pages."""

    row: str
    words: tuple
    places: tuple[str, ...] = (MIDDLE,)


def grow(model: Model) -> None:
    """Something new comes in."""
    for _ in range(3):
        model.insert()
    if model.council.matters:
        model.council.fill(matters=3)


def shrink(model: Model) -> None:
    """Something that was read already is gone."""
    if model.rows:
        model.delete(list(model.rows)[10])
    else:
        model.council.withdraw(next(one.id for one in model.council.matters.values() if not one.private))


def storm(model: Model) -> None:
    """Every row is written again, and nothing in any of them has changed."""
    model.touch_all()
    for id in tuple(model.council.matters):
        model.council.amend(id)


# They pass, and nothing is lost: the question is asked again.
PASSES = {
    "500": Fault("F1", ("status", 500), (FIRST, LAST)),
    "503": Fault("F1", ("status", 503)),
    "429 for thirty seconds": Fault("F2", ("too_many", 30)),
    "429 until a time": Fault("F2", ("too_many", http_date(NOW + 90))),
    "429 without a time": Fault("F2", ("too_many", None)),
    "a connection that is reset": Fault("F3", ("reset",)),
    "a body that is cut": Fault("F4", ("cut", 150)),
    "a body that is cut between chunks": Fault("F4", ("cut_chunked", 150)),
    "a text that is cut": Fault("F4", ("cut_text", 150)),
    "a text without a length that is cut": Fault("F4", ("cut_silently", 150)),
    "broken compression": Fault("F4", ("broken_deflate",), (MIDDLE, ALWAYS)),
    "a page for people": Fault("F5", ("html", 200)),
    "an error object under 200": Fault("F5", ("error_object", 500)),
    "204": Fault("F5", ("nothing", 204)),
    "an empty body": Fault("F5", ("nothing", 200)),
    "an export that is still being made": Fault("F5", ("says", {"status": "Processing"})),
    "null": Fault("F5", ("says", b"null")),
    "ids that are numbers": Fault("F8", ("number_id",), (ALWAYS,)),
    "another root": Fault("F8", ("root", "requests"), (ALWAYS,)),
    "a new column": Fault("F8", ("new_column", "secret_diary", "OKAPI"), (ALWAYS,)),
    "a byte order mark": Fault("F9", ("bom",), (ALWAYS,)),
    "a charset that is not the true one": Fault("F9", ("charset", "iso-8859-1")),
    "UTF-16": Fault("F9", ("encoded", "utf-16")),
    "cp1252": Fault("F9", ("encoded", "cp1252")),
    "bytes that are no characters": Fault("F9", ("invalid_utf8",)),
    "NUL in the text": Fault("F9", ("raw_controls",)),
}

# They stay, and the run says so; what was kept until then is true.
STAYS = {
    "500": Fault("F1", ("status", 500)),
    "429 for ever": Fault("F2", ("too_many", 30)),
    "a connection that is reset": Fault("F3", ("reset",)),
    "a body that is cut": Fault("F4", ("cut", 150)),
    "a text that is cut": Fault("F4", ("cut_text", 150)),
    "a text without a length that is cut": Fault("F4", ("cut_silently", 150)),
    "a page for people": Fault("F5", ("html", 200)),
    "an error object under 200": Fault("F5", ("error_object", 500)),
    "204": Fault("F5", ("nothing", 204)),
    "an empty body": Fault("F5", ("nothing", 200)),
    "an export that is still being made": Fault("F5", ("says", {"status": "Processing"})),
    "null": Fault("F5", ("says", b"null")),
    "UTF-16": Fault("F9", ("encoded", "utf-16")),
    "cp1252": Fault("F9", ("encoded", "cp1252")),
    "bytes that are no characters": Fault("F9", ("invalid_utf8",)),
    "NUL in the text": Fault("F9", ("raw_controls",)),
    "JSON a hundred thousand deep": Fault("F12", ("deep",)),
    "a gzip bomb": Fault("F12", ("gzip_bomb", 64)),
    "an XML bomb": Fault("F12", ("xml_bomb",)),
    "an entity that is a file": Fault("F12", ("xxe",)),
    "a redirect to this machine": Fault("F12", ("redirect", "http://127.0.0.1:9/")),
    "a redirect into the network": Fault("F12", ("redirect", "http://169.254.169.254/latest/")),
    "a redirect to a file": Fault("F12", ("redirect", "file:///etc/hostname")),
}

# They look like the truth: all is there in the end, or the run says that it is not.
LIES = {
    "an empty page": Fault("F6", ("empty",), ANYWHERE),
    "a short page": Fault("F6", ("short", 3), ANYWHERE),
    "a page that came before": Fault("F6", ("duplicates",), ANYWHERE),
    "the first page again": Fault("F6", ("first_again",), ANYWHERE[1:]),
    "a row that stands twice": Fault("F6", ("doubled",), ANYWHERE),
    "rows that are skipped": Fault("F6", ("shifted", 2), ANYWHERE),
    "rows that come again": Fault("F6", ("shifted", -2), ANYWHERE[1:]),
    "paging that is ignored": Fault("F6", ("paging_ignored",), ANYWHERE[1:]),
    "a smaller page than asked for": Fault("F6", ("capped", 7), ANYWHERE),
    "an end in the middle": Fault("F6", ("last_page",), (FIRST, MIDDLE, ALWAYS)),
    "a link that leads back": Fault("F6", ("next_link", "loop"), (MIDDLE, ALWAYS)),
    "a link without a host": Fault("F6", ("next_link", "relative"), (MIDDLE, ALWAYS)),
    "a link to a foreign host": Fault("F6", ("next_link", "http://localhost:9"), (MIDDLE, ALWAYS)),
    "a count that is too high": Fault("F6", ("counted", 5), (ONCE, ALWAYS)),
    "a count that is too low": Fault("F6", ("counted", -5), (ONCE, ALWAYS)),
    "a list within something": Fault("F8", ("wrapped", "whatever"), (MIDDLE, ALWAYS)),
    "a row instead of rows": Fault("F8", ("one_object",), (ALWAYS,)),
    "a charset that is never the true one": Fault("F9", ("charset", "iso-8859-1"), (ALWAYS,)),
    "rows that come in meanwhile": Fault("F15", ("meanwhile", grow), (FIRST, MIDDLE, LAST)),
    "a row that goes meanwhile": Fault("F15", ("meanwhile", shrink), (FIRST, MIDDLE, LAST)),
    "a token that expires": Fault("F16", ("token_expired",), (MIDDLE, ALWAYS)),
    "a storm of writing": Fault("F17", ("meanwhile", storm), (MIDDLE, LAST)),
    "rows that are numbered anew": Fault("F17", ("meanwhile", Model.renumber), (MIDDLE, LAST)),
}
