"""What the data is, and how it is served."""
