"""A privacy policy: which kind of request goes into which tier, how coarse, who signed it. One file per dataset."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

from hub.city import City
from hub.datasets import DATASETS
from hub.errors import ConfigurationError, GateError
from hub.strict_yaml import Each, load, placed

HERE = Path(__file__).parent / "policies"
TIERS = ("A", "B", "C", "X")  # public realm, property-linked, sensitive, withheld: strictest last
LEVELS = ("h3_9", "h3_8", "h3_7", "neighbourhood", "city")
GRAINS = ("day", "week", "month", "quarter", "year")
LOOSEST_K = {"B": 5, "C": 11}
LEAST_ADDRESSES = 8  # in an area of tier A
LOOSEST_GRAIN = {"A": "day", "B": "week", "C": "month"}
LOOSEST_LEVEL = {"A": "h3_9", "B": "h3_9", "C": "h3_8"}
PHOTO_USES = ("off", "approved")  # of photos, in tier A: each is approved by a person
TEXT_USES = ("off", "templates", "redacted")  # of free text, in tier A; strictest first
DELAY_DAYS = {"A": 0, "B": 0, "C": 30}  # after the period has closed
NEEDED = ("dataset", "version", "review", "benefit", "harm", "k", "ladders", "tiers", "columns")
TOLD = {  # what an officer weighs before signing: it cannot be left blank
    "review": "write the day by which somebody reads this policy again, such as 2028-01-31",
    "benefit": "write in a sentence what residents gain from it",
    "harm": "write in a sentence who could be harmed by it, and how",
}
SHAPE = {
    "dataset": str,
    "city": str,
    "version": int,
    "mode": frozenset({"M", "P"}),
    "signed": {"by": str, "on": date, "of": str},
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
    "photo": {"A": (str, bool), "B": (str, bool), "C": (str, bool)},
    "text": {"A": (str, bool), "B": (str, bool), "C": (str, bool), "allowed": [str]},
}


@dataclass(frozen=True, slots=True)
class Policy:
    """How one dataset of one city may be published. A ladder is its rungs, finest first, as (level, grain).

    `text`: what tier A shows of free text; `text_allowed`: numbers and web addresses of the city's own that it may hold.
    `photo`: whether photos of tier A may be queued for approval.
    `digest` is what a signature in the file is of; `was_signed_by` signed it, but perhaps before a change.
    `known`: the kinds that were there when it was signed; of groups whose kinds are shown, others are withheld.
    `chosen` is what city.yml chose to be stricter than the file: it is hashed, signed and audited with it."""

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
    digest: str = ""
    was_signed_by: str = ""
    review: str = ""
    benefit: str = ""
    harm: str = ""
    chosen: dict[str, object] = field(default_factory=dict)
    text: str = "off"
    text_allowed: tuple[str, ...] = ()
    photo: str = "off"
    known: frozenset[str] | None = None

    @property
    def hash(self) -> str:
        """Fingerprint of the policy in force: the whole file and what city.yml chose."""
        chosen = json.dumps(self.chosen, sort_keys=True).encode() if self.chosen else b""
        return hashlib.sha256(self.path.read_bytes() + chosen).hexdigest()[:16]

    @property
    def is_empty(self) -> bool:
        """True if it names no kind of request: everything is withheld."""
        return not (self.tiers or self.services)

    @property
    def is_due(self) -> bool:
        """True if somebody was to read it again by now."""
        return bool(self.review) and self.review < date.today().isoformat()

    @property
    def due(self) -> str:
        return f"{self.path.name} was to be reviewed by {self.review}: read it again, set a new day and sign it."

    @property
    def told(self) -> str:
        """What to call it in a sentence."""
        return f"{self.path}" + (f", stricter by city.yml ({', '.join(self.chosen)})," if self.chosen else "")


def path_of(city_path: Path, slug: str, dataset: str) -> Path:
    """A city's policy: beside its city.yml in policies/, else the one shipped for it. A city that has neither is a
    ConfigurationError."""
    own, shipped = city_path.parent / "policies" / f"{dataset}.yml", HERE / slug / f"{dataset}.yml"
    if not own.exists() and not shipped.is_file():
        raise ConfigurationError(
            f"{city_path} is of {slug!r}, which has no policy: {own} does not exist.",
            f"copy {HERE / 'start.yml'} to it, write {slug} for $slug and a day for $review; then `cityglass pull`, and "
            "`cityglass policy draft` proposes a tier for every kind of request",
        )
    return own if own.exists() else shipped


def load_policy(city: City, dataset: str = "service_requests") -> Policy:
    """Read and check a city's policy, with what its city.yml chose. Raises ConfigurationError or GateError.

    A signature in the file names the digest `of` what was signed, and holds for nothing else. It holds for the choices
    of city.yml: they can only make stricter what was signed."""
    path = path_of(city.path, city.slug, dataset)
    raw = load(path, SHAPE)
    _complete(path, raw)
    signed, digest = raw.get("signed") or {}, digest_of(raw)
    holds = signed.get("of") == digest
    policy = Policy(
        path=path,
        version=raw["version"],
        mode=raw.get("mode", "P"),
        k=_k(path, raw["k"], city),
        addresses=raw.get("addresses", LEAST_ADDRESSES),
        ladders={tier: tuple(_rung(path, tier, rung) for rung in rungs) for tier, rungs in raw["ladders"].items()},
        tiers=raw["tiers"],
        services=raw.get("services") or {},
        columns=tuple(raw["columns"]),
        groups=raw.get("groups") or {},
        targets=raw.get("targets") or {},
        signed_by=signed.get("by", "") if holds else "",
        signed_on=str(signed.get("on", "")) if holds else "",
        digest=digest,
        was_signed_by=signed.get("by", ""),
        review=str(raw["review"]),
        benefit=raw["benefit"],
        harm=raw["harm"],
        chosen=_chosen(raw["k"], city),
        text=_opted(path, "text", raw.get("text") or {}, TEXT_USES),
        photo=_opted(path, "photo", raw.get("photo") or {}, PHOTO_USES),
        text_allowed=tuple((raw.get("text") or {}).get("allowed", ())),
    )
    for service, days in policy.targets.items():
        if days < 1:
            raise ConfigurationError(
                f"{placed(path, f'targets.{service}')}: targets.{service} is {days}.", "give whole days, 1 or more"
            )
    _never_looser(policy)
    return policy


def digest_of(raw: dict) -> str:
    """Fingerprint of what a policy says, but for the signature; its comments and their layout are free."""
    told = {key: value for key, value in raw.items() if key != "signed"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _complete(path: Path, raw: dict) -> None:
    """Raise ConfigurationError for what a policy must say and does not."""
    for key in NEEDED:
        if key not in raw:
            cure = TOLD.get(key, "compare with hub/policies/larkhaven/service_requests.yml")
            raise ConfigurationError(
                f"{path}: {key} is missing.", f"add a line `{key}:`; {cure}" if key in TOLD else cure
            )
        if key in TOLD and not str(raw[key]).strip():
            raise ConfigurationError(f"{placed(path, key)}: {key} is blank.", TOLD[key])


def _k(path: Path, given: dict[str, int], city: City) -> dict[str, int]:
    """k per tier: the policy's, unless city.yml raises it."""
    for file, key, tiers in ((path, "k", given), (city.path, "privacy.k", city.k)):
        for tier in set(tiers) - set(LOOSEST_K):
            raise ConfigurationError(
                f"{placed(file, f'{key}.{tier}')}: {key}.{tier} is for no tier with a k.",
                f"give k for {' and '.join(LOOSEST_K)}",
            )
    for tier, k in city.k.items():
        if k < given.get(tier, 0):
            raise GateError(
                f"{placed(city.path, f'privacy.k.{tier}')}: privacy.k.{tier} is {k}, looser than the policy's "
                f"{given[tier]}.",
                f"set it to {given[tier]} or more, or leave it out",
            )
    return {tier: city.k.get(tier, given.get(tier, 0)) for tier in LOOSEST_K}


