"""What a release says of how it was checked: what each line of `_privacy_audit` holds for, and audit.json."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from etl import canaries, shown_texts
from etl.canaries import Recall
from etl.checks.finding import Finding
from etl.contents import Contents
from etl.vault import Vault

MADE_BY = ("policy_hash", "code_version", "key_version", "epoch", "previous")  # as in the table of releases
ABOUT = (*MADE_BY, "erasures", "text_layers", "canary_recall")  # columns of _privacy_audit
POLICY = ("hash", "version", "mode", "review", "k", "chosen")


def sent_canaries(made: Contents, vault: Vault) -> Recall:
    """What becomes of canaries where this city shows text; nothing is sent where it shows none."""
    return canaries.recall(shown_texts.gazetteer(vault, made.at)) if made.text_layers else Recall()


def about(made: Contents, release_id: str, path: Path, canary: Recall) -> dict:
    """What every line of the audit holds for: which policy, code and key, which release before, and what was erased."""
    line = made.line(release_id)
    with closing(_open(path)) as con:
        erased = con.execute("select coalesce(sum(erased), 0) from completeness").fetchone()[0]
    told = {"erasures": erased, "text_layers": made.text_layers or None, "canary_recall": canary.share}
    return {name: line[name] for name in MADE_BY} | told


def told(made: Contents, release_id: str, signed: str, findings: Iterable[Finding], path: Path) -> dict:
    """audit.json: what was demanded and found, by which policy, code and keys, and how risky a row is."""
    policy = {name: getattr(made.at.policy, name) for name in POLICY}
    with closing(_open(path)) as con:
        con.row_factory = sqlite3.Row
        risks = [dict(row) for row in con.execute("select * from _privacy_risk")]
        holds_for = dict(con.execute(f"select {', '.join(ABOUT)} from _privacy_audit").fetchone())
    return {
        "release": release_id,
        "policy": policy | {"signed": signed},
        "as_of_date": made.line(release_id)["as_of_date"],
        **holds_for,
        "is_passed": all(finding.is_passed for finding in findings),
        "findings": [finding.row for finding in findings],
        "risk": risks,
    }


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
