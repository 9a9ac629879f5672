"""What people of Larkhaven report: every kind of service, how often, when, where, and how it goes.

The privacy tier of a kind is not here: it is a decision of `hub/policies/larkhaven/service_requests.yml`.
"""

from dataclasses import dataclass

SEASONS = {  # January to December
    "flat": (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    "thaw": (1.2, 1.6, 2.2, 1.9, 1.1, 0.7, 0.6, 0.6, 0.6, 0.6, 0.7, 0.9),
    "snow": (3.6, 3.4, 1.9, 0.3, 0, 0, 0, 0, 0, 0, 0.5, 2.3),
    "dark": (1.5, 1.3, 1.0, 0.8, 0.7, 0.6, 0.6, 0.7, 0.9, 1.2, 1.4, 1.6),
    "leaves": (0.3, 0.3, 0.7, 1.2, 1.5, 1.5, 1.4, 1.4, 1.3, 1.2, 0.8, 0.4),
    "warm": (0.5, 0.5, 0.7, 0.9, 1.2, 1.5, 1.6, 1.6, 1.3, 1.0, 0.7, 0.5),
    "high summer": (0.05, 0.05, 0.1, 0.3, 1.0, 2.2, 2.9, 2.8, 1.6, 0.6, 0.1, 0.05),
    "rain": (0.8, 0.8, 1.3, 1.4, 1.0, 0.9, 0.8, 0.9, 1.0, 1.4, 1.3, 0.9),
    "heating": (2.6, 2.3, 1.5, 0.8, 0.3, 0.05, 0.02, 0.02, 0.2, 1.0, 1.5, 2.1),
    "moving": (0.8, 0.7, 0.9, 0.9, 1.1, 1.2, 1.1, 1.4, 1.5, 0.9, 0.8, 0.8),
}
WEEKS = {  # Monday to Sunday
    "office": (1.25, 1.15, 1.1, 1.1, 1.1, 0.65, 0.45),
    "every day": (1, 1, 1, 1, 1, 1, 1),
    "rounds": (1.2, 1.25, 1.2, 1.25, 1.3, 0.6, 0.2),
    "weekend": (0.7, 0.65, 0.7, 0.8, 1.2, 1.6, 1.4),
}
HOURS = {  # midnight to 11 pm
    "day": (1, 1, 1, 1, 1, 2, 5, 9, 13, 15, 14, 13, 12, 13, 13, 12, 11, 9, 7, 5, 4, 3, 2, 1),
    "evening": (2, 1, 1, 1, 1, 2, 4, 7, 8, 8, 8, 8, 8, 8, 9, 11, 13, 15, 14, 13, 11, 9, 6, 3),
    "night": (14, 11, 8, 5, 3, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 4, 4, 5, 6, 8, 11, 15, 18, 17),
    "morning": (1, 1, 1, 1, 2, 6, 13, 18, 17, 13, 10, 8, 7, 6, 6, 6, 6, 6, 5, 4, 3, 2, 2, 1),
}
# How a request of this kind ends, by disposition, in shares of a hundred.
ENDS = {
    "works": {"done": 84, "nothing_found": 8, "invalid": 4, "referred": 4},
    "shared roads": {"done": 74, "nothing_found": 8, "invalid": 4, "referred": 14},
    "pickup": {"done": 88, "nothing_found": 7, "invalid": 5},
    "booking": {"scheduled": 86, "invalid": 8, "nothing_found": 6},
    "patrol": {"enforced": 34, "nothing_found": 44, "done": 14, "referred": 3, "invalid": 5},
    "towing": {"done": 62, "enforced": 14, "nothing_found": 20, "invalid": 4},
    "inspection": {"enforced": 34, "done": 26, "nothing_found": 24, "no_access": 12, "invalid": 4},
    "indoors": {"enforced": 30, "done": 34, "nothing_found": 12, "no_access": 20, "referred": 4},
    "visit": {"done": 44, "nothing_found": 26, "referred": 26, "invalid": 4},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of service request.

    share: problems in 10,000; target_days: the city's public promise, if any; median_days, sigma: lognormal time to
    fix; seen: further reports per day of one unsolved problem in an average ward; at: street, home or flats.
    """

    group: str
    code: str
    name: str
    agency: str
    share: int
    target_days: int | None
    median_days: float
    sigma: float
    season: str
    week: str
    hours: str
    ends: str
    seen: float
    at: str
    since: str = "2023-01-01"


def _kinds(group: str, agency: str, *rows: tuple) -> list[Kind]:
    return [Kind(group, *row[:2], agency, *row[2:]) for row in rows]


KINDS: tuple[Kind, ...] = (
    *_kinds(
        "Streets and Sidewalks", "DPW",
        ("POTH", "Pothole", 720, 7, 4.2, 0.9, "thaw", "office", "day", "shared roads", 0.055, "street"),
        ("SIDE", "Sidewalk Repair", 280, 60, 34, 0.8, "warm", "office", "day", "works", 0.006, "street"),
        ("SNOW", "Snow or Ice on Street", 330, 2, 0.7, 0.7, "snow", "every day", "morning", "works", 0.25, "street"),
        ("SWEP", "Street Sweeping", 230, 14, 6, 0.7, "leaves", "office", "day", "works", 0.01, "street"),
    ),
    *_kinds(
        "Lights and Signals", "TRANSPORT",
        ("LITE", "Street Light Out", 460, 10, 5.5, 0.9, "dark", "every day", "evening", "works", 0.045, "street"),
        ("SGNL", "Traffic Signal Fault", 190, 2, 0.6, 0.8, "flat", "every day", "day", "works", 0.45, "street"),
        ("SIGN", "Sign Missing or Damaged", 230, 14, 8, 0.8, "flat", "office", "day", "works", 0.015, "street"),
    ),
    *_kinds(
        "Trees and Parks", "PARKS",
        ("TREE", "Street Tree Pruning", 380, 90, 38, 0.8, "leaves", "office", "day", "works", 0.004, "street"),
        ("BRCH", "Fallen Branch", 210, 3, 1.3, 0.8, "rain", "every day", "morning", "works", 0.2, "street"),
        ("PARK", "Park Maintenance", 230, 14, 7, 0.8, "warm", "weekend", "day", "works", 0.03, "street"),
    ),
    *_kinds(
        "Clean Streets", "DPW",
        ("LBIN", "Overflowing Litter Bin", 290, 2, 1.1, 0.7, "warm", "weekend", "day", "works", 0.22, "street"),
        ("DUMP", "Illegal Dumping on Public Land", 370, 5, 3.2, 0.8, "flat", "office", "day", "works", 0.09, "street"),
        ("GRPU", "Graffiti on Public Property", 270, 7, 5, 0.8, "warm", "office", "day", "works", 0.035, "street"),
        ("DEAD", "Dead Animal on Street", 150, 2, 0.6, 0.6, "warm", "every day", "morning", "works", 0.2, "street"),
    ),
    *_kinds(
        "Water and Drains", "DPW",
        ("DRAN", "Blocked Storm Drain", 240, 10, 4.8, 0.9, "rain", "office", "day", "works", 0.03, "street"),
        ("FLOD", "Flooded Street", 110, 2, 0.8, 0.7, "rain", "every day", "morning", "works", 0.5, "street"),
    ),
    *_kinds(
        "Trash and Recycling", "DPW",
        ("MTRA", "Missed Trash Pickup", 980, 2, 1.2, 0.5, "flat", "rounds", "day", "pickup", 0, "home"),
        ("MREC", "Missed Recycling Pickup", 660, 2, 1.6, 0.5, "flat", "rounds", "day", "pickup", 0, "home"),
        ("BULK", "Bulk Item Pickup", 420, 2, 1.1, 0.5, "moving", "office", "day", "booking", 0, "home"),
    ),
    *_kinds(
        "Parking and Vehicles", "SAFETY",
        ("ILPK", "Illegal Parking", 800, None, 0.12, 0.9, "flat", "every day", "evening", "patrol", 0.3, "home"),
        ("ABVH", "Abandoned Vehicle", 300, 21, 16, 0.8, "flat", "office", "day", "towing", 0.012, "home"),
        ("DRIV", "Blocked Driveway", 230, None, 0.08, 0.8, "flat", "every day", "evening", "patrol", 0, "home"),
    ),
    *_kinds(
        "Buildings and Property", "HOUSING",
        ("GRPR", "Graffiti on Private Property", 190, 30, 16, 0.8, "warm", "office", "day", "works", 0.012, "home"),
        ("CONS", "Construction Concern", 220, 30, 9, 0.9, "warm", "office", "morning", "inspection", 0.02, "home"),
        ("VACB", "Vacant Building", 130, 30, 40, 0.9, "flat", "office", "day", "inspection", 0.006, "home"),
        ("OVGR", "Overgrown Lot", 190, 30, 15, 0.7, "high summer", "office", "day", "inspection", 0.01, "home"),
    ),
    *_kinds(
        "Animals and Pests", "HEALTH",
        ("RODT", "Rodent Sighting", 430, 14, 8, 0.8, "warm", "office", "evening", "inspection", 0.02, "home"),
        ("DOGC", "Dog Complaint", 210, 14, 2.5, 0.9, "warm", "weekend", "evening", "visit", 0.02, "home"),
        ("MOSQ", "Mosquito Concern", 90, 14, 5, 0.7, "high summer", "every day", "evening", "visit", 0, "home"),
        ("BITE", "Animal Bite", 70, 14, 1.5, 0.6, "warm", "weekend", "day", "visit", 0, "home"),
        ("NEGL", "Animal Neglect", 50, 14, 2.2, 0.8, "flat", "every day", "day", "visit", 0, "home"),
    ),
    *_kinds(
        "Housing Conditions", "HOUSING",
        ("HEAT", "No Heat or Hot Water", 400, 2, 1.4, 0.9, "heating", "every day", "evening", "indoors", 0, "flats"),
        ("UNSF", "Unsafe Living Conditions", 340, 10, 9, 0.9, "flat", "office", "day", "indoors", 0, "flats"),
        ("REPR", "Repairs Refused by Landlord", 230, 30, 22, 0.8, "flat", "office", "day", "indoors", 0, "flats"),
    ),
    *_kinds(
        "Community Concerns", "HEALTH",
        ("NOIS", "Residential Noise", 520, None, 0.2, 1.0, "warm", "weekend", "night", "visit", 0, "flats"),
        ("ENCM", "Encampment", 150, None, 6, 1.0, "warm", "every day", "day", "visit", 0.05, "street"),
        ("NEED", "Person in Need", 130, None, 0.15, 0.8, "dark", "every day", "day", "visit", 0, "street"),
    ),
    *_kinds(
        "Pilot Programs", "TRANSPORT",
        ("SCOT", "Scooter on Sidewalk", 300, None, 1, 0.8, "warm", "office", "day", "works", 0, "street", "2025-04-15"),
    ),
)  # fmt: skip
# Wards in which a kind of problem happens so many times as often.
LEANS = {
    "POTH": {"Westfield": 1.6, "Millbrook": 1.4},
    "SIDE": {"Orchard Heights": 1.6},
    "SNOW": {"Copper Hill": 1.8},
    "LITE": {"Marsh End": 1.5},
    "SGNL": {"Harborside": 1.8},
    "TREE": {"Orchard Heights": 1.9, "Copper Hill": 1.4},
    "BRCH": {"Orchard Heights": 1.7},
    "LBIN": {"Harborside": 2.2},
    "DUMP": {"Millbrook": 1.6, "Southbank": 1.4},
    "GRPU": {"Harborside": 2.4, "Southbank": 1.6},
    "DRAN": {"Marsh End": 2.2},
    "FLOD": {"Marsh End": 4, "North Quay": 1.6},
    "MTRA": {"Westfield": 1.4},
    "ILPK": {"Harborside": 2.2, "North Quay": 1.7},
    "ABVH": {"Westfield": 1.5},
    "DRIV": {"Southbank": 1.5},
    "GRPR": {"Harborside": 2},
    "CONS": {"North Quay": 1.8},
    "VACB": {"Southbank": 1.8, "Millbrook": 1.5},
    "OVGR": {"Westfield": 1.5},
    "RODT": {"Southbank": 1.9, "North Quay": 1.6},
    "MOSQ": {"Marsh End": 4},
    "HEAT": {"Southbank": 1.6},
    "UNSF": {"Southbank": 1.5},
    "NOIS": {"Harborside": 1.5},
    "ENCM": {"Harborside": 2, "Southbank": 1.6},
    "NEED": {"Harborside": 2},
    "SCOT": {"Harborside": 3},
}
BY_CODE = {kind.code: kind for kind in KINDS}
