"""What a check demanded and found, what it is given to judge by, and how it asks."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from etl.canaries import Recall
from etl.privacy.risk import Facts
from etl.withdrawal import Marks
from hub import checks
from hub.policy import Policy

CLASS = "service_group, place_id, requested_bucket, requested_grain"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check demanded and found."""

    check_name: str
    bound: str
    value: str
    is_passed: bool
    n: int

    @property
    def row(self) -> dict:
        found = {name: getattr(self, name) for name in self.__slots__}
        return found | checks.told(self.check_name)._asdict() | {"is_passed": int(self.is_passed)}


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged by: the policy, the release served before, and what only the builder knows.

    `fallen`: ids that had to become coarser since the last release, which the comparison exempts.
    `facts`: what only the vault knows of the risk; None where it is not at hand. `finer`: rows that are shown finer than
    the ledger has them.
    `erased`: what was erased since then. `text_layers`: which layers redacted the texts, empty where none are shown.
    `reasons`: how many requests meet each now, `unusable`: why some cannot be used; the release counts them once a week.
    `canaries`: what became of those that were sent through the layers; None where it is not at hand.
    `accept_fewer`: an operator says that far fewer rows than before are right."""

    policy: Policy
    before: Path | None = None
    fallen: frozenset[int] = frozenset()
    erased: Marks = field(default_factory=dict)
    text_layers: str = ""
    facts: Facts | None = None
    finer: int | None = None
    reasons: dict[str, int] | None = None
    unusable: dict[str, int] = field(default_factory=dict)
    accept_fewer: bool = False
    canaries: Recall | None = None
    new: sqlite3.Connection | None = None


Check = Callable[[Case], list[Finding]]


def one(case: Case, sql: str):
    return case.new.execute(sql).fetchone()[0]


def file_of(case: Case) -> Path:
    """Where the database that is judged lies."""
    return Path(one(case, "select file from pragma_database_list where name = 'main'"))


def size_of(case: Case, table: str = "service_requests") -> int:
    return one(case, f"select count(*) from {table}")


def none(check_name: str, what: str, found: int, n: int) -> Finding:
    """A finding that demands none of something."""
    return Finding(check_name, f"0 {what}", str(found), found == 0, n)
