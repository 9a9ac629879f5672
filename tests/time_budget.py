"""How long each folder of tests may take; where CI waits for them, a folder that takes longer fails the run."""

import os
from collections import Counter
from pathlib import PurePosixPath

import pytest

# folder: minutes on two cores; a folder that is not named has one
MINUTES = {
    "tests": 3,
    "command": 3,
    "browser": 10,
    "etl": 16,
    "hub": 5,
    "dashboards": 4,
    "spec": 8,
    "sources": 16,
    "cities": 3,
    "sample": 1,
    "privacy_text": 8,
    "attacks": 12,
    "privacy_photo": 3,
}
SPENT: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Setting up and taking down count too."""
    SPENT[PurePosixPath(report.nodeid.partition("::")[0]).parent.name] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") == "true" and _late():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    spent = ", ".join(f"{folder} {seconds / 60:.1f}" for folder, seconds in SPENT.most_common())
    terminalreporter.write_line(f"minutes per folder: {spent}")
    for line in _late():
        terminalreporter.write_line(line, red=True)


def _late() -> list[str]:
    """None of a long form, which has its own make verb."""
    spent = {} if os.environ.get("CITYGLASS_LONG") == "1" else SPENT
    return [
        f"{folder} took {seconds:.1f} s, more than its {60 * minutes:.0f} s: make its tests faster or tests/time_budget.py larger"
        for folder, seconds in spent.items()
        if seconds > 60 * (minutes := MINUTES.get(folder, 1))
    ]
