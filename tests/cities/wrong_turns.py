"""Faults that happen before the platform looks at its rows: the truth moves while it is read, paging misbehaves."""

from collections.abc import Callable

from tests.cities.model import Model
from tests.cities.scene import Scene


def meanwhile(scene: Scene, change: Callable[[Model], object]) -> None:
    """Something happens to the truth: `lambda model: model.delete("001")`."""
    change(scene.platform.model)


def inserted(scene: Scene, count: int = 1) -> None:
    """New requests come in, so that pages counted from the newest shift."""
    for _ in range(count):
        scene.platform.model.insert()


def token_expired(scene: Scene) -> None:
    """No token that was given so far is good any more."""
    scene.platform.tokens.clear()


def capped(scene: Scene, size: int) -> None:
    """Pages are no longer than this, whatever was asked for, and nobody says so."""
    scene.asked.tweaks["capped"] = size


def shifted(scene: Scene, rows: int) -> None:
    """The page begins so many rows further on (they are skipped) or, below 0, further back (they come again)."""
    scene.asked.tweaks["shifted"] = rows


def paging_ignored(scene: Scene) -> None:
    """Whatever page was asked for, it is the first one that comes."""
    scene.asked.tweaks["paging_ignored"] = True


WORDS = {word.__name__: word for word in (meanwhile, inserted, token_expired, capped, shifted, paging_ignored)}
