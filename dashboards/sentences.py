"""One plain sentence for each chart, made from its numbers and nothing else."""

import pandas as pd

from dashboards.theme import MONTHS, counted, day, days, dollars, number, share
from dashboards.words import STAGES

WHY_NO_SHARE = {
    "no target": "the city gives no day by which these are to be fixed",
    "late ones cannot be told": "which of them are late cannot be told",
}


def months(frame: pd.DataFrame) -> str:
    """requests_by_month: the newest month that is complete, and the highest one."""
    over = frame[frame["month"].notna() & (frame["note"] == "")]
    if over.empty:
        return "All of these months may still grow."
    last, top = over.iloc[-1], over.loc[over["n"].idxmax()]
    rest = int(frame["n"][frame["month"].isna()].sum())
    return (
        f"{counted(last['n'], 'request is', 'requests are')} counted in {_month(last['month'])}, the newest month that is "
        f"complete; the most in {_month(top['month'])} ({number(top['n'])}). What tells only its week counts in the month "
        "in which that week begins."
    ) + (f" {counted(rest, 'more tells', 'more tell')} only the quarter or year, and no month." if rest else "")


def ended(frame: pd.DataFrame) -> str:
    """outcomes_by_day: what had become of the requests by a day on which they were still watched."""
    last = min(30, int(frame["day"].max()))
    seen = frame[frame["day"] <= last]
    fixed, still_open = (seen["fixed"].iloc[-1], seen["still_open"].iloc[-1]) if len(seen) else (0, 1)
    return (
        f"{days(last)} after they were made, {share(fixed)} of the requests were fixed, "
        f"{share(1 - fixed - still_open)} were closed without that, and {share(still_open)} were still open."
    )


def spans(frame: pd.DataFrame, by: str) -> str:
    """time_to_close, several lines: from the shortest to the longest time that can be stated, and for whom."""
    told = frame[frame["median_days"].notna()]
    if told.empty:
        return "None of these has seen half of its requests closed while they were watched."
    low, high = int(told["median_days"].min()), int(told["median_days"].max())
    when = f"within {days(low)}" if low else "on the day they were made"
    if low < high:
        start = days(low) if low else "the same day"
        when = f"between {start} and {days(high)} after they were made, depending on the {by}"
    if len(told) == len(frame):
        return f"Half of the requests were closed {when}."
    some = f"Of {told['label'].iloc[0]}," if len(told) == 1 else f"For {len(told)} of {len(frame)},"
    return (
        f"{some} half were closed {when}. For {len(frame) - len(told)} of {len(frame)} there is no such day to state."
    )


def half(row: pd.Series) -> str:
    """time_to_close, one line: its median with the interval, and the day by which nine in ten were closed."""
    if pd.isna(row["median_days"]):
        return f"{str(row['note']).capitalize()}."
    high = "an end not reached" if pd.isna(row["median_high"]) else number(row["median_high"])
    tail = row["note"] if pd.isna(row["p90_days"]) else f"nine in ten within {days(row['p90_days'])}"
    middle = f"{days(row['median_days'])} (95 % interval {number(row['median_low'])} to {high})"
    return f"Half were closed within {middle}; {tail}."


def kept(row: pd.Series) -> str:
    """on_time_share, one line."""
    if pd.isna(row["share"]):
        return f"For this choice as a whole no share is stated: {WHY_NO_SHARE.get(row['note'], row['note'])}."
    return (
        f"Of {counted(row['due'], 'request', 'requests')} whose promised day has passed, {share(row['share'], 1)} were fixed by it "
        f"(95 % interval {share(row['low'], 1)} to {share(row['high'], 1)})."
    )


def still_open(row: pd.Series) -> str:
    """backlog_by_month, its last line."""
    were = counted(row["open"], "request was", "requests were")
    return f"At the end of {day(min(row['month_end'], row['as_of']))}, {were} open."


def flow(row: pd.Series) -> str:
    """backlog_by_month, the line of a month that is over."""
    more = int(row["opened"] - row["closed"])
    change = f"{number(abs(more))} {'more' if more > 0 else 'fewer'} than were closed" if more else "as many as closed"
    month = f"In the month that ended on {day(row['month_end'])}"
    return f"{month}, {counted(row['opened'], 'request was', 'requests were')} opened, {change}."


def old(frame: pd.DataFrame) -> str:
    """backlog_now: how many have waited long."""
    long = int(frame["age_91_365"].sum() + frame["age_over_365"].sum())
    of = counted(frame["open"].sum(), "open request", "open requests")
    return f"Of {of}, {counted(long, 'has', 'have')} been open for more than 90 days."


