"""What the rows of a page become: SQL that makes records of them, and the table `staged`, in which one page is judged."""

import duckdb
import narwhals as nw
import pyarrow as pa

from etl import canonical, typed
from etl.cleaning import cleaned
from etl.sources.page import Page
from hub.city import City
from hub.datasets import DATASETS
from hub.source import Source

BATCH_ROWS = 20_000
MADE: dict[str, str] = {}  # how rows are judged -> the SQL made of it, which takes longer to make than to run
MET = "coalesce(nullif(staged.key, ''), staged.hash::varchar)"  # a row without a key is met by its content
IS_NEW = f"not exists (select 1 from met n where n.key = {MET})"


def judged(con: duckdb.DuckDBPyConnection, city: City, source: Source, page: Page) -> duckdb.DuckDBPyRelation:
    """What the rows of a page become: the record's columns, `row_number`, `flags` and `reason`."""
    return con.sql(_record_sql(con, city, source, page))


def stage(con: duckdb.DuckDBPyConnection, city: City, source: Source, page: Page, with_text: bool) -> None:
    """Put the same into `staged`, with `source`, `key` and the content's `hash`; a `reason` says why a row cannot be used."""
    dataset = DATASETS[source.dataset]
    record = _record_sql(con, city, source, page, with_text)
    names = [column.name for column in canonical.stored(dataset)]
    key = ", ".join(f"{name}::varchar" for name in dataset.key)
    words = canonical.texts(dataset) if with_text else ()
    con.execute(
        f"""create or replace temp table staged as
        select '{source.name}' as source, concat_ws(chr(31), {key}) as key,
        hash(flags, {", ".join(names)}) as hash, flags, reason, row_number, {", ".join([*names, *words])} from ({record})"""
    )


def _record_sql(con: duckdb.DuckDBPyConnection, city: City, source: Source, page: Page, with_text: bool = False) -> str:
    """The same as SQL over the table `page`, which is registered."""
    dataset, rows = DATASETS[source.dataset], cleaned(page.rows, source.layout.get("nulls", []))
    numbers = pa.py_buffer(page.numbers)
    numbered = rows.append_column("row_number", pa.Array.from_buffers(pa.int64(), rows.num_rows, [None, numbers]))
    batches = numbered.to_batches(BATCH_ROWS)  # they are read in parallel
    con.register("page", pa.Table.from_batches(batches, numbered.schema))
    select = typed.select_sql(source, dataset, rows.column_names)
    how = repr((select, city.bbox, source.layout, numbered.schema.types, with_text, canonical.stored(dataset)))
    if how not in MADE:
        made = canonical.finish(nw.from_native(con.sql(select)), city, source, dataset, with_text)
        MADE[how] = made.to_native().sql_query()
    return MADE[how]
