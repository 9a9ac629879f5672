"""Mathematics that the measures need, for a SQLite that was built without it."""

import math
import sqlite3
from collections.abc import Callable

NEEDED: dict[str, tuple[int, Callable]] = {
    "ln": (1, math.log),
    "exp": (1, math.exp),
    "sqrt": (1, math.sqrt),
    "pow": (2, math.pow),
}


def register(conn: sqlite3.Connection) -> None:
    """Add to a connection those of NEEDED that it lacks. Out of range is null, as in SQLite itself."""
    for name, (arity, function) in NEEDED.items():
        try:
            conn.execute(f"select {name}({', '.join('1' * arity)})")
        except sqlite3.OperationalError:
            conn.create_function(name, arity, _or_null(function), deterministic=True)


def _or_null(function: Callable) -> Callable:
    def quiet(*values):
        if any(value is None for value in values):
            return None
        try:
            return function(*map(float, values))
        except (ValueError, OverflowError):
            return None

    return quiet
