"""The verbs of privacy: decide what free text may be shown, measure how well it is redacted, change the key of the ids."""

from pathlib import Path

import click

from hub.city import City, load_city
from hub.errors import ConfigurationError
from hub.told import many
from hub.verb import Said, verb

SHOWN = 60  # characters of a text in a list
LISTED = 40
OPTIONS = {"sheet": "to", "filled": "from", "disposition": "as"}  # of review, where they are called otherwise here


@click.command()
@click.argument("action", type=click.Choice(["review", "score", "rotate-key"]), default="review")
@click.option(
    "--kind",
    type=click.Choice(["template", "text", "photo", "budget", "project", "story"]),
    help="Review: only things of this kind.",
)
@click.option("--state", type=click.Choice(["pending", "approved", "rejected"]), default="pending", show_default=True)
@click.option("--approve", multiple=True, metavar="ID", help="Show it from the next publish on; may be repeated.")
@click.option("--reject", multiple=True, metavar="ID", help="Never show it; may be repeated.")
@click.option("--takedown", multiple=True, metavar="ID", help="Take back what is shown already; may be repeated.")
@click.option(
    "--to", "sheet", type=click.Path(path_type=Path), metavar="FILE", help="Write what waits as a CSV to fill in."
)
@click.option(
    "--from", "filled", type=click.Path(path_type=Path), metavar="FILE", help="Read the decisions of that CSV."
)
@click.option("--as", "disposition", metavar="CODE", default="", help="Tell an approved template as this outcome code.")
@click.option("--by", metavar='"NAME, ROLE"', default="", help="Who decided.")
@click.option("--corpus", type=click.Path(path_type=Path), metavar="FILE", help="Score: JSON lines of text and spans.")
@click.option("--layers", metavar="L0,L1,…", help="Score: only these layers; all that can run if left out.")
@verb
def privacy(city_file: Path, data: Path, action: str, corpus: Path | None, layers: str | None, **asked) -> Said:
    """Decide what may be shown of free text (review), measure how well it is redacted (score), or give every public id
    another key (rotate-key).

    Example: cityglass privacy review --approve 3f9a12bc44d0 --by "Ana Diaz, data officer" """
    if action == "score":
        if idle := [f"--{OPTIONS.get(name, name)}" for name, value in asked.items() if value and name != "state"]:
            raise ConfigurationError(f"{idle[0]} is of `privacy review`.", "leave it out, or say review for score")
        return _score(corpus, layers)
    if action == "rotate-key":
        load_city(city_file)
        return _rotate(data, asked["by"])
    return _review(load_city(city_file), data, **asked)


def _review(
    city: City,
    data: Path,
    *,
    kind: str | None,
    state: str,
    approve: tuple[str, ...],
    reject: tuple[str, ...],
    takedown: tuple[str, ...],
    sheet: Path | None,
    filled: Path | None,
    disposition: str,
    by: str,
) -> Said:
    """List what waits for a decision, or decide."""
    from etl import third_parties, withdrawal
    from etl.privacy import review as queue
    from etl.privacy import review_sheet
    from etl.vault import open_vault

    if sheet and (filled or approve or reject or takedown):
        raise ConfigurationError("--to only writes what waits.", "decide without it")
    if disposition and not approve:
        raise ConfigurationError("--as goes with --approve.", "name the template with --approve ID")
    with open_vault(data) as vault:
        if filled:
            decided = review_sheet.read(filled, queue.entries(vault))
            approve, reject = (*approve, *decided[queue.APPROVED]), (*reject, *decided[queue.REJECTED])
        elif not (approve or reject or takedown):
            waiting = third_parties.with_words(vault.con, city, queue.entries(vault, kind or "", state))
            return _written(sheet, review_sheet.write(sheet, waiting)) if sheet else _listed(waiting, state)
        if doubled := (set(approve) & {*reject, *takedown}):
            raise ConfigurationError(f"{', '.join(sorted(doubled))} is both approved and rejected.", "decide once")
        with vault.transaction():
            queue.decide(vault, approve, queue.APPROVED, by, disposition)
            withdrawal.take_down(vault, queue.decide(vault, (*reject, *takedown), queue.REJECTED, by))
    told = {"approved": list(approve), "rejected": [*reject, *takedown]}
    words = f"{many(len(approve), 'thing')} approved, {len(reject) + len(takedown)} rejected by {by.strip()}."
    return Said(words, "cityglass publish", told)


