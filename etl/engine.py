"""Which engine the transforms run on: they are Narwhals expressions; this file holds what Narwhals cannot say.

Embedded: DuckDB, the vault's own engine. Small tables (calendars, cells) are made in Python once per distinct value
and joined, so that they need nothing of the engine.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import duckdb
import narwhals as nw
import pyarrow as pa

from etl.privacy.pseudonym import TAIL_BITS

BLOCK = 64  # of SHA-256
RECORD = "source || chr(31) || key"  # what is hashed of a record


@dataclass(frozen=True, slots=True)
class DuckEngine:
    """The embedded engine over an open connection. Temporary tables live as long as the connection."""

    con: duckdb.DuckDBPyConnection
    numbers: count = field(default_factory=count)

    def table(self, name: str) -> nw.LazyFrame:
        return nw.from_native(self.con.table(name))

    def given(self, rows: pa.Table) -> nw.LazyFrame:
        """A small table made in Python."""
        return nw.from_native(self.con.from_arrow(rows))

    def keep(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """Compute the frame now, once."""
        name, relation = f"kept_{next(self.numbers)}", frame.to_native()
        self.con.register("_kept", relation)
        self.con.execute(f"create temp table {name} as select * from _kept")
        self.con.unregister("_kept")
        return self.table(name)

    def has_rows(self, frame: nw.LazyFrame) -> bool:
        return self.arrow(frame.select(nw.len()))[0][0].as_py() > 0

    def coded(self, frame: nw.LazyFrame, column: str, name: str, code: Callable[[str], int]) -> nw.LazyFrame:
        """Add `name`: the number that `code` gives to each distinct value of a text column; null stays null."""
        values = sorted(
            value for value in self.arrow(frame.select(column).unique())[column].to_pylist() if value is not None
        )
        schema = pa.schema([(column, pa.string()), (name, pa.int64())])
        return frame.join(self.given(pa.table([values, list(map(code, values))], schema=schema)), on=column, how="left")

    def named(self, frame: nw.LazyFrame, column: str, name: str, names: dict[int, str]) -> nw.LazyFrame:
        """Add `name`: the text that belongs to each number in a column."""
        schema = pa.schema([(column, pa.int64()), (name, pa.string())])
        return frame.join(
            self.given(pa.table([list(names), list(names.values())], schema=schema)), on=column, how="left"
        )

    def hashed(self, frame: nw.LazyFrame, column: str) -> nw.LazyFrame:
        """Replace a text column by a 63-bit hash, which is cheaper to count; null stays null."""
        short = f"case when {column} is not null then (hash({column}) // 2)::bigint end as {column}"
        return nw.from_native(frame.to_native().query("rows_", f"select * replace ({short}) from rows_"))

    def arrow(self, frame: nw.LazyFrame) -> pa.Table:
        return frame.to_native().to_arrow_table()

    def ask(self, sql: str, **frames: nw.LazyFrame) -> pa.Table:
        """The answer to a query in SQL that SQLite understands too, over frames by name."""
        for name, frame in frames.items():
            self.con.register(name, frame.to_native())
        answer = self.con.sql(sql).to_arrow_table()
        for name in frames:
            self.con.unregister(name)
        return answer

    def keyed(self, frame: nw.LazyFrame, key: bytes) -> nw.LazyFrame:
        """Add `id` and `id_tail`: the first 63 bits and the 17 after them of HMAC-SHA256 of source, 0x1f, record key."""
        relation = frame.to_native().query(
            "rows_",
            f"""select * exclude (mac), {number_sql("mac")} as id,
            ('0x' || mac[16:20])::bigint & {(1 << TAIL_BITS) - 1} as id_tail
            from (select *, {mac_sql(key, RECORD)} as mac from rows_)""",
        )
        return nw.from_native(relation)


def mac_sql(key: bytes, message: str) -> str:
    """SQL for the HMAC-SHA256 of a text expression, as 64 hexadecimal digits."""
    padded = key.ljust(BLOCK, b"\0")
    inner, outer = (bytes(b ^ pad for b in padded).hex() for pad in (0x36, 0x5C))
    return f"sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode({message}))))"


def number_sql(mac: str) -> str:
    """SQL for the first 63 bits of such a hash, as a number."""
    return f"(('0x' || ({mac})[1:16])::ubigint >> 1)::bigint"


def keyed_id(key: bytes, source: str, record_key: str) -> tuple[int, str]:
    """(id, public_id) of one record, by the standard library: what `keyed` and `public_ids` must equal."""
    mac = hmac.new(key, f"{source}\x1f{record_key}".encode(), hashlib.sha256).digest()
    return int.from_bytes(mac[:8], "big") >> 1, base64.b32encode(mac).decode().lower()[:16]
