"""Where releases live, which one is current, and how to go back to an earlier one.

data/public/releases/<id>/   city.db  manifest.json  audit.json  metadata.yml  datapackage.json  downloads/  maps/
                             photos/ where a city shows any
data/public/current          symlink to one of them, swapped by rename
data/public/withdrawn.json   releases that were taken back: why, and which one stands in their place
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import yaml

from hub.errors import ConfigurationError, GateError
from hub.strict_yaml import Loader

PHOTOS = "photos"  # folder of a release
NEEDED = ("created", "tables", "files")  # keys of every manifest
# reason class of a withdrawal: what it means; nothing more is ever told of it
REASONS = {"erasure": "a record in it was erased.", "takedown": "something in it was taken down."}


@dataclass(frozen=True, slots=True)
class Release:
    """One immutable release folder."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def db(self) -> Path:
        return self.path / "city.db"

    @property
    def metadata(self) -> Path:
        return self.path / "metadata.yml"

    @property
    def manifest(self) -> dict:
        path = self.path / "manifest.json"
        try:
            told = json.loads(path.read_text("utf-8"))
        except (ValueError, FileNotFoundError) as error:
            raise _damaged(path, error) from None
        missing = [key for key in NEEDED if not isinstance(told, dict) or key not in told]
        if missing:
            raise _damaged(path, f"it lacks {', '.join(missing)}")
        return told

    @property
    def is_damaged(self) -> bool:
        """True if its manifest cannot be read."""
        try:
            return not self.manifest
        except ConfigurationError:
            return True


def _damaged(path: Path, why: object) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is damaged: {' '.join(str(why).split())}.",
        f"if it is served, serve another with `cityglass releases rollback ID`; then delete the folder {path.parent}, "
        "and publish again",
    )


def whole(release: Release) -> Release:
    """The release, if what a server needs of it can be read: its manifest, metadata.yml and city.db; else a
    ConfigurationError that names the file, what is wrong with it, and the way out."""
    if "city.db" not in release.manifest["files"]:
        raise _damaged(release.path / "manifest.json", "it lacks city.db")
    try:
        about = yaml.load(release.metadata.read_text("utf-8"), Loader)
    except (yaml.YAMLError, ValueError, FileNotFoundError) as error:
        raise _damaged(release.metadata, error) from None
    if not isinstance(about, dict) or "plugins" not in about:
        raise _damaged(release.metadata, "it lacks plugins")
    try:
        with closing(sqlite3.connect(f"file:{release.db}?mode=ro&immutable=1", uri=True)) as con:
            con.execute("select count(*) from releases").fetchall()
    except sqlite3.DatabaseError as error:
        raise _damaged(release.db, error) from None
    return release


def rows(manifest: dict) -> dict[str, int]:
    """How many rows each table has."""
    return {table: told["rows"] for table, told in manifest["tables"].items()}


def folder(data: Path) -> Path:
    return data / "public" / "releases"


def link(data: Path) -> Path:
    return data / "public" / "current"


def current(data: Path) -> Release | None:
    """The release that is served, or None before the first one. It may be damaged."""
    target = link(data).resolve()
    return Release(target) if target.is_dir() else None


def kept(data: Path) -> list[Release]:
    """Every release, newest first; last those whose manifest is damaged: they are there, but tell nothing."""
    found = (Release(path) for path in folder(data).glob("[!.]*") if path.is_dir())
    return sorted(found, key=_made, reverse=True)


def _made(release: Release) -> tuple[bool, float, str]:
    return (False, 0, release.id) if release.is_damaged else (True, release.manifest["created"], release.id)


def make_current(data: Path, release: Release) -> None:
    """Swap the link in one rename: a reader sees the old release or the new one, never neither."""
    beside = link(data).with_name(f".current-{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(Path("releases") / release.id)
    os.replace(beside, link(data))


def rollback(data: Path, release_id: str, policy_hash: str) -> Release:
    """Serve an earlier release again, if the policy in force is the one that it was made under, and the key too.

    One that is damaged is a ConfigurationError, and so is an unknown id, which lists those that can be served."""
    for release in kept(data):
        if release.id == release_id:
            _refuse_other_rules(whole(release), policy_hash, kept(data))
            make_current(data, release)
            return release
    known = ", ".join(release.id for release in kept(data) if not release.is_damaged) or "none"
    if release_id in withdrawn(data):
        why = REASONS[withdrawn(data)[release_id]["reason"]]
        raise ConfigurationError(f"Release {release_id} was withdrawn: {why}", f"choose one of: {known}")
    raise ConfigurationError(f"There is no release {release_id!r}.", f"choose one of: {known}")


def _refuse_other_rules(release: Release, policy_hash: str, known: list[Release]) -> None:
    """A policy or a key is changed so that something is shown no longer: a rollback must not bring it back."""
    if release.manifest["policy_hash"] != policy_hash:
        raise GateError(
            f"Release {release.id} was made under another policy than the one in force, and may show what that withholds.",
            "serve one that was made under it, or publish; to undo a change of policy put the former files back first",
        )
    if release.manifest["key_version"] < max(one.manifest["key_version"] for one in known if not one.is_damaged):
        raise GateError(f"Release {release.id} has the public ids of a former key.", "serve a later one, or publish")


def withdrawn(data: Path) -> dict[str, dict[str, str]]:
    """Releases that were taken back: id -> `reason`, a key of REASONS, and `now`, the id that stands in its place."""
    path = data / "public" / "withdrawn.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def withdraw(data: Path, taken: list[Release], reason: str, now: str) -> None:
    """Take releases back for good: their folders are removed, their ids are told with the id of the one to go to."""
    gone = {release.id: {"reason": reason, "now": now} for release in taken}
    told = withdrawn(data) | gone
    told = {old: about | {"now": now} if about["now"] in gone else about for old, about in told.items()}
    path = data / "public" / "withdrawn.json"
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    os.replace(beside, path)
    for release in taken:
        shutil.rmtree(release.path)


def prune(data: Path, keep: int) -> None:
    """Remove all but the newest `keep` releases; the current one always stays."""
    serving = current(data)
    for release in kept(data)[keep:]:
        if serving is None or release.id != serving.id:
            shutil.rmtree(release.path, ignore_errors=True)
