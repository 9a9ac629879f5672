"""The `cityglass` command; the only module that may import everything. A mistake prints a message, never a traceback."""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import yaml

from hub import cli_officer, cli_privacy, sample
from hub import metadata as city_metadata
from hub import releases as kept_releases
from hub.city import City, is_wide, load_city
from hub.errors import CityglassError, ConfigurationError, GateError
from hub.policy import Policy, load_policy, path_of
from hub.told import many, notices, pulled_lines, released, seconds, state_lines, whole_state
from hub.verb import Said, accepting, clear, listening, reading, repeating, sharing, signing, spoken, step, verb

ROOT = Path(__file__).parent.parent
READY = ROOT / "etl" / "cities"


UNNAMED = "correct what is marked in both files, then: cityglass pull, and cityglass policy draft"
UNREAD = "give a source its `location:` under `sources:`, or read a file with --from requests=PATH; then check again"
UNSIGNED = 'read the policy, then the same options with: cityglass run --sign-off "NAME, ROLE"'


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cityglass")
def main() -> None:
    """Publish a city's reports and datasets so that people can question them, without harming anyone in them.

    Example: cityglass run --from requests=export.csv.gz --sign-off "Ana Diaz, data officer" """


@main.command()
@click.argument("name", required=False, metavar="[CITY]")
@click.option("--from", "url", metavar="URL", default="", help="Write it for the system at this address.")
@verb
def init(name: str | None, url: str, city_file: Path, data: Path) -> Said:
    """Write a city.yml to start from: of a ready city, of the made-up one, or for the address of a city's system.

    Example: cityglass init --from https://data.example.gov/resource/abcd-1234"""
    if url:
        return _init_from(url, city_file)
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


def _init_from(url: str, city_file: Path) -> Said:
    from etl.recognise import city_from, policy_for
    from etl.sources.over_http import unasked

    if city_file.exists():
        raise ConfigurationError(f"{city_file} is there already.", "name another file with --city, or move it away")
    adapter, text = city_from(url)
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


@main.command()
@verb
@reading
def check(load: Callable[..., City], data: Path) -> Said:
    """Read the first page of every source and say which columns are received, stored, published and dropped.

    Example: cityglass check --from requests=export.csv.gz"""
    from etl.check import check_sources

    city = load(is_draft=True)
    policy = load_policy(city)
    checked = check_sources(city)
    readable = f"{many(len(checked.sources), 'source')} can be read"
    told = {"sources": checked.sources, "boxes": checked.boxes}
    if is_wide(city.bbox):
        near = next(
            (f", such as {list(box)}, where most places of the first page lie" for box in checked.boxes.values()), ""
        )
        message = f"{readable}; {city.path} is not finished: city.bbox is {list(city.bbox)}, which is no city's."
        return Said(message, f"write west, south, east, north of the city{near}; then check again", told, checked.lines)
    signed_by = policy.signed_by or _signed_before(data, policy)
    signed = f"signed by {signed_by}" if signed_by else "not signed"
    withheld = " and names no kind of request yet, so all are withheld" if policy.is_empty else ""
    following = UNNAMED if policy.is_empty else "cityglass run" if signed_by else UNSIGNED
    message, lines = f"{city.path} is sound; {readable}; the policy is {signed}{withheld}.", checked.lines
    if policy.is_due:
        lines += (f"NOTICE {policy.due}",)
    if checked.misplaced:
        where = ", ".join(checked.misplaced)
        message = f"{readable}; most places of {where} lie outside city.bbox, and so would not be used."
        following = f"correct city.bbox in {city.path}, or the columns of lat and long; then check again"
    if not checked.sources:
        message, following = f"{city.path} names no source that can be read.", UNREAD
    return Said(message, following, told, lines)


def _signed_before(data: Path, policy: Policy) -> str:
    """Who signed this very policy when the release that is served was made with it."""
    release = kept_releases.current(data)
    made_with = release.manifest if release else {}
    return made_with["signed"] if made_with.get("policy_hash") == policy.hash else ""


@main.command()
@accepting
@verb
@reading
def pull(load: Callable[..., City], data: Path, accept_fewer: bool) -> Said:
    """Read every source into the vault; publish nothing.

    Example: cityglass pull"""
    from etl import run as etl_run

    city = load()
    pulled = etl_run.pull_only(city, data, accept_fewer, step)
    clear()
    told = {"sources": [result.told for result in pulled]}
    return Said(pulled_lines(pulled), _after_pull(city), told, notices(pulled))