def _opted(path: Path, key: str, given: dict, uses: tuple[str, ...]) -> str:
    """What tier A shows of text or photos; unquoted, YAML reads `off` as false. B and C can never show any."""
    for tier in ("B", "C"):
        if given.get(tier, "off") not in ("off", False):
            raise GateError(
                f"{placed(path, f'{key}.{tier}')}: {key}.{tier} is {given[tier]!r}; tiers B and C never show any.",
                f"leave {key}.{tier} out",
            )
    use = given.get("A", "off")
    use = "off" if use is False else use
    if use not in uses:
        raise ConfigurationError(f"{placed(path, f'{key}.A')}: {key}.A is {use!r}.", f"write one of {', '.join(uses)}")
    return use


def _chosen(given: dict[str, int], city: City) -> dict[str, object]:
    """What city.yml adds to the policy's file, by the names of its keys; nothing if it chooses nothing."""
    raised = {tier: k for tier, k in city.k.items() if k != given.get(tier)}
    choices = {"privacy.k": raised, "privacy.delay_days": city.delay_days, "privacy.columns": sorted(city.withheld)}
    kept = {f"sources.{s.name}.publish": sorted(s.publish) for s in city.sources.values() if s.publish is not None}
    return {name: value for name, value in choices.items() if value} | kept


