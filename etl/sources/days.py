"""From which day on a system is read, and how days and instants are told to it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from etl.sources.page import Request
from hub.errors import ConfigurationError

YEARS = 2  # what is read where no layout.start is given


def first_day(request: Request) -> date:
    """`layout.start`, else two years before the first pull: a window that rolled on would look as if the oldest rows were
    gone. Raises ConfigurationError if it has not come yet."""
    today = day_of(request, request.until)
    if "start" not in request.layout:
        return day_of(request, request.known.get("began") or request.until) - timedelta(days=365 * YEARS)
    start = datetime.fromisoformat(str(request.layout["start"])).date()
    if start > today:
        raise ConfigurationError(
            f"sources.{request.name}.layout.start is {start}, which has not come yet.", "set it to a day that is past"
        )
    return start


def day_of(request: Request, instant: int) -> date:
    """The day in the city."""
    return datetime.fromtimestamp(instant, ZoneInfo(request.time_zone)).date()


def midnight(request: Request, day: date) -> int:
    """When a day begins in the city."""
    return int(datetime.combine(day, time.min, ZoneInfo(request.time_zone)).timestamp())


def moment(instant: int) -> str:
    """2026-01-05T06:00:00Z, which every server reads."""
    return datetime.fromtimestamp(instant, UTC).isoformat()[:19] + "Z"
