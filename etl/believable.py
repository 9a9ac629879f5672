"""A release that is not what a city would expect of itself is a mistake upstream, such as kinds or statuses with new names.

What is a little unusual is told to the officer; what would empty the site is refused.
"""

import sqlite3

from etl.canonical import FLAGS
from etl.generalise import CHANGED, FEW, UNNAMED
from etl.privacy.kind import settled_group, tier_of
from etl.privacy.text.others import has_number
from etl.vault import Vault
from hub.policy import Policy

SHRINKS = 0.5  # of the rows of the release before; with fewer, something was renamed or lost
UNREAD = 0.5  # share of the records whose status or place is not understood
LEAST = 100  # rows: in a handful everything is possible
NAMED = 5  # kinds that a notice names
LEFT_BEHIND = 11  # records: with fewer gone, the oldest ones may just have been deleted
WITHHELD = (FEW, UNNAMED, CHANGED)
SHARES = {
    "unknown_status": "have a status that layout.statuses does not name",
    "outside_city": "lie outside city.bbox",
}


def reasons(con: sqlite3.Connection) -> dict[str, int]:
    """How many records meet each reason, as a release counts them."""
    return dict(con.execute("select reason, rows from quality_reasons where dataset = 'service_requests'"))


def size(con: sqlite3.Connection, before: bool, accept_fewer: bool, reasons: dict[str, int]) -> tuple[str, bool, int]:
    """What is shown against what was shown before, or against what was read: value, whether it is believed, rows."""
    shown = _one(con, "select count(*) from service_requests")
    told = con.execute("select read, waiting from completeness where dataset = 'service_requests'").fetchone()
    then = _one(con, "select count(*) from before.service_requests") if before else 0
    read, waiting = told or (0, 0)
    is_empty = read >= LEAST and not shown and not waiting
    is_less = then >= LEAST and shown < SHRINKS * then
    if accept_fewer or not (is_empty or is_less):
        return f"{shown} rows", True, shown
    withheld = [(reasons[why], why) for why in WITHHELD if reasons.get(why)]
    told = f" (most of the others: {max(withheld)[1]})" if withheld else ""
    return f"{shown} rows {f'after {then}' if then else f'of {read} that were read'}{told}", False, shown


def understood(con: sqlite3.Connection, flagged: dict[str, int]) -> tuple[str, bool, int]:
    """Whether most statuses and places are understood."""
    read = _one(con, "select coalesce(sum(read), 0) from completeness where dataset = 'service_requests'")
    wrong = [
        f"{flagged[FLAGS[word]]} of {read} {what}"
        for word, what in SHARES.items()
        if read >= LEAST and flagged.get(FLAGS[word], 0) > UNREAD * read
    ]
    return "; ".join(wrong) or "most", not wrong, read


def _one(con: sqlite3.Connection, sql: str) -> int:
    return con.execute(sql).fetchone()[0]


def _is_named(group: str, name: str, policy: Policy) -> bool:
    """Whether the officer withheld its group by name."""
    return policy.tiers.get(settled_group(group, name, policy)) == "X"


def notices(vault: Vault, policy: Policy, shown: int) -> tuple[str, ...]:
    """What an officer should look at: a release without requests, a policy whose review is due, kinds that it does not name
    and so withholds."""
    held = vault.one("select count(*) from records_service_requests where not deleted_upstream")
    empty = f"NOTICE: no service request of {held:,} is shown; the tables completeness and quality_reasons tell why."
    due = [f"NOTICE: {policy.due}"] if policy.is_due else []
    told = [empty] if held and not shown else []
    return (*told, *due, *_unknown_kinds(vault, policy), *_agencies(vault), *_moving_windows(vault))


def _moving_windows(vault: Vault) -> tuple[str, ...]:
    """Sources of which what is gone was opened before all that is left: their systems keep the last so many days."""
    found = vault.rows(
        f"""with kept as (
            select source, min(requested_day) as oldest from records_service_requests where not deleted_upstream group by 1)
        select source, strftime(date '1970-01-01' + oldest::integer, '%Y-%m-%d'), count(*) from records_service_requests
        join kept using (source) where deleted_upstream and requested_day < oldest
        group by all having count(*) >= {LEFT_BEHIND} order by 1"""
    )
    return tuple(
        f"NOTICE: {source} no longer has {rows:,} requests that were opened before {day}, the day of its oldest: it seems to "
        "keep the last so many days. What leaves it leaves the release, and when that is tells in which week a request of "
        "tier B or C was opened; read a file or a view that keeps all."
        for source, day, rows in found
    )


def _agencies(vault: Vault) -> tuple[str, ...]:
    named = vault.rows(
        """select agency_responsible, count(*) from records_service_requests
        where not deleted_upstream and agency_responsible is not null group by 1"""
    )
    hidden = [rows for agency, rows in named if has_number(agency)]
    told = (
        f"NOTICE: the agency of {sum(hidden):,} requests is not told, for its name holds a telephone number, an address of "
        "mail or the like; correct it at the source, or the column of agency_responsible in city.yml."
    )
    return (told,) if hidden else ()


def _unknown_kinds(vault: Vault, policy: Policy) -> tuple[str, ...]:
    pairs = vault.rows(
        """select coalesce(service_group, ''), coalesce(service_name, ''), count(*) from records_service_requests
        where not deleted_upstream group by all order by 3 desc, 2"""
    )
    unknown = [
        (name or group, rows)
        for group, name, rows in pairs
        if name not in policy.services and tier_of(group, name, policy) == "X" and not _is_named(group, name, policy)
    ]
    if not unknown:
        return ()
    named = ", ".join(f"{name!r} ({rows:,})" for name, rows in unknown[:NAMED])
    more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
    kinds = "kind of request is" if len(unknown) == 1 else "kinds of request are"
    return (
        f"NOTICE: {len(unknown)} {kinds} not in {policy.path.name} and so withheld: {named}{more}. "
        f"`cityglass policy draft` proposes tiers; a new kind of a group in tier A is shown once the policy is signed again.",
    )
