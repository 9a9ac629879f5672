"""The budget of Larkhaven: a wide table as its finance office hands it out. The same for every seed.

The totals that the city states in city.yml are the sums of this table; a test holds them together.
"""

import csv
from pathlib import Path

from hub.sample.dice import Dice

YEARS = ("FY24 Actual", "FY25 Adopted", "FY26 Adopted")
COLUMNS = ("Cabinet", "Department", "Program", "Category", "Direction", *YEARS)
MISSING = "#Missing"

# How a program's money is split, in shares of a hundred.
SPLITS = {
    "staff": {
        "Personnel Services": 81,
        "Contractual Services": 9,
        "Supplies and Materials": 5,
        "Current Charges": 3,
        "Equipment": 2,
    },
    "office": {"Personnel Services": 72, "Contractual Services": 22, "Supplies and Materials": 4, "Current Charges": 2},
    "crews": {
        "Personnel Services": 52,
        "Contractual Services": 24,
        "Supplies and Materials": 13,
        "Current Charges": 3,
        "Equipment": 8,
    },
    "contract": {"Personnel Services": 14, "Contractual Services": 80, "Supplies and Materials": 6},
    "fixed": {"Fixed Costs": 100},
}
# cabinet: {department: {program: (thousands of dollars in FY25, split, growth into FY25, growth into FY26)}}
EXPENSE = {
    "Administration and Finance": {
        "Mayor and City Council": {
            "Executive Office": (1_460, "office", 1.03, 1.02),
            "City Council": (690, "office", 1.02, 1.03),
            "311 Call Center": (1_120, "staff", 1.09, 1.12),
        },
        "Finance": {
            "Budget and Accounting": (2_140, "office", 1.03, 1.02),
            "Procurement": (810, "office", 1.01, 1.02),
            "Assessing": (1_530, "office", 1.02, 1.03),
        },
        "People and Technology": {
            "Human Resources": (1_680, "office", 1.03, 1.02),
            "Information Technology": (5_350, "contract", 1.07, 1.06),
            "Open Data": (310, "office", 0, 1.38),
        },
        "City Clerk": {"Records and Licenses": (890, "office", 1.02, 1.02), "Elections": (1_040, "staff", 1.16, 0.81)},
    },
    "Public Works": {
        "Public Works": {
            "Street Maintenance": (9_850, "crews", 1.04, 1.06),
            "Snow Removal": (3_900, "crews", 0.93, 1.05),
            "Trash and Recycling": (13_400, "contract", 1.06, 1.07),
            "Street Sweeping": (1_720, "crews", 1.02, 1.02),
            "Fleet": (4_310, "crews", 1.05, 1.01),
        },
        "Water and Sewer": {
            "Water Supply": (11_900, "crews", 1.03, 1.04),
            "Sewer and Storm Drains": (14_700, "crews", 1.05, 1.09),
            "Tide Gates": (960, "crews", 1.11, 1.22),
        },
        "Facilities": {"City Buildings": (5_600, "contract", 1.02, 1.03), "Energy": (3_150, "contract", 0.97, 0.99)},
    },
    "Public Good": {
        "Parks and Recreation": {
            "Parks": (5_240, "crews", 1.03, 1.05),
            "Street Trees": (1_480, "crews", 1.01, 1.19),
            "Recreation and Youth": (2_390, "staff", 1.06, 1.04),
            "Cemeteries": (640, "crews", 1.01, 1.02),
        },
        "Public Health": {
            "Community Health": (3_870, "staff", 1.05, 1.04),
            "Animal Services": (980, "staff", 1.03, 1.03),
            "Pest Control": (720, "contract", 1.12, 1.10),
            "Homeless Outreach": (2_960, "contract", 1.18, 1.14),
        },
        "Housing and Inspections": {
            "Code Enforcement": (2_780, "staff", 1.06, 1.11),
            "Rental Inspections": (1_640, "staff", 1.21, 1.24),
            "Housing Stability": (3_420, "contract", 1.09, 1.16),
        },
        "Library": {
            "Main Library": (4_150, "staff", 1.02, 1.03),
            "Branches": (2_260, "staff", 1.02, 1.04),
            "Collections": (870, "contract", 1.00, 1.01),
        },
        "Arts and Heritage": {
            "Festivals": (540, "contract", 1.04, 1.01),
            "Story Archive": (185, "office", 0, 1.21),
            "Public Art": (260, "contract", 0.98, 1.02),
        },
    },
    "Public Safety": {
        "Police": {
            "Patrol": (26_900, "staff", 1.03, 1.03),
            "Investigations": (7_350, "staff", 1.02, 1.02),
            "Dispatch": (4_080, "staff", 1.04, 1.05),
            "Parking Enforcement": (2_540, "staff", 1.03, 1.02),
        },
        "Fire": {
            "Fire Suppression": (24_300, "staff", 1.03, 1.03),
            "Emergency Medical Services": (6_900, "staff", 1.05, 1.06),
            "Fire Prevention": (1_310, "staff", 1.02, 1.02),
        },
        "Transportation": {
            "Street Lights": (3_240, "contract", 0.96, 1.04),
            "Signals and Signs": (2_880, "crews", 1.03, 1.02),
            "Safe Streets": (1_150, "contract", 1.31, 1.17),
        },
        "Harbor Master": {
            "Harbor Patrol": (1_020, "staff", 1.02, 1.03),
            "Piers and Moorings": (690, "crews", 1.05, 1.08),
        },
    },
    "Education": {
        "School Department": {
            "Elementary Schools": (61_500, "staff", 1.03, 1.03),
            "Middle Schools": (31_200, "staff", 1.03, 1.02),
            "High Schools": (42_700, "staff", 1.02, 1.03),
            "Special Education": (29_800, "contract", 1.07, 1.08),
            "School Transport": (9_400, "contract", 1.06, 1.05),
            "School Meals": (4_600, "contract", 1.04, 1.03),
        },
    },
    "Fixed Costs": {
        "Debt Service": {"Principal": (21_400, "fixed", 1.03, 1.05), "Interest": (9_150, "fixed", 1.06, 1.09)},
        "Benefits": {
            "Retirement": (27_600, "fixed", 1.06, 1.06),
            "Health Insurance": (33_900, "fixed", 1.08, 1.09),
            "Workers' Compensation": (1_350, "fixed", 1.01, 1.01),
        },
        "Reserves": {"Contingency": (2_500, "fixed", 1.00, 1.00), "Stabilization": (1_800, "fixed", 1.00, 0.78)},
    },
}
# Money that a department gives back or moves to another one, so these lines are negative.
CREDITS = {
    ("Public Safety", "Police", "Patrol"): ("Salary Savings", -640),
    ("Public Safety", "Fire", "Fire Suppression"): ("Salary Savings", -510),
    ("Public Works", "Public Works", "Fleet"): ("Charges to Other Departments", -1_870),
    ("Education", "School Department", "Elementary Schools"): ("Salary Savings", -980),
    ("Administration and Finance", "People and Technology", "Information Technology"): (
        "Charges to Other Departments",
        -720,
    ),
}
# department: {account: (thousands in FY25, category, growth into FY25, growth into FY26)}
REVENUE = {
    "Assessing": {
        "Residential Property Tax": (190_600, "Property Tax", 1.04, 1.045),
        "Commercial Property Tax": (88_700, "Property Tax", 1.03, 1.02),
        "Personal Property Tax": (7_900, "Property Tax", 1.01, 1.01),
        "Abatements and Refunds": (-3_450, "Property Tax", 1.02, 1.02),
        "Motor Vehicle Excise": (14_600, "Excise", 1.02, 1.01),
        "Boat Excise": (310, "Excise", 1.03, 1.04),
    },
    "State Government": {
        "School Aid": (78_300, "State Aid", 1.05, 1.04),
        "Revenue Sharing": (21_900, "State Aid", 1.03, 1.02),
        "Road Assistance": (1_420, "State Aid", 1.00, 1.00),
        "Veterans' Reimbursement": (260, "State Aid", 0.99, 0.98),
    },
    "Water and Sewer": {
        "Water Charges": (14_900, "Charges for Services", 1.04, 1.05),
        "Sewer Charges": (19_600, "Charges for Services", 1.06, 1.07),
        "Late Fees": (340, "Fines", 1.02, 1.01),
    },
    "Public Works": {
        "Trash Bag Sales": (3_880, "Charges for Services", 1.03, 1.02),
        "Street Opening Permits": (720, "Licenses and Permits", 1.08, 1.05),
        "Sale of Scrap and Recyclables": (410, "Charges for Services", 0.86, 1.09),
    },
    "Police": {"Parking Fines": (4_150, "Fines", 1.05, 1.03), "Alarm Fees": (130, "Charges for Services", 1.00, 1.00)},
    "Fire": {
        "Ambulance Fees": (5_260, "Charges for Services", 1.06, 1.05),
        "Inspection Fees": (390, "Licenses and Permits", 1.03, 1.03),
    },
    "Housing and Inspections": {
        "Building Permits": (3_940, "Licenses and Permits", 1.11, 0.94),
        "Rental Registration": (860, "Licenses and Permits", 0, 1.33),
        "Code Fines": (280, "Fines", 1.09, 1.12),
    },
    "City Clerk": {
        "Licenses": (610, "Licenses and Permits", 1.01, 1.02),
        "Certificates": (190, "Charges for Services", 1.01, 1.00),
    },
    "Parks and Recreation": {
        "Program Fees": (780, "Charges for Services", 1.04, 1.03),
        "Field Rentals": (240, "Charges for Services", 1.02, 1.03),
    },
    "Transportation": {
        "Parking Meters": (3_350, "Charges for Services", 1.07, 1.04),
        "Garage Leases": (1_280, "Rents", 1.02, 1.02),
    },
    "Harbor Master": {
        "Mooring Fees": (560, "Charges for Services", 1.03, 1.06),
        "Pier Rents": (430, "Rents", 1.02, 1.02),
        "Cruise Landing Fees": (690, "Charges for Services", 1.24, 1.08),
    },
    "Finance": {
        "Hotel and Meals Tax": (6_900, "Excise", 1.08, 1.05),
        "Interest on Deposits": (3_100, "Other", 1.21, 0.83),
        "Payments in Lieu of Tax": (2_450, "Other", 1.02, 1.02),
    },
    "School Department": {
        "Federal Meal Aid": (3_700, "Federal Aid", 1.03, 1.02),
        "Tuition from Other Towns": (1_150, "Charges for Services", 1.01, 1.00),
    },
}
BALANCE = ("Use of Fund Balance", "Reserves")  # what closes the gap: an adopted budget must balance

