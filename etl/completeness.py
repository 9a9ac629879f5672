"""Where every source key ever read has gone: counted per dataset, asserted by the gate, shown in public."""

import json
from dataclasses import dataclass, field, replace

from etl import tombstones
from etl.canonical import FLAGS, bit
from etl.copies import OLDER_COPY
from etl.privacy.kind import tier_of
from etl.quarantine import unusable
from etl.vault import WEEKLY, Vault
from hub.policy import Policy

REQUESTS = "service_requests"
FLAGGED = "flagged"  # setting of the vault: what was told of requests of other tiers than A with a flag
AMONG = "Its period of opening has not closed, or it is one of fewer than {k} that are withheld for one reason"
SOURCES = """select source from records_{dataset} union select source from quarantine where dataset = '{dataset}'"""
FATES = ("released", "waiting", "withheld", "quarantined", "erased", "deleted_upstream")


@dataclass(frozen=True, slots=True)
class Fate:
    """So many keys of a dataset met one fate for one reason."""

    fate: str
    reason: str
    keys: int


@dataclass(frozen=True, slots=True)
class Account:
    """What of the service requests is counted once a week: how many came on one day, less what is shown of tier A, would
    tell the others' days. `unusable`: keys by reason; `standing`: keys that their system had; `asides`: lines of
    quality_reasons; `gone_aside`: unusable keys that their system no longer had, `deleted`: records of other tiers than A;
    `sources`: rows read of each, and `daily`: of those the records of tier A, which are counted day by day."""

    unusable: dict[str, int]
    rows_read: int
    duplicates: int
    standing: int
    asides: list[dict]
    sources: dict[str, int]
    gone_aside: int
    deleted: int = 0
    daily: dict[str, int] = field(default_factory=dict)

    def without(self, deferred: dict[str, int]) -> "Account":
        """As if so many records of each source had not been read."""
        n, rows = sum(deferred.values()), {name: self.sources[name] - count for name, count in deferred.items()}
        return replace(self, rows_read=self.rows_read - n, standing=self.standing - n, sources=self.sources | rows)

    def rows_of(self, source: str, daily: dict[str, int]) -> int:
        """Rows read of a source, now that there are so many of tier A by source."""
        return self.sources.get(source, 0) + daily.get(source, 0) - self.daily.get(source, 0)


def account(vault: Vault, policy: Policy) -> Account:
    """As it stands now."""
    rows = dict(vault.rows("select source, sum(rows_read + set_aside)::bigint from readings group by 1 order by 1"))
    aside = {fate.reason: fate.keys for fate in unusable_keys(vault, REQUESTS)}
    live = vault.one(f"select count(*) from records_{REQUESTS} where not deleted_upstream")
    standing, gone = live + sum(aside.values()) + tombstones.count(vault, REQUESTS), unusable_gone(vault, REQUESTS)
    return Account(aside, *_rows_read(vault, REQUESTS), standing, _asides(vault, REQUESTS, policy), rows, gone)


def withheld_by_reason(fates: list[Fate]) -> dict[str, int]:
    """How many keys are told as withheld, by reason."""
    return {fate.reason: fate.keys for fate in fates if fate.fate == "withheld"}


def in_steps(fates: list[Fate], before: dict[str, int], k: int) -> list[Fate]:
    """The fates, with so few withheld keys counted among those that wait that no release tells fewer than `k` of a reason,
    nor one after another that 1 to k-1 have come or gone. `before`: what the last release told."""
    now, told = withheld_by_reason(fates), {}
    waiting = sum(fate.keys for fate in fates if fate.fate == "waiting")
    for reason in sorted({*now, *before}):
        keys, was = now.get(reason, 0), before.get(reason, 0)
        is_step = abs(keys - was) >= k or was > keys + waiting  # of fewer that went, as many that wait stand in
        told[reason] = (keys if keys >= k else 0) if is_step else was
        waiting += keys - told[reason]
    if told == now:
        return fates
    others = [fate for fate in fates if fate.fate not in ("withheld", "waiting")]
    others += [Fate("withheld", reason, keys) for reason, keys in told.items() if keys]
    return [*others, Fate("waiting", AMONG.format(k=k), waiting)]


