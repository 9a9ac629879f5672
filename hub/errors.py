"""Errors sorted by what the operator should do next; each has its own exit code.

CityglassError
├── ConfigurationError  3  city.yml, a policy or a command line is wrong: edit it
├── SourceError         4  a city system or file cannot be read: mend or replace it
├── IncompleteError     5  rows are missing or doubled: read again, nothing was published
├── GateError           6  the release would leak or lie: the old one stays up
├── LockedError         7  another run holds the vault: wait
└── DiskError           8  no room or no right to write: free it, run again
"""


class CityglassError(Exception):
    """An operator's problem: what happened, where, and the cure. Never shown as a traceback."""

    exit_code = 1
    lines: tuple[str, ...] = ()  # to be read before it

    def __init__(self, message: str, cure: str = "", **data):
        super().__init__(message)
        self.message, self.cure, self.data = message, cure, data

    def __str__(self) -> str:
        return f"{self.message}\n  To mend it: {self.cure}" if self.cure else self.message


class ConfigurationError(CityglassError):
    exit_code = 3


class SourceError(CityglassError):
    exit_code = 4


class IncompleteError(CityglassError):
    exit_code = 5


class GateError(CityglassError):
    exit_code = 6


class LockedError(CityglassError):
    exit_code = 7


class DiskError(CityglassError):
    exit_code = 8


# How the libraries that write for us say that there is no room, or no right to write.
NO_ROOM = ("no space", "disk full", "disk is full", "disk i/o error", "could not write", "failed to write", "quota")
NO_ROOM += ("file too large", "readonly database", "unable to open database file")


def is_no_room(error: Exception) -> bool:
    """True if the operator must free the disk or mend the permissions; else the error is ours."""
    return isinstance(error, OSError) or any(words in str(error).lower() for words in NO_ROOM)


def on_disk(error: Exception) -> DiskError:
    """What the system would not do with a file."""
    if isinstance(error, OSError):
        told = f"{error.filename or 'A file'}: {error.strerror or error}."
    else:
        told = f"A database could not be read or written: {str(error).splitlines()[0]}."
    return DiskError(told, "free disk space, or mend the path or its permissions; then run again")
