"""Side-by-side measurements; their results are committed."""