def _with_kinds(load: Callable[..., City]) -> City:
    """The city, if there is anything of its requests that may be published."""
    city = load()
    policy = load_policy(city) if "requests" in city.sources else None
    if policy and policy.is_empty:
        raise ConfigurationError(
            f"{policy.path} names no kind of request: all would be withheld.",
            "read them with `cityglass pull`, propose a tier for each with `cityglass policy draft`, correct each line "
            "and move it into the policy; then the same again",
        )
    return city


def _after_pull(city: City) -> str:
    return "cityglass policy draft" if load_policy(city).is_empty else "cityglass publish"


@main.command()
@signing
@accepting
@verb
def publish(city_file: Path, data: Path, sign_off: str, accept_fewer: bool) -> Said:
    """Anonymize the vault and serve it as a new release, if every check passes.

    Example: cityglass publish --sign-off "Ana Diaz, data officer" """
    from etl import run as etl_run

    published = etl_run.publish_only(_with_kinds(partial(load_city, city_file)), data, sign_off, step, accept_fewer)
    clear()
    return released(published)


@main.command()
@signing
@accepting
@repeating
@verb
@reading
def run(load: Callable[..., City], data: Path, sign_off: str, accept_fewer: bool, every: str) -> Said:
    """Read every source and publish: the whole job.

    Example: cityglass run --every 10m"""
    from etl import run as etl_run

    if every and accept_fewer:
        raise ConfigurationError(
            "--accept-fewer together with --every would believe every outage.",
            "run once with --accept-fewer; then start --every again",
        )
    if every:
        return _for_ever(partial(_with_kinds, load), data, seconds(every), sign_off)

    pulled = []
    try:
        _, published = etl_run.run(_with_kinds(load), data, sign_off, accept_fewer, step, heard=pulled.extend)
    except CityglassError as refused:
        refused.lines = notices(pulled)  # they tell why, as a rule
        raise
    clear()
    lines = (pulled_lines(pulled), *notices(pulled))
    return released(published, {"sources": [result.told for result in pulled]}, lines)


def _for_ever(load: Callable[..., City], data: Path, interval: int, sign_off: str) -> Said:
    from etl.every import every

    try:
        for turn in every(load, data, interval, sign_off, step):
            clear()
            told = (turn.error or pulled_lines(turn.pulled), *notices(turn.pulled))
            made = (
                f" Release {turn.published.release.id} is current." if turn.published and turn.published.release else ""
            )
            click.echo(
                f"{' '.join(map(str, told))}{made} Next run in {round(turn.wait):,} seconds.", err=bool(turn.error)
            )
            time.sleep(turn.wait)
    except KeyboardInterrupt:
        clear()
    return Said("Stopped; what was read is kept.", "cityglass status")


@main.command()
@listening
@sharing
@verb
def serve(city_file: Path, data: Path, port: int, host: str, workers: int) -> Said:
    """Serve the current release: Datasette at the root, dashboards under /dashboards.

    Example: cityglass serve --port 8001"""
    return _serve(load_city(city_file), data, host, port, workers)


def _serve(city: City, data: Path, host: str, port: int, workers: int = 1) -> Said:
    from dashboards.routes import ROUTES
    from hub import app

    if kept_releases.current(data) is None:
        raise ConfigurationError(f"There is no release in {data / 'public'}.", "make one with `cityglass run`")

    def ready() -> None:
        click.echo(f"Cityglass is ready: http://{host}:{port}/")

    script = ROOT / "dashboards" / "app.py"
    app.serve(data, city, routes=ROUTES, script=script, host=host, port=port, workers=workers, ready=ready)
    return Said("Stopped.")


@main.command()
@listening
@verb
def demo(city_file: Path, data: Path, port: int, host: str) -> Said:
    """Make the made-up city, run the whole job on it, and serve it.

    Example: cityglass demo"""
    from etl import run as etl_run
    from hub.app import free_or_refuse

    free_or_refuse(host, port)
    city = load_city(city_file)
    missing = [place for source in city.sources.values() for place in source.location if not Path(place).exists()]
    if missing:
        click.echo("Making up the city of Larkhaven …")
        sample.write(city.path.parent / "data" / "sample")
    click.echo("Reading, anonymizing, checking, publishing …")
    pulled, published = etl_run.run(city, data, step=step)
    clear()
    click.echo(pulled_lines(pulled))
    click.echo(released(published).message)
    return _serve(city, data, host, port)


