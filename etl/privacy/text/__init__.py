"""Free text, layer by layer: nothing here claims to find every name, so what is shown is always opt-in and reviewed."""

from etl.privacy.text.lexicon import NOWHERE, Gazetteer
from etl.privacy.text.redact import LAYERS, available, fingerprint, redact
from etl.privacy.text.spans import Redacted, Span

__all__ = ["LAYERS", "NOWHERE", "Gazetteer", "Redacted", "Span", "available", "fingerprint", "redact"]
