"""Instants as UTC seconds, and the wall clock of Larkhaven with its daylight saving time."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hub.sample.scenario import LAST_DAY, TIME_ZONE

ZONE = ZoneInfo(TIME_ZONE)
EPOCH = date(1970, 1, 1)
DAY = 86_400
HOUR = 3_600


@cache
def _offsets() -> tuple[list[int], list[int]]:
    """The instants at which the clocks change, 2022 to 2027, and the offset in seconds since each."""
    since, offsets = [], []
    start = int(datetime(2022, 1, 1, tzinfo=UTC).timestamp())
    for instant in range(start, start + 6 * 366 * DAY, HOUR):
        offset = int(datetime.fromtimestamp(instant, ZONE).utcoffset().total_seconds())
        if not offsets or offset != offsets[-1]:
            since.append(instant)
            offsets.append(offset)
    return since, offsets


def wall(instant: int) -> int:
    """What the clock on the wall shows, as seconds since 1970 of a clock that knows no zone."""
    since, offsets = _offsets()
    return instant + offsets[max(0, bisect_right(since, instant) - 1)]


def instant(shown: int) -> int:
    """The instant at which the wall clock shows this; the earlier one where it does so twice."""
    later = shown + 4 * HOUR
    return later if wall(later) == shown else shown + 5 * HOUR


def day_start(day: date) -> int:
    """The instant at which a local day begins."""
    return instant((day - EPOCH).days * DAY)


def same_time_after(opened: int, days: int) -> int:
    """The wall clock's time of opening, so many days later, as the wall clock shows it (it may never come)."""
    return wall(opened) + days * DAY


AS_OF = day_start(LAST_DAY + timedelta(days=1)) - 1  # the last second of the last day


@cache
def _days() -> list[str]:
    first = date(2022, 1, 1)
    return [f"{first + timedelta(days=i):%m/%d/%Y} " for i in range(8 * 366)]


@cache
def _times() -> list[str]:
    hours = [f"{hour % 12 or 12:02d}" for hour in range(24)]
    return [f"{hours[s // HOUR]}:{s // 60 % 60:02d}:{s % 60:02d} {'AM' if s < DAY // 2 else 'PM'}" for s in range(DAY)]


FIRST_SHOWN = (date(2022, 1, 1) - EPOCH).days


def american(shown: int) -> str:
    """A wall clock reading as MM/DD/YYYY hh:mm:ss AM."""
    day, second = divmod(shown, DAY)
    return _days()[day - FIRST_SHOWN] + _times()[second]
