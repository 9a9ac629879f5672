"""The verbs that begin a city: write its city.yml, and look at what its sources would give."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import yaml

from hub import releases, sample
from hub.city import City, is_wide
from hub.errors import ConfigurationError
from hub.policy import Policy, load_policy, path_of
from hub.told import many
from hub.verb import Said, reading, verb

if TYPE_CHECKING:
    from etl.check import Checked

READY = Path(__file__).parent.parent / "etl" / "cities"
UNNAMED = "correct what is marked in both files, then: cityglass pull, and cityglass policy draft"
UNREAD = "give a source its `location:` under `sources:`, or read a file with --from requests=PATH; then check again"
UNSIGNED = 'read the policy, then the same options with: cityglass run --sign-off "NAME, ROLE"'


@click.command()
@click.argument("name", required=False, metavar="[CITY]")
@click.option("--from", "url", metavar="URL", default="", help="Write it for the system at this address.")
@click.option(
    "--credentials",
    metavar="NAME",
    default="",
    help="What the system asks for, with --from: an environment variable, or a file beside city.yml.",
)
@verb
def init(name: str | None, url: str, credentials: str, city_file: Path, data: Path) -> Said:
    """Write a city.yml to start from: of a ready city, of the made-up one, or for the address of a city's system.

    Example: cityglass init --from https://data.example.gov/resource/abcd-1234"""
    if url:
        return _init_from(url, credentials, city_file)
    if credentials:
        raise ConfigurationError("--credentials goes with --from.", "write them into the city's file")
    ready = sorted(path.stem for path in READY.glob("*.yml"))
    if name in (None, ""):
        return Said(f"Ready cities: {', '.join([*ready, 'sample'])}.", "cityglass init CITY")
    if name == "sample":
        return _init_sample(city_file, data)
    if name not in ready:
        raise ConfigurationError(f"There is no ready city {name!r}.", f"choose one of: {', '.join([*ready, 'sample'])}")
    if city_file.exists():
        raise ConfigurationError(f"{city_file} is there already.", "name another file with --city, or move it away")
    ready_file = READY / f"{name}.yml"
    written = _begun(
        city_file, ready_file.read_text("utf-8"), path_of(ready_file, name, "service_requests").read_text("utf-8")
    )
    return Said(
        f"{written}.",
        f'read the policy, then: cityglass run --city {city_file} --from requests=FILE --sign-off "NAME, ROLE"',
    )


def _init_from(url: str, credentials: str, city_file: Path) -> Said:
    from etl.recognise import city_from, policy_for
    from etl.sources.over_http import unasked

    if city_file.exists():
        raise ConfigurationError(f"{city_file} is there already.", "name another file with --city, or move it away")
    adapter, text = city_from(url, city_file, credentials)
    written = _begun(city_file, text, policy_for(yaml.safe_load(text)["city"]["slug"]))
    options = "" if city_file == Path("city.yml") else f" --city {city_file}"
    return Said(
        f"{written}: {unasked(url)} speaks {adapter}.",
        f"correct what is marked in {city_file}, then: cityglass check{options}",
    )


def _begun(city_file: Path, text: str, policy_text: str) -> str:
    """Write a city's file, and its policy unless one is there. Says what was written."""
    policy = city_file.parent / "policies" / "service_requests.yml"
    policy.parent.mkdir(parents=True, exist_ok=True)
    city_file.write_text(text, "utf-8")
    if policy.exists():
        return f"Wrote {city_file}; {policy} was there already and stays"
    policy.write_text(policy_text, "utf-8")
    return f"Wrote {city_file} and {policy}"


def _init_sample(city_file: Path, data: Path) -> Said:
    city_file.parent.mkdir(parents=True, exist_ok=True)
    if not city_file.exists():
        shutil.copyfile(sample.CITY, city_file)
    sample.write(city_file.parent / "data" / "sample")
    return Said(f"Wrote the files of the made-up city into {city_file.parent / 'data' / 'sample'}.", "cityglass run")


@click.command()
@verb
@reading
def check(load: Callable[..., City], data: Path) -> Said:
    """Read the first page of every source and say which columns are received, stored, published and dropped.

    Example: cityglass check --from requests=export.csv.gz"""
    from etl.check import check_sources

    city = load(is_draft=True)
    policy = load_policy(city)
    checked = check_sources(city)
    told, lines = {"sources": checked.sources, "boxes": checked.boxes}, checked.lines
    if policy.is_due:
        lines += (f"NOTICE: {policy.due}",)
    return Said(*_judgement(city, data, policy, checked), told, lines)


def _judgement(city: City, data: Path, policy: Policy, checked: "Checked") -> tuple[str, str]:
    """What there is to say of a city that can be read, the gravest first; and what to do next."""
    readable = f"{many(len(checked.sources), 'source')} can be read"
    if is_wide(city.bbox):
        box = next(iter(checked.boxes.values()), None)
        near = f", such as {list(box)}, where most places of the first page lie" if box else ""
        message = f"{readable}; {city.path} is not finished: city.bbox is {list(city.bbox)}, which is no city's."
        return message, f"write west, south, east, north of the city{near}; then check again"
    if not checked.sources:
        return f"{city.path} names no source that can be read.", UNREAD
    if checked.misplaced:
        message = f"{readable}; most places of {', '.join(checked.misplaced)} lie outside city.bbox, and so would not be used."
        return message, f"correct city.bbox in {city.path}, or the columns of lat and long; then check again"
    signed_by = policy.signed_by or _signed_before(data, policy)
    signed = f"signed by {signed_by}" if signed_by else "not signed"
    withheld = " and names no kind of request yet, so all are withheld" if policy.is_empty else ""
    message = f"{city.path} is sound; {readable}; the policy is {signed}{withheld}."
    return message, UNNAMED if policy.is_empty else "cityglass run" if signed_by else UNSIGNED


def _signed_before(data: Path, policy: Policy) -> str:
    """Who signed this very policy when the release that is served was made with it."""
    release = releases.current(data)
    made_with = release.manifest if release else {}
    return made_with["signed"] if made_with.get("policy_hash") == policy.hash else ""
