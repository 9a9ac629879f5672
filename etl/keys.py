"""The only reader of the city's keys: 32 random bytes each, outside the repository and outside the vault.

release.key  makes the public ids, and release-2.key, release-3.key, ... in its place after it was changed; erasure.key
makes the hashes by which erased records are kept out; all in data/private/keys. lookup.key, for 'track my report', is in
data/lookup, where the public process may read it.
"""

import hashlib
import os
import secrets
from pathlib import Path

from hub.errors import ConfigurationError

BYTES = 32
OWNER, READERS = 0o600, 0o640


def release_key(data: Path, has_published: bool, version: int = 1) -> bytes:
    """A version of the key of the public ids, made on first use.

    Raises ConfigurationError if it is lost after something was published: a new one would break every id."""
    lost = ("releases were made with it", "without it every public id would change") if has_published else None
    path = data / "private" / "keys" / "release.key"
    return _key(path if version == 1 else path.with_stem(f"release-{version}"), lost)


def erasure_key(data: Path, has_erased: bool) -> bytes:
    """The key of the tombstones, made with the first erasure.

    Raises ConfigurationError if it is lost after something was erased: what was erased could come back."""
    lost = ("records were erased with it", "without it they would come back with the next pull") if has_erased else None
    return _key(data / "private" / "keys" / "erasure.key", lost)


def lookup_key(data: Path) -> bytes:
    """The key of the lookup file, made on first use. Nothing depends on it for longer than until the next publish."""
    return _key(data / "lookup" / "lookup.key", None, READERS)


def check_of(key: bytes, name: str) -> str:
    """What the vault keeps to notice that a key was exchanged; it tells nothing of the key."""
    return hashlib.sha256(f"cityglass {name} check".encode() + key).hexdigest()[:16]


def _key(path: Path, lost: tuple[str, str] | None, mode: int = OWNER) -> bytes:
    """The key at `path`, made if it is not there; `lost` says what was done with it, and what a new one would mean."""
    if not path.is_file():
        if lost:
            done, harm = lost
            raise ConfigurationError(f"{path} is gone, but {done}.", f"restore it from the backup; {harm}")
        _make(path, mode)
    if wider := path.stat().st_mode & 0o777 & ~mode:
        raise ConfigurationError(
            f"{path} may be read by others (mode {wider | mode:o}): who has it can undo what it hides.",
            f"if nobody has read it: chmod {mode:o} {path}",
        )
    key = path.read_bytes()
    if len(key) != BYTES:
        raise ConfigurationError(f"{path} is damaged ({len(key)} bytes, not {BYTES}).", "restore it from the backup")
    return key


def _make(path: Path, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if mode == OWNER else 0o750)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(BYTES))
        file.flush()
        os.fsync(file.fileno())
