"""A city in a process of its own, for benchmarks: `python -m tests.cities socrata 1000000` prints its address."""

import sys

from tests.cities.dialects import PLATFORMS
from tests.cities.model import Model
from tests.cities.server import City


def main(platform: str, rows: str = "1000") -> None:
    """Serve until the standard input ends."""
    with City(Model(rows=int(rows)), platform) as city:
        print(city.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1:2] not in ([name] for name in PLATFORMS):
        sys.exit(f"usage: python -m tests.cities PLATFORM [ROWS]; platforms: {', '.join(PLATFORMS)}")
    main(*sys.argv[1:3])
