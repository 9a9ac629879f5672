"""Where every source key ever read has gone: counted per dataset, asserted by the gate, shown in public."""

from dataclasses import dataclass

from etl import tombstones
from etl.canonical import FLAGS, bit
from etl.intake import OLDER_COPY
from etl.vault import Vault

FATES = ("released", "waiting", "withheld", "quarantined", "erased", "deleted_upstream")


@dataclass(frozen=True, slots=True)
class Fate:
    """So many keys of a dataset met one fate for one reason."""

    fate: str
    reason: str
    keys: int


def of_dataset(vault: Vault, dataset: str, live: list[Fate]) -> tuple[dict, list[dict]]:
    """The line of `completeness` and the lines of `quality_reasons`; `live` tells the fates of the live records."""
    held, gone = vault.rows(f"select count(*), count(*) filter (deleted_upstream) from records_{dataset}")[0]
    unusable = unusable_keys(vault, dataset)
    rows_read, keys = vault.rows(
        f"""select coalesce(sum(rows_read), 0)::bigint, coalesce(sum(keys), 0)::bigint from readings
        where source in (select distinct source from records_{dataset})"""
    )[0]
    erased = tombstones.count(vault, dataset)
    fates = [*live, *unusable, Fate("erased", "", erased), Fate("deleted_upstream", "", gone)]
    line = {fate: sum(f.keys for f in fates if f.fate == fate) for fate in FATES}
    line |= {
        "dataset": dataset,
        "rows_read": rows_read,
        "read": held + sum(f.keys for f in unusable) + erased,
        "duplicates": rows_read - keys,
    }
    told = [
        {"dataset": dataset, "kind": f.fate, "reason": f.reason, "rows": f.keys} for f in fates if f.reason and f.keys
    ]
    return line, told + _asides(vault, dataset)


def unusable_keys(vault: Vault, dataset: str) -> list[Fate]:
    """Keys of which no record could be made; a bad copy of a good record is none of them."""
    return [
        Fate("quarantined", reason, keys)
        for reason, keys in vault.rows(
            f"""select reason, count(*) from (
            select any_value(reason order by row_number) as reason from quarantine
            where dataset = ? and (key = '' or (source, key) not in (select (source, key) from records_{dataset}))
            group by source, case when key = '' then hash::varchar else key end) group by reason order by reason""",
            dataset,
        )
    ]


def _asides(vault: Vault, dataset: str) -> list[dict]:
    """Copies that were replaced, rows of another kind, and values that were nulled."""
    counts = [
        (
            word,
            vault.one(
                f"select count(*) from records_{dataset} where not deleted_upstream and flags & ? <> 0", bit(word)
            ),
        )
        for word in FLAGS
    ]
    told = [
        {"dataset": dataset, "kind": "flagged", "reason": FLAGS[word], "rows": rows} for word, rows in counts if rows
    ]
    copies = vault.one("select count(*) from quarantine where dataset = ? and reason = ?", dataset, OLDER_COPY)
    if copies:
        told.append(
            {
                "dataset": dataset,
                "kind": "older_copy",
                "reason": "The same id came again with other content; the newest is kept",
                "rows": copies,
            }
        )
    aside = vault.one(
        "select coalesce(sum(set_aside), 0)::bigint from readings where source in (select distinct source from records_"
        f"{dataset})"
    )
    if aside:
        told.append(
            {
                "dataset": dataset,
                "kind": "set_aside",
                "reason": "Rows of another kind, or cells that state no amount",
                "rows": aside,
            }
        )
    return told
