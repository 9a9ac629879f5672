"""Photos wait in the vault, rebuilt and under random names, until a person has looked at each and approved it.

They stand in the review queue beside texts and templates. Nothing here shows one; a release shows what was approved.
"""

import hashlib
import json
import secrets
import time
from dataclasses import replace
from pathlib import Path

from etl import withdrawal
from etl.privacy import kind, photo, review
from etl.privacy.faces import Box
from etl.privacy.photo import Photo
from etl.privacy.review import Entry
from etl.vault import Vault
from hub.errors import ConfigurationError, SourceError
from hub.policy import Policy

SOURCE = "requests"
FACE_RISK, PLAIN_RISK = 0.9, 0.5  # where one face was found another may have been missed


def add(vault: Vault, policy: Policy, key: str, path: Path) -> tuple[str, Photo]:
    """Rebuild a photo of a request and queue it. Returns its name. The file itself is not kept.

    Raises ConfigurationError if the policy shows no photos, the request is not there or not of tier A."""
    _refuse(vault, policy, key)
    try:
        body = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", "name the file of a photo") from None
    made, name = photo.rebuild(body, path.name), f"{secrets.token_hex(16)}.jpg"
    values = [name, SOURCE, key, made.body, made.width, made.height, json.dumps(made.covered), int(time.time())]
    vault.con.execute("insert into photos values (?, ?, ?, ?, ?, ?, ?, ?)", values)
    _queue(vault)
    return name, made


def _refuse(vault: Vault, policy: Policy, key: str) -> None:
    if policy.photo != "approved":
        raise ConfigurationError(
            f"{policy.path} allows no photos.",
            "if they shall be shown once approved, write `photo: {A: approved}` and sign",
        )
    named = "source = ? and key = ? and not deleted_upstream"
    found = vault.rows(f"select service_group, service_name from records_service_requests where {named}", SOURCE, key)
    if not found:
        raise ConfigurationError(f"The vault has no request {key!r}.", "write its id as the city's own system does")
    group, service = (word or "" for word in found[0])
    settled = kind.settled_group(group, service, policy)
    if (policy.services.get(service) or policy.tiers.get(settled)) != "A":
        raise ConfigurationError(f"Request {key!r} is not of tier A.", "photos of other tiers are never shown; drop it")


def get(vault: Vault, name: str) -> Photo:
    found = vault.rows("select body, width, height, covered from photos where name = ?", name)
    if not found:
        raise ConfigurationError(f"There is no photo {name!r}.", "copy its name from `cityglass privacy review`")
    body, width, height, covered = found[0]
    return Photo(body, width, height, tuple(tuple(box) for box in json.loads(covered)))


def show(vault: Vault, name: str, to: Path) -> Photo:
    """Write a photo into a new file, for an officer to look at."""
    made = get(vault, name)
    if to.exists():
        raise ConfigurationError(f"{to} is there already.", "name a new file with --to")
    to.write_bytes(made.body)
    return made


def cover(vault: Vault, name: str, boxes: tuple[Box, ...]) -> Photo:
    """Cover what the machine did not find: a plate, a face from behind. An approval of what was there before lapses."""
    made = photo.cover(get(vault, name), boxes)
    _take_down(vault, name)
    vault.rewrite_when_closed()
    vault.con.execute(
        "update photos set body = ?, covered = ? where name = ?", [made.body, json.dumps(made.covered), name]
    )
    _queue(vault)
    vault.count_changes(1)
    return made


def drop(vault: Vault, name: str) -> None:
    """Take a photo out of the vault."""
    get(vault, name)
    _take_down(vault, name)
    vault.rewrite_when_closed()
    vault.con.execute("delete from photos where name = ?", [name])
    vault.con.execute("delete from review_queue where kind = 'photo' and id = ?", [name])
    vault.count_changes(1)


def _take_down(vault: Vault, name: str) -> None:
    withdrawal.take_down(vault, (entry for entry in review.entries(vault, "photo") if entry.id == name))


def forget(vault: Vault, source: str, keys: list[str]) -> None:
    """Forget the photos of records that were erased, inside a transaction."""
    named = "source = ? and key in (select unnest(?::varchar[]))"
    vault.con.execute(
        f"delete from review_queue where kind = 'photo' and id in (select name from photos where {named})",
        [source, keys],
    )
    vault.con.execute(f"delete from photos where {named}", [source, keys])


def _queue(vault: Vault) -> None:
    """Bring the review queue up to date: its entry is the name, and the hash of what is to be seen."""
    rows = vault.rows("select name, body, width, height, covered from photos order by name")
    review.put(vault, "photo", [_entry(*row) for row in rows])


def _entry(name: str, body: bytes, width: int, height: int, covered: str) -> Entry:
    boxes = len(json.loads(covered))
    told = f"{width} x {height} pixels, {boxes} covered; look at it: cityglass photo show {name} --to FILE"
    mark = hashlib.sha256(body).hexdigest()[:32]
    return replace(Entry("photo", name, mark, told, PLAIN_RISK), risk=FACE_RISK if boxes else PLAIN_RISK)
