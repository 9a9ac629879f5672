"""What is planted in the sample city on purpose: the truths that statistics must find and formulas must not miss."""

from datetime import date

FIRST_DAY, LAST_DAY = date(2023, 1, 1), date(2025, 12, 31)
TIME_ZONE = "America/New_York"
NEW_SYSTEM = 2025  # requests opened since then are in the new system's file
GROWTH = 0.09  # more problems each year

# How long a fix takes, and how readily people report, against the city's average.
WARD_PACE = {"Harborside": 0.75, "North Quay": 0.9, "Lantern Point": 0.85, "Copper Hill": 1.0, "Orchard Heights": 0.8,
             "Southbank": 1.3, "Marsh End": 1.5, "Millbrook": 1.2, "Westfield": 1.1}  # fmt: skip
WARD_VOICE = {"Harborside": 1.5, "North Quay": 1.3, "Lantern Point": 1.4, "Copper Hill": 1.0, "Orchard Heights": 1.5,
              "Southbank": 0.6, "Marsh End": 0.5, "Millbrook": 0.7, "Westfield": 0.8}  # fmt: skip

# One department takes three times as long for whatever was opened in the last 120 days.
SLOW_AGENCY, SLOW_SINCE, SLOW_FACTOR = "TRANSPORT", date(2025, 9, 3), 3.0
# One service is left undone: that share of its requests is never touched again.
ABANDONED = {"TREE": 0.35}
FORGOTTEN = 0.015  # of every other service
# Closed on paper at the end of a month, whether hard or easy: service, share.
PAPER = {"ABVH": 0.8}  # chosen; most of them are really solved before the batch comes
# Closed on paper at the end of a quarter once they are old, so only the hard ones: service, days.
PAPER_IF_OLDER = {"VACB": 60}

REOPENED = 0.02  # of those done
AGAIN = 0.04  # of those done: the same problem is back within 30 days
CANCELLED = 0.008
UNCLEAR = 0.025  # closed with words that tell nothing
CREW_LOGS = 0.025  # of all problems: work logged afterwards, closed the second it was opened
HEAVY_REPORTERS, HEAVY_SHARE = 60, 0.06

# Storms: on that day and the next, these kinds come so many times as often.
STORMS = {
    date(2023, 2, 3): ("SNOW", 9),
    date(2023, 9, 16): ("BRCH", 30),
    date(2023, 12, 18): ("FLOD", 45),
    date(2024, 1, 10): ("FLOD", 60),
    date(2024, 1, 13): ("FLOD", 40),
    date(2024, 4, 4): ("BRCH", 25),
    date(2024, 10, 30): ("BRCH", 18),
    date(2025, 2, 9): ("SNOW", 10),
    date(2025, 7, 10): ("DRAN", 14),
}
