"""Everything that one release will hold, gathered from the vault before a byte is written."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import narwhals as nw
import pyarrow as pa
from narwhals import col, lit, when

from etl import as_of, completeness, epochs, received, shown_photos, shown_texts, signing, tables, third_parties, week
from etl.anonymize import FROZEN, TOLD, Anonymized, service_requests
from etl.completeness import Fate
from etl.database import BATCH_ROWS
from etl.engine import DuckEngine
from etl.epochs import Epoch, known_key
from etl.generalise import FEW, UNNAMED, Context, local_day
from etl.live import live_records
from etl.privacy import candidates
from etl.privacy import time as days
from etl.privacy.kind import without_agency
from etl.privacy.place import FALLBACK_ADDRESSES, Areas
from etl.privacy.pseudonym import public_ids
from etl.privacy.risk import Facts
from etl.privacy.small_cells import class_sizes
from etl.vault import Vault
from hub.city import City
from hub.datasets import DATASETS
from hub.datasets import tables as all_tables
from hub.datasets.about_release import RECEIVED
from hub.policy import GRAINS, LEAST_ADDRESSES, LEVELS, Policy
from hub.releases import Release

LARGE = DATASETS["service_requests"].table
TOLD_UNTIL = "told_until"  # setting of the vault: the last Monday and the day of the last release that was made
WITHHELD = "withheld"  # setting of the vault: how many were told as withheld, by reason
AGENCY_HIDDEN = "agency_hidden"  # setting of the vault: groups that were released without their agency
OPEN_AGAIN = "Opened again by the city; in tiers B and C they stand as closed until they are closed again"
CHANGED = f"""update release_ledger l set {", ".join(f"{name} = s.{name}" for name in TOLD)} from shown s
    where s.id = l.id and s.is_new = 0 and row({", ".join(f"l.{name}" for name in TOLD)})
    is distinct from row({", ".join(f"s.{name}" for name in TOLD)})"""  # what is told of a row that stands


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
    epoch: Epoch
    withheld: dict[str, int]
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
            "key_version": self.epoch.key_version,
            "epoch": self.epoch.number,
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

    @cached_property
    def facts(self) -> Facts:
        """What only the vault knows of the risk."""
        done, engine, ladders = self.done, self.engine, self.at.policy.ladders
        coarsened = {tier: rungs for tier, rungs in ladders.items() if tier in self.at.policy.k}
        first = done.rows.filter(col("is_new") == 1).join(done.fallen, on="id", how="anti")
        known = candidates.places(done.received, engine)
        in_a = engine.arrow(first.filter(col("tier") == "A").select("place_id").unique())["place_id"].to_pylist()
        withheld = done.fates.filter(col("reason") == FEW).join(
            done.received.select("id", "tier"), on="id", how="inner"
        )
        counted = engine.arrow(withheld.group_by("tier").agg(rows=nw.len())).to_pylist()
        return Facts(
            self._addresses(),
            {tier: least for tier, least in self._fewest_locations().items() if tier in coarsened},
            candidates.fewest(done.rows, known, coarsened, engine),
            self._unless_few(dict.fromkeys(ladders, 0) | {line["tier"]: line["rows"] for line in counted}),
            candidates.fewest(first, known, coarsened, engine),
            self._fewest_in_a(in_a),
            self.at.city.population,
        )

    def _unless_few(self, withheld: dict[str, int]) -> dict[str, int]:
        """How many were withheld in each tier; in none of B and C if they are few in one, which their sum would tell, or
        are not told in all."""
        k = self.at.policy.k
        if self.withheld.get(FEW, 0) != sum(withheld.values()):
            return {tier: n for tier, n in withheld.items() if tier not in k}
        are_few = any(0 < withheld.get(tier, 0) < least for tier, least in k.items())
        return {tier: n for tier, n in withheld.items() if tier not in k or not are_few}

    def _addresses(self) -> dict[tuple[str, str], int]:
        """Per tier and area the distinct locations of the rows that are shown there, which is the least that it has; an
        area of tier A has more, by its rule. What is reported there and not shown would tell of itself."""
        rows = self.done.rows.group_by("tier", "place_id").agg(n=col("location").n_unique())
        least = {"A": LEAST_ADDRESSES}
        found = self.engine.arrow(rows).to_pylist()
        return {(row["tier"], row["place_id"]): max(row["n"], least.get(row["tier"], 1)) for row in found}

    def _fewest_in_a(self, places: list[str]) -> int | None:
        """The fewest locations ever reported in areas of tier A; where they are enough, so many as are demanded."""
        fewest = None
        for level, counted in self.done.catchments.items():
            named = self.done.rows.filter(col("place_level") == level, col("place_id").is_in(places or [""]))
            pairs = (
                named.select("place_no")
                .unique()
                .join(counted.rename({f"place_{level}": "place_no"}), on="place_no", how="left")
            )
            found = [line["catchment"] or 0 for line in self.engine.arrow(pairs).to_pylist()]
            fewest = min([*found, *([] if fewest is None else [fewest])], default=None)
        return None if fewest is None else min(fewest, self.at.policy.addresses)

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
        told = {name: col(f"ledger_{name}") for name in TOLD}
        shown = self.done.rows.select(*FROZEN, "is_new", **told)
        added = shown.filter(col("is_new") == 1).drop("is_new").with_columns(release=lit(release_id), gone=lit(0))
        with vault.transaction():
            vault.con.register("added", added.to_native())
            vault.con.register("shown", shown.to_native())
            vault.con.execute("delete from release_ledger where id in (select id from added)")
            vault.con.execute(CHANGED)
            vault.con.execute("update release_ledger set gone = 1 where gone = 0 and id not in (select id from shown)")
            vault.con.execute("insert into release_ledger by name select * from added")
            vault.con.unregister("shown")
            vault.con.unregister("added")
            received.keep(vault, self.counted.new)
            if not self.at.within:
                week.keep(vault, self.done, self.at)
            epochs.keep(vault, self.epoch, self.at.key)
            signing.keep(vault, self.at.policy)
            told_until = [
                max(self.grid, self.at.grid_before),
                max(self.today, self.at.today_before),
            ]  # as_of may step back
            vault.set(TOLD_UNTIL, json.dumps(told_until))
            vault.set(WITHHELD, json.dumps(self.withheld))
            if not self.at.within:
                vault.set(completeness.FLAGGED, json.dumps(completeness.flagged(vault, self.at.policy)))
            vault.set(AGENCY_HIDDEN, json.dumps(sorted(self.at.agency_hidden_before | self._without_agency())))

    def _without_agency(self) -> set[str]:
        return set(self.engine.arrow(without_agency(self.done.rows))["service_group"].to_pylist())


def _rank(column: str, order: tuple[str, ...]) -> nw.Expr:
    rank = lit(len(order))
    for number, name in enumerate(order):
        rank = when(col(column) == name).then(lit(number)).otherwise(rank)
    return rank


def gather(vault: Vault, city: City, policy: Policy, data: Path, before: Release | None) -> Contents:
    """Anonymize the vault and make every table. Raises ConfigurationError for a lost key or an empty vault."""
    known = as_of.of_sources(vault, city, policy)
    at = _context(vault, city, policy, data, as_of.of_release(known))
    done = _anonymized(vault, city, at)
    if not at.within and week.account(vault) and (few := week.deferred(vault, done, at)):
        at = replace(at, deferred=few)
        done = _anonymized(vault, city, at)
    done, text_layers = shown_texts.add(vault, at, done)
    done, photos = shown_photos.add(vault, at, done)
    counted = received.count(vault, done, at)
    account = week.account(vault) if at.within else None
    told = json.loads(vault.setting(WITHHELD, "{}"))
    fates = completeness.in_steps(_fates(at, done), told, max(at.policy.k.values()))
    small = _tables(vault, city, at, done, fates, account) | {RECEIVED.name: tables.shaped(RECEIVED, counted.lines)}
    sources = [
        line
        for line in tables.sources(vault, city, known, _counted_weekly(vault, at, account, done.daily))
        if line["dataset"] not in DATASETS or line["dataset"] in city.datasets
    ]
    epoch = epochs.with_k(vault, policy.k)
    seen = (at, done, small, sources, _layers(vault), as_of.of_release(known), before, counted, epoch)
    return Contents(*seen, completeness.withheld_by_reason(fates), text_layers, photos)


def _anonymized(vault: Vault, city: City, at: Context) -> Anonymized:
    records = live_records(at.engine, city, LARGE.name, week.records(vault, at))
    return service_requests(records, at.engine.table("release_ledger"), week.closings(at), at)


def _counted_weekly(
    vault: Vault, at: Context, account: completeness.Account | None, daily: dict[str, int]
) -> dict[str, int]:
    """Rows read of the sources of requests, as the week counts them; of one that is new within the week, none yet."""
    if not account:
        return completeness.account(vault, at.policy).without(at.deferred).sources if at.deferred else {}
    return {n: account.rows_of(n, daily) for n, source in at.city.sources.items() if source.dataset == LARGE.name}


def _context(vault: Vault, city: City, policy: Policy, data: Path, now: int) -> Context:
    key = known_key(vault, data)
    epochs.follow(vault, data, key)
    rows = vault.rows("select name, geometry from areas where layer = 'boundaries' and kind <> 'water' order by name")
    today = local_day(now, ZoneInfo(city.time_zone))
    hidden = frozenset(json.loads(vault.setting(AGENCY_HIDDEN, "[]")))
    grid_before, today_before = json.loads(vault.setting(TOLD_UNTIL, "[0, 0]"))  # whatever is served since
    seen = (today, grid_before, today_before, hidden)
    at = Context(DuckEngine(vault.con), city, policy, Areas.of(rows), key, *seen)
    return replace(at, within=not at.opens and week.account(vault) is not None)


def _tables(
    vault: Vault,
    city: City,
    at: Context,
    done: Anonymized,
    fates: list[Fate],
    account: completeness.Account | None,
) -> dict[str, pa.Table]:
    """Every table but the large one and those that are told at the end."""
    made: dict[str, list[dict] | pa.Table] = dict(tables.of_requests(done, at))
    live = {LARGE.name: fates} if LARGE.name in city.datasets else {}
    for name in (name for name in tables.OTHERS if name in city.datasets):
        made |= tables.of_dataset(at, name)
        live[name] = third_parties.fates(vault.con, name, len(made[DATASETS[name].table.name]))
    weekly = {LARGE.name: (None, sum(at.deferred.values()))}
    if account:
        weekly[LARGE.name] = (account, sum(done.uncounted.values()), week.deleted(vault, at.engine, at.policy))
    accounts = (
        completeness.of_dataset(vault, at.policy, name, fates, *weekly.get(name, ())) for name, fates in live.items()
    )
    lines, reasons = zip(*accounts, strict=True)
    made |= {
        "completeness": list(lines),
        "quality_reasons": [row for told in (*reasons, _fallback(done), _open_again(done, at)) for row in told],
        **tables.about(),
    }
    return {table.name: tables.shaped(table, made[table.name]) for table in all_tables() if table.name in made}


def _fallback(done: Anonymized) -> list[dict]:
    reason = f"A point under {FALLBACK_ADDRESSES} or more addresses: a geocoder's guess, set aside"
    line = {"dataset": LARGE.name, "kind": "flagged", "reason": reason, "rows": done.fallback_rows}
    return [line] if done.fallback_rows else []


def _open_again(done: Anonymized, at: Context) -> list[dict]:
    """How many of B and C are told as closed though their system has opened them again; few are not counted."""
    again = at.engine.arrow(done.rows.filter(col("is_open_again")).select(nw.len()))[0][0].as_py()
    line = {"dataset": LARGE.name, "kind": "flagged", "reason": OPEN_AGAIN, "rows": again}
    return [line] if again >= max(at.policy.k.values()) else []


def _fates(at: Context, done: Anonymized) -> list[Fate]:
    counted = done.fates.group_by("fate", "reason").agg(keys=nw.len()).sort("fate", "reason")
    return [Fate(**row) for row in at.engine.arrow(counted).to_pylist()]


def _layers(vault: Vault) -> dict[str, list[dict]]:
    layers: dict[str, list[dict]] = {"boundaries": [], "streets": [], "water": []}
    for layer, name, kind, geometry in vault.rows(
        "select layer, name, kind, geometry from areas order by layer, kind, name"
    ):
        feature = {"type": "Feature", "properties": {"name": name}, "geometry": json.loads(geometry)}
        layers["water" if kind == "water" else layer].append(feature)
    return layers
