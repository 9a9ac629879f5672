"""The verbs of the job itself: read the sources, publish a release, or both, once or for ever."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from hub.city import City, load_city
from hub.errors import CityglassError, ConfigurationError
from hub.policy import load_policy
from hub.told import notices, pulled_lines, released, seconds
from hub.verb import Said, accepting, clear, reading, repeating, signing, step, verb


@click.command()
@accepting
@verb
@reading
def pull(load: Callable[..., City], data: Path, accept_fewer: bool) -> Said:
    """Read every source into the vault; publish nothing.

    Example: cityglass pull"""
    from etl import run as etl_run

    city = load()
    following = _after_pull(city)  # who has no policy hears of it before anything is read
    pulled = etl_run.pull_only(city, data, accept_fewer, step)
    clear()
    told = {"sources": [result.told for result in pulled]}
    return Said(pulled_lines(pulled), following, told, notices(pulled))


def _after_pull(city: City) -> str:
    return "cityglass policy draft" if load_policy(city).is_empty else "cityglass publish"


@click.command()
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


@click.command()
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