def areas(drawn: pd.DataFrame, n: int) -> str:
    """requests_by_area: the area that holds most."""
    if drawn.empty:
        return "No area holds enough of these requests to be drawn."
    top = drawn.loc[drawn["requests"].idxmax()]
    where = "" if top["district"] == "Unlocated" else f", in {top['district']},"
    most = f"The area with most of them{where} has {number(top['requests'])}."
    return f"{counted(n, 'request is', 'requests are')} placed in areas of this size. {most}"


def elsewhere(precision: pd.DataFrame, level: str) -> str:
    """requests_by_precision: what the map of one kind of area leaves out."""
    by_level = precision.set_index("level")["requests"]
    unlocated = int(by_level.get("city", 0))
    others = int(by_level.sum()) - unlocated - int(by_level.get(level, 0))
    of = counted(by_level.sum(), "request", "requests")
    words = f"{number(unlocated)} of {of} {_is(unlocated or by_level.sum())} placed in no area smaller than the city."
    return words + (f" {number(others)} {_is(others)} released for areas of another size." if others else "")


def stories(frame: pd.DataFrame, drawn: pd.DataFrame) -> str:
    """story_places: how many are on the map."""
    rest = len(frame) - len(drawn)
    words = (
        f"{number(len(drawn))} of {counted(len(frame), 'story', 'stories')} {_is(len(drawn) or len(frame))} on the map."
    )
    return words + (f" {number(rest)} {_is(rest)} placed in the whole city or not at all." if rest else "")


def budget(frame: pd.DataFrame) -> str:
    """budget_tree: the sum and its largest department."""
    parts = frame.groupby("department")["amount_cents"].sum()
    below = int(frame["amount_cents"][frame["amount_cents"] < 0].sum())
    words = f"{dollars(parts.sum())} in all; the largest department is {parts.idxmax()}, with {dollars(parts.max())}."
    return words + (f" {dollars(below)} is set against that and cannot be drawn as an area." if below else "")


def change(frame: pd.DataFrame, before: str) -> str:
    """budget_change: more or less than before, in all."""
    now, then = int(frame["amount_cents"].sum()), int(frame["before_cents"].sum())
    word = "more" if now >= then else "less"
    by = f", {share(abs(now - then) / then, 1)}" if then > 0 else ""
    words = f"{dollars(now)} is {dollars(abs(now - then))} {word} than the {before}{by}"
    return f"{words}; amounts are not corrected for inflation."


def spent(frame: pd.DataFrame) -> str:
    """capital_by_phase: plan and spending, in all."""
    words = (
        f"{dollars(frame['budget_cents'].sum())} is planned and {dollars(frame['spent_cents'].sum())} has been spent."
    )
    unstated = int(frame["unstated"].sum())
    silent = counted(unstated, "project does not state what it", "projects do not state what they")
    return words + (f" {silent} spent." if unstated else "")


def built(frame: pd.DataFrame, placed: pd.DataFrame) -> str:
    """capital_projects_table: how many are on the map."""
    on_map = f"{number(len(placed))} of {counted(len(frame), 'project', 'projects')} {_is(len(placed) or len(frame))} on the map"
    return f"{on_map}; any other is citywide or states no place."


def singled_out(frame: pd.DataFrame, tier: str) -> str:
    """privacy_risk of one tier: the best guess of an attacker, or that this tier tells of the street."""
    found = frame.set_index("measure")
    rows = counted(found.at["rows", "value"], "row of this tier is", "rows of this tier are")
    words = f"{rows} in this release. "
    if tier == "A":
        return words + "They tell of the street, not of a person, and may stand alone."
    best = found.loc["prosecutor_risk_max"]
    if pd.isna(best["value"]):
        return words + "Nobody can be singled out."
    chance = f"{number(best['numerator'])} in {number(best['denominator'])}"
    return (
        words + f"Someone who knows that a person is among them picks the right row with a chance of {chance} at most."
    )


def of_all(row: pd.Series) -> str:
    """A headline's n; where some requests are left out, how many of how many, and why."""
    left = 0 if pd.isna(row.get("total")) else int(row["total"] - row["n"])
    if left <= 0:
        return number(row["n"])
    have = "has" if left == 1 else "have"
    return f"{number(row['n'])} of {number(row['total'])} ({number(left)} {have} no usable closing time or status)"


def stage(name: str) -> str:
    return STAGES.get(name, name).lower()


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _month(value: str) -> str:
    return f"{MONTHS[int(value[5:]) - 1]} {value[:4]}"
