"""The whole pipeline on one screen: read every source whole, keep it in the vault, publish one release.

source -> row -> record -> vault -> anonymize -> gate -> release
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from etl import areas, canonical, intake, release, status
from etl.release import Job, Published
from etl.sources import adapter_of
from etl.vault import Vault, open_vault
from hub.city import AREAS, City, Source
from hub.datasets import DATASETS
from hub.errors import CityglassError, ConfigurationError, GateError
from hub.policy import Policy, load_policy

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did to one source: `rows` read, records `written`; `error` if it could not be read."""

    source: str
    rows: int = 0
    written: int = 0
    unchanged: bool = False
    error: CityglassError | None = None

    @property
    def told(self) -> dict:
        return {"source": self.source, "rows": self.rows, "written": self.written, "unchanged": self.unchanged}


def pull_only(city: City, data: Path, accept_fewer: bool = False, step: Step = lambda _: None) -> list[Pulled]:
    """Read every source into the vault. The first error is raised once all sources had their turn."""
    with open_vault(data) as vault:
        pulled = pull(vault, city, accept_fewer, step)
        status.write(vault, data)
    _raise_first(pulled)
    return pulled


def publish_only(city: City, data: Path, sign_off: str = "", step: Step = lambda _: None) -> Published:
    """Publish what the vault holds."""
    with open_vault(data) as vault:
        published = publish(vault, city, data, sign_off, step, ordered=True)
        status.write(vault, data)
        return published


def run(
    city: City, data: Path, sign_off: str = "", accept_fewer: bool = False, step: Step = lambda _: None
) -> tuple[list[Pulled], Published]:
    """Pull and publish. A source that fails stops the publish, not the other sources; its error is raised at the end."""
    with open_vault(data) as vault:
        pulled = pull(vault, city, accept_fewer, step)
        status.write(vault, data)
        _raise_first(pulled)
        published = publish(vault, city, data, sign_off, step)
        status.write(vault, data)
        return pulled, published


def pull(vault: Vault, city: City, accept_fewer: bool = False, step: Step = lambda _: None) -> list[Pulled]:
    """Read every source that has a location. One failing source does not stop the others."""
    sources = [source for source in city.sources.values() if source.location]
    if not sources:
        raise ConfigurationError(
            f"No source of {city.path} has a location.",
            "add `location:` to a source, or read a file with --from requests=PATH",
        )
    return [_pull_one(vault, city, source, accept_fewer, step) for source in sources]


def _pull_one(vault: Vault, city: City, source: Source, accept_fewer: bool, step: Step) -> Pulled:
    step(f"reading {source.name}")
    try:
        return _read_areas(vault, source) if source.name in AREAS else _read(vault, city, source, accept_fewer, step)
    except CityglassError as error:
        return Pulled(source.name, error=error)


def _read_areas(vault: Vault, source: Source) -> Pulled:
    return Pulled(source.name, areas.read(vault, source))


def _read(vault: Vault, city: City, source: Source, accept_fewer: bool, step: Step) -> Pulled:
    adapter, now = adapter_of(source.name, source.adapter), int(time.time())
    asked = canonical.request(source, DATASETS[source.dataset])
    parts, mapping = adapter.parts(asked), _mapping(city, source)
    if intake.is_read(vault, source, parts, mapping):
        return Pulled(source.name, unchanged=True)
    for _ in range(2):
        intake.begin(vault, source)
        rows = written = 0
        for part, _ in parts:
            for page in adapter.pages(asked, part):
                written += intake.add(vault, city, source, part, page)
                rows += page.rows.num_rows
                step(f"reading {source.name}: {rows:,} rows")
        if not intake.restore(vault, source):
            break
    intake.complete(vault, source, parts, mapping, now, accept_fewer)
    return Pulled(source.name, rows, written)


def _mapping(city: City, source: Source) -> str:
    """Fingerprint of how rows become records: a file is read again when it changes."""
    how = [source.fields, source.layout, source.time_zone, source.as_of, city.bbox, version("cityglass")]
    return hashlib.sha256(json.dumps(how, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _raise_first(pulled: list[Pulled]) -> None:
    for result in pulled:
        if result.error:
            raise result.error


def publish(
    vault: Vault, city: City, data: Path, sign_off: str = "", step: Step = lambda _: None, ordered: bool = False
) -> Published:
    """Make and serve a release. Raises IncompleteError if a source was not read to its end, GateError if nobody has
    signed the policy as it stands."""
    intake.refuse_unfinished(vault)
    policy = load_policy(city.path, city.slug, k=city.k)
    return release.publish(Job(vault, city, policy, data, _signed(vault, policy, sign_off)), step, ordered)


def _signed(vault: Vault, policy: Policy, sign_off: str) -> str:
    """Who signed this very policy: now, before, or in the file."""
    sign_off = sign_off.strip()
    if sign_off:
        if not all(part.strip() for part in sign_off.partition(",")[::2]):
            raise ConfigurationError(f"--sign-off {sign_off!r} does not say who.", 'write "NAME, ROLE"')
        vault.set(f"signed:{policy.hash}", sign_off)
    signed = sign_off or vault.setting(f"signed:{policy.hash}")
    if not signed and policy.signed_by:
        signed = f"{policy.signed_by}, {policy.signed_on}"
    if not signed:
        raise GateError(
            f"The privacy policy {policy.path} is not signed.",
            'read it, correct it, then publish with --sign-off "NAME, ROLE"; nothing was published',
        )
    return signed
