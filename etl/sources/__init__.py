"""SOURCES: how to talk to each platform. A source yields pages of text exactly as the system sent it."""

from etl.sources import files
from etl.sources.page import Adapter

SOURCES: dict[str, Adapter] = {"files": Adapter(files.parts, files.pages)}
