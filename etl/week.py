"""Within a week B, C and X stand as in its first release: how many came, changed or went on a day would tell the days.

The vault keeps their records as they were then (`weekly`), and the account of what had been read. Only an erasure, or
an operator who changes the policy, is seen before the week ends."""

import json
from dataclasses import asdict, replace

import narwhals as nw
from narwhals import col

from etl import completeness
from etl.anonymize import Anonymized
from etl.completeness import REQUESTS, Account
from etl.engine import DuckEngine
from etl.generalise import Context
from etl.privacy import kind, time
from etl.privacy.closing import CLOSING
from etl.vault import CLOSINGS, WEEKLY, Vault
from hub.policy import Policy

DAYS = 7
ACCOUNT = "account"  # setting of the vault: the account of the first release of the week
RECORDS = f"records_{REQUESTS}"
DEFERRED = "deferred"  # temporary table of records that are too few to be counted
NOT_WEEKLY = f"(source, key) not in (select (source, key) from {WEEKLY})"


def account(vault: Vault) -> Account | None:
    """What was told of the records in the first release of the week; None if none was made."""
    told = vault.setting(ACCOUNT)
    return Account(**json.loads(told)) if told else None


def records(vault: Vault, at: Context) -> str:
    """The name of the table of all records; where not all count `counts` says which of them stand in any tier."""
    if at.all_count:
        return RECORDS
    if at.deferred:
        vault.con.execute(
            f"""create or replace temp view records_of_the_week as
            select *, (source, key) not in (select (source, key) from {DEFERRED}) as counts from {RECORDS}
            where not deleted_upstream"""
        )
        return "records_of_the_week"
    vault.con.execute(
        f"""create or replace temp view records_of_the_week as select *, true as counts from {WEEKLY}
        union all by name select *, false as counts from {RECORDS} where not deleted_upstream and {NOT_WEEKLY}"""
    )
    return "records_of_the_week"


def deferred(vault: Vault, done: Anonymized, at: Context) -> dict[str, int]:
    """By source, the records of B, C and X that no release has counted and this one does not show, if they are fewer than
    the smallest class: what is read, less what is shown, would tell the week of each. They count once they are enough."""
    shown = done.fates.filter(col("fate") == "released").select("id")
    held = done.received.filter(col("tier") != "A").select("id").join(shown, on="id", how="anti")
    vault.con.register("_held", held.join(done.keys, on="id", how="inner").to_native())
    vault.con.execute(f"create or replace temp table {DEFERRED} as select source, key from _held where {NOT_WEEKLY}")
    vault.con.unregister("_held")
    counted = dict(vault.rows(f"select source, count(*) from {DEFERRED} group by 1 order by 1"))
    return counted if sum(counted.values()) < max(at.policy.k.values()) else {}


def closings(at: Context) -> nw.LazyFrame:
    """The closings that were taken back, as far as B and C may tell them: `id`, `number` and what closing.CLOSING names."""
    stated = at.engine.table(CLOSINGS)
    stated = stated.filter(~col("is_new")) if at.within else stated
    return at.engine.keep(at.engine.keyed(stated, at.key).select("id", "number", *CLOSING))


def keep(vault: Vault, done: Anonymized, at: Context) -> None:
    """What stands until the first release of the next week."""
    standing = done.received.filter(col("tier") != "A").select("id").join(done.keys, on="id", how="inner")
    vault.con.register("_standing", standing.to_native())
    vault.con.execute(
        f"create or replace table {WEEKLY} as select * from {RECORDS}"
        " where not deleted_upstream and (source, key) in (select (source, key) from _standing)"
    )
    vault.con.unregister("_standing")
    vault.con.execute(f"update {CLOSINGS} set is_new = false where is_new")
    _, gone = deleted(vault, at.engine, at.policy)
    counted = replace(completeness.account(vault, at.policy).without(at.deferred), deleted=gone, daily=done.daily)
    vault.set(ACCOUNT, json.dumps(asdict(counted)))


def notices(done: Anonymized, at: Context) -> tuple[str, ...]:
    """What came since the first release of the week, or is too little, and is not counted yet."""
    if at.deferred:
        return (
            f"NOTICE: {sum(at.deferred.values()):,} records of tiers B, C and X that are not shown yet count once they are at "
            f"least {max(at.policy.k.values())}; fewer would tell in which week each came.",
        )
    later, opens = sum(done.uncounted.values()), time.day_of(at.grid + DAYS)
    told = (
        f"NOTICE: {later:,} newer records of tiers B, C and X count from the first release with data of {opens:%A}, {opens}; "
        "within a week they would tell on which day they came."
    )
    return (told,) if later else ()


def deleted(vault: Vault, engine: DuckEngine, policy: Policy) -> tuple[int, int]:
    """How many records their system no longer has, of tier A and of others; those that still stand are none of them."""
    vault.con.execute(
        f"create or replace temp view gone_records as select * from {RECORDS} where deleted_upstream and {NOT_WEEKLY}"
    )
    tiers = kind.add_tier(engine.table("gone_records"), engine, policy).select("tier")
    in_a = [tier == "A" for tier in engine.arrow(tiers)["tier"].to_pylist()]
    return sum(in_a), len(in_a) - sum(in_a)