def _written(sheet: Path, things: int) -> Said:
    words = f"Wrote {many(things, 'thing')} to {sheet}; it holds words that nobody else may read: delete it when you are done."
    following = f'write approve or reject on each line, then: cityglass privacy review --from {sheet} --by "NAME, ROLE"'
    return Said(words, following, {"things": things, "file": str(sheet)})


def _rotate(data: Path, by: str) -> Said:
    """Begin an epoch with a new key of the public ids."""
    from etl import epochs
    from etl.vault import open_vault

    with open_vault(data) as vault:
        epoch = epochs.rotate(vault, data, by)
    told = {"epoch": epoch.number, "key_version": epoch.key_version}
    words = (
        f"Version {epoch.key_version} of the key is made and epoch {epoch.number} begins: with the next release every public "
        "id is another. What was released stays as coarse as it was."
    )
    return Said(words, "put data/private/keys into the backup with the former keys, then: cityglass publish", told)


def _listed(entries: list, state: str) -> Said:
    names = ("kind", "id", "text", "risk", "rows", "state", "disposition", "by", "at")
    lines = tuple(
        f"{e.kind:<8} {e.id:<16} risk {e.risk:.2f} {e.rows:>7,} x  {(e.text or '')[:SHOWN]}" for e in entries[:LISTED]
    )
    more = (f"… and {len(entries) - LISTED:,} more; --json lists all",) if len(entries) > LISTED else ()
    told = {"entries": [{name: getattr(entry, name) for name in names} for entry in entries]}
    following = 'cityglass privacy review --approve ID --by "NAME, ROLE"' if entries and state == "pending" else ""
    return Said(f"{many(len(entries), 'thing')} {state}.", following, told, (*lines, *more))


def _score(corpus: Path | None, layers: str | None) -> Said:
    """Measure the redaction on a corpus of texts whose private parts are known."""
    from etl.privacy.text import LAYERS, available
    from etl.privacy.text import score as scoring

    if corpus is None:
        raise ConfigurationError("No corpus is given.", "name a file of JSON lines with --corpus FILE")
    wanted = available() if layers is None else tuple(layer.strip().upper() for layer in layers.split(","))
    if unknown := [layer for layer in wanted if layer not in available()]:
        raise ConfigurationError(
            f"There is no layer {', '.join(unknown)} here.",
            f"layers are {', '.join(LAYERS)}; L4 needs the extra ner",
        )
    told = scoring.score(scoring.read(corpus), layers=wanted) | {"layers": list(wanted)}
    shares = {name: told[name] for name in ("recall_full", "recall_touched", "precision", "benign_lost", "withheld")}
    lines = tuple(f"{name:<16} {_percent(value)}" for name, value in shares.items())
    lines += tuple(
        f"  {label:<14} {_percent(found['recall_full'])} full, {_percent(found['recall_touched'])} touched, of {found['n']:,}"
        for by in ("per_label", "names_per_lang", "per_stratum")
        for label, found in told[by].items()
    )
    lines += () if "L4" in wanted else ("Names were not recognised: L4 did not run.",)
    return Said(
        f"{many(told['texts'], 'text')}, {told['texts_per_s']:,} a second, layers {', '.join(wanted)}.", "", told, lines
    )


def _percent(share: float | None) -> str:
    return "none there" if share is None else f"{share:.2%}"