def of_dataset(
    vault: Vault,
    policy: Policy,
    dataset: str,
    live: list[Fate],
    week: Account | None = None,
    uncounted: int = 0,
    deleted: tuple[int, int] = (0, 0),
) -> tuple[dict, list[dict]]:
    """The line of `completeness` and the lines of `quality_reasons`; `live` tells the fates of the live records but for
    those that are `uncounted`. Within a `week` its account stands for what came since and what went, which is `deleted`
    in tier A and in others."""
    held, gone = vault.rows(f"select count(*), count(*) filter (deleted_upstream) from records_{dataset}")[0]
    aside, gone_aside = unusable_keys(vault, dataset), unusable_gone(vault, dataset)
    if week:
        gone_aside = week.gone_aside
        gone_then = min(week.deleted, deleted[1])  # but for those that were erased since
        gone, uncounted = deleted[0] + gone_then, uncounted + deleted[1] - gone_then
        held += vault.one(  # they stand until the week ends, though what came of them since is of no use
            f"select count(*) from {WEEKLY} where (source, key) not in (select (source, key) from records_{dataset})"
        )
        aside = unusable_keys(vault, dataset, also_gone=True)
        aside = [replace(fate, keys=min(fate.keys, week.unusable.get(fate.reason, 0))) for fate in aside]
    erased = tombstones.count(vault, dataset)
    fates = [*live, *aside, Fate("erased", "", erased), Fate("deleted_upstream", "", gone + gone_aside)]
    line = {fate: sum(f.keys for f in fates if f.fate == fate) for fate in FATES}
    read = held - uncounted + sum(f.keys for f in aside) + gone_aside + erased
    if week:
        rows_read, duplicates = week.rows_read + read - line["deleted_upstream"] - week.standing, week.duplicates
    else:
        rows_read, duplicates = _rows_read(vault, dataset)
        rows_read -= uncounted
    line |= {"dataset": dataset, "rows_read": rows_read, "read": read, "duplicates": duplicates}
    told = [
        {"dataset": dataset, "kind": f.fate, "reason": f.reason, "rows": f.keys} for f in fates if f.reason and f.keys
    ]
    return line, told + (week.asides if week else _asides(vault, dataset, policy))


def _rows_read(vault: Vault, dataset: str) -> tuple[int, int]:
    """Rows in the last reading, and those beyond the first of each key."""
    return vault.rows(
        f"""select coalesce(sum(rows_read), 0)::bigint, coalesce(sum(rows_read - keys), 0)::bigint from readings
        where source in ({SOURCES.format(dataset=dataset)})"""
    )[0]


def unusable_keys(vault: Vault, dataset: str, also_gone: bool = False) -> list[Fate]:
    """Keys of which no record could be made; a bad copy of a good record is none of them."""
    which = "true" if also_gone else "not gone"
    found = f"select reason, count(*) from {unusable(dataset)} where {which} group by reason order by reason"
    return [Fate("quarantined", reason, keys) for reason, keys in vault.rows(found)]


def unusable_gone(vault: Vault, dataset: str) -> int:
    """How many of them their system no longer has."""
    return vault.one(f"select count(*) from {unusable(dataset)} where gone")


def flagged(vault: Vault, policy: Policy) -> dict[str, int]:
    """Requests of other tiers than A with a value that was set aside, by word, as they are told: another number than the
    last one only if it is at least the smallest class away. Fewer would tell what became of one that is not shown yet."""
    before, k = json.loads(vault.setting(FLAGGED, "{}")), max(policy.k.values())
    now = {word: n for word, (_, n) in _flags(vault, policy).items()}
    return {word: n if abs(n - before.get(word, 0)) >= k else before.get(word, 0) for word, n in now.items()}


def _flags(vault: Vault, policy: Policy) -> dict[str, tuple[int, int]]:
    """The same as it is: in tier A, and in others."""
    found = vault.rows(
        f"""select coalesce(service_group, ''), coalesce(service_name, ''), flags, count(*) from records_{REQUESTS}
        where not deleted_upstream and flags <> 0 group by all"""
    )
    kinds = [(tier_of(group, name, policy) == "A", flags, n) for group, name, flags, n in found]
    return {
        word: tuple(
            sum(n for in_a, flags, n in kinds if flags & bit(word) and in_a is which) for which in (True, False)
        )
        for word in FLAGS
    }


def _asides(vault: Vault, dataset: str, policy: Policy) -> list[dict]:
    """Copies that were replaced, rows of another kind, and values that were nulled."""
    if dataset == REQUESTS:
        others = flagged(vault, policy)
        counts = {word: in_a + others[word] for word, (in_a, _) in _flags(vault, policy).items()}
    else:
        sql = f"select count(*) from records_{dataset} where not deleted_upstream and flags & ? <> 0"
        counts = {word: vault.one(sql, bit(word)) for word in FLAGS}
    told = [
        {"dataset": dataset, "kind": "flagged", "reason": FLAGS[word], "rows": rows}
        for word, rows in counts.items()
        if rows
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
        f"select coalesce(sum(set_aside), 0)::bigint from readings where source in ({SOURCES.format(dataset=dataset)})"
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
