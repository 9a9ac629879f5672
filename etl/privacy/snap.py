"""A story's place is shown only as exactly as its teller chose: the point is snapped to a grid of that size."""

import narwhals as nw
from narwhals import col, lit, when

# precision: decimals that stay (of latitude and longitude); 'none' shows no place at all
DECIMALS = {"exact": 5, "block": 3, "neighbourhood": 2, "city": 1}


def snap(frame: nw.LazyFrame) -> nw.LazyFrame:
    """Round `lat` and `long` by `place_precision`; without a known precision the place is dropped."""
    for name in ("lat", "long"):
        snapped = lit(None, dtype=nw.Float64)
        for precision, decimals in DECIMALS.items():
            snapped = when(col("place_precision") == precision).then(col(name).round(decimals)).otherwise(snapped)
        frame = frame.with_columns(snapped.alias(name))
    told = (col("place_precision") != "none").fill_null(False)
    return frame.with_columns(place_label=when(told).then(col("place_label")))
