"""The vocabulary of a table: columns, tables, datasets and how private each column is."""

from dataclasses import dataclass, field
from enum import StrEnum


class Privacy(StrEnum):
    """What may happen to a column of a record on its way into a release; strictest last."""

    PUBLIC = "public"  # released as it is
    KIND = "kind"  # what was asked for: named in tier A, only by its group in B and C
    TIME = "time"  # released as a bucket, a duration, met or missed
    PLACE = "place"  # released as an area that holds enough people
    OUTCOME = "outcome"  # released once its date tells nothing about the opening
    PSEUDONYM = "pseudonym"  # released as a keyed number
    TEXT = "text"  # free text: not released unless a policy opts in
    WITHHELD = "withheld"  # never released


class Type(StrEnum):
    """What a column holds. The value is its SQLite type's reading in the data dictionary."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    CENTS = "cents"  # money as integer cents
    DATE = "date"  # YYYY-MM-DD, local
    INSTANT = "instant"  # integer UTC seconds
    BOOLEAN = "boolean"  # 0 or 1


SQLITE = {
    Type.TEXT: "TEXT",
    Type.INTEGER: "INTEGER",
    Type.NUMBER: "REAL",
    Type.CENTS: "INTEGER",
    Type.DATE: "TEXT",
    Type.INSTANT: "INTEGER",
    Type.BOOLEAN: "INTEGER",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type and meaning. `references` is 'table.column' of another table."""

    name: str
    type: Type
    help: str
    privacy: Privacy = Privacy.PUBLIC
    unit: str = ""
    references: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One released table. `search` columns get full-text search, `search_if_any` those of which a release holds any value;
    `indexes` are covering, in order."""

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    search: tuple[str, ...] = ()
    search_if_any: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    label: str = ""
    sort: str = ""
    download: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class View:
    """A released SQL view: a ready join."""

    name: str
    title: str
    about: str
    sql: str
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One subject: the record the vault keeps and the tables a release shows.

    `record` is the closed list of canonical columns; each one's privacy picks its rule.
    `key` names the record column that identifies a row of its source for ever.
    """

    name: str
    title: str
    about: str
    key: tuple[str, ...]
    record: tuple[Column, ...]
    table: Table
    companions: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        return (self.table, *self.companions)

    def column(self, name: str) -> Column:
        return next(column for column in self.record if column.name == name)
