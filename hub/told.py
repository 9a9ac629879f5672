"""What the verbs say of a pull, of a release and of the state of the sources."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from hub import releases
from hub.errors import ConfigurationError
from hub.verb import Said

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
TOLD = {"sources", "under_way", "quarantine"}  # of the state: by the vault
NOTED = {"next_run", "failures"}  # by `run --every`, even before it could open the vault


def many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def seconds(text: str) -> int:
    """`10m` as seconds. Raises ConfigurationError."""
    found = re.fullmatch(r"([1-9]\d*)([smhd])", text)
    if not found:
        raise ConfigurationError(f"--every {text!r} is no time.", "write a number and s, m, h or d, such as 10m")
    return int(found[1]) * UNITS[found[2]]


def pulled_lines(pulled: list) -> str:
    """One sentence on what a pull did to every source."""
    return (
        "; ".join(
            f"{r.source}: unchanged" if r.unchanged else f"{r.source}: {r.rows:,} rows read, {r.written:,} written"
            for r in pulled
        )
        + "."
    )


def notices(pulled: list) -> tuple[str, ...]:
    """What an officer should look at: a fallback that was read, columns that are new."""
    told = [f"NOTICE {result.source}: {result.notice}" for result in pulled if result.notice]
    told += [f"NOTICE {result.source}: {remark}" for result in pulled for remark in result.remarks]
    return (*told, *(_is_new(result.source, result.new_columns) for result in pulled if result.new_columns))


def _is_new(source: str, columns: Sequence[str]) -> str:
    return f"NOTICE {source}: new upstream and left out: {', '.join(columns)}; `cityglass check` shows every column"


def released(published, data: dict | None = None, lines: tuple[str, ...] = ()) -> Said:
    if published.release is None:
        return Said("Nothing has changed since the last release; it stays.", "cityglass serve", data or {}, lines)
    told = {
        "release": published.release.id,
        "seconds": published.seconds,
        "tables": releases.rows(published.release.manifest),
    }
    rows = told["tables"]["service_requests"]
    message = f"Release {published.release.id} is current: {many(rows, 'service request')}, {len(published.findings)} checks passed."
    return Said(message, "cityglass serve", {**(data or {}), **told}, (*lines, *published.notices))


def whole_state(read: Callable[[Path], dict | None], data: Path, path: Path) -> dict | None:
    """What `read` tells of the sources from `path`, or None before the first run. Raises ConfigurationError for a
    damaged file."""
    cure = f"delete {path}; the next `cityglass run` writes it again from the vault, which loses nothing by it"
    try:
        state = read(data)
    except ValueError as error:
        raise ConfigurationError(f"{path} is damaged: {error}.", cure) from None
    if state is None or (isinstance(state, dict) and state.keys() >= NOTED and not TOLD & state.keys()):
        return None
    if not (isinstance(state, dict) and state.keys() >= TOLD):
        raise ConfigurationError(f"{path} is damaged: it does not tell the state of the sources.", cure)
    return state


def state_lines(state: dict) -> tuple[str, ...]:
    """The state of every source, and what is not in order."""
    under_way = {walk["source"]: walk for walk in state["under_way"]}
    lines = [f"{s['source']:<18} {s['rows']:>10,} rows  {_proof(s, under_way)}" for s in state["sources"]]
    lines += [
        f"{name:<18} first reading under way"
        for name in under_way
        if name not in {s["source"] for s in state["sources"]}
    ]
    for result in state.get("last_pull", []):
        lines += [f"NOTICE {result['source']}: {result[key]}" for key in ("notice", "error") if result[key]]
    for source in dict.fromkeys(line["source"] for line in state.get("new_columns", [])):
        lines.append(
            _is_new(source, [line["column"] for line in state.get("new_columns", []) if line["source"] == source])
        )
    if state.get("failures"):
        lines.append(f"The last {many(state['failures'], 'run')} failed: {state['error']}")
    return tuple(lines)


def _proof(source: dict, under_way: dict[str, dict]) -> str:
    walk = under_way.get(source["source"])
    if not walk:
        return f"whole ({source['proven_by']})"
    if walk["suspect"]:
        return f"SUSPECT: not proved to be whole: {', '.join(walk['suspect'][:3])}; read again in the next run"
    return "SUSPECT: its last reading did not reach its end; the next run goes on there"
