"""How the platforms write an instant, and how they read one: all of it is integer UTC seconds inside."""

from datetime import UTC, datetime, timezone
from email.utils import format_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR = 3600


def moment(text: str, zone: str = "UTC") -> int:
    """An instant from any ISO form; a reading without a zone is the wall clock of `zone`."""
    read = datetime.fromisoformat(text)
    return int((read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).timestamp())


def local(instant: int, zone: str) -> datetime:
    return datetime.fromtimestamp(instant, offset(instant // HOUR, zone))


@lru_cache(maxsize=1 << 16)
def offset(hour: int, zone: str) -> timezone:
    """How far the clocks of a zone are ahead in an hour; they are changed at full hours. Asking costs time."""
    return timezone(datetime.fromtimestamp(hour * HOUR, ZoneInfo(zone)).utcoffset())


def with_zone(instant: int | None, zone: str) -> str | None:
    """2024-05-01T10:00:00-04:00"""
    return None if instant is None else local(instant, zone).isoformat()


def utc(instant: int | None) -> str | None:
    """2024-05-01T14:00:00Z"""
    return None if instant is None else datetime.fromtimestamp(instant, UTC).isoformat()[:19] + "Z"


def floating(instant: int | None, zone: str) -> str | None:
    """2024-05-01T10:00:00.000, the wall clock without a zone."""
    return None if instant is None else local(instant, zone).isoformat()[:19] + ".000"


def wall(instant: int | None, zone: str) -> str | None:
    """2024-05-01 10:00:00"""
    return None if instant is None else local(instant, zone).isoformat(" ")[:19]


def american(instant: int | None, zone: str) -> str | None:
    """05/01/2024 10:00:00 AM"""
    return None if instant is None else f"{local(instant, zone):%m/%d/%Y %I:%M:%S %p}"


def millis(instant: int | None) -> int | None:
    return None if instant is None else instant * 1000


def http_date(instant: int) -> str:
    """Wed, 01 May 2024 14:00:00 GMT"""
    return format_datetime(datetime.fromtimestamp(instant, UTC), usegmt=True)
