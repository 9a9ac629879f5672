"""The time of the data, as a release may tell it.

A pull takes the day of the newest instant in a source. Where that day is a single request's of tier B, C or X it would tell
when that was opened or closed: a release tells the newest day of tier A, which tells its days anyway, or one that so many
others have reached as make the smallest class."""

from etl.completeness import REQUESTS
from etl.privacy.kind import tier_of
from etl.vault import Vault
from hub.city import City
from hub.policy import Policy
from hub.source import Source

A_DAY = 25 * 3600  # seconds that a local day may have
INSTANTS = ("requested_datetime", "closed_datetime", "updated_datetime")
SETTING = "as_of:"


def of_release(known: dict[str, int]) -> int:
    """The time of the data of a release: of the requests, else of the newest source."""
    return known.get("requests") or max(known.values())


def of_sources(vault: Vault, city: City, policy: Policy) -> dict[str, int]:
    """Per source the UTC seconds up to which it may be said to tell."""
    held = vault.rows("select name, value from settings where starts_with(name, ?) order by name", SETTING)
    known = {name.removeprefix(SETTING): int(value) for name, value in held}
    found = {name: city.sources[name] for name in known if name in city.sources}
    taken = {name: source for name, source in found.items() if source.dataset == REQUESTS and not source.as_of}
    return known | {name: _shown(vault, source, policy, known[name]) for name, source in taken.items()}


def _shown(vault: Vault, source: Source, policy: Policy, newest: int) -> int:
    kinds = vault.rows(
        f"select distinct coalesce(service_group, ''), coalesce(service_name, '') from records_{REQUESTS} where source = ?",
        source.name,
    )
    by_the_day = [f"{group}\x1f{name}" for group, name in kinds if tier_of(group, name, policy) == "A"]
    instants = ", ".join(f"case when {name} < {newest + A_DAY} then {name} end" for name in INSTANTS)
    midnight = "epoch(timezone($zone, date_trunc('day', timezone($zone, to_timestamp(least($newest, found))))))::bigint"
    given = {"source": source.name, "kinds": by_the_day, "zone": source.time_zone, "newest": newest + A_DAY}
    told = vault.con.execute(
        f"""with dated as (
            select list_contains($kinds, coalesce(service_group, '') || chr(31) || coalesce(service_name, '')) as is_of_day,
            greatest({instants}) as instant from records_{REQUESTS} where source = $source
        ), crowd as (
            select instant from dated where not is_of_day and instant is not null
            order by instant desc limit {max(policy.k.values())}
        )
        select {midnight} from (
            select max(instant) as found from dated where is_of_day
            union all select min(instant) from crowd having count(*) = {max(policy.k.values())}
        ) where found is not null""",
        given,
    ).fetchall()
    return min(newest, max((day for (day,) in told), default=newest))
