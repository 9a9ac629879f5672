"""What each measure of `_privacy_risk` is called by disclosure control (ARX), in which unit, and in plain words."""

from typing import NamedTuple


class Risk(NamedTuple):
    """`term` is the field's word, `meaning` a council member's."""

    term: str
    unit: str
    meaning: str


RISKS = {
    "rows": Risk("Records", "rows", "Rows of this tier in the release."),
    "classes": Risk("Classes", "classes", "Groups of rows that look alike: same kind, same area, same period."),
    "k_min": Risk("k-anonymity", "rows", "The smallest class (k of k-anonymity)."),
    "k_p5": Risk("Class size that 19 in 20 records reach", "rows", "19 in 20 rows stand in a class at least so large."),
    "k_median": Risk("Median class size", "rows", "Half of the rows stand in a class at least so large."),
    "uniques": Risk("Sample uniques", "rows", "Rows that look like no other row."),
    "population_uniqueness": Risk(
        "Population uniqueness",
        "share",
        "Residents who would look like no other if each had a row, as estimated from the rows (ARX: Dankar et al.).",
    ),
    "locations_min": Risk(
        "Fewest locations in a class",
        "addresses",
        "The fewest different addresses that the rows of one class come from.",
    ),
    "prosecutor_risk_max": Risk(
        "Highest prosecutor risk", "share", "Highest chance to pick the right row for someone who is known to be in it."
    ),
    "prosecutor_risk_mean": Risk(
        "Average prosecutor risk", "share", "The same on average over all rows (ARX: average prosecutor risk)."
    ),
    "at_risk_over_1_5": Risk("Records at risk above 1/5", "share", "Rows with a prosecutor risk above 1 in 5."),
    "at_risk_over_1_11": Risk("Records at risk above 1/11", "share", "Rows with a prosecutor risk above 1 in 11."),
    "journalist_risk_max": Risk(
        "Highest journalist risk", "share", "Highest chance to pick the right address of an area: 1 / addresses in it."
    ),
    "marketer_risk": Risk(
        "Marketer risk", "share", "The same on average: the share of rows that guessing addresses would get right."
    ),
    "addresses_min": Risk(
        "Fewest addresses in an area",
        "addresses",
        "At least so many addresses are in each area that a row is placed in: those of the rows that are shown there.",
    ),
    "candidate_cells": Risk(
        "Candidate cells of a coarsened class",
        "cells",
        "From at least so many smaller areas or periods may a coarsened class come; 2 if they are more.",
    ),
    "withheld": Risk(
        "Suppressed records",
        "share",
        "Rows that are kept back because too few are like them, of those that could be released.",
    ),
    "fine": Risk(
        "Records at H3-8 and a month, or finer",
        "share",
        "Rows placed by an area of about 0.7 km² or less and a month or less.",
    ),
    "l_duration_days": Risk(
        "l-diversity of durations", "values", "The fewest different durations in a class that shows them (l-diversity)."
    ),
    "l_on_time": Risk(
        "l-diversity of on-time words",
        "values",
        "The fewest different on-time words in a class that shows them (l-diversity).",
    ),
    "t_duration_days": Risk(
        "t-closeness of durations",
        "distance",
        "Farthest that durations of a class are from those of the tier (t-closeness).",
    ),
    "t_on_time": Risk(
        "t-closeness of on-time words",
        "distance",
        "Farthest that on-time words of a class are from those of the tier (t-closeness).",
    ),
}
