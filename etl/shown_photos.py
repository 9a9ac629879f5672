"""What a release shows of photos: in tier A only, and of those only what a person approved as it is now."""

from dataclasses import replace

import pyarrow as pa
from narwhals import col

from etl.anonymize import Anonymized
from etl.generalise import Context
from etl.privacy import review
from etl.vault import Vault
from hub.releases import PHOTOS

APPROVED = """select source, key, name, body from photos
    where name in (select id from review_queue where kind = 'photo' and state = ?) order by "at", name"""


def add(vault: Vault, at: Context, done: Anonymized) -> tuple[Anonymized, dict[str, bytes]]:
    """The rows with the first approved photo of each, and the files by their names; none where the policy is off."""
    waiting = vault.rows(APPROVED, review.APPROVED) if at.policy.photo == "approved" else []
    if not waiting:
        return done, {}
    columns = zip(*waiting, strict=True)
    given = pa.table(dict(zip(("source", "key", "name", "body"), map(list, columns), strict=True)))
    shown = at.engine.keep(done.rows.filter(col("tier") == "A").select("id"))
    named = at.engine.keyed(at.engine.given(given.drop(["body"])), at.key).join(shown, on="id", how="inner")
    first: dict[int, str] = {}
    for row in at.engine.arrow(named).sort_by("name").to_pylist():
        first.setdefault(row["id"], row["name"])
    told = pa.table(
        [[*first], [f"{PHOTOS}/{name}" for name in first.values()]],
        schema=pa.schema([("id", pa.int64()), ("photo", pa.string())]),
    )
    rows = done.rows.drop("photo").join(at.engine.given(told), on="id", how="left")
    bodies = {name: body for _, _, name, body in waiting}
    return replace(done, rows=at.engine.keep(rows)), {name: bodies[name] for name in first.values()}
