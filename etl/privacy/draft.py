"""A draft of the tiers of kinds of request that a policy does not name: by known names and words of caution.

It is a proposal beside the policy, never a part of it: a kind stays withheld until an officer has moved its line over
and signed. Of everything that is found in a name the strictest decides; a name in which nothing is found is withheld.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from etl.privacy.text.redact import redact
from etl.vault import Vault
from hub.errors import ConfigurationError
from hub.policy import TIERS, Policy
from hub.strict_yaml import Each, load

WORDS = Path(__file__).parent / "known_services.yml"
SHAPE = {"known": Each([str]), "caution": Each([str]), "words": Each([str])}
NOTHING = "no word of it is known"
SOMEBODY = "it may name somebody"
CAUTION = ("C", "X")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request as the city's system names it, and how many requests the vault holds of it."""

    group: str
    name: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """The tier that is proposed for a kind, and the word that decided."""

    kind: Kind
    tier: str
    word: str


def kinds_of(vault: Vault) -> list[Kind]:
    """Every kind of request that the vault holds, with how many there are."""
    rows = vault.rows(
        """select coalesce(service_group, ''), coalesce(service_name, service_group), count(*)
        from records_service_requests where not deleted_upstream and coalesce(service_name, service_group) is not null
        group by 1, 2 order by 1, 2"""
    )
    return [Kind(*row) for row in rows]


def is_decided(kind: Kind, policy: Policy) -> bool:
    """True if the policy says what becomes of the kind, be it that it is withheld."""
    settled = policy.groups.get(kind.name) or kind.group or kind.name
    return kind.name in policy.services or settled in policy.tiers


def draft(kinds: Iterable[Kind], policy: Policy) -> list[Line]:
    """A line for each kind that the policy leaves open; what is signed is not touched."""
    undecided = (kind for kind in kinds if not is_decided(kind, policy))
    return sorted((propose(kind) for kind in undecided), key=lambda line: (line.kind.group, line.kind.name))


def propose(kind: Kind) -> Line:
    """The strictest of what is found in the name, and of the words of caution in its group where the name is not known."""
    found, is_known = _found(kind.name)
    if not found:
        return Line(kind, "X", NOTHING)
    if names_somebody(kind.name):
        return Line(kind, "X", SOMEBODY)
    of_group = [] if is_known else [(tier, f"{word}, of its group") for tier, word in _found(kind.group)[0]]
    found += [(tier, word) for tier, word in of_group if tier in CAUTION]
    return Line(kind, *max(found, key=lambda one: (TIERS.index(one[0]), len(one[1]), one[1])))


def names_somebody(name: str) -> bool:
    """Whether a cue in the name of a kind stands before somebody's: Pothole, reported by J. Smith."""
    [told] = redact([name], layers=("L0", "L2"))
    return bool(told.spans)


def _found(text: str) -> tuple[list[tuple[str, str]], bool]:
    """(tier, word) of each entry that a name holds, and whether it holds a known name. Words that withhold look at all
    of it, the others at what known names leave over."""
    plain, table = _plain(text), _table()
    found = [(tier, word) for tier, word, pattern in table["caution"] if tier == "X" and pattern.search(plain)]
    known = []
    for tier, word, pattern in table["known"]:
        if pattern.search(plain):
            known.append((tier, word))
            plain = pattern.sub(" | ", plain)
    others = [*table["caution"], *table["words"]]
    found += known + [(tier, word) for tier, word, pattern in others if tier != "X" and pattern.search(plain)]
    return found, bool(known)


def _plain(text: str) -> str:
    """Small letters, one blank between words: `HEAT/HOT WATER` -> `heat hot water`."""
    return " ".join(re.sub(r"[^0-9a-z]+", " ", text.casefold()).split())


@cache
def _table() -> dict[str, list[tuple[str, str, re.Pattern[str]]]]:
    """Each section as (tier, entry, pattern), the longest entry first."""
    return {
        section: sorted(
            ((tier, word.rstrip("$"), _pattern(word)) for tier, words in tiers.items() for word in words),
            key=lambda entry: (-len(entry[1]), entry[1]),
        )
        for section, tiers in load(WORDS, SHAPE).items()
    }


def _pattern(word: str) -> re.Pattern[str]:
    ending = r"\b" if word.endswith("$") else r"[0-9a-z]*\b"
    return re.compile(rf"\b{re.escape(_plain(word))}{ending}")


HEAD = """\
# A draft for {policy}: {count} that the policy does not name.
#
# It was made by words alone and is wrong somewhere. Nothing of it is in force: these kinds stay withheld. For each line:
# read it, correct the tier, move it under `services:` of the policy (or its group under `tiers:`), and sign what the
# policy then says with `cityglass publish --sign-off "NAME, ROLE"`. In doubt take the stricter one: A, B, C, X.
#   A public realm   B linked to a property   C sensitive   X withheld
services:
"""


def text_of(lines: list[Line], policy: Policy) -> str:
    """The draft as YAML with the reason at each line, group by group."""
    count = f"{len(lines):,} kind{'' if len(lines) == 1 else 's'} of request"
    parts, group = [HEAD.format(policy=policy.path.name, count=count)], None
    for line in lines:
        if line.kind.group != group:
            group = line.kind.group
            parts.append(f"  # {_safe(group) or 'without a group'}\n")
        rows = f", {line.kind.rows:,} requests" if line.kind.rows else ""
        why = line.word if line.word in (NOTHING, SOMEBODY) else f'"{line.word}"'
        parts.append(f"  {_quoted(line.kind.name)}: {line.tier} # {why}{rows}\n")
    return "".join(parts) if lines else parts[0].replace("services:", "services: {}")


def write(lines: list[Line], policy: Policy, folder: Path) -> Path:
    """Write the draft into `folder`. Raises ConfigurationError if one is there that somebody may have worked on."""
    path, text = folder / f"{policy.path.stem}.draft.yml", text_of(lines, policy)
    if path.exists() and (not path.is_file() or path.read_text("utf-8") != text):
        raise ConfigurationError(
            f"{path} is there already, and is not what would be written now.",
            "move its lines into the policy, or the file out of the way; then draft again",
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _safe(text: str) -> str:
    """One line, whatever a city's system sends: a name cannot begin a line of its own."""
    return " ".join(text.split())


def _quoted(name: str) -> str:
    """A name as YAML reads it back, character for character."""
    inner = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in inner) + '"'
