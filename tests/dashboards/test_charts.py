"""Figures show what the measures answer, in the city's colours, and read a city's words as text."""

from itertools import pairwise

import pandas as pd
import pytest

from dashboards import charts, data, plot, theme
from hub.brand import contrast
from hub.city import COLOURS

LOOK = theme.Theme("City", "City", "", theme.palette(COLOURS))
DRAWN = {
    "requests_by_month": (charts.months, {}),
    "backlog_by_month": (charts.open_by_month, {}),
    "time_to_close": (charts.times, {}),
    "on_time_share": (charts.shares, {}),
    "closing_curve": (charts.curve, {}),
    "outcomes_by_day": (charts.outcomes, {}),
    "backlog_now": (charts.ages, {}),
    "budget_tree": (charts.tree, {"stage": "adopted", "direction": "expense"}),
    "budget_change": (charts.changes, {"stage": "adopted", "direction": "expense"}),
    "capital_by_phase": (charts.plan_and_spent, {}),
}


def figure(measure: str):
    draw, chosen = DRAWN[measure]
    frame = data.ask(measure, **chosen)
    return frame, draw(frame, LOOK)


def time_row(label, median, low, high, note="") -> dict:
    told = {"label": label, "median_days": median, "median_low": low, "median_high": high, "note": note}
    return told | dict.fromkeys(("p90_days", "p90_low", "p90_high"))


@pytest.mark.parametrize("measure", DRAWN)
def test_every_figure_holds_still_under_a_finger_and_has_readable_axes(measure):
    _, drawn = figure(measure)
    for axis in (drawn.layout.xaxis, drawn.layout.yaxis):
        assert axis.fixedrange
        assert contrast(axis.tickfont.color, drawn.layout.paper_bgcolor) >= 4.5


def test_a_dot_stands_at_the_median_with_its_interval():
    frame = pd.DataFrame([time_row("A", 5, 4, 7), time_row("B", 9, 8, None)])
    dots = charts.times(frame, LOOK).data[0]
    at = {day: float(plot.along(pd.Series([day])).iloc[0]) for day in (4, 5, 7, 8, 9)}
    assert [*dots.x] == [at[5], at[9]]
    assert [*dots.error_x.array] == pytest.approx([at[7] - at[5], 0])  # an end that is not reached is not drawn
    assert [*dots.error_x.arrayminus] == pytest.approx([at[5] - at[4], at[9] - at[8]])
    assert dots.customdata[1] == "9 (95 % interval 8–not reached)"


def test_a_scale_of_times_holds_every_day_and_names_days_that_stand_there():
    frame = pd.DataFrame([time_row("A", 0, 0, 1), time_row("B", 2500, 2000, 2800)])
    drawn = charts.times(frame, LOOK)
    low, high = drawn.layout.xaxis.range
    assert low < 0 < max(drawn.data[0].x) < high
    named = zip(drawn.layout.xaxis.ticktext, drawn.layout.xaxis.tickvals, strict=True)
    assert {words: place for words, place in named}["1,000"] == plot.along(pd.Series([1000])).iloc[0]


def test_many_that_say_the_same_instead_of_a_mark_make_one_line():
    silent = [time_row(name, None, None, None, "no target") for name in "BCDE"]
    frame = pd.DataFrame([*silent, time_row("F", None, None, None, "open"), time_row("G", 5, 4, 7)])
    drawn = charts.times(frame, LOOK)
    assert [*drawn.layout.yaxis.categoryarray][::-1] == ["G", "B and 3 more", "F"]
    assert {note.y: note.text for note in drawn.layout.annotations} == {"B and 3 more": "no target", "F": "open"}


def test_names_of_several_lines_do_not_run_into_each_other():
    long = "A Commission for Persons with Many Words in its Name"
    frame = pd.DataFrame([time_row(f"{long} {i}", 5, 4, 7) for i in range(6)])
    drawn = charts.times(frame, LOOK)
    lines = plot.names(frame["label"])[0].count("<br>") + 1
    assert lines >= 3
    assert drawn.layout.height >= len(frame) * lines * plot.LINE


