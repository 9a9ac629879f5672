"""What the gate asks of a finished release, by subject."""
