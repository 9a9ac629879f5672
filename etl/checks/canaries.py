"""Check of the text layers: canaries that were sent through them with this city's words are all hidden."""

from etl.checks.finding import Case, Finding

NONE = "no text is released, so none was sent"


def canaries_hidden(case: Case) -> list[Finding]:
    if case.canaries is None:
        return []
    planted, hidden = case.canaries.planted, case.canaries.hidden
    value = f"{hidden} of {planted}" if planted else NONE
    return [Finding("canary_recall", "all", value, hidden == planted, planted)]
