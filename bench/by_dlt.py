"""The baseline of bench.sources: the same rows by dlt's REST source into DuckDB, by the Python of its own environment.

python bench/by_dlt.py URL KEY WORK
"""

import sys

import dlt
from dlt.sources.rest_api import rest_api_source

PAGE_ROWS = 10_000


def main(url: str, key: str, work: str) -> None:
    base, _, path = url.rpartition("/resource/")
    paging = {
        "type": "offset",
        "limit": PAGE_ROWS,
        "limit_param": "$limit",
        "offset_param": "$offset",
        "total_path": None,
    }
    resource = {
        "name": "requests",
        "primary_key": key,
        "write_disposition": {"disposition": "merge", "strategy": "upsert"},
        "endpoint": {"path": f"resource/{path}", "params": {"$order": ":id"}, "paginator": paging},
    }
    source = rest_api_source({"client": {"base_url": base}, "resources": [resource]})
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=f"{work}/pipelines",
        destination=dlt.destinations.duckdb(f"{work}/dlt.duckdb"),
        dataset_name="town",
    )
    print(pipeline.run(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
