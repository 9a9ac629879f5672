"""The tables in which a release tells about itself: what was read, what was kept back, what was checked."""

from hub.schema import Column, Table, Type

COMPLETENESS = Table(
    "completeness",
    "Completeness",
    "Where every source key ever read has gone. read = released + waiting + withheld + quarantined + erased + deleted_upstream, "
    "and rows_read = read - deleted_upstream + duplicates, but for erased keys that are no longer read. Records of tier A are "
    "counted day by day; all others once a week, since their number would tell when each came, and of those that are not "
    "shown fewer than eleven together with later ones.",
    (
        Column("dataset", Type.TEXT, "Dataset."),
        Column(
            "rows_read",
            Type.INTEGER,
            "Rows of the source in the last complete reading, but for those set aside.",
            unit="rows",
        ),
        Column(
            "read",
            Type.INTEGER,
            "Distinct source keys ever read, with rows that carry none counted singly.",
            unit="keys",
        ),
        Column("released", Type.INTEGER, "In this release.", unit="keys"),
        Column(
            "waiting",
            Type.INTEGER,
            "Their period has not closed, or too few like them arrived yet; with those of withheld kinds while these are "
            "so few that their number is not told.",
            unit="keys",
        ),
        Column("withheld", Type.INTEGER, "Kept back by the privacy policy, but for so few.", unit="keys"),
        Column("quarantined", Type.INTEGER, "Unusable; reasons in quality_reasons.", unit="keys"),
        Column("erased", Type.INTEGER, "Erased on request.", unit="keys"),
        Column("deleted_upstream", Type.INTEGER, "Gone from the city's system.", unit="keys"),
        Column("duplicates", Type.INTEGER, "Rows read beyond the first of each key.", unit="rows"),
    ),
    key=("dataset",),
)

QUALITY_REASONS = Table(
    "quality_reasons",
    "Quality: reasons",
    "Why rows were quarantined, withheld or kept waiting, and how many carry a value that had to be set aside.",
    (
        Column("dataset", Type.TEXT, "Dataset."),
        Column("kind", Type.TEXT, "quarantined, withheld, waiting or flagged."),
        Column("reason", Type.TEXT, "In words."),
        Column("rows", Type.INTEGER, "How many.", unit="rows"),
    ),
    key=("dataset", "kind", "reason"),
    facets=("dataset", "kind"),
)

SOURCES = Table(
    "sources",
    "Sources",
    "The city systems this release was read from, and how fresh each one is.",
    (
        Column("source", Type.TEXT, "Name of the source."),
        Column("dataset", Type.TEXT, "Dataset it feeds."),
        Column("adapter", Type.TEXT, "Platform."),
        Column(
            "as_of",
            Type.INSTANT,
            "The time of the data; where the source states none, the time at which it was read, which read_at repeats.",
        ),
        Column("as_of_date", Type.DATE, "The same as a local day."),
        Column("read_at", Type.INSTANT, "When it was last read whole."),
        Column(
            "rows",
            Type.INTEGER,
            "Rows in that reading, also those that were set aside; of requests as `completeness` counts them.",
            unit="rows",
        ),
        Column("proven_by", Type.TEXT, "How it is known that nothing is missing."),
        Column("is_archive", Type.BOOLEAN, "1 if the source is closed and will not grow."),
    ),
    key=("source",),
)

RELEASES = Table(
    "releases",
    "Releases",
    "This release: cite its id.",
    (
        Column("id", Type.TEXT, "Release id."),
        Column(
            "as_of",
            Type.INSTANT,
            "The time of the data: of the requests, else of the newest source; see 'sources' for how each is known.",
        ),
        Column("as_of_date", Type.DATE, "The same as a local day."),
        Column("grid_date", Type.DATE, "Day up to which tiers B and C are told: the last Monday."),
        Column("code_version", Type.TEXT, "Version of Cityglass."),
        Column("policy_hash", Type.TEXT, "Fingerprint of the privacy policies."),
        Column("key_version", Type.INTEGER, "Version of the key of the public ids."),
        Column("epoch", Type.INTEGER, "Epoch: grows with every change of the key of the public ids, or of k."),
        Column("previous", Type.TEXT, "Release before it."),
    ),
    key=("id",),
)

MEASURES = Table(
    "measures",
    "Measures",
    "Every number shown anywhere: what it asks, its unit, what to beware of, and its query.",
    (
        Column("name", Type.TEXT, "Name; also the name of its query."),
        Column("title", Type.TEXT, "Title."),
        Column("question", Type.TEXT, "What it answers."),
        Column("unit", Type.TEXT, "Unit."),
        Column("caution", Type.TEXT, "What to beware of."),
        Column("sql", Type.TEXT, "Its query."),
    ),
    key=("name",),
)

