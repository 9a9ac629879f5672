"""The verbs of the officer who answers for the data: erase a record, draft a policy."""

from pathlib import Path

import click

from hub.city import load_city
from hub.errors import CityglassError, ConfigurationError
from hub.policy import load_policy
from hub.told import many, released
from hub.verb import Said, clear, step, verb


@click.command()
@click.option("--source", default="requests", show_default=True, help="The source that the records came from.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="An id as the city's system writes it; may be repeated.")
@click.option("--public-id", "public_ids", multiple=True, metavar="ID", help="A public record number; may be repeated.")
@click.option("--file", "file", type=click.Path(path_type=Path), help="A text file with one id on each line.")
@click.option("--public", "is_public", is_flag=True, help="The ids in the file are public record numbers.")
@click.option("--publish", "and_publish", is_flag=True, help="Publish at once, without waiting for the next release.")
@verb
def erase(
    *,
    city_file: Path,
    data: Path,
    source: str,
    ids: tuple[str, ...],
    public_ids: tuple[str, ...],
    file: Path | None,
    is_public: bool,
    and_publish: bool,
) -> Said:
    """Erase records for good: from the vault, the lookup and every release. They never come back.

    Example: cityglass erase --source requests --id 101000123 --publish"""
    from etl import erasure
    from etl import run as etl_run

    city = load_city(city_file)
    if is_public and not file:
        raise ConfigurationError("--public says what the ids of --file are.", "name one record with --public-id")
    if blank := [one for one in (*ids, *public_ids) if not one.strip()]:
        raise ConfigurationError(f"An id is blank ({blank[0]!r}); nothing was erased.", "give the id of a record")
    wanted = [erasure.Wanted(one.strip(), one) for one in ids]
    wanted += [erasure.Wanted(one.strip().lower(), one, is_public=True) for one in public_ids]
    wanted += erasure.read_ids(file, is_public) if file else []
    done = erasure.erase(data, source, wanted)
    told = {"erased": done.records, "erased_before": done.before, "withdrawn": list(done.withdrawn)}
    lines = _erased_lines(done)
    if and_publish:
        try:
            published = etl_run.publish_only(city, data, step=step)
        except CityglassError as refused:
            refused.lines = (*lines, *refused.lines)  # it has left the vault, whatever becomes of the release
            raise
        clear()
        return released(published, told, lines)
    whom = "it" if done.records + done.before == 1 else "them"
    shown = f" The release that is served still shows {whom} until the next publish." if done.is_shown else ""
    following = "cityglass publish" if done.is_shown else "cityglass status"
    return Said(f"{lines[0]}{shown}", following, told, lines[1:])


def _erased_lines(done) -> tuple[str, ...]:
    before = f" {many(done.before, 'record')} had been erased before." if done.before else ""
    lines = [f"{many(done.records, 'record')} erased from the vault.{before}"]
    if done.withdrawn:
        lines.append(f"Withdrawn, since they showed it: {', '.join(done.withdrawn)}.")
    return tuple(lines)


@click.command()
@click.argument("source", required=False, default="")
@verb
def forget(city_file: Path, data: Path, source: str) -> Said:
    """Drop all that was read of a source that city.yml no longer names. The next release is without it.

    Example: cityglass forget old_requests"""
    from etl import walks
    from etl.vault import open_vault

    city = load_city(city_file)
    if source in city.sources:
        raise ConfigurationError(
            f"{city.path} names the source {source!r}.", "take it out of the file first, or erase single records"
        )
    with open_vault(data) as vault:
        known = sorted(walks.held(vault))
        if not source:
            return Said(f"The vault holds: {', '.join(known) or 'nothing'}.", "cityglass forget SOURCE")
        if source not in known:
            raise ConfigurationError(
                f"The vault holds nothing of a source {source!r}.", f"it holds: {', '.join(known) or 'nothing'}"
            )
        dropped = walks.forget(vault, source)
    return Said(f"{many(dropped, 'record')} of {source} dropped.", "cityglass publish", {"records": dropped})


@click.command()
@click.argument("action", type=click.Choice(["draft"]), default="draft")
@verb
def policy(city_file: Path, data: Path, action: str) -> Said:
    """Propose tiers for the kinds of request that the policy does not name, for an officer to correct and sign.

    Example: cityglass policy draft"""
    from etl.privacy import draft
    from etl.vault import open_vault

    in_force = load_policy(load_city(city_file))
    with open_vault(data) as vault:
        kinds = draft.kinds_of(vault)
    if not kinds:
        raise ConfigurationError("The vault holds no requests yet.", "read them first: `cityglass pull`")
    lines = draft.draft(kinds, in_force)
    if not lines:
        return Said(
            f"{in_force.path} names every kind of request that was read; nothing to draft.", "cityglass publish"
        )
    path = draft.write(lines, in_force, city_file.parent / "policies")
    told = [{"group": one.kind.group, "name": one.kind.name, "tier": one.tier, "word": one.word} for one in lines]
    return Said(
        f"Wrote {path}: {many(len(lines), 'kind')} that {in_force.path.name} does not name. They stay withheld.",
        'correct each line, move it into the policy, then: cityglass publish --sign-off "NAME, ROLE"',
        {"draft": str(path), "kinds": told},
    )


@click.command()
@click.argument("action", type=click.Choice(["add", "show", "cover", "drop"]), default="add")
@click.argument("name", metavar="FILE|NAME", default="")
@click.option("--id", "key", default="", metavar="ID", help="add: the request, as the city's own system writes its id.")
@click.option("--to", "to", type=click.Path(path_type=Path), help="show: the file to write it into.")
@click.option(
    "--box", "boxes", multiple=True, metavar="LEFT,TOP,RIGHT,BOTTOM", help="cover: in pixels; may be repeated."
)
@verb
def photo(
    city_file: Path, data: Path, *, action: str, name: str, key: str, to: Path | None, boxes: tuple[str, ...]
) -> Said:
    """Rebuild a photo of a request with faces covered and queue it; look at it, cover more, or drop it.

    Example: cityglass photo add broken-bench.jpg --id 101000123"""
    from etl.vault import open_vault

    in_force = load_policy(load_city(city_file))
    if not name:
        raise ConfigurationError(
            "No photo is named.", "write `cityglass photo add FILE --id ID`, or show, cover or drop NAME"
        )
    with open_vault(data) as vault:
        if action == "add":
            return _add(vault, in_force, Path(name), key)
        return {"show": _show, "cover": _cover, "drop": _drop}[action](vault, name, to, boxes)


def _add(vault, in_force, file: Path, key: str) -> Said:
    from etl import photos

    if not key:
        raise ConfigurationError("It is not said whose photo it is.", "name the request with --id")
    name, made = photos.add(vault, in_force, key, file)
    told = {"name": name, "width": made.width, "height": made.height, "covered": made.covered}
    faces = many(len(made.covered), "face")
    message = f"{name}: {made.width} x {made.height} pixels, {faces} covered; it waits for approval."
    return Said(message, f"look at it: cityglass photo show {name} --to FILE", told)


def _show(vault, name: str, to: Path | None, boxes: tuple[str, ...]) -> Said:
    from etl import photos

    if to is None:
        raise ConfigurationError("It is not said where to write the photo.", "name a new file with --to")
    made = photos.show(vault, name, to)
    message = f"Wrote {to}: {made.width} x {made.height} pixels, {len(made.covered)} covered."
    return Said(message, f"cityglass photo cover {name} --box LEFT,TOP,RIGHT,BOTTOM, or cityglass privacy review")


def _cover(vault, name: str, to: Path | None, boxes: tuple[str, ...]) -> Said:
    from etl import photos

    if not boxes:
        raise ConfigurationError("It is not said what to cover.", "give --box LEFT,TOP,RIGHT,BOTTOM")
    made = photos.cover(vault, name, tuple(_box(box) for box in boxes))
    return Said(
        f"{name}: {len(made.covered)} covered; it waits for approval.", f"cityglass photo show {name} --to FILE"
    )


def _drop(vault, name: str, to: Path | None, boxes: tuple[str, ...]) -> Said:
    from etl import photos

    photos.drop(vault, name)
    return Said(f"{name} is gone.", "cityglass privacy review")


def _box(text: str) -> tuple[int, int, int, int]:
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):
        raise ConfigurationError(f"--box {text!r} is no box.", "write four whole numbers, such as 40,80,120,110")
    left, top, right, bottom = map(int, parts)
    return left, top, right, bottom
