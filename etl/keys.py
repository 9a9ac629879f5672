"""The only reader of the release key: 32 random bytes outside the repository and outside the vault."""

import os
import secrets
from pathlib import Path

from hub.errors import ConfigurationError

BYTES = 32


def release_key(data: Path, has_published: bool) -> bytes:
    """The key of the public ids, made on first use.

    Raises ConfigurationError if it is lost after something was published: a new one would break every id."""
    path = data / "private" / "keys" / "release.key"
    if not path.is_file():
        if has_published:
            raise ConfigurationError(
                f"{path} is gone, but releases were made with it.",
                "restore it from the backup; without it every public id would change",
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(BYTES))
            file.flush()
            os.fsync(file.fileno())
    key = path.read_bytes()
    if len(key) != BYTES:
        raise ConfigurationError(f"{path} is damaged ({len(key)} bytes, not {BYTES}).", "restore it from the backup")
    return key
