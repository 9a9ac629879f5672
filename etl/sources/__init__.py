"""SOURCES: how to talk to each platform. A source yields pages of text exactly as the system sent it."""

from etl.sources import files
from etl.sources.page import Adapter
from hub.errors import ConfigurationError

SOURCES: dict[str, Adapter] = {"files": Adapter(files.parts, files.pages)}


def adapter_of(source: str, name: str) -> Adapter:
    """The adapter that a source names. Raises ConfigurationError listing the known ones."""
    if name not in SOURCES:
        raise ConfigurationError(f"sources.{source}.adapter is {name!r}.", f"known adapters: {', '.join(SOURCES)}")
    return SOURCES[name]
