"""A privacy policy: which kind of request goes into which tier, how coarse, who signed it. One file per dataset."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

from hub.datasets import DATASETS
from hub.errors import ConfigurationError, GateError
from hub.strict_yaml import Each, load

HERE = Path(__file__).parent / "policies"
TIERS = ("A", "B", "C", "X")  # public realm, property-linked, sensitive, withheld: strictest last
LEVELS = ("h3_9", "h3_8", "h3_7", "neighbourhood", "city")
GRAINS = ("day", "week", "month", "quarter", "year")
LOOSEST_K = {"B": 5, "C": 11}
LOOSEST_GRAIN = {"A": "day", "B": "week", "C": "month"}
LOOSEST_LEVEL = {"A": "h3_9", "B": "h3_9", "C": "h3_8"}
DELAY_DAYS = {"A": 0, "B": 0, "C": 30}  # after the period has closed
SHAPE = {
    "dataset": str,
    "city": str,
    "version": int,
    "mode": str,
    "signed": {"by": str, "on": date},
    "review": date,
    "benefit": str,
    "harm": str,
    "k": Each(int),
    "addresses": int,
    "ladders": Each([str]),
    "groups": Each(str),
    "tiers": Each(str),
    "services": Each(str),
    "targets": Each(int),
    "columns": [str],
}


@dataclass(frozen=True, slots=True)
class Policy:
    """How one dataset of one city may be published. A ladder is its rungs, finest first, as (level, grain)."""

    path: Path
    version: int
    mode: str
    k: dict[str, int]
    addresses: int
    ladders: dict[str, tuple[tuple[str, str], ...]]
    tiers: dict[str, str]
    services: dict[str, str]
    columns: tuple[str, ...]
    groups: dict[str, str] = field(default_factory=dict)
    targets: dict[str, int] = field(default_factory=dict)
    signed_by: str = ""
    signed_on: str = ""
    review: str = ""
    benefit: str = ""
    harm: str = ""

    @property
    def hash(self) -> str:
        """Fingerprint of the whole file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]


def path_of(city_path: Path, slug: str, dataset: str) -> Path:
    """A city's policy: beside its city.yml in policies/, else the one shipped for it."""
    own = city_path.parent / "policies" / f"{dataset}.yml"
    return own if own.is_file() else HERE / slug / f"{dataset}.yml"


def load_policy(
    city_path: Path, slug: str, dataset: str = "service_requests", k: dict[str, int] | None = None
) -> Policy:
    """Read and check a policy; `k` from city.yml may only raise it. Raises ConfigurationError or GateError."""
    path = path_of(city_path, slug, dataset)
    raw = load(path, SHAPE)
    for key in ("dataset", "version", "k", "ladders", "tiers", "columns"):
        if key not in raw:
            raise ConfigurationError(
                f"{path}: {key} is missing.", "compare with hub/policies/larkhaven/service_requests.yml"
            )
    wanted = {tier: (k or {}).get(tier, raw["k"].get(tier, 0)) for tier in LOOSEST_K}
    for tier in {**raw["k"], **(k or {})}:
        if tier not in LOOSEST_K:
            raise ConfigurationError(f"k.{tier} in {path} or {city_path} is no tier with a k.", "give k for B and C")
        if wanted[tier] < raw["k"].get(tier, 0):
            raise GateError(
                f"{city_path}: privacy.k.{tier} is {wanted[tier]}, looser than the policy's {raw['k'][tier]}.",
                f"set it to {raw['k'][tier]} or more, or leave it out",
            )
    signed = raw.get("signed") or {}
    policy = Policy(
        path=path,
        version=raw["version"],
        mode=raw.get("mode", "P"),
        k=wanted,
        addresses=raw.get("addresses", 8),
        ladders={tier: tuple(_rung(path, tier, rung) for rung in rungs) for tier, rungs in raw["ladders"].items()},
        tiers=raw["tiers"],
        services=raw.get("services") or {},
        columns=tuple(raw["columns"]),
        groups=raw.get("groups") or {},
        targets=raw.get("targets") or {},
        signed_by=signed.get("by", ""),
        signed_on=str(signed.get("on", "")),
        review=str(raw.get("review", "")),
        benefit=raw.get("benefit", ""),
        harm=raw.get("harm", ""),
    )
    _never_looser(policy)
    return policy


def _rung(path: Path, tier: str, rung: str) -> tuple[str, str]:
    level, _, grain = rung.partition("/")
    if level not in LEVELS or grain not in GRAINS:
        raise ConfigurationError(
            f"{path}: ladders.{tier} has {rung!r}.",
            f"write level/grain from {', '.join(LEVELS)} and {', '.join(GRAINS)}",
        )
    return level, grain


def _never_looser(policy: Policy) -> None:
    """A policy may be stricter than the declaration of the dataset, never looser."""
    for tier, least in LOOSEST_K.items():
        if policy.k[tier] < least:
            raise GateError(
                f"{policy.path}: k.{tier} is {policy.k[tier]}, looser than {least}.", f"set it to {least} or more"
            )
    if policy.addresses < 8:
        raise GateError(f"{policy.path}: addresses is {policy.addresses}, looser than 8.", "set it to 8 or more")
    for name, tier in {**policy.tiers, **policy.services}.items():
        if tier not in TIERS:
            raise ConfigurationError(f"{policy.path}: {name!r} has tier {tier!r}.", f"tiers are {', '.join(TIERS)}")
    if set(policy.ladders) != set(LOOSEST_LEVEL):
        raise ConfigurationError(
            f"{policy.path}: there are ladders for {', '.join(policy.ladders) or 'no tier'}.",
            f"give one for each of {', '.join(LOOSEST_LEVEL)}",
        )
    for tier, rungs in policy.ladders.items():
        _from_fine_to_coarse(policy.path, tier, rungs)
    allowed = DATASETS["service_requests"].table.names
    if extra := set(policy.columns) - set(allowed):
        raise GateError(
            f"{policy.path}: columns has {', '.join(sorted(extra))}.", f"the closed list is: {', '.join(allowed)}"
        )


def _from_fine_to_coarse(path: Path, tier: str, rungs: tuple[tuple[str, str], ...]) -> None:
    steps = [(LEVELS.index(level), GRAINS.index(grain)) for level, grain in rungs]
    finest = (LEVELS.index(LOOSEST_LEVEL[tier]), GRAINS.index(LOOSEST_GRAIN[tier]))
    for (level, grain), step in zip(rungs, steps, strict=True):
        if step[0] < finest[0] or step[1] < finest[1]:
            raise GateError(
                f"{path}: ladders.{tier} has {level}/{grain}, finer than allowed.",
                f"begin at {LOOSEST_LEVEL[tier]}/{LOOSEST_GRAIN[tier]}",
            )
    for (before, after), (level, grain) in zip(pairwise(steps), rungs[1:], strict=True):
        if after[0] < before[0] or after[1] < before[1]:
            raise ConfigurationError(
                f"{path}: ladders.{tier} has {level}/{grain}, which is finer than the rung before it.",
                "write the rungs from fine to coarse",
            )
