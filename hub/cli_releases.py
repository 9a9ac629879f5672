"""The verbs that look at what there is: what was read, whether the release that is served is sound, which ones are kept."""

from pathlib import Path

import click

from hub import releases as kept_releases
from hub.city import load_city
from hub.errors import ConfigurationError, GateError
from hub.policy import load_policy
from hub.told import many, state_lines, whole_state
from hub.verb import Said, verb


@click.command()
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


@click.command()
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


@click.command()
@click.argument("action", type=click.Choice(["list", "rollback"]), default="list")
@click.argument("release_id", required=False)
@verb
def releases(city_file: Path, data: Path, action: str, release_id: str | None) -> Said:
    """List the releases that are kept, or serve an earlier one again.

    Example: cityglass releases rollback 20260101T000000Z-0a1b2c3d"""
    if action == "rollback":
        return _roll_back(city_file, data, release_id)
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


def _roll_back(city_file: Path, data: Path, release_id: str | None) -> Said:
    if not release_id:
        raise ConfigurationError("Which release is to be served again?", "name one that `cityglass releases` lists")
    release = kept_releases.rollback(data, release_id, load_policy(load_city(city_file)).hash)
    return Said(f"Release {release.id} is current again.", "a running server shows it within 5 seconds")


def _shows(release: kept_releases.Release) -> str:
    if release.is_damaged:
        return f"{'damaged':>10}"
    return f"{kept_releases.rows(release.manifest)['service_requests']:>10,} service requests"
