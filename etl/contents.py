"""Everything that one release will hold, gathered from the vault before a byte is written."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import narwhals as nw
import pyarrow as pa
from narwhals import col, lit, when

from etl import completeness, received, shown_photos, shown_texts, tables
from etl.anonymize import Anonymized, service_requests
from etl.completeness import Fate
from etl.database import BATCH_ROWS
from etl.engine import DuckEngine
from etl.generalise import FEW, UNNAMED, Context, local_day
from etl.keys import release_key
from etl.privacy import candidates
from etl.privacy import time as days
from etl.privacy.kind import without_agency
from etl.privacy.place import FALLBACK_ADDRESSES, Areas
from etl.privacy.pseudonym import public_ids
from etl.privacy.risk import Facts
from etl.privacy.small_cells import class_sizes
from etl.vault import Vault
from hub import releases
from hub.city import City
from hub.datasets import DATASETS
from hub.datasets import tables as all_tables
from hub.datasets.about_release import RECEIVED
from hub.errors import ConfigurationError
from hub.policy import GRAINS, LEVELS, Policy
from hub.releases import Release

LARGE = DATASETS["service_requests"].table
ACCOUNT = "account"  # setting of the vault: completeness.Account of the first release of the week
AGENCY_HIDDEN = "agency_hidden"  # setting of the vault: groups that were released without their agency
KEY_VERSION = 1
EPOCH = 1  # of the ledger: it goes on through every change of the policy


@dataclass(frozen=True)
class Contents:
    """One release to be: its tables in memory or in the engine, and what the gate and the manifest need to know."""

    at: Context
    done: Anonymized
    small: dict[str, pa.Table]
    sources: list[dict]
    layers: dict[str, list[dict]]
    as_of: int
    before: Release | None
    counted: received.Counted
    text_layers: str = ""
    photos: dict[str, bytes] = field(default_factory=dict)

    @property
    def engine(self) -> DuckEngine:
        return self.at.engine

    @property
    def today(self) -> int:
        return self.at.today

    @property
    def grid(self) -> int:
        return self.at.grid

    def requests(self, also: Callable[[pa.RecordBatch], None]) -> pa.RecordBatchReader:
        """The large table in the order of its ids, which tells nothing; `also` is shown every batch on its way."""
        schema = tables.schema_of(LARGE)
        rows = self.done.rows.select(*(col("id_tail").alias(n) if n == "public_id" else n for n in LARGE.names))
        batches = rows.to_native().order("id").to_arrow_reader(BATCH_ROWS)

        def typed(batch: pa.RecordBatch) -> pa.RecordBatch:
            letters = {"public_id": public_ids(batch["id"], batch["public_id"])}
            columns = [letters.get(name, batch[name]).cast(schema.field(name).type) for name in schema.names]
            return pa.RecordBatch.from_arrays(columns, schema=schema)

        def shown() -> Iterator[pa.RecordBatch]:
            for batch in map(typed, batches):
                also(batch)
                yield batch

        return pa.RecordBatchReader.from_batches(schema, shown())

    def line(self, release_id: str) -> dict:
        """The row of `releases`, and the head of the manifest."""
        return {
            "id": release_id,
            "as_of": self.as_of,
            "as_of_date": days.day_of(self.today).isoformat(),
            "grid_date": days.day_of(self.grid).isoformat(),
            "code_version": version("cityglass"),
            "policy_hash": self.at.policy.hash,
            "key_version": KEY_VERSION,
            "epoch": EPOCH,
            "previous": self.before.id if self.before else None,
        }

    @cached_property
    def _fallen(self) -> frozenset[int]:
        return frozenset(self.engine.arrow(self.done.fallen)["id"].to_pylist())

    def fallen(self) -> frozenset[int]:
        """Rows that became coarser since the release before."""
        return self._fallen if self.before else frozenset()

    def _fewest_locations(self) -> dict[str, int]:
        """Per tier, the smallest number of distinct locations in a class: only the vault knows."""
        of_class = ["tier", "group_no", "place_no", "bucket", "requested_grain"]
        counted = class_sizes(self.done.rows, of_class)
        least = self.engine.arrow(counted.group_by("tier").agg(least=col("locations").min())).to_pylist()
        return {row["tier"]: int(row["least"]) for row in least}

    def facts(self) -> Facts:
        """What only the vault knows of the risk."""
        done, engine, ladders = self.done, self.engine, self.at.policy.ladders
        coarsened = {tier: rungs for tier, rungs in ladders.items() if tier in self.at.policy.k}
        first = done.rows.filter(col("is_new") == 1).join(done.fallen, on="id", how="anti")
        known = candidates.places(done.received, engine)
        addresses = self._addresses()
        in_a = engine.arrow(first.filter(col("tier") == "A").select("place_id").unique())["place_id"].to_pylist()
        withheld = done.fates.filter(col("reason") == FEW).join(
            done.received.select("id", "tier"), on="id", how="inner"
        )
        counted = engine.arrow(withheld.group_by("tier").agg(rows=nw.len())).to_pylist()
        return Facts(
            addresses,
            {tier: least for tier, least in self._fewest_locations().items() if tier in coarsened},
            candidates.fewest(done.rows, known, coarsened, engine),
            dict.fromkeys(ladders, 0) | {line["tier"]: line["rows"] for line in counted},
            candidates.fewest(first, known, coarsened, engine),
            min((addresses.get(place, 0) for place in in_a), default=None),
        )

    def _addresses(self) -> dict[str, int]:
        """Per released area the distinct locations ever reported in it."""
        found: dict[str, int] = {}
        for level, counted in self.done.catchments.items():
            named = self.done.rows.filter(col("place_level") == level).select("place_id", "place_no").unique()
            pairs = named.join(counted.rename({f"place_{level}": "place_no"}), on="place_no", how="inner")
            found |= {line["place_id"]: line["catchment"] for line in self.engine.arrow(pairs).to_pylist()}
        return found

    def finer(self) -> int:
        """Rows that are shown finer than the ledger has them, or elsewhere at the same precision."""
        names = ("place_level", "requested_grain", "place_id", "requested_bucket")
        before = self.engine.table("release_ledger").select("id", **{f"was_{name}": name for name in names})
        rows = self.done.rows.select("id", *names).join(before, on="id", how="inner")
        level, grain = (
            _rank(name, order) - _rank(f"was_{name}", order)
            for name, order in (("place_level", LEVELS), ("requested_grain", GRAINS))
        )
        moved = (level == lit(0)) & (col("place_id") != col("was_place_id"))
        shifted = (grain == lit(0)) & (col("requested_bucket") != col("was_requested_bucket"))
        wrong = rows.filter((level < lit(0)) | (grain < lit(0)) | moved | shifted)
        return int(self.engine.arrow(wrong.select(nw.len()))[0][0].as_py())

    def reasons(self, account: completeness.Account) -> dict[str, int]:
        """How many of the requests that there are now, counted or not, meet each reason; by the account as it is now."""
        found = {fate.reason: fate.keys for fate in _fates(self.at, self.done) if fate.fate == "withheld"}
        found[UNNAMED] = found.get(UNNAMED, 0) + self.done.uncounted.get("X", 0)
        return found | {line["reason"]: line["rows"] for line in account.asides}

    def freeze(self, vault: Vault, release_id: str) -> None:
        """Write what this release shows of each new row into the ledger: from now on it may only become coarser."""
        lines = self.done.added.with_columns(release=lit(release_id), gone=lit(0)).to_native()
        with vault.transaction():
            vault.con.register("added", lines)
            vault.con.execute("delete from release_ledger where id in (select id from added)")
            vault.con.execute("insert into release_ledger select * from added")
            vault.con.register("shown", self.done.rows.select("id").to_native())
            vault.con.execute("update release_ledger set gone = 1 where gone = 0 and id not in (select id from shown)")
            vault.con.unregister("shown")
            vault.con.unregister("added")
            received.keep(vault, self.counted.new)
            if self.at.accounted is None:
                self._account(vault)
            vault.set("key_check", _key_check(self.at.key))
            vault.set(AGENCY_HIDDEN, json.dumps(sorted(self.at.agency_hidden_before | self._without_agency())))

    def _account(self, vault: Vault) -> None:
        """What is counted once a week, until the first release of the next."""
        vault.con.register("_counted", self.done.received.filter(col("tier") != "A").select("id").to_native())
        vault.con.execute("delete from accounted; insert into accounted select id from _counted")
        vault.con.unregister("_counted")
        vault.set(ACCOUNT, json.dumps(asdict(completeness.account(vault))))

    def _without_agency(self) -> set[str]:
        return set(self.engine.arrow(without_agency(self.done.rows))["service_group"].to_pylist())


def _rank(column: str, order: tuple[str, ...]) -> nw.Expr:
    rank = lit(len(order))
    for number, name in enumerate(order):
        rank = when(col(column) == name).then(lit(number)).otherwise(rank)
    return rank


def gather(vault: Vault, city: City, policy: Policy, data: Path, before: Release | None) -> Contents:
    """Anonymize the vault and make every table. Raises ConfigurationError for a lost key or an empty vault."""
    as_of = _as_of(vault)
    at = _context(vault, city, policy, data, before, as_of)
    ledger = at.engine.table("release_ledger")
    done = service_requests(tables.live_records(at.engine, city, LARGE.name), ledger, at)
    done, text_layers = shown_texts.add(vault, at, done)
    done, photos = shown_photos.add(vault, at, done)
    counted = received.count(vault, done, at)
    week = _week(vault, at)
    small = _tables(vault, city, at, done, week) | {RECEIVED.name: tables.shaped(RECEIVED, counted.lines)}
    sources = tables.sources(vault, city, _counted_weekly(city, week))
    return Contents(at, done, small, sources, _layers(vault), as_of, before, counted, text_layers, photos)


def _week(vault: Vault, at: Context) -> completeness.Account | None:
    """The account of this week; None where all is counted now."""
    return completeness.Account(**json.loads(vault.setting(ACCOUNT))) if at.accounted is not None else None


def _counted_weekly(city: City, week: completeness.Account | None) -> dict[str, int]:
    rows = week.sources if week else {}
    return {name: n for name, n in rows.items() if name in city.sources and city.sources[name].dataset == LARGE.name}


def _as_of(vault: Vault) -> int:
    """The time of the data: of the requests, else of the newest source."""
    known = {
        name: int(value) for name, value in vault.rows("select name, value from settings where name like 'as_of:%'")
    }
    if not known:
        raise ConfigurationError(
            "The vault is empty.", "read the sources first: `cityglass pull`, or `cityglass run` for all at once"
        )
    return known.get("as_of:requests") or max(known.values())


def _context(vault: Vault, city: City, policy: Policy, data: Path, before: Release | None, as_of: int) -> Context:
    key = known_key(vault, data)
    rows = vault.rows("select name, geometry from areas where layer = 'boundaries' and kind <> 'water' order by name")
    then = before.manifest if before else {"day": 0, "grid_day": 0}
    today = local_day(as_of, ZoneInfo(city.time_zone))
    hidden = frozenset(json.loads(vault.setting(AGENCY_HIDDEN, "[]")))
    seen = (then["grid_day"], then["day"], _undated(before), hidden)
    at = Context(DuckEngine(vault.con), city, policy, Areas.of(rows), key, today, *seen)
    within = not at.opens and vault.setting(ACCOUNT)
    return replace(at, accounted=at.engine.table("accounted")) if within else at


def known_key(vault: Vault, data: Path) -> bytes:
    """The release key, if it is the one that earlier releases were made with; else ConfigurationError."""
    published = bool(releases.kept(data))
    if published and not vault.setting("key_check"):
        raise ConfigurationError(
            "The vault's ledger is empty, but releases were made from it.",
            "restore data/private from the backup; without the ledger a release could tell more than the ones before",
        )
    key = release_key(data, published or bool(vault.setting("key_check")))
    if vault.setting("key_check") not in ("", _key_check(key)):
        raise ConfigurationError(
            "The release key is not the one that earlier releases were made with.",
            "restore data/private/keys from the backup",
        )
    return key


def _undated(before: Release | None) -> tuple[int, ...]:
    """Rows that the release before shows as closed without a duration; in C a duration may also be hidden."""
    if before is None:
        return ()
    with closing(sqlite3.connect(f"file:{before.db}?mode=ro&immutable=1", uri=True)) as con:
        rows = con.execute(
            f"select id from {LARGE.name} where status = 'closed' and coalesce(duration_hours, duration_days) is null"
        ).fetchall()
    return tuple(row[0] for row in rows)


def _key_check(key: bytes) -> str:
    return hashlib.sha256(b"cityglass key check" + key).hexdigest()[:16]


def _tables(
    vault: Vault, city: City, at: Context, done: Anonymized, week: completeness.Account | None
) -> dict[str, pa.Table]:
    """Every table but the large one and those that are told at the end."""
    made: dict[str, list[dict] | pa.Table] = dict(tables.of_requests(done, at))
    live = {LARGE.name: _fates(at, done)} if LARGE.name in city.datasets else {}
    for name in (name for name in tables.OTHERS if name in city.datasets):
        made |= tables.of_dataset(at, name)
        live[name] = _plain_fates(vault, name, len(made[DATASETS[name].table.name]))
    weekly = {LARGE.name: (sum(done.uncounted.values()), week)}
    accounts = (completeness.of_dataset(vault, name, fates, *weekly.get(name, ())) for name, fates in live.items())
    lines, reasons = zip(*accounts, strict=True)
    made |= {
        "completeness": list(lines),
        "quality_reasons": [row for told in (*reasons, _fallback(done)) for row in told],
        **tables.about(),
    }
    return {table.name: tables.shaped(table, made[table.name]) for table in all_tables() if table.name in made}


def _fallback(done: Anonymized) -> list[dict]:
    reason = f"A point under {FALLBACK_ADDRESSES} or more addresses: a geocoder's guess, set aside"
    line = {"dataset": LARGE.name, "kind": "flagged", "reason": reason, "rows": done.fallback_rows}
    return [line] if done.fallback_rows else []


def _fates(at: Context, done: Anonymized) -> list[Fate]:
    counted = done.fates.group_by("fate", "reason").agg(keys=nw.len()).sort("fate", "reason")
    return [Fate(**row) for row in at.engine.arrow(counted).to_pylist()]


def _plain_fates(vault: Vault, name: str, released: int) -> list[Fate]:
    live = vault.one(f"select count(*) from records_{name} where not deleted_upstream")
    return [Fate("released", "", released), Fate("withheld", "Not approved, or no consent is on file", live - released)]


def _layers(vault: Vault) -> dict[str, list[dict]]:
    layers: dict[str, list[dict]] = {"boundaries": [], "streets": [], "water": []}
    for layer, name, kind, geometry in vault.rows(
        "select layer, name, kind, geometry from areas order by layer, kind, name"
    ):
        feature = {"type": "Feature", "properties": {"name": name}, "geometry": json.loads(geometry)}
        layers["water" if kind == "water" else layer].append(feature)
    return layers