@main.command()
@verb
def status(city_file: Path, data: Path) -> Said:
    """Say what was read, when, how it is known to be whole, and which release is served.

    Example: cityglass status"""
    from etl import status as etl_status

    state, release = whole_state(etl_status.read, data, etl_status.path(data)), kept_releases.current(data)
    if state is None:
        return Said("Nothing has been read yet.", "cityglass run")
    served, words, following = "none yet", "none yet", "cityglass publish"
    if release:
        served = words = release.id
        following = "cityglass audit"
        if release.is_damaged:
            words, following = f"none, for {served} is damaged", "cityglass releases"
    told = f"Release served: {words}. Records that could not be used: {sum(state['quarantine'].values()):,}."
    return Said(told, following, {**state, "current": served}, state_lines(state))


@main.command()
@click.option("--gate", "must_pass", is_flag=True, help="Exit with 6 if any check fails.")
@verb
def audit(city_file: Path, data: Path, must_pass: bool) -> Said:
    """Check the served release again: its files, its classes, its completeness.

    Example: cityglass audit --gate"""
    from etl.audit import audit_release

    release = kept_releases.current(data)
    if release is None:
        raise ConfigurationError(f"There is no release in {data / 'public'}.", "make one with `cityglass run`")
    city = load_city(city_file)
    findings = audit_release(release, load_policy(city))
    lines = tuple(
        f"{'ok  ' if f.is_passed else 'FAIL'} {f.check_name}: {f.value} (must be {f.bound})" for f in findings
    )
    failed = [finding.check_name for finding in findings if not finding.is_passed]
    told = {"release": release.id, "findings": [finding.row for finding in findings]}
    if failed and must_pass:
        refused = GateError(
            f"Release {release.id} fails: {', '.join(failed)}.",
            "roll back with `cityglass releases rollback ID`, or publish again",
            **told,
        )
        refused.lines = tuple(line for line in lines if line.startswith("FAIL"))
        raise refused
    return Said(f"Release {release.id}: {len(findings) - len(failed)} of {len(findings)} checks pass.", "", told, lines)


@main.command()
@click.argument("action", type=click.Choice(["list", "rollback"]), default="list")
@click.argument("release_id", required=False)
@verb
def releases(city_file: Path, data: Path, action: str, release_id: str | None) -> Said:
    """List the releases that are kept, or serve an earlier one again.

    Example: cityglass releases rollback 20260101T000000Z-0a1b2c3d"""
    if action == "rollback" and not release_id:
        raise ConfigurationError("Which release is to be served again?", "name one that `cityglass releases` lists")
    if action == "rollback":
        release = kept_releases.rollback(data, release_id)
        return Said(f"Release {release.id} is current again.", "a running server shows it within 5 seconds")
    known, serving = kept_releases.kept(data), kept_releases.current(data)
    current = serving.id if serving else ""
    lines = tuple(f"{'*' if release.id == current else ' '} {release.id}  {_shows(release)}" for release in known)
    told = {
        "releases": [release.id for release in known],
        "current": current,
        "damaged": [release.id for release in known if release.is_damaged],
    }
    starred = "* is served" if serving else "none is served"
    if serving and serving.is_damaged:
        starred = "* is damaged and cannot be served"
    others = [release for release in known if release.id != current and not release.is_damaged]
    following = "cityglass releases rollback ID" if others else "cityglass run"
    return Said(f"{many(len(known), 'release')} kept; {starred}.", following, told, lines)


def _shows(release: kept_releases.Release) -> str:
    if release.is_damaged:
        return f"{'damaged':>10}"
    return f"{kept_releases.rows(release.manifest)['service_requests']:>10,} service requests"


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Exit with 3 if metadata.yml is not current.")
@verb
def metadata(city_file: Path, data: Path, only_check: bool) -> Said:
    """Write metadata.yml: what Datasette shows for this city.

    Example: cityglass metadata --check"""
    path, wanted = city_file.parent / "metadata.yml", city_metadata.dump(load_city(city_file))
    if path.is_file() and path.read_text("utf-8") == wanted:
        return Said(f"{path} is current.")
    if only_check:
        raise ConfigurationError(f"{path} is not current.", "write it again with `cityglass metadata`")
    path.write_text(wanted, "utf-8")
    return Said(f"Wrote {path}.")


main.add_command(cli_officer.erase)
main.add_command(cli_officer.forget)
main.add_command(cli_officer.policy)
main.add_command(cli_officer.photo)
main.add_command(cli_privacy.privacy)


def command() -> None:
    """What the installed `cityglass` runs."""
    spoken(main)


if __name__ == "__main__":
    command()
