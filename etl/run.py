"""The whole pipeline on one screen: read every source whole, keep it in the vault, publish one release.

source -> row -> record -> vault -> anonymize -> gate -> release
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from etl import readings, signing, status, texts, walks, withdrawal
from etl.pull import REAL, Clock, Pulled, Step, pull_one
from etl.vault import Vault, open_vault
from hub import releases
from hub.city import City
from hub.errors import ConfigurationError
from hub.policy import Policy, load_policy

if TYPE_CHECKING:
    from etl.release import Published


def pull_only(city: City, data: Path, accept_fewer: bool = False, step: Step = lambda _: None) -> list[Pulled]:
    """Read every source into the vault. The first error is raised once all sources had their turn."""
    with open_vault(data) as vault:
        pulled = pull(vault, city, accept_fewer, status.telling(vault, data, step))
        status.write(vault, data, pulled)
    _raise_first(pulled)
    return pulled


def publish_only(
    city: City, data: Path, sign_off: str = "", step: Step = lambda _: None, accept_fewer: bool = False
) -> "Published":
    """Publish what the vault holds."""
    with open_vault(data) as vault:
        published = publish(vault, city, data, sign_off, step, ordered=True, accept_fewer=accept_fewer)
        status.write(vault, data)
        return published


def run(
    city: City,
    data: Path,
    sign_off: str = "",
    accept_fewer: bool = False,
    step: Step = lambda _: None,
    clock: Clock = REAL,
    *,
    once_a_day: bool = False,
    heard: Callable[[list[Pulled]], None] = lambda _: None,
) -> "tuple[list[Pulled], Published | None]":
    """Pull and publish. A source that fails stops the publish, not the other sources; its error is raised at the end. What
    was erased leaves the public all the same, with the last whole reading of every source.

    `once_a_day`: publish nothing if this local day has its release; an erasure does not wait. `heard` is given what was
    pulled before anything is published, or refused."""
    with open_vault(data) as vault:
        pulled = pull(vault, city, accept_fewer, status.telling(vault, data, step), clock)
        status.write(vault, data, pulled)
        heard(pulled)
        if not withdrawal.due(vault):
            _raise_first(pulled)
        if once_a_day and _is_told(city, data, clock.now()) and not withdrawal.due(vault):
            return pulled, None
        published = publish(vault, city, data, sign_off, step, accept_fewer=accept_fewer)
        status.write(vault, data, pulled)
        _raise_first(pulled)
        return pulled, published


def _is_told(city: City, data: Path, now: float) -> bool:
    """True if a release was made on this local day, or in this week: more would tell when each request was opened."""
    current, zone = releases.current(data), ZoneInfo(city.time_zone)
    instants = (current.manifest["created"], now) if current else (0, now)
    made, today = (datetime.fromtimestamp(instant, zone).date().isocalendar() for instant in instants)
    return made[:2] == today[:2] if city.publishes == "week" else made == today


def pull(
    vault: Vault,
    city: City,
    accept_fewer: bool = False,
    step: Step = lambda _: None,
    clock: Clock = REAL,
) -> list[Pulled]:
    """Read every source that has a location. One failing source does not stop the others."""
    sources = [source for source in city.sources.values() if source.location]
    if not sources:
        raise ConfigurationError(
            f"No source of {city.path} has a location.",
            "add `location:` to a source, or read a file with --from requests=PATH",
        )
    texts.settle(vault, city)
    walks.drop_trials(vault, [source.name for source in sources])
    return [pull_one(vault, city, source, accept_fewer, step, clock) for source in sources]


def _raise_first(pulled: list[Pulled]) -> None:
    for result in pulled:
        if result.error:
            raise result.error


def publish(
    vault: Vault,
    city: City,
    data: Path,
    sign_off: str = "",
    step: Step = lambda _: None,
    ordered: bool = False,
    accept_fewer: bool = False,
) -> "Published":
    """Make and serve a release. Raises IncompleteError if a source was not read to its end, GateError if nobody has
    signed the policy as it stands, or signed anew what is looser than before."""
    from etl import release  # what it needs weighs 100 MB, which a pull has no use for

    _refuse_unnamed(vault, city)
    if withdrawal.due(vault):
        readings.abandon_unfinished(vault, city)
    readings.refuse_unfinished(vault)
    readings.refuse_empty(vault)
    policy = load_policy(city)
    signed = signing.signed(vault, policy, sign_off)
    policy = replace(policy, known=_known(vault, policy, is_signed_now=bool(sign_off)))
    job = release.Job(vault, city, policy, data, signed, accept_fewer)
    return release.publish(job, step, ordered)


def _refuse_unnamed(vault: Vault, city: City) -> None:
    """Raise ConfigurationError if the vault holds a source that city.yml does not name: under another name its rows would
    be published twice, and nobody would hear of it when it is old."""
    unnamed = {name: count for name, count in walks.held(vault).items() if name not in city.sources}
    for name, count in unnamed.items():
        raise ConfigurationError(
            f"{city.path} does not name the source {name!r}, of which the vault holds records ({count:,}).",
            f"name it again as it was called, or drop what was read of it with `cityglass forget {name}`",
        )


def _known(vault: Vault, policy: Policy, is_signed_now: bool) -> frozenset[str]:
    """The kinds that were there when the policy was signed, or first used."""
    name = f"kinds:{policy.digest}"
    if is_signed_now or not vault.setting(name):
        kinds = vault.rows("select distinct coalesce(service_name, '') from records_service_requests order by 1")
        vault.set(name, json.dumps([kind for (kind,) in kinds]))
    return frozenset(json.loads(vault.setting(name)))
