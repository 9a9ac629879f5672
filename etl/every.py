"""Keep the vault current: pull again and again, publish once a day, and wait longer after each failure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from etl import run, status
from etl.pull import REAL, Clock, Pulled, Step
from etl.release import Published
from hub.city import City
from hub.errors import CityglassError, ConfigurationError, is_no_room, on_disk

LONGEST_WAIT = 6 * 3600  # seconds between two tries, however often they failed
MOST_DOUBLED = 16  # times: from a second on, that is longer than the longest wait


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn did; `wait`: seconds until the next."""

    pulled: tuple[Pulled, ...]
    published: Published | None
    error: CityglassError | None
    wait: float


def every(
    load: Callable[[], City],
    data: Path,
    seconds: float,
    sign_off: str = "",
    step: Step = lambda _: None,
    clock: Clock = REAL,
) -> Iterator[Round]:
    """One Round per turn, for ever; the caller waits in between. `load` reads city.yml, anew for each turn. A
    configuration that is wrong at the first turn ends it. Later one is a failure like others: a system, a policy or
    city.yml has changed, and somebody will mend it. So is what the system does not do with a file."""
    failures, is_first = 0, True
    while True:
        pulled, published, error = [], None, None
        try:
            _, published = run.run(load(), data, sign_off, False, step, clock, once_a_day=True, heard=pulled.extend)
            if published:  # what is signed is what was there then, no later edit and no new kind
                sign_off = ""
        except Exception as failed:
            error = _told(failed)
            if is_first and isinstance(error, ConfigurationError):
                raise
        is_first = False
        failures = failures + 1 if error else 0
        wait = _wait(seconds, failures)
        try:
            told = error.message if error else ""
            status.note(data, next_run=int(clock.now() + wait), failures=failures, error=told)
        except OSError as failed:
            error = error or _told(failed)
        yield Round(tuple(pulled), published, error, wait)


def _told(failed: Exception) -> CityglassError:
    """What went wrong as the operator's problem; raises what is ours."""
    if isinstance(failed, CityglassError):
        return failed
    if not is_no_room(failed):
        raise failed
    return on_disk(failed)


def _wait(seconds: float, failures: int) -> float:
    """Seconds until the next turn: doubled with each failure in a row, up to a limit."""
    return min(seconds * 2 ** min(failures, MOST_DOUBLED), max(LONGEST_WAIT, seconds))
