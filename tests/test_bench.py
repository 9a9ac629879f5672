"""What is measured is what a run does: the bench goes on to work when the code under it changes."""

from importlib import import_module
from pathlib import Path

import pytest

from bench import privacy, texts
from tests.town import Town, requests

ELSEWHERE = {"by_dlt"}  # runs in an environment of its own, with what it is compared to
BENCH = sorted({path.stem for path in Path(privacy.__file__).parent.glob("[a-z]*.py")} - ELSEWHERE)


@pytest.mark.parametrize("name", BENCH)
def test_every_bench_loads(name):
    assert import_module(f"bench.{name}").__doc__


def test_the_ladder_and_the_texts_can_be_timed(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(40)))
    town.run()
    cpu, wall = privacy.ladder(town.city, town.data)
    assert cpu >= 0 < wall
    assert texts.rate(texts.texts(50), ("L0", "L1", "L2", "L3")) > 0
