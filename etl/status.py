"""What the vault holds, in a small file beside it, so that others can look while a run has it open."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from etl import completeness
from etl.vault import Vault
from hub.datasets import DATASETS

NEW_FOR = 90 * 24 * 3600  # seconds that a column counts as new


def path(data: Path) -> Path:
    return data / "private" / "status.json"


def write(vault: Vault, data: Path, pulled: Iterable = ()) -> None:
    """Bring data/private/status.json up to date, in one rename. `pulled`: what the last pull did to each source."""
    _replace(data, _of_vault(vault) | {"last_pull": [result.told for result in pulled]})


def telling(vault: Vault, data: Path, step: Callable[[str], None]) -> Callable[[str], None]:
    """`step`, and with the first page of each source the state as it is then: who is killed leaves behind what was begun."""
    begun: set[str] = set()

    def told(words: str) -> None:
        source, _, rows = words.partition(":")
        if rows and source not in begun:
            begun.add(source)
            note(data, **_of_vault(vault))
        step(words)

    return told


def note(data: Path, **facts: object) -> None:
    """Add facts that the vault does not know, such as when the next run is due."""
    if data.is_dir():
        path(data).parent.mkdir(exist_ok=True, mode=0o700)
        try:
            held = read(data) or {}
        except ValueError:  # damaged: the next pull writes all of it again
            held = {}
        _replace(data, held | facts)


def _of_vault(vault: Vault) -> dict:
    return {
        "sources": [
            dict(zip(("source", "rows", "keys", "proven_by", "read_at"), row, strict=True))
            for row in vault.rows(
                """select source, sum(rows_read)::bigint, sum(keys)::bigint, string_agg(distinct proven_by, ', '),
                max(ended) from readings group by source order by source"""
            )
        ],
        "under_way": [
            {"source": source, "kind": kind, "pages": pages, "suspect": suspect}
            for source, kind, pages, suspect in vault.rows(
                """select source, kind, (select count(*) from pages p where p.source = w.source),
                (select coalesce(list(part order by part), []) from walk_parts p where p.source = w.source and proven_by = '')
                from walks w order by source"""
            )
        ],
        "new_columns": [
            {"source": reader, "column": name, "since": since}
            for reader, name, since in vault.rows(
                """select source, name, since from columns where since > (select max(ended) from readings) - ?
                order by since desc, source, name""",
                NEW_FOR,
            )
        ],
        "records": {
            name: vault.one(f"select count(*) from records_{name} where not deleted_upstream") for name in DATASETS
        },
        "quarantine": {name: sum(f.keys for f in completeness.unusable_keys(vault, name)) for name in DATASETS},
        "published": vault.setting("published").partition(" ")[0],
    }


def _replace(data: Path, told: dict) -> None:
    beside = path(data).with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    os.replace(beside, path(data))


def read(data: Path) -> dict | None:
    """The last state, or None before the first run."""
    return json.loads(path(data).read_text("utf-8")) if path(data).is_file() else None
