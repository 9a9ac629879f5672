"""The little of SQL, SoQL and OData that a sensible client sends; anything else is Refused.

    query("SELECT * FROM cases WHERE id > 'a' AND n >= 5 ORDER BY id DESC LIMIT 10 OFFSET 20")
    where("modified ge 2024-05-01T00:00:00Z and (state eq 0 or state eq 2)")

A condition is a tree: ("and", …), ("or", …), (column, operator, literal), (column, "in", literals),
(column, "null") and (column, "not null"). An empty ("and",) is true for every row.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

ALWAYS = ("and",)
NEVER = ("or",)
OPERATORS = {"=": "=", "eq": "=", "!=": "!=", "<>": "!=", "ne": "!=", ">": ">", "gt": ">", ">=": ">=", "ge": ">="}
OPERATORS |= {"<": "<", "lt": "<", "<=": "<=", "le": "<="}
TOKEN = re.compile(
    r"""\s*(?:(?P<moment>(?:timestamp|datetime|date)\s*'[^']*'|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)
    |(?P<text>'(?:[^']|'')*')
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<name>"[^"]+"|:\*|[:@A-Za-z_][\w:@.]*)
    |(?P<sign><=|>=|<>|!=|=|<|>|\(|\)|,|\*))""",
    re.IGNORECASE | re.VERBOSE,
)
NULL_WORDS = {"null": None, "true": True, "false": False}


class Refused(Exception):
    """The platform does not do this: `reason` is syntax, column, type or table."""

    def __init__(self, reason: str, what: str):
        super().__init__(f"{reason}: {what}")
        self.reason, self.what = reason, what


class Moment(str):
    """A literal that says by itself that it is a date."""

    __slots__ = ()


@dataclass(frozen=True)
class Query:
    columns: tuple[tuple[str, str], ...] = (("*", "*"),)  # what, under which name
    table: str | None = None
    where: tuple = ALWAYS
    order: tuple[tuple[str, bool], ...] = ()  # column, downwards
    limit: int | None = None
    offset: int = 0


class Words:
    """The tokens of a text, taken one after the other."""

    def __init__(self, text: str):
        self.tokens, self.at, place = [], 0, 0
        while text[place:].strip():
            found = TOKEN.match(text, place)
            if not found:
                raise Refused("syntax", f"at {text[place : place + 20].strip()!r}")
            self.tokens.append((found.lastgroup, found.group(found.lastgroup)))
            place = found.end()

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def take(self, *words: str) -> bool:
        """Go past these words if they come next, in any case."""
        following = [token.lower() for _, token in self.tokens[self.at : self.at + len(words)]]
        if following != list(words):
            return False
        self.at += len(words)
        return True

    def need(self, *words: str) -> None:
        if not self.take(*words):
            raise Refused("syntax", f"{' '.join(words)} expected at {self.peek()[1]!r}")

    def name(self) -> str:
        kind, token = self.next()
        if kind != "name":
            raise Refused("syntax", f"a name expected at {token!r}")
        return token.strip('"')

    def whole(self) -> int:
        kind, token = self.next()
        if kind != "number" or not token.isdigit():
            raise Refused("syntax", f"a whole number expected at {token!r}")
        return int(token)


def parsed(text: str, rule: Callable[[Words], object]):
    """The whole text by one rule."""
    words = Words(text)
    found = rule(words)
    if words.peek()[0] != "end":
        raise Refused("syntax", f"unexpected {words.peek()[1]!r}")
    return found


def query(text: str) -> Query:
    return parsed(text, _query)


def where(text: str) -> tuple:
    return parsed(text, _either)


def order(text: str) -> tuple[tuple[str, bool], ...]:
    return parsed(text, _order)


def columns(text: str) -> tuple[tuple[str, str], ...]:
    return parsed(text, _columns)


def _query(words: Words) -> Query:
    words.need("select")
    found = {"columns": _columns(words)}
    if words.take("from"):
        found["table"] = words.name()
    if words.take("where"):
        found["where"] = _either(words)
    if words.take("order", "by"):
        found["order"] = _order(words)
    if words.take("limit"):
        found["limit"] = words.whole()
    if words.take("offset"):
        found["offset"] = words.whole()
    return Query(**found)


def _list(words: Words, rule: Callable) -> tuple:
    found = [rule(words)]
    while words.take(","):
        found.append(rule(words))
    return tuple(found)


def _columns(words: Words) -> tuple:
    return _list(words, _column)


def _column(words: Words) -> tuple[str, str]:
    if words.take("*"):
        return "*", "*"
    what = words.name()
    if words.take("("):
        inner = "*" if words.take("*") else words.name()
        words.need(")")
        what = f"{what.lower()}({inner})"
    default = what.partition("(")[0]
    return what, words.name() if words.take("as") else default


def _order(words: Words) -> tuple:
    return _list(words, _ordered)


def _ordered(words: Words) -> tuple[str, bool]:
    column, down = words.name(), words.take("desc")
    if not down:
        words.take("asc")
    return column, down


def _either(words: Words) -> tuple:
    parts = [_both(words)]
    while words.take("or"):
        parts.append(_both(words))
    return parts[0] if len(parts) == 1 else ("or", *parts)


def _both(words: Words) -> tuple:
    parts = [_condition(words)]
    while words.take("and"):
        parts.append(_condition(words))
    return parts[0] if len(parts) == 1 else ("and", *parts)


def _condition(words: Words) -> tuple:
    if words.take("("):
        inner = _either(words)
        words.need(")")
        return inner
    if words.peek()[0] == "number":  # 1=1, as ArcGIS clients say
        left, _, right = words.whole(), words.need("="), words.whole()
        return ALWAYS if left == right else NEVER
    column = words.name()
    if words.take("is", "null"):
        return column, "null"
    if words.take("is", "not", "null"):
        return column, "not null"
    if words.take("in"):
        words.need("(")
        literals = _list(words, _literal)
        words.need(")")
        return column, "in", literals
    sign = words.next()[1].lower()
    if sign not in OPERATORS:
        raise Refused("syntax", f"an operator expected at {sign!r}")
    return column, OPERATORS[sign], _literal(words)


def _literal(words: Words):
    kind, token = words.next()
    if kind == "text":
        return token[1:-1].replace("''", "'")
    if kind == "moment":
        return Moment(token.partition("'")[2].rstrip("'") if "'" in token else token)
    if kind == "number":
        return float(token) if set(token) & set(".eE") else int(token)
    if token.lower() in NULL_WORDS:
        return NULL_WORDS[token.lower()]
    raise Refused("syntax", f"a value expected at {token!r}")
