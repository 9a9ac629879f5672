"""Check a release that is served: its files against its manifest, its tables against the gate."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from etl import downloads, gate
from etl.checks.finding import Case, Finding
from etl.privacy import risk
from etl.privacy.risk import Facts
from hub.datasets import tables
from hub.errors import ConfigurationError
from hub.policy import LOOSEST_LEVEL, Policy
from hub.releases import Release

EXACT = ("value", "numerator", "denominator")


def audit_release(release: Release, policy: Policy) -> list[Finding]:
    """What the gate found when it was made, with every check that needs only the release made again; of files that are
    too damaged to be judged, that they are.

    Raises ConfigurationError for a release whose tables are those of another version."""
    files = _files(release)
    try:
        return [files, *_judged_again(release, policy)]
    except Exception as error:
        if not files.is_passed:
            return [files]
        if not isinstance(error, sqlite3.OperationalError):
            raise
        made_by = release.manifest.get("code_version", "unknown")
        raise ConfigurationError(
            f"Release {release.id} was made by version {made_by} and does not have the tables of this one: {error}.",
            "publish again, and audit the new release",
        ) from None


def _judged_again(release: Release, policy: Policy) -> list[Finding]:
    found = {finding.check_name: finding for finding in _at_publishing(release)}
    found |= {finding.check_name: finding for finding in gate.judge(release.db, Case(policy))}
    with ThreadPoolExecutor(gate.THREADS) as threads:
        slow = threads.map(lambda check: check(release), (_tables, _indexes, risk_again))
        return [_policy(release, policy), *slow, *found.values()]


def _tables(release: Release) -> Finding:
    """The database holds, value for value, what the downloads do."""
    told = release.manifest["tables"]
    with TemporaryDirectory() as folder:
        (Path(folder) / "city.db").symlink_to(release.db.resolve())
        (Path(folder) / "downloads").mkdir()
        for table in tables():
            downloads.write(release.db, table, Path(folder) / "downloads")
        here = downloads.contents(Path(folder))
    wrong = sorted(name for name in here.keys() | told.keys() if here.get(name) != told.get(name))
    return Finding("tables", "as published", ", ".join(wrong) or "as published", not wrong, len(told))


def _policy(release: Release, policy: Policy) -> Finding:
    """It is judged by the policy it was made under."""
    made_under = release.manifest["policy_hash"]
    return Finding("policy", made_under, policy.hash, policy.hash == made_under, 1)


def risk_again(release: Release) -> Finding:
    """The risk that the release tells of itself is the risk of its rows, as far as they alone tell it."""
    with closing(sqlite3.connect(f"file:{release.db}?mode=ro&immutable=1", uri=True)) as con:
        rows = con.execute(f"select tier, measure, {', '.join(EXACT)} from _privacy_risk").fetchall()
    told = {(tier, measure): found for tier, measure, *found in rows}
    again = [line for line in risk.measure(release.db, LOOSEST_LEVEL, Facts()) if line["value"] is not None]
    wrong = [
        f"{line['measure']} of {line['tier']}"
        for line in again
        if told.get((line["tier"], line["measure"])) != [line[name] for name in EXACT]
    ]
    return Finding("risk", "as its rows are", ", ".join(wrong) or "as its rows are", not wrong, len(again))


def _indexes(release: Release) -> Finding:
    """The gate looks at every page; this looks at every index entry too, which takes longer."""
    with closing(sqlite3.connect(f"file:{release.db}?mode=ro&immutable=1", uri=True)) as con:
        con.execute("pragma cache_size = -262144")
        found = con.execute("pragma integrity_check").fetchone()[0]
    return Finding("indexes", "ok", found, found == "ok", 1)


def _at_publishing(release: Release) -> list[Finding]:
    with closing(sqlite3.connect(f"file:{release.db}?mode=ro&immutable=1", uri=True)) as con:
        rows = con.execute("select check_name, bound, value, is_passed, n from _privacy_audit").fetchall()
    return [Finding(name, bound, value, bool(passed), n) for name, bound, value, passed, n in rows]


def _files(release: Release) -> Finding:
    """Every file is byte for byte the one that was published, and nothing was added."""
    told = release.manifest["files"]
    here = {str(path.relative_to(release.path)) for path in release.path.rglob("*") if path.is_file()} - {
        "manifest.json"
    }
    wrong = sorted(here ^ set(told)) + [
        name for name in sorted(here & set(told)) if downloads.sha256(release.path / name) != told[name]["sha256"]
    ]
    return Finding("files", "as published", ", ".join(wrong) or "as published", not wrong, len(told))
