"""The `cityglass` command; the only module that may import everything. A mistake prints a message, never a traceback."""

from pathlib import Path

import click

from hub import cli_begin, cli_job, cli_officer, cli_privacy, cli_releases, sample
from hub import metadata as city_metadata
from hub import releases as kept_releases
from hub.city import City, load_city
from hub.errors import ConfigurationError
from hub.told import pulled_lines, released
from hub.verb import Said, clear, listening, sharing, spoken, step, verb

ROOT = Path(__file__).parent.parent


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cityglass")
def main() -> None:
    """Publish a city's reports and datasets so that people can question them, without harming anyone in them.

    Example: cityglass run --from requests=export.csv.gz --sign-off "Ana Diaz, data officer" """


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


for of_room in (
    cli_begin.init,
    cli_begin.check,
    cli_job.pull,
    cli_job.publish,
    cli_job.run,
    cli_releases.status,
    cli_releases.audit,
    cli_releases.releases,
    cli_officer.erase,
    cli_officer.forget,
    cli_officer.policy,
    cli_officer.photo,
    cli_privacy.privacy,
):
    main.add_command(of_room)


def command() -> None:
    """What the installed `cityglass` runs."""
    spoken(main)


if __name__ == "__main__":
    command()
