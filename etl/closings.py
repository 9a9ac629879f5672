"""Closings that a system stated and states no more: each is told in its time, so they are kept when a record goes."""

from etl.vault import CLOSINGS, Vault
from hub.source import Source

REQUESTS = "service_requests"


def keep_replaced(vault: Vault, source: Source) -> None:
    """Those of the records that the page in `changed` is about to replace, where the new ones do not state them."""
    if source.dataset == REQUESTS:
        _keep(
            vault,
            f"""records_{REQUESTS} h join changed c using (key) join staged s on s.rowid = c.place and s.source = h.source
            where (h.closed_datetime, 'closed') is distinct from (s.closed_datetime, s.status)
            and (h.source, h.key) not in (select (source, key) from seen)""",
        )


def keep_dropped(vault: Vault, source: Source, is_dropped: str) -> None:
    """Those of the records that are about to be dropped. `is_dropped`: a condition, given `$source`."""
    if source.dataset == REQUESTS:
        _keep(vault, f"records_{REQUESTS} h where {is_dropped}", {"source": source.name})


def _keep(vault: Vault, of: str, given: dict | None = None) -> None:
    """`of`: SQL of the records `h`, from where they come and which of them."""
    vault.con.execute(
        f"""insert into {CLOSINGS} select h.source, h.key, (select coalesce(max(number), 0) + 1 from {CLOSINGS}),
        h.closed_datetime, h.closed_day, h.disposition, true
        from {of} and h.status = 'closed' and h.closed_datetime is not null""",
        given,
    )
