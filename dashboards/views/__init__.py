"""One dashboard per file; each has a render()."""
