"""How a closed request ended: thirteen dispositions, six outcome classes, one table."""

FIXED, NO_ACTION, DUPLICATE, REFERRED, ADMINISTRATIVE, UNKNOWN = OUTCOMES = (
    "fixed",
    "no_action",
    "duplicate",
    "referred",
    "administrative",
    "unknown",
)

# disposition: (outcome class, what it means)
DISPOSITIONS = {
    "done": (FIXED, "The city says the work was done."),
    "enforced": (FIXED, "A rule was enforced: a violation was issued or corrected."),
    "nothing_found": (NO_ACTION, "Inspected; nothing to do was found."),
    "no_access": (NO_ACTION, "The crew or inspector could not get in."),
    "referred": (REFERRED, "Handed to another agency."),
    "duplicate": (DUPLICATE, "The same problem had been reported already."),
    "invalid": (NO_ACTION, "Not a valid request, or not enough information."),
    "cancelled": (ADMINISTRATIVE, "Cancelled or voided."),
    "information_only": (ADMINISTRATIVE, "A question answered; no work was asked for."),
    "scheduled": (ADMINISTRATIVE, "Closed when the work was scheduled; whether it was done is not told."),
    "noted": (ADMINISTRATIVE, "Noted; no work is claimed."),
    "administrative": (ADMINISTRATIVE, "Closed by an internal step; no work is claimed."),
    "unknown": (UNKNOWN, "The city gives no reason that can be read as an outcome."),
}