def test_notes_of_several_lines_do_not_run_into_each_other():
    note = "more than half still open after {} days; few cases"
    frame = pd.DataFrame(
        [time_row("A", 5, 4, 7), *(time_row(name, None, None, None, note.format(name)) for name in "BC")]
    )
    shares = frame.assign(share=None, low=None, high=None, due=0)
    for drawn in (charts.times(frame, LOOK), charts.shares(shares, LOOK)):
        margin, (low, high) = drawn.layout.margin, drawn.layout.yaxis.range
        axis = 45  # pixels that the numbers and the title below the rows take
        row = (drawn.layout.height - margin.t - margin.b - axis) / (high - low)
        notes = [note.text.count("<br>") + 1 for note in drawn.layout.annotations]
        assert max(notes) == 2 and row >= max(notes) * plot.LINE


def test_small_changes_are_drawn_as_one_so_that_the_chart_ends_somewhere():
    changes = [(-1) ** i * 100 * i for i in range(1, 61)]
    frame = pd.DataFrame({"department": [f"D{i}" for i in range(60)], "change_cents": changes})
    frame = frame.assign(before_cents=1000, amount_cents=1000 + frame["change_cents"])
    (bars,) = charts.changes(frame, LOOK).data
    assert len(bars.y) == charts.MOST + 1
    assert bars.y[-1] == f"{60 - charts.MOST} others together"
    assert sum(bars.x) == pytest.approx(sum(changes) / 100)
    assert [*bars.x[:-1]] == sorted(bars.x[:-1], reverse=True)


def test_what_is_not_reached_is_written_where_its_dot_would_be():
    frame = pd.DataFrame([time_row("A", 5, 4, 7), time_row("B", None, None, None, "more than half still open")])
    (note,) = charts.times(frame, LOOK).layout.annotations
    assert (note.y, note.text) == ("B", "more than half still open")


def test_the_first_label_stands_on_top():
    frame, drawn = figure("time_to_close")
    assert [*drawn.layout.yaxis.categoryarray][::-1] == plot.names(frame["label"])


def test_a_curve_begins_with_all_requests_open():
    _, drawn = figure("closing_curve")
    line = drawn.data[-1]
    assert line.line.shape == "hv"
    assert max(line.x) <= charts.FIRST_DAYS


def test_outcomes_fill_the_whole_height():
    _, drawn = figure("outcomes_by_day")
    heights = [sum(trace.y[i] for trace in drawn.data) for i in range(len(drawn.data[0].x))]
    assert heights == [pytest.approx(100)] * len(heights)
    assert len(drawn.data) == 7
    assert len({trace.fillcolor for trace in drawn.data}) == 7


def test_the_tree_holds_all_the_money_at_every_level():
    frame, drawn = figure("budget_tree")
    (tree,) = drawn.data
    children = {}
    for node, parent, amount in zip(tree.ids, tree.parents, tree["values"], strict=True):
        children.setdefault(parent, []).append((node, amount))
    assert children[""] == [("all", frame["amount_cents"].sum())]
    for node, amount in (pair for pairs in children.values() for pair in pairs):
        assert node not in children or sum(part for _, part in children[node]) == amount


@pytest.mark.parametrize("look", [LOOK, theme.at_night(LOOK)], ids=["day", "night"])
def test_the_words_on_the_tree_can_be_read(look):
    (tree,) = charts.tree(data.ask("budget_tree", stage="adopted", direction="expense"), look).data
    for fill, ink in zip(tree.marker.colors, tree.textfont.color, strict=True):
        assert contrast(fill, ink) >= 4.5


