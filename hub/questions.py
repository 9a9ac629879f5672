"""Questions in SQL: each a .sql file whose comment head says what it asks; the one source of every number.

Head lines are `-- key: text` (title, question, unit, caution, example, empty); a line that begins with `--   ` goes on
with the one before. `example` is a query string that gives an answer on the sample city. `empty` says what an empty field
means where that is not 'all'.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

HERE = Path(__file__).parent
KEYS = ("title", "question", "unit", "caution", "example", "empty")


@dataclass(frozen=True, slots=True)
class Question:
    """A named query. `params` are its :names in order of appearance; `empty` is a sentence on those left empty."""

    name: str
    title: str
    question: str
    unit: str
    caution: str
    example: dict[str, str]
    sql: str
    empty: str = "An empty field means all."

    @property
    def params(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", self.sql)))


def read(path: Path) -> Question:
    """Parse one .sql file. A head without title and question, or with an unknown key, is a ValueError."""
    head, body, last = {}, [], ""
    for line in path.read_text("utf-8").splitlines():
        if not body and (found := re.match(r"-- (\w+): (.+)", line)):
            last, head[last] = found[1], found[2].strip()
        elif not body and last and line.startswith("--   "):
            head[last] += " " + line[5:].strip()
        elif line.strip():
            body.append(line)
    if unknown := set(head) - set(KEYS):
        raise ValueError(f"{path.name}: unknown head line {sorted(unknown)}; known: {KEYS}")
    if missing := {"title", "question"} - set(head):
        raise ValueError(f"{path.name}: the head lacks {sorted(missing)}")
    example = dict(parse_qsl(head.pop("example", ""), keep_blank_values=True))
    return Question(path.stem, example=example, sql="\n".join(body), **{"unit": "", "caution": "", **head})


@cache
def measures() -> dict[str, Question]:
    """Every published number."""
    return {path.stem: read(path) for path in sorted((HERE / "measures").glob("*.sql"))}


@cache
def queries() -> dict[str, Question]:
    """Ready questions for journalists."""
    return {path.stem: read(path) for path in sorted((HERE / "queries").glob("*.sql"))}
