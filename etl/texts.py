"""Free text in the vault: there only while the policy uses it, and gone from its bytes once it does not.

Beside the records it has a table of its own, so that a city that never opts in has none of it anywhere."""

from contextlib import suppress

from etl import canonical, undo
from etl.privacy import review
from etl.vault import Vault
from hub.city import City
from hub.datasets import DATASETS
from hub.errors import CityglassError
from hub.policy import Policy, load_policy
from hub.schema import Dataset

DATASET = DATASETS["service_requests"]
KEPT = "texts_kept"  # setting of the vault: yes or no, and how often text has been switched on so far
COLUMNS = canonical.texts(DATASET)


def are_kept(vault: Vault, dataset: Dataset) -> bool:
    return dataset.name == DATASET.name and vault.setting(KEPT).startswith("yes")


def are_used(city: City, dataset: Dataset) -> bool:
    """True if the policy asks for text; a policy that cannot be read asks for none."""
    with suppress(CityglassError):
        return dataset.name == DATASET.name and load_policy(city).text != "off"
    return False


def reading(vault: Vault, dataset: Dataset) -> str:
    """What a reading with text is known by: whenever text is switched on, all is read again."""
    return vault.setting(KEPT) if are_kept(vault, dataset) else ""


def settle(vault: Vault, city: City) -> None:
    """Before reading: keep text from now on, or no more. A policy that cannot be read changes nothing, and keeps
    nothing that was not kept before."""
    with suppress(CityglassError):
        follow(vault, load_policy(city))


def follow(vault: Vault, policy: Policy) -> None:
    """Keep text if the policy uses it; else let what was kept leave the vault."""
    is_used, is_kept = policy.text != "off", are_kept(vault, DATASET)
    turn = int(vault.setting(KEPT, "no 0").split()[1])
    if is_used and not is_kept:
        vault.set(KEPT, f"yes {turn + 1}")
    if is_kept and not is_used:
        with vault.transaction():
            vault.rewrite_when_closed()
            for table in ("texts", "before_texts"):
                vault.con.execute(f"delete from {table}")
            vault.con.execute("delete from redactions")
            review.forget_words(vault)
            vault.set(KEPT, f"no {turn}")
            vault.count_changes(1)


def keep(vault: Vault) -> None:
    """Note the text of the records that a page brought; of a page that came again nothing changes."""
    names = ", ".join(COLUMNS)
    live = f"select source, key, {names} from staged where reason is null and key <> ''"
    changed = vault.one(f"select count(*) from ({live} except select source, key, {names} from texts)")
    if changed:
        undo.remember_texts(vault)
        vault.con.execute(
            "delete from texts where (source, key) in (select (source, key) from staged where reason is null)"
        )
        some = " or ".join(f"{name} is not null" for name in COLUMNS)
        vault.con.execute(f"insert into texts {live} and ({some})")
        vault.count_changes(1)


def sweep(vault: Vault) -> None:
    """Forget the text of records that are gone."""
    held = f"records_{DATASET.name}"
    gone = f"(source, key) not in (select (source, key) from {held} where not deleted_upstream)"
    if vault.one(f"select count(*) from texts where {gone}"):
        vault.rewrite_when_closed()
        vault.con.execute(f"delete from texts where {gone}")