def _rung(path: Path, tier: str, rung: str) -> tuple[str, str]:
    level, _, grain = rung.partition("/")
    if level not in LEVELS or grain not in GRAINS:
        raise ConfigurationError(
            f"{placed(path, f'ladders.{tier}')}: ladders.{tier} has {rung!r}.",
            f"write level/grain from {', '.join(LEVELS)} and {', '.join(GRAINS)}",
        )
    return level, grain


def _never_looser(policy: Policy) -> None:
    """A policy may be stricter than the declaration of the dataset, never looser."""
    for tier, least in LOOSEST_K.items():
        if policy.k[tier] < least:
            raise GateError(
                f"{placed(policy.path, f'k.{tier}')}: k.{tier} is {policy.k[tier]}, looser than {least}.",
                f"set it to {least} or more",
            )
    if policy.addresses < LEAST_ADDRESSES:
        where = placed(policy.path, "addresses")
        raise GateError(
            f"{where}: addresses is {policy.addresses}, looser than {LEAST_ADDRESSES}.",
            f"set it to {LEAST_ADDRESSES} or more",
        )
    for key, tiers in (("tiers", policy.tiers), ("services", policy.services)):
        for name, tier in tiers.items():
            if tier not in TIERS:
                where = placed(policy.path, f"{key}.{name}")
                raise ConfigurationError(f"{where}: {name!r} has tier {tier!r}.", f"tiers are {', '.join(TIERS)}")
    if set(policy.ladders) != set(LOOSEST_LEVEL):
        raise ConfigurationError(
            f"{placed(policy.path, 'ladders')}: there are ladders for {', '.join(policy.ladders) or 'no tier'}.",
            f"give one for each of {', '.join(LOOSEST_LEVEL)}",
        )
    for tier, rungs in policy.ladders.items():
        _from_fine_to_coarse(policy.path, tier, rungs)
    allowed = DATASETS["service_requests"].table.names
    if extra := set(policy.columns) - set(allowed):
        raise GateError(
            f"{placed(policy.path, 'columns')}: columns has {', '.join(sorted(extra))}.",
            f"the closed list is: {', '.join(allowed)}",
        )


def _from_fine_to_coarse(path: Path, tier: str, rungs: tuple[tuple[str, str], ...]) -> None:
    steps = [(LEVELS.index(level), GRAINS.index(grain)) for level, grain in rungs]
    finest = (LEVELS.index(LOOSEST_LEVEL[tier]), GRAINS.index(LOOSEST_GRAIN[tier]))
    for (level, grain), step in zip(rungs, steps, strict=True):
        if step[0] < finest[0] or step[1] < finest[1]:
            raise GateError(
                f"{placed(path, f'ladders.{tier}')}: ladders.{tier} has {level}/{grain}, finer than allowed.",
                f"begin at {LOOSEST_LEVEL[tier]}/{LOOSEST_GRAIN[tier]}",
            )
    for (before, after), (level, grain) in zip(pairwise(steps), rungs[1:], strict=True):
        if after[0] < before[0] or after[1] < before[1]:
            raise ConfigurationError(
                f"{placed(path, f'ladders.{tier}')}: ladders.{tier} has {level}/{grain}, which is finer than the rung "
                "before it.",
                "write the rungs from fine to coarse",
            )
