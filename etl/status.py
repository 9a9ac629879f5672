"""What the vault holds, in a small file beside it, so that others can look while a run has it open."""

import json
import os
from pathlib import Path

from etl.vault import Vault
from hub.datasets import DATASETS


def path(data: Path) -> Path:
    return data / "private" / "status.json"


def write(vault: Vault, data: Path) -> None:
    """Bring data/private/status.json up to date, in one rename."""
    told = {
        "sources": [
            dict(zip(("source", "rows", "keys", "proven_by", "read_at"), row, strict=True))
            for row in vault.rows(
                """select source, sum(rows_read)::bigint, sum(keys)::bigint,
                case when bool_and(proven_by is not null) then min(proven_by) end, max(ended)
                from readings group by source order by source"""
            )
        ],
        "under_way": [name for (name,) in vault.rows("select distinct source from pages order by 1")],
        "records": {
            name: vault.one(f"select count(*) from records_{name} where not deleted_upstream") for name in DATASETS
        },
        "quarantine": dict(vault.rows("select dataset, count(*) from quarantine group by 1 order by 1")),
        "published": vault.setting("published").partition(" ")[0],
    }
    beside = path(data).with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    os.replace(beside, path(data))


def read(data: Path) -> dict | None:
    """The last state, or None before the first run."""
    return json.loads(path(data).read_text("utf-8")) if path(data).is_file() else None
