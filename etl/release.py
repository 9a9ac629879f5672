"""Build a release beside the old one, check it, and swap it in whole. Nothing else writes under data/public.

A release that was refused or killed half-way is a `.building-*` folder: it is never served and the next publish
removes it. The ledger is written before the swap: what may have been seen stays frozen.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

from etl import audited, believable, completeness, contents, database, downloads, epochs, gate, lookup, week, withdrawal
from etl.checks.finding import Case, Finding
from etl.contents import Contents
from etl.privacy import risk
from etl.vault import Vault
from hub import metadata, releases
from hub.basemap import write_areas, write_basemap
from hub.city import City
from hub.datasets import tables
from hub.errors import DiskError, GateError, is_no_room
from hub.policy import Policy
from hub.releases import Release

TOLD_LATER = (
    "sources",
    "releases",
    "_privacy_risk",
    "_privacy_audit",
)  # they tell about the release: its id is made without them

# check, a word of what it found, and where the cause most likely lies
CURES = (
    (
        "usable",
        "",
        "compare `fields` and `layout.dates` of the source in city.yml with its columns and how it writes dates",
    ),
    (
        "closed_list",
        "not among",
        "put them back, and withhold one with `privacy: {columns: {NAME: withheld}}` in city.yml",
    ),
    (
        "words_understood",
        "layout.statuses",
        "add the words to `layout.statuses` of the source in city.yml, or name the column of status_raw in its `fields`",
    ),
    ("words_understood", "city.bbox", "correct `city.bbox`, or the columns of lat and long, in city.yml"),
    (
        "size_believable",
        "after",
        "look whether kinds were renamed or the file is shorter; if it is right, say --accept-fewer",
    ),
    (
        "size_believable",
        "",
        "look whether the policy names the kinds as the file does; if it is right, say --accept-fewer",
    ),
)


@dataclass(frozen=True, slots=True)
class Job:
    """What to publish from, for whom, where to, and who signed for it."""

    vault: Vault
    city: City
    policy: Policy
    data: Path
    signed: str
    accept_fewer: bool = False

    def state(self) -> str:
        """Fingerprint of everything a release is made from: if it is unchanged there is nothing to publish."""
        as_of = self.vault.rows("select name, value from settings where name like 'as_of:%' order by name")
        known = (self.vault.setting("changes"), as_of, sorted(self.policy.known or ()), *self.rules())
        return hashlib.sha256(repr(known).encode()).hexdigest()[:32]

    def rules(self) -> tuple:
        """What a release is made by, without what is known of any record."""
        areas = self.vault.rows("select layer, name, kind, md5(geometry) from areas order by all")
        return areas, self.policy.hash, version("cityglass"), self.city.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish did; `release` is None if nothing had changed since the last one."""

    release: Release | None
    findings: tuple[Finding, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def publish(job: Job, step: Callable[[str], None] = lambda _: None, ordered: bool = False) -> Published:
    """Make one release from the vault and serve it; `step` is told what goes on.

    If nothing has changed nothing is made, even after a rollback, which so stays until something does or until a
    publish is `ordered`. Raises GateError if a check fails and DiskError if there is no room; the old release stays up."""
    contents.known_key(job.vault, job.data)  # a lost key is told even where there is nothing to publish
    before, state = releases.current(job.data), job.state()
    made_last, _, made_from = job.vault.setting("published").partition(" ")
    if before and made_from == state and (before.id == made_last or not ordered):
        return Published(None)
    made, seconds = contents.gather(job.vault, job.city, job.policy, job.data, before), {}
    try:
        with _workspace(job.data) as folder, lookup.beside(job.data) as statuses:
            for name, work in _stages(made, job, folder, statuses):
                with _stage(name, step, seconds):
                    work()
            with _stage("checking", step, seconds):
                release_id = _release_id(made, job, folder)
                findings = _check(made, job, folder, release_id)
            with _stage("swapping in", step, seconds):
                release = _swap(made, job, folder, release_id, state, findings, statuses)
            shown = releases.rows(release.manifest)["service_requests"]
            notices = (*week.notices(made.done, made.at), *believable.notices(job.vault, job.policy, shown))
            return Published(release, findings, seconds, notices)
    except Exception as error:
        if isinstance(error, GateError) or not is_no_room(error):
            raise
        why = getattr(error, "strerror", None) or error
        cure = "free disk space and publish again; the old release stays"
        raise DiskError(f"The release could not be written: {why}.", cure) from error


@contextmanager
def _workspace(data: Path) -> Iterator[Path]:
    """An empty folder beside the releases, gone afterwards unless it became one."""
    home = releases.folder(data)
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(".building-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = home / f".building-{os.getpid()}"
    for name in ("downloads", "maps"):
        (folder / name).mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stages(made: Contents, job: Job, folder: Path, statuses: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    path, packed = folder / "city.db", folder / "downloads"
    small = [table for table in tables() if table.name not in (*TOLD_LATER, contents.LARGE.name)]
    yield "writing the database", lambda: _database(made, job, path, packed, statuses)
    yield "writing downloads", lambda: [downloads.write(path, table, packed) for table in small]
    yield "drawing maps", lambda: _draw(made, job.city, folder / "maps")
    if made.photos:
        yield "writing photos", lambda: _write_photos(made.photos, folder / releases.PHOTOS)


def _database(made: Contents, job: Job, path: Path, packed: Path, statuses: Path) -> None:
    """The database, and beside it the downloads of its large table, which take as long to pack; while it is indexed, the
    vault is asked for what comes next."""
    with downloads.beside(contents.LARGE, packed) as show, ThreadPoolExecutor(1) as vault:
        database.begin(path, made.requests(also=show))
        asked = vault.submit(lambda: (lookup.write(made, job.data, statuses), made.facts))
        database.finish(path, made.small)
        asked.result()


@contextmanager
def _stage(name: str, step: Callable[[str], None], seconds: dict[str, float]) -> Iterator[None]:
    """Say what goes on, and how long it took."""
    step(name)
    start = time()
    yield
    seconds[name] = round(time() - start, 2)


def _write_photos(photos: dict[str, bytes], folder: Path) -> None:
    folder.mkdir()
    for name, body in photos.items():
        (folder / name).write_bytes(body)


def _draw(made: Contents, city: City, folder: Path) -> None:
    layers = made.layers
    write_areas(layers["boundaries"], folder / "areas.geojson")
    write_basemap(layers["boundaries"], layers["streets"], layers["water"], city.bbox, folder / "basemap.pmtiles")


def _release_id(made: Contents, job: Job, folder: Path) -> str:
    """As-of and content, so that equal content gives an equal id, whatever changed that nobody is told; after an erasure
    that of the release it replaces."""
    before = made.before
    if before and before.manifest["as_of"] == made.as_of and withdrawal.shows(before, withdrawal.due(job.vault)):
        return withdrawal.next_id(before.id, job.data)
    digests = [f"{path.name} {downloads.sha256(path)}" for path in sorted((folder / "downloads").glob("*.parquet"))]
    told = repr((digests, made.text_layers, *job.rules()))
    release_id = (
        f"{datetime.fromtimestamp(made.as_of, UTC):%Y%m%dT%H%M%SZ}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"
    )
    return withdrawal.next_id(release_id, job.data) if release_id in releases.withdrawn(job.data) else release_id


def _check(made: Contents, job: Job, folder: Path, release_id: str) -> tuple[Finding, ...]:
    path = folder / "city.db"
    canary, risks = audited.sent_canaries(made, job.vault), risk.measure(path, job.policy.ladders, made.facts)
    database.add(path, {"sources": made.sources, "releases": [made.line(release_id)], "_privacy_risk": risks})
    database.compact(path)
    about = metadata.build(job.city, release=release_id)
    (folder / "metadata.yml").write_text(metadata.written(about, job.city), "utf-8")
    account = completeness.account(job.vault, job.policy)
    told = {"erased": withdrawal.erased(withdrawal.due(job.vault)), "text_layers": made.text_layers}
    told |= {
        "reasons": made.reasons(account),
        "unusable": account.unusable,
        "facts": made.facts,
        "finer": made.finer(),
        "accept_fewer": job.accept_fewer,
        "canaries": canary,
    }
    with _before(made, job) as before:
        findings = tuple(gate.judge(path, Case(job.policy, before, made.fallen(), **told)))
    failed = [f"{f.check_name} is {f.value}, must be {f.bound}" for f in findings if not f.is_passed]
    if failed:
        raise GateError(
            f"The gate refused the release: {'; '.join(failed)}. The old release stays.",
            _cure([finding for finding in findings if not finding.is_passed]),
            findings=[finding.row for finding in findings],
        )
    held_for = audited.about(made, release_id, path, canary)
    database.add(path, {"_privacy_audit": [finding.row | held_for for finding in findings]})
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as con:
        metadata.check(about, con)
    for table in tables():
        if table.name in TOLD_LATER:
            downloads.write(path, table, folder / "downloads")
    return findings


@contextmanager
def _before(made: Contents, job: Job) -> Iterator[Path | None]:
    """The database of the release before; after a change of key a copy in which its rows have the ids of now."""
    before = made.before
    if before is None or before.manifest.get("key_version", 1) == made.epoch.key_version:
        yield before.db if before else None
        return
    with TemporaryDirectory(prefix=".building-", dir=releases.folder(job.data)) as folder:
        copy = Path(folder) / "city.db"
        epochs.copy_under(made.at.key, job.vault, job.data, before, copy)
        yield copy


def _cure(failed: Sequence[Finding]) -> str:
    """What to do about the checks that failed, by the first that has a cure of its own."""
    cures = [
        cure
        for one in failed
        for check, word, cure in CURES
        if one.check_name.startswith(check) and word in str(one.value)
    ]
    return f"{[*cures, 'mend the source or the policy'][0]}, then pull and publish again"


def _swap(
    made: Contents, job: Job, folder: Path, release_id: str, state: str, findings: tuple[Finding, ...], statuses: Path
) -> Release:
    """Describe the release, freeze what it shows, and make it current in one rename."""
    _write(folder / "audit.json", audited.told(made, release_id, job.signed, findings, folder / "city.db"))
    _write(folder / "datapackage.json", downloads.datapackage(job.city, release_id, folder))
    _write(folder / "manifest.json", _manifest(made, job, folder, release_id))
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o444)
    made.freeze(job.vault, release_id)
    lookup.put(statuses, job.data)
    release = Release(releases.folder(job.data) / release_id)
    if not release.path.exists():  # the same content may be there from a publish that died, or was rolled back
        os.rename(folder, release.path)
    releases.make_current(job.data, release)
    withdrawal.withdraw(job.vault, job.data, release)
    withdrawal.settle(job.vault)
    job.vault.set("published", f"{release_id} {state}")
    releases.prune(job.data, job.city.keep)
    return release


def _write(path: Path, told: dict) -> None:
    path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _manifest(made: Contents, job: Job, folder: Path, release_id: str) -> dict:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return made.line(release_id) | {
        "created": int(time()),
        "number": made.epoch.release,
        "city": job.city.name,
        "day": made.today,
        "grid_day": made.grid,
        "signed": job.signed,
        "tables": downloads.contents(folder),
        "files": {
            str(p.relative_to(folder)): {"bytes": p.stat().st_size, "sha256": downloads.sha256(p)} for p in files
        },
    }
