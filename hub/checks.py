"""What each check of a release is for, in plain words, and which attack it answers."""

from typing import NamedTuple

ATTACKS = {
    1: "Linkage",
    2: "Time from ids",
    3: "Reversed hashes",
    4: "Differences of releases",
    5: "Averaging",
    6: "Status timeline",
    7: "Sums around hidden cells",
    8: "Homogeneity and skew",
    9: "Minimality",
    10: "One busy reporter",
    11: "Geocoder's default point",
    12: "Slivers",
    13: "Text",
    14: "Bytes left behind",
    15: "Motivated intruder",
    16: "Photos",
}


class Check(NamedTuple):
    """`attack` is its number in ATTACKS, None where the check answers no attack."""

    attack: int | None
    meaning: str


CHECKS = {
    "closed_list": Check(None, "Only the tables and columns that the policy names are in the release."),
    "rows_per_class_B": Check(1, "The fewest rows about a property that look alike."),
    "rows_per_class_C": Check(1, "The fewest sensitive rows that look alike."),
    "locations_per_class_B": Check(10, "The fewest addresses that rows about a property come from which look alike."),
    "locations_per_class_C": Check(10, "The fewest addresses that sensitive rows come from which look alike."),
    "two_values_in_c": Check(8, "Groups of sensitive rows that share one duration or one on-time word."),
    "columns_per_tier": Check(None, "No row shows more than its tier allows."),
    "agency_of_the_group": Check(8, "Groups outside of the public realm of which rows tell different agencies."),
    "places_are_areas": Check(11, "Places that are finer than an area, or lie elsewhere than in its middle."),
    "complete": Check(None, "Every record that was read is accounted for."),
    "read": Check(None, "Every row that was read is one of those records, or a copy of one."),
    "released": Check(None, "As many rows are here as the account says."),
    "size_believable": Check(None, "About as many requests are shown as in the release before."),
    "words_understood": Check(None, "Most statuses and places could be understood."),
    "usable": Check(None, "Hardly any record was unusable."),
    "unique_public_ids": Check(None, "No two rows have one record number."),
    "durations_agree": Check(12, "The table of durations counts these rows and no others."),
    "on_time_agrees": Check(12, "The table of kept promises counts these rows and no others."),
    "counts_agree": Check(12, "Lines of the counts by area and month that are not those of the rows."),
    "backlog_agrees": Check(12, "Lines of the backlog that do not follow from the month before."),
    "monotone": Check(5, "Rows shown more exactly than in the release before, or elsewhere."),
    "monotone_ledger": Check(5, "Rows shown more exactly than in any release ever, or elsewhere."),
    "no_small_difference": Check(4, "Groups of rows that grew by so few that the new ones could be told apart."),
    "erased_gone": Check(None, "What was erased is not shown."),
    "erased_since": Check(None, "Rows that an erasure took from the release before."),
    "uniques_B": Check(1, "Rows about a property that look like no other row."),
    "uniques_C": Check(1, "Sensitive rows that look like no other row."),
    "prosecutor_risk_B": Check(
        1, "Highest chance to pick the right row about a property for someone known to be in it."
    ),
    "prosecutor_risk_C": Check(1, "Highest chance to pick the right sensitive row for someone known to be in it."),
    "addresses_per_place_A": Check(
        15, "The fewest addresses in an area in which a row of the public realm newly appears."
    ),
    "candidate_cells_B": Check(9, "The fewest smaller areas or periods that a coarsened row may come from."),
    "candidate_cells_C": Check(9, "The fewest smaller areas or periods that a coarsened sensitive row may come from."),
    "counts_not_small": Check(7, "Small counts of what is not released."),
    "counts_not_exposed": Check(7, "Hidden counts that the sums beside them give away, or nearly."),
    "counts_add_up": Check(12, "Counts of everything received that do not add up, or not with the rows."),
    "counts_stay": Check(4, "Counts of an earlier release that are another number now."),
    "text_layers": Check(13, "Which layers the redaction of free text ran with."),
    "text_opted_in": Check(13, "Texts that are shown although the policy shows none."),
    "text_canaries": Check(13, "Texts with the form of an address, a number or a time left in them."),
    "canary_recall": Check(13, "Made-up names and numbers that the layers hid, with this city's own streets allowed."),
    "photos_opted_in": Check(16, "Photos that are shown although the policy shows none."),
    "photos_plain": Check(16, "Photos with anything in them but pixels, such as the place or the camera."),
    "integrity": Check(None, "The file is whole."),
    "references": Check(None, "Every reference leads somewhere."),
    "longest_value": Check(None, "No value is longer than the server sends."),
    "questions_run": Check(None, "Every measure and ready question runs."),
}
UNKNOWN = Check(None, "")


def told(check_name: str) -> Check:
    """The check of that name; `complete_budget` is `complete` of a dataset."""
    return CHECKS.get(check_name) or CHECKS.get(check_name.partition("_")[0], UNKNOWN)
