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
NOT_WEEKLY = f"(source, key) not in (select (source, key) from {WEEKLY})"


def account(vault: Vault) -> Account | None:
    """What was told of the records in the first release of the week; None if none was made."""
    told = vault.setting(ACCOUNT)
    return Account(**json.loads(told)) if told else None


def records(vault: Vault, within: bool) -> str:
    """The name of the table of all records; within a week `counts` says which of them stand in any tier."""
    if not within:
        return RECORDS
    vault.con.execute(
        f"""create or replace temp view records_of_the_week as select *, true as counts from {WEEKLY}
        union all by name select *, false as counts from {RECORDS} where not deleted_upstream and {NOT_WEEKLY}"""
    )
    return "records_of_the_week"


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
    counted = replace(completeness.account(vault), deleted=gone, daily=done.daily)
    vault.set(ACCOUNT, json.dumps(asdict(counted)))


def notices(done: Anonymized, at: Context) -> tuple[str, ...]:
    """What came since the first release of the week, and is not counted yet."""
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
