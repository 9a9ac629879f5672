"""The frame of a verb: the options that all share, what it says in the end, and its errors as exit codes."""

import functools
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shlex import quote

import click

from hub.city import load_city
from hub.errors import CityglassError, ConfigurationError, is_no_room, on_disk

PORT = 8001
CITY_FILE, DATA = Path("city.yml"), Path("data")
COMMAND = re.compile(r"\bcityglass [a-z]+")


@dataclass(frozen=True, slots=True)
class Said:
    """What a verb has to say in the end: one plain sentence, what to do next, data for a program, lines for a reader."""

    message: str
    next: str = ""
    data: dict = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def verb(function: Callable[..., Said]) -> Callable:
    """Say a verb's result, or its error with its exit code; with --json as one object."""

    @click.option(
        "--city",
        "city_file",
        type=click.Path(path_type=Path),
        default=CITY_FILE,
        help="The city's file.",
        show_default=True,
    )
    @click.option(
        "--data",
        type=click.Path(path_type=Path),
        default=DATA,
        help="Where private/, inbox/, lookup/ and public/ live.",
        show_default=True,
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")
    @functools.wraps(function)
    def wrapped(as_json: bool, **given) -> None:
        placed = partial(_with_places, city_file=given["city_file"], data=given["data"])
        try:
            said = function(**given)
        except CityglassError as error:
            _fail(as_json, error, placed)
        except BrokenPipeError:
            raise  # who read our words has gone: click ends without one more
        except Exception as error:
            if not is_no_room(error):
                raise
            _fail(as_json, on_disk(error), placed)
        else:
            for line in () if as_json else said.lines:
                click.echo(line)
            _finish(as_json, 0, said.message, placed(said.next), said.data)

    return wrapped


def _with_places(following: str, city_file: Path, data: Path) -> str:
    """What to do next, with the options that say where this city is, unless it lies where every verb looks."""
    places = (("--city", city_file, CITY_FILE), ("--data", data, DATA))
    options = "".join(
        f" {name} {quote(str(place))}" for name, place, usual in places if place != usual and name not in following
    )
    return COMMAND.sub(lambda found: found[0] + options, following)


def spoken(group: click.Group) -> None:
    """Run the command line. With --json what is wrong with its words is an object too."""
    if "--json" not in sys.argv:
        group()
    try:
        sys.exit(group.main(standalone_mode=False))
    except click.UsageError as error:
        asked = error.ctx.command_path if error.ctx else "cityglass"
        _finish(True, error.exit_code, error.format_message(), f"{asked} --help", {})
    except (BrokenPipeError, click.Abort):
        sys.exit(1)


def _fail(as_json: bool, error: CityglassError, placed: Callable[[str], str]) -> None:
    for line in () if as_json else error.lines:
        click.echo(line, err=True)
    _finish(as_json, error.exit_code, error.message, placed(error.cure), error.data)


def _finish(as_json: bool, code: int, message: str, cure: str, data: dict) -> None:
    if as_json:
        told = {"ok": code == 0, "code": code, "message": message, "next": cure, "data": data}
        click.echo(json.dumps(told, default=str))
    else:
        click.echo(message, err=code != 0)
        if cure:
            click.echo(f"Next: {cure}" if code == 0 else f"To mend it: {cure}", err=code != 0)
    sys.exit(code)


def reading(function: Callable) -> Callable:
    """The options of verbs that read sources. They are given `load`, which reads city.yml as it is at that time."""

    @click.option(
        "--from",
        "reads",
        multiple=True,
        metavar="SOURCE=PATH",
        help="Read a source from elsewhere for once; may be given again.",
    )
    @functools.wraps(function)
    def wrapped(reads: tuple[str, ...], city_file: Path, **given):
        places: dict[str, list[str]] = {}
        for read in reads:
            name, equals, place = read.partition("=")
            if not equals or not place:
                raise ConfigurationError(
                    f"--from {read!r} is not SOURCE=PATH.", "write for example --from requests=export.csv.gz"
                )
            places.setdefault(name, []).append(place)
        return function(load=partial(load_city, city_file, places), **given)

    return wrapped


accepting = click.option(
    "--accept-fewer", is_flag=True, help="Believe a source from which a fifth of the rows is gone."
)
signing = click.option(
    "--sign-off",
    metavar='"NAME, ROLE"',
    default="",
    help="Sign the privacy policy as it stands; recorded in the audit.",
)
repeating = click.option(
    "--every", metavar="TIME", default="", help="Go on for ever: pull so often (10m, 1h), publish once a day."
)
sharing = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="More than one serves Datasette without dashboards.",
)


def listening(function: Callable) -> Callable:
    """The options of verbs that serve."""
    host = click.option("--host", default="127.0.0.1", show_default=True)
    return click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)(host(function))


def step(text: str) -> None:
    """Show what goes on, on a terminal in one line that is overwritten."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text} …", nl=False, err=True)


def clear() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
