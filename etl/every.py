"""Keep the vault current: pull again and again, publish once a day, and wait longer after each failure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from etl import intake, run, status
from etl.pull import REAL, Clock, Pulled, Step
from etl.release import Published
from etl.vault import open_vault
from hub import releases
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
    """One Round per turn, for ever; the caller waits in between. A wrong configuration ends it, nothing else does."""
    failures = 0
    while True:
        pulled, published, error = _turn(city, data, sign_off, step, clock)
        if isinstance(error, ConfigurationError):
            raise error
        failures = failures + 1 if error else 0
        wait = min(seconds * 2**failures, max(LONGEST_WAIT, seconds)) if failures else seconds
        status.note(data, next_run=int(clock.now() + wait), failures=failures, error=error.message if error else "")
        yield Round(tuple(pulled), published, error, wait)


def _turn(
    city: City, data: Path, sign_off: str, step: Step, clock: Clock
) -> tuple[list[Pulled], Published | None, CityglassError | None]:
    """Pull, and publish if the day's release is not there yet."""
    pulled: list[Pulled] = []
    try:
        with open_vault(data) as vault:
            pulled = run.pull(vault, city, step=step, clock=clock)
            status.write(vault, data, pulled)
            failed = next((result.error for result in pulled if result.error), None)
            if failed:
                return pulled, None, failed
            if _is_told_today(city, data, clock.now()):
                return pulled, None, None
            intake.refuse_unfinished(vault)
            published = run.publish(vault, city, data, sign_off, step)
            status.write(vault, data, pulled)
            return pulled, published, None
    except CityglassError as error:
        return pulled, None, error


def _is_told_today(city: City, data: Path, now: float) -> bool:
    """True if a release was made on this local day: more would tell when each request was opened."""
    current = releases.current(data)
    zone = ZoneInfo(city.time_zone)
    made = current and datetime.fromtimestamp(current.manifest["created"], zone).date()
    return made == datetime.fromtimestamp(now, zone).date()
