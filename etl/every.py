"""Keep the vault current: pull again and again, publish once a day, and wait longer after each failure."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl import run, status
from etl.pull import REAL, Clock, Pulled, Step
from etl.release import Published
from hub.city import City
from hub.errors import CityglassError, ConfigurationError

LONGEST_WAIT = 6 * 3600  # seconds between two tries, however often they failed


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn did; `wait`: seconds until the next."""

    pulled: tuple[Pulled, ...]
    published: Published | None
    error: CityglassError | None
    wait: float


def every(
    city: City,
    data: Path,
    seconds: float,
    sign_off: str = "",
    step: Step = lambda _: None,
    clock: Clock = REAL,
) -> Iterator[Round]:
    """One Round per turn, for ever; the caller waits in between. A configuration that is wrong at the first turn ends it.
    Later one is a failure like others: a system or a policy has changed, and somebody will mend it."""
    failures, is_first = 0, True
    while True:
        pulled, published, error = [], None, None
        try:
            pulled, published = run.run(city, data, sign_off, step=step, clock=clock, once_a_day=True)
            if published:  # what is signed is what was there then, no later edit and no new kind
                sign_off = ""
        except CityglassError as failed:
            if is_first and isinstance(failed, ConfigurationError):
                raise
            error = failed
        is_first = False
        failures = failures + 1 if error else 0
        wait = min(seconds * 2**failures, max(LONGEST_WAIT, seconds)) if failures else seconds
        status.note(data, next_run=int(clock.now() + wait), failures=failures, error=error.message if error else "")
        yield Round(tuple(pulled), published, error, wait)
