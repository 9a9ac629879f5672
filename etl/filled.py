"""Which columns of its records a source fills: one that it filled before and never does now was renamed, or is gone."""

import json

from etl import canonical
from etl.vault import Vault
from etl.walks import ALL, Walk
from hub.datasets import DATASETS
from hub.errors import IncompleteError
from hub.source import Source

FEW = 10  # records with a value: fewer may end by chance


def refuse_emptied(vault: Vault, source: Source, walk: Walk, accept_fewer: bool) -> None:
    """Raise IncompleteError if all was read by the field map of the last time, and a column that was filled is empty."""
    then = json.loads(vault.setting(f"filled:{source.name}", "{}"))
    if walk.kind != ALL or source.is_fallback or accept_fewer or then.get("mapping") != walk.mapping:
        return
    now, named = _counted(vault, source), canonical.aliases(source, DATASETS[source.dataset])
    for column, before in then["columns"].items():
        if before >= FEW and not now.get(column, before) and column in named:
            raise IncompleteError(
                f"{source.name}: no record has {column!r} any more, which {before:,} had at the last reading; it was read "
                f"from the column {' or '.join(map(repr, named[column]))}.",
                f"if the source has renamed it, add the new name to sources.{source.name}.fields in city.yml "
                "(`cityglass check` shows every column); if it is gone for good, run again with --accept-fewer. "
                "The last release stays",
            )


def note(vault: Vault, source: Source, walk: Walk) -> None:
    """Keep what is filled for the next reading of all."""
    if walk.kind == ALL and not source.is_fallback:
        told = {"mapping": walk.mapping, "columns": _counted(vault, source)}
        vault.set(f"filled:{source.name}", json.dumps(told))


def _counted(vault: Vault, source: Source) -> dict[str, int]:
    """Column -> live records with a value."""
    dataset = DATASETS[source.dataset]
    names = [column.name for column in canonical.stored(dataset)]
    counts = ", ".join(f"count({name})" for name in names)
    live = f"select {counts} from records_{dataset.name} where source = ? and not deleted_upstream"
    return dict(zip(names, vault.rows(live, source.name)[0], strict=True))
