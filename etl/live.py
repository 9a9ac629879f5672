"""The records that a release may tell of: there upstream, published by city.yml, and approved where that is asked."""

import narwhals as nw
import pyarrow as pa
from narwhals import col, when

from etl.anonymize import as_declared
from etl.canonical import stored
from etl.engine import DuckEngine
from hub.city import City
from hub.datasets import DATASETS
from hub.schema import Privacy

YES = ["yes", "true", "1", "y"]


def live_records(engine: DuckEngine, city: City, name: str, table: str = "") -> nw.LazyFrame:
    """The live records of a dataset, without the columns that city.yml does not publish; none if it is not published.
    `table`: where they are, if not in the dataset's own."""
    records = engine.table(table or f"records_{name}").filter(~col("deleted_upstream"))
    for source in city.sources.values():
        if source.dataset == name and source.publish is not None:
            released = [c for c in stored(DATASETS[name]) if c.privacy is not Privacy.WITHHELD]
            told = {*source.publish, *(c.name for c in DATASETS[name].record if c.required)}
            told |= {column.replace("_datetime", "_day") for column in told}  # the local day goes with its instant
            kept_back = [c.name for c in released if c.name not in told]
            records = records.with_columns(
                when(col("source") != source.name).then(col(column)).alias(column) for column in kept_back
            )
    return records if name in city.datasets else records.filter(col("key").is_null())


def tellable(engine: DuckEngine, city: City, name: str) -> pa.Table:
    """The rows of a dataset without small cells as they may be told, in the order of their keys."""
    records = live_records(engine, city, name)
    for column in DATASETS[name].record:
        if column.name in ("approved", "consent"):
            records = records.filter(col(column.name).str.to_lowercase().is_in(YES))
    return engine.arrow(as_declared(DATASETS[name], records).sort("key"))