def test_amounts_below_zero_are_left_out_of_the_tree():
    rows = [("A", "B", "C", 100), ("A", "B", "D", -40)]
    frame = pd.DataFrame(rows, columns=["cabinet", "department", "program", "amount_cents"])
    assert charts.tree(frame, LOOK).data[0]["values"][0] == 100


def test_months_that_may_still_grow_are_pale():
    frame = pd.DataFrame({"month": ["2025-01", "2025-02"], "n": [4, 2], "note": ["", "may still grow"]})
    colours = charts.months(frame, LOOK).data[0].marker.color
    assert colours[0] == LOOK["primary"] != colours[1]


@pytest.mark.parametrize("months", [["2025-03"], ["2025-03", "2025-05"], [f"2025-{i:02}" for i in range(1, 9)]])
def test_a_few_months_are_named_once_each_and_a_bar_is_no_wider_than_its_month(months):
    frame = pd.DataFrame({"month": months, "n": 4, "note": ""})
    drawn = charts.months(frame, LOOK)
    assert [*drawn.layout.xaxis.tickvals] == [f"{month}-01" for month in months]
    if len(months) < plot.FEW:
        low, high = (pd.Timestamp(end) for end in drawn.layout.xaxis.range)
        assert low < pd.Timestamp(months[0]) and pd.Timestamp(months[-1]) < high
        assert pd.Timedelta(milliseconds=drawn.data[0].width) < (high - low) / 8
    ends = pd.DataFrame({"month_end": [f"{month}-28" for month in months], "opened": 1, "closed": 1, "open": 1})
    for draw in (charts.open_by_month, charts.flow_by_month):
        assert len(draw(ends.assign(as_of="2026-01-01"), LOOK).layout.xaxis.tickvals) == len(months)


def test_many_months_choose_their_own_ticks_and_none_makes_an_empty_chart():
    many = pd.DataFrame({"month": [f"2025-{i:02}" for i in range(1, 13)], "n": 4, "note": ""})
    assert charts.months(many, LOOK).layout.xaxis.tickvals is None
    assert len(charts.months(many.assign(month=None), LOOK).data[0].x) == 0


def test_a_month_that_is_not_over_is_drawn_at_the_day_of_the_data_and_is_no_flow():
    rows = [("2025-05-31", 5, 3, 9), ("2025-06-30", 1, 1, 9)]
    frame = pd.DataFrame(rows, columns=["month_end", "opened", "closed", "open"]).assign(as_of="2025-06-12")
    assert [*charts.open_by_month(frame, LOOK).data[0].x] == ["2025-05-31", "2025-06-12"]
    assert [*charts.flow_by_month(frame, LOOK).data[0].x] == ["2025-05-31"]


def test_a_citys_words_are_text():
    (written,) = plot.names(["<b>Bold</b> & <a href='x'>y</a>"])
    assert written.replace("<br>", " ") == "&lt;b&gt;Bold&lt;/b&gt; &amp; &lt;a href='x'&gt;y&lt;/a&gt;"


@pytest.mark.parametrize(("low", "high"), [(0, 123_00), (-5_000_000_00, 9_000_000_00), (0, 3_400_000_000_00)])
def test_a_money_axis_has_a_few_round_amounts(low, high):
    drawn = plot.figure(LOOK, 100)
    plot.money(drawn, pd.Series([low, high]))
    assert 2 <= len(drawn.layout.xaxis.tickvals) <= 7
    assert 0 in drawn.layout.xaxis.tickvals


def test_a_money_axis_without_money_is_nought():
    drawn = plot.figure(LOOK, 100)
    plot.money(drawn, pd.Series([0, 0]))
    assert [*drawn.layout.xaxis.ticktext] == ["$0"]


@pytest.mark.parametrize("look", [LOOK, theme.at_night(LOOK)], ids=["day", "night"])
def test_outcomes_that_meet_differ_in_lightness(look):
    assert all(contrast(one, other) > 1.15 for one, other in pairwise(look.outcomes.values()))
