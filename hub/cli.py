"""The `cityglass` command; the only module that may import everything. A mistake prints a message, never a traceback."""

import errno
import functools
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from hub import metadata as city_metadata
from hub import releases as kept_releases
from hub import sample
from hub.city import City, load_city
from hub.errors import CityglassError, ConfigurationError, DiskError, GateError
from hub.policy import load_policy, path_of

ROOT = Path(__file__).parent.parent
READY = ROOT / "etl" / "cities"
PORT = 8001
WRITING = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EACCES,
    errno.EROFS,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENOENT,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a verb has to say in the end: one plain sentence, what to do next, data for a program, lines for a reader."""

    message: str
    next: str = ""
    data: dict = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def verb(function: Callable) -> Callable:
    """Say a verb's result, or its error with its exit code; with --json as one object."""

    @click.option(
        "--city",
        "city_file",
        type=click.Path(path_type=Path),
        default=Path("city.yml"),
        help="The city's file.",
        show_default=True,
    )
    @click.option(
        "--data",
        type=click.Path(path_type=Path),
        default=Path("data"),
        help="Where private/, inbox/, lookup/ and public/ live.",
        show_default=True,
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")
    @functools.wraps(function)
    def wrapped(as_json: bool, **given) -> None:
        try:
            said = function(**given)
        except CityglassError as error:
            _finish(as_json, error.exit_code, error.message, error.cure, error.data)
        except OSError as error:
            if error.errno not in WRITING:
                raise
            cure = "free disk space or mend the permissions, then run again"
            _finish(as_json, DiskError.exit_code, f"{error.filename or 'A file'}: {error.strerror}.", cure, {})
        else:
            for line in () if as_json else said.lines:
                click.echo(line)
            _finish(as_json, 0, said.message, said.next, said.data)

    return wrapped


def _finish(as_json: bool, code: int, message: str, cure: str, data: dict) -> None:
    if as_json:
        click.echo(
            json.dumps({"ok": code == 0, "code": code, "message": message, "next": cure, "data": data}, default=str)
        )
    else:
        click.echo(message, err=code != 0)
        if cure:
            click.echo(f"Next: {cure}" if code == 0 else f"To mend it: {cure}", err=code != 0)
    sys.exit(code)


def reading(function: Callable) -> Callable:
    """The options of verbs that read sources."""

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
        return function(city=load_city(city_file, places), **given)

    return wrapped


def _step(text: str) -> None:
    """Show what goes on, on a terminal in one line that is overwritten."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text} …", nl=False, err=True)


def _clear() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cityglass")
def main() -> None:
    """Publish a city's reports and datasets so that people can question them, without harming anyone in them.

    Example: cityglass run --from requests=export.csv.gz --sign-off "Ana Diaz, data officer" """


@main.command()
@click.argument("name", required=False, metavar="[CITY]")
@verb
def init(name: str | None, city_file: Path, data: Path) -> Said:
    """Write a city.yml to start from: of a ready city, or of the made-up one.

    Example: cityglass init boston"""
    ready = sorted(path.stem for path in READY.glob("*.yml"))
    if name in (None, ""):
        return Said(f"Ready cities: {', '.join([*ready, 'sample'])}.", "cityglass init CITY")
    if name == "sample":
        return _init_sample(city_file, data)
    if name not in ready:
        raise ConfigurationError(f"There is no ready city {name!r}.", f"choose one of: {', '.join([*ready, 'sample'])}")
    if city_file.exists():
        raise ConfigurationError(f"{city_file} is there already.", "name another file with --city, or move it away")
    policy = city_file.parent / "policies" / "service_requests.yml"
    policy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(READY / f"{name}.yml", city_file)
    if not policy.exists():
        shutil.copyfile(path_of(READY / f"{name}.yml", name, "service_requests"), policy)
    return Said(
        f"Wrote {city_file} and {policy}.",
        f'read the policy, then: cityglass run --city {city_file} --from requests=FILE --sign-off "NAME, ROLE"',
    )


def _init_sample(city_file: Path, data: Path) -> Said:
    city_file.parent.mkdir(parents=True, exist_ok=True)
    if not city_file.exists():
        shutil.copyfile(ROOT / "city.yml", city_file)
    sample.write(city_file.parent / "data" / "sample")
    return Said(f"Wrote the files of the made-up city into {city_file.parent / 'data' / 'sample'}.", "cityglass run")


@main.command()
@verb
@reading
def check(city: City, data: Path) -> Said:
    """Read the first page of every source and say which columns are received, stored, published and dropped.

    Example: cityglass check --from requests=export.csv.gz"""
    from etl.check import check_sources

    policy = load_policy(city.path, city.slug, k=city.k)
    checked = check_sources(city)
    signed = f"signed by {policy.signed_by}" if policy.signed_by else "not signed"
    told = f"{city.path} is sound; {_many(len(checked.sources), 'source')} can be read; the policy is {signed}."
    return Said(told, "cityglass run", {"sources": checked.sources}, checked.lines)


@main.command()
@click.option("--accept-fewer", is_flag=True, help="Believe a source from which a fifth of the rows is gone.")
@verb
@reading
def pull(city: City, data: Path, accept_fewer: bool) -> Said:
    """Read every source into the vault; publish nothing.

    Example: cityglass pull"""
    from etl import run as etl_run

    pulled = etl_run.pull_only(city, data, accept_fewer, _step)
    _clear()
    return Said(_told(pulled), "cityglass publish", {"sources": [result.told for result in pulled]})


@main.command()
@click.option(
    "--sign-off",
    metavar='"NAME, ROLE"',
    default="",
    help="Sign the privacy policy as it stands; recorded in the audit.",
)
@verb
def publish(city_file: Path, data: Path, sign_off: str) -> Said:
    """Anonymize the vault and serve it as a new release, if every check passes.

    Example: cityglass publish --sign-off "Ana Diaz, data officer" """
    from etl import run as etl_run

    published = etl_run.publish_only(load_city(city_file), data, sign_off, _step)
    _clear()
    return _released(published)


@main.command()
@click.option(
    "--sign-off",
    metavar='"NAME, ROLE"',
    default="",
    help="Sign the privacy policy as it stands; recorded in the audit.",
)
@click.option("--accept-fewer", is_flag=True, help="Believe a source from which a fifth of the rows is gone.")
@verb
@reading
def run(city: City, data: Path, sign_off: str, accept_fewer: bool) -> Said:
    """Read every source and publish: the whole job.

    Example: cityglass run"""
    from etl import run as etl_run

    pulled, published = etl_run.run(city, data, sign_off, accept_fewer, _step)
    _clear()
    return _released(published, {"sources": [result.told for result in pulled]}, (_told(pulled),))


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def _told(pulled: list) -> str:
    return (
        "; ".join(
            f"{r.source}: unchanged" if r.unchanged else f"{r.source}: {r.rows:,} rows read, {r.written:,} written"
            for r in pulled
        )
        + "."
    )


def _released(published, data: dict | None = None, lines: tuple[str, ...] = ()) -> Said:
    if published.release is None:
        return Said("Nothing has changed since the last release; it stays.", "cityglass serve", data or {}, lines)
    told = {
        "release": published.release.id,
        "seconds": published.seconds,
        "tables": published.release.manifest["tables"],
    }
    rows = told["tables"]["service_requests"]
    message = f"Release {published.release.id} is current: {_many(rows, 'service request')}, {len(published.findings)} checks passed."
    return Said(message, "cityglass serve", {**(data or {}), **told}, lines)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="More than one serves Datasette without dashboards.",
)
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
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
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
    pulled, published = etl_run.run(city, data, step=_step)
    _clear()
    click.echo(_told(pulled))
    click.echo(_released(published).message)
    return _serve(city, data, host, port)


@main.command()
@verb
def status(city_file: Path, data: Path) -> Said:
    """Say what was read, when, how it is known to be whole, and which release is served.

    Example: cityglass status"""
    from etl import status as etl_status

    state, release = etl_status.read(data), kept_releases.current(data)
    if state is None:
        return Said("Nothing has been read yet.", "cityglass run")
    lines = tuple(f"{source['source']:<18} {source['rows']:>10,} rows  {_proof(source)}" for source in state["sources"])
    served = release.id if release else "none yet"
    told = f"Release served: {served}. Quarantined rows: {sum(state['quarantine'].values()):,}."
    return Said(told, "cityglass audit", {**state, "current": served}, lines)


def _proof(source: dict) -> str:
    return (
        f"whole ({source['proven_by']})" if source["proven_by"] else "SUSPECT: its last reading did not reach its end"
    )


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
    findings = audit_release(release, load_policy(city.path, city.slug, k=city.k))
    lines = tuple(
        f"{'ok  ' if f.is_passed else 'FAIL'} {f.check_name}: {f.value} (must be {f.bound})" for f in findings
    )
    failed = [finding.check_name for finding in findings if not finding.is_passed]
    told = {"release": release.id, "findings": [finding.row for finding in findings]}
    if failed and must_pass:
        raise GateError(
            f"Release {release.id} fails: {', '.join(failed)}.",
            "roll back with `cityglass releases rollback ID`, or publish again",
            **told,
        )
    return Said(f"Release {release.id}: {len(findings) - len(failed)} of {len(findings)} checks pass.", "", told, lines)


@main.command()
@click.argument("action", type=click.Choice(["list", "rollback"]), default="list")
@click.argument("release_id", required=False)
@verb
def releases(city_file: Path, data: Path, action: str, release_id: str | None) -> Said:
    """List the releases that are kept, or serve an earlier one again.

    Example: cityglass releases rollback 20260101T000000Z-0a1b2c3d"""
    if action == "rollback":
        release = kept_releases.rollback(data, release_id or "")
        return Said(f"Release {release.id} is current again.", "a running server shows it within 5 seconds")
    known, serving = kept_releases.kept(data), kept_releases.current(data)
    current = serving.id if serving else ""
    lines = tuple(
        f"{'*' if r.id == current else ' '} {r.id}  {r.manifest['tables']['service_requests']:>10,} service requests"
        for r in known
    )
    told = {"releases": [release.id for release in known], "current": current}
    return Said(f"{_many(len(known), 'release')} kept; * is served.", "cityglass releases rollback ID", told, lines)


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


if __name__ == "__main__":
    main()
