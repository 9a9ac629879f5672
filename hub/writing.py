"""How a number inside a sentence is written, on the hub's pages and on the dashboards alike."""

import re

LARGE = re.compile(r"(?<![\w.,/-])\d{5,}(?![\w/-]|\.\d)")


def grouped(text: object) -> str:
    """'58173 rows' -> '58,173 rows'; years, fractions and dates stay as they are."""
    return LARGE.sub(lambda found: f"{int(found[0]):,}", str(text))