DICTIONARY = Table(
    "dictionary",
    "Data dictionary",
    "What every column of every table means.",
    (
        Column("table_name", Type.TEXT, "Table."),
        Column("column_name", Type.TEXT, "Column."),
        Column("type", Type.TEXT, "What it holds."),
        Column("unit", Type.TEXT, "Unit."),
        Column("meaning", Type.TEXT, "What it means."),
    ),
    key=("table_name", "column_name"),
    facets=("table_name",),
)

PRIVACY_AUDIT = Table(
    "_privacy_audit",
    "Privacy audit",
    "The checks that this release had to pass. Each line says what all of them hold for: policy, code, key and epoch.",
    (
        Column("check_name", Type.TEXT, "What was checked."),
        Column("attack", Type.INTEGER, "Number of the attack that it answers; null where it answers none."),
        Column("meaning", Type.TEXT, "What it is for, in plain words."),
        Column("bound", Type.TEXT, "What was demanded."),
        Column("value", Type.TEXT, "What was found."),
        Column("is_passed", Type.BOOLEAN, "1 if it holds."),
        Column("n", Type.INTEGER, "Rows or classes looked at."),
        Column("policy_hash", Type.TEXT, "Fingerprint of the privacy policy that the release was made under."),
        Column("code_version", Type.TEXT, "Version of Cityglass that made and checked it."),
        Column("key_version", Type.INTEGER, "Version of the key of the public ids."),
        Column("epoch", Type.INTEGER, "Epoch: grows with every change of that key, or of k."),
        Column("previous", Type.TEXT, "Release before it, with which it was compared; null for the first."),
        Column("erasures", Type.INTEGER, "Records erased on request so far.", unit="records"),
        Column("text_layers", Type.TEXT, "Layers that redacted free text; null where no text is released."),
        Column(
            "canary_recall",
            Type.NUMBER,
            "Share of made-up names and numbers that those layers hid; null where no text is released.",
        ),
    ),
    key=("check_name",),
)

FEW = "too few, or needed to hide too few"
FEW_IN_ALL = "too few in the whole period"
RECEIVED = Table(
    "agg_received",
    "Everything received",
    "All requests that the city received, also those that are in no row of this release, by period, group and district. "
    "What is in no row is counted once, when the period has ended, and never again: later comers are only in "
    "'completeness'. What is released is counted in every release.",
    (
        Column("tier", Type.TEXT, "A, B, C; X for kinds that are withheld, which are told for the whole city only."),
        Column("period", Type.DATE, "First local day of the period."),
        Column("grain", Type.TEXT, "Length of the period: quarter or year."),
        Column("service_group", Type.TEXT, "Group of kinds of request; null for all groups of the tier together."),
        Column("district", Type.TEXT, "District, or 'Unlocated'; null for all districts together."),
        Column(
            "released",
            Type.INTEGER,
            "In this release, by released place and period.",
            unit="requests",
        ),
        Column(
            "not_released",
            Type.INTEGER,
            "Received and in no row, by the place and day of the request; null where hidden.",
            unit="requests",
        ),
        Column(
            "received",
            Type.INTEGER,
            "Both together; null where one is hidden. A request that came into a row after the count is in both.",
            unit="requests",
        ),
        Column("is_suppressed", Type.BOOLEAN, "1 if the number is hidden."),
        Column(
            "reason",
            Type.TEXT,
            f"Why it is hidden: '{FEW}', or '{FEW_IN_ALL}', and then only this line of the period is told.",
        ),
        Column("counted", Type.DATE, "As of which day what is in no row was counted."),
    ),
    indexes=(("tier", "period", "service_group"), ("district", "period"), ("service_group", "period")),
    facets=("tier", "grain", "district"),
)

RISK = Table(
    "_privacy_risk",
    "Privacy risk",
    "How easily a row of this release could be singled out, tier by tier, in the terms of ARX. A class is the rows that "
    "share group, place and period (in tier A also the kind).",
    (
        Column("dataset", Type.TEXT, "Dataset."),
        Column("tier", Type.TEXT, "A, B or C."),
        Column("measure", Type.TEXT, "What is measured."),
        Column(
            "value", Type.NUMBER, "The measure; a share is between 0 and 1. Null where there is nothing to measure."
        ),
        Column("numerator", Type.INTEGER, "The exact value is numerator / denominator, where it is a fraction."),
        Column("denominator", Type.INTEGER, "See numerator."),
        Column("unit", Type.TEXT, "Unit of the value."),
        Column("n", Type.INTEGER, "Rows or classes it is made from."),
        Column("meaning", Type.TEXT, "In plain words."),
    ),
    key=("dataset", "tier", "measure"),
    facets=("tier", "measure"),
)

RELEASE_TABLES = (COMPLETENESS, QUALITY_REASONS, SOURCES, RELEASES, MEASURES, DICTIONARY, RECEIVED, RISK, PRIVACY_AUDIT)
