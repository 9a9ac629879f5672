"""One privacy rule per file. Each is a pure function over Narwhals frames; `etl/anonymize.py` puts them in order."""