Line = tuple[str, str, str, str, str, tuple[int | None, ...]]  # five words, then cents per year


def lines() -> list[Line]:
    """Every line of the budget, in cents."""
    dice, found = Dice(0, "budget"), []
    for cabinet, departments in EXPENSE.items():
        for department, programs in departments.items():
            for program, (thousands, split, before, after) in programs.items():
                for category, share in SPLITS[split].items():
                    cents = _years(thousands * share / 100, before, after, dice)
                    found.append((cabinet, department, program, category, "expense", cents))
                if (cabinet, department, program) in CREDITS:
                    category, thousands_back = CREDITS[cabinet, department, program]
                    found.append(
                        (cabinet, department, program, category, "expense", _years(thousands_back, 1.0, 1.0, dice))
                    )
    for department, accounts in REVENUE.items():
        for account, (thousands, category, before, after) in accounts.items():
            found.append(
                ("General Fund", department, account, category, "revenue", _years(thousands, before, after, dice))
            )
    return [*found, _balance(found)]


def _years(thousands: float, before: float, after: float, dice: Dice) -> tuple[int | None, ...]:
    """Cents of the three years: the first one spent to the cent, the others planned in whole dollars."""
    planned = round(thousands * 1000 * dice.between(0.97, 1.03))
    spent = round(planned / before * dice.between(0.95, 1.02) * 100) if before else None
    return spent, planned * 100, round(planned * after * dice.between(0.99, 1.01)) * 100


def _balance(found: list[Line]) -> Line:
    gaps = [total(found, "expense", year) - total(found, "revenue", year) for year in range(3)]
    return ("General Fund", "Finance", *BALANCE, "revenue", (None, *gaps[1:]))


def total(found: list[Line], direction: str, year: int) -> int:
    """The sum of a direction in the year at that position, in cents."""
    return sum(cents[year] or 0 for *_, of, cents in found if of == direction)


def dollars(cents: int | None) -> str:
    """As the finance office writes it: $1,234.00, and (1,234) for what is negative."""
    if cents is None:
        return MISSING
    if cents < 0:
        return f"({-cents / 100:,.2f})" if cents % 100 else f"({-cents // 100:,})"
    return f"${cents / 100:,.2f}"


def write_budget(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([*words, *map(dollars, cents)] for *words, cents in lines())
