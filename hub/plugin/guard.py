"""Guard of a SQLite connection: anybody may ask anything, nobody can exhaust the server, read its paths or write.

Only this file sets an authorizer: SQLite has one slot, and the last caller silently wins.
"""

import re
import sqlite3
from collections.abc import Callable

# The cost of the worst functions falls with the square of LENGTH; the gate refuses a release that holds longer values.
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 250_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
PRAGMAS = ("query_only = 1", "trusted_schema = 0", "mmap_size = 268435456")
FORBIDDEN_FUNCTIONS = frozenset(
    {"load_extension", "fts3_tokenizer", "randomblob", "zeroblob", "readfile", "writefile", "edit"}
)
# '%.300000000c' loops for seconds in one opcode, and gives nothing: no limit stops it.
ENDLESS_FORMAT = re.compile(r"%[^a-zA-Z%]*(\d{5,}|\*)")
# Tables that tell about the server or about other visitors' queries, or that read the whole file to answer.
FORBIDDEN_TABLES = frozenset(
    {"pragma_database_list", "sqlite_stmt", "sqlite_dbpage", "dbstat", "bytecode", "tables_used"}
)
# What Datasette and SQLite's own full-text search ask; database_list as a statement, or the database page fails.
ALLOWED_PRAGMAS = frozenset(
    {
        "collation_list",
        "compile_options",
        "data_version",
        "database_list",
        "encoding",
        "foreign_key_list",
        "function_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "max_page_count",
        "page_count",
        "page_size",
        "recursive_triggers",
        "schema_version",
        "table_info",
        "table_list",
        "table_xinfo",
    }
)


def prepare(conn: sqlite3.Connection) -> None:
    """Guard a connection for good. Nothing may be set on it afterwards."""
    for limit, value in LIMITS.items():
        conn.setlimit(limit, value)
    for pragma in PRAGMAS:
        conn.execute(f"PRAGMA {pragma}")
    for name in ("printf", "format"):
        conn.create_function(name, -1, _bounded_format(), deterministic=True)
    conn.set_authorizer(authorize)


def _bounded_format() -> Callable:
    """SQLite's own printf, which answers null to a width or precision that nobody needs."""
    plain = sqlite3.connect(":memory:", check_same_thread=False)

    def bounded(*values):
        if not values or ENDLESS_FORMAT.search(str(values[0])):
            return None
        return plain.execute(f"select printf({', '.join('?' * len(values))})", values).fetchone()[0]

    return bounded


def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Allow reading, the functions and PRAGMAs above, and nothing else."""
    return sqlite3.SQLITE_OK if _allowed(action, first, second) else sqlite3.SQLITE_DENY


def _allowed(action: int, first: str | None, second: str | None) -> bool:
    if action == sqlite3.SQLITE_READ:
        return (first or "").lower() not in FORBIDDEN_TABLES
    if action == sqlite3.SQLITE_FUNCTION:
        return (second or "").lower() not in FORBIDDEN_FUNCTIONS
    if action == sqlite3.SQLITE_PRAGMA:
        return (first or "").lower() in ALLOWED_PRAGMAS
    if action == sqlite3.SQLITE_UPDATE:  # how SQLite declares a virtual table, full-text search among them, in memory
        return first == "sqlite_master"
    return action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
