"""Keys of city systems: read once, from the environment or a file that only its owner can read; never shown."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from hub.errors import ConfigurationError

SCHEMES = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)  # what was made of a key, told back by a server


@dataclass(frozen=True, repr=False)
class Secret:
    """A key, or several as `name: value` lines. `setting` is how city.yml calls it; the rest is never printed."""

    setting: str
    _text: str = field(default="")

    def reveal(self) -> str:
        return self._text

    def values(self) -> dict[str, str]:
        """Its `name: value` lines. Raises ConfigurationError if it is one value only."""
        pairs = [line.partition(":") for line in _lines(self._text)]
        if not all(name.strip() and colon and value.strip() for name, colon, value in pairs):
            raise ConfigurationError(
                f"{self.setting} must hold several values.",
                "write each on its own line as `name: value`; in an environment variable ';' may part them",
            )
        return {name.strip(): value.strip() for name, _, value in pairs}

    def redacted(self, text: str) -> str:
        """The text with every part of the secret blotted out, as it is or as an address would write it."""
        text = SCHEMES.sub(r"\1 ***", text)
        values = {line.partition(":")[2].strip() for line in _lines(self._text)}
        parts = {self._text, *_lines(self._text), *values} - {""}
        for part in sorted(parts, key=len, reverse=True):
            for form in (part, quote(part), quote(part, safe="")):
                text = text.replace(form, "***")
        return text

    def __repr__(self) -> str:
        return "***"


def read_secret(setting: str, name: str, base: Path) -> Secret:
    """The environment variable `name`, or else the file of that path, relative to `base`.

    Raises ConfigurationError naming the setting, and not even `name`: somebody may have written the key itself there.
    """
    text = os.environ.get(name)
    if text is None:
        text = _file(setting, base / name)
    if not text.strip():
        raise ConfigurationError(f"{setting} is empty.", "put the key into that environment variable or file")
    if not (text.isascii() and all(line.isprintable() for line in _lines(text))):
        raise ConfigurationError(f"{setting} holds characters that no key has.", "copy the key again, as plain text")
    return Secret(setting, text.strip())


def _lines(text: str) -> list[str]:
    """The lines, without the marks around them. ';' parts only `name: value` pairs: a key may have one in it."""
    pieces = text.replace(";", "\n").splitlines()
    lines = pieces if all(":" in piece for piece in pieces if piece.strip()) else text.splitlines()
    return [line.strip() for line in lines if line.strip()]


def _file(setting: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise ConfigurationError(
                    f"{setting}: the file can be read by other people of this machine.",
                    f"run `chmod 600 {path}`, and ask for a new key if somebody may have seen it",
                )
            return file.read().decode()
    except (OSError, ValueError):
        raise ConfigurationError(
            f"{setting} names neither an environment variable that is set nor a text file that can be read.",
            "set the variable, or write the key into a file of mode 600 and give its path, from the folder of city.yml",
        ) from None
