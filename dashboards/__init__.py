"""How people see the data."""
