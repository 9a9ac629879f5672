"""Numbers, days and amounts are written one way; people's words stay text; colours can be read, by day and night."""

import math
import re

import pandas as pd
import pytest

from dashboards import data, markup, sentences, show, theme
from dashboards.views import map
from dashboards.words import HEADINGS
from hub import streamlit_side
from hub.brand import contrast
from hub.releases import current
from tests.made_release import CITY

NASTY = "<script>alert(1)</script> *b* _i_ `c` $x^2$ [l](javascript:x) :red[r] :smile: # h\n- l ~~s~~ | t | &amp; \\"


@pytest.mark.parametrize(
    ("cents", "written"),
    [
        (0, "$0"),
        (99_50, "$100"),
        (1_234_00, "$1,234"),
        (999_999_00, "$999,999"),
        (1_000_000_00, "$1.0 million"),
        (-23_200_000_00, "−$23.2 million"),
        (1_240_000_000_00, "$1.24 billion"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_amounts(cents, written):
    assert theme.dollars(cents) == written


def test_days_numbers_and_shares():
    assert theme.day("2025-11-21") == "21 Nov 2025"
    assert theme.day(None) == "–"
    assert theme.number(1234.56, 1) == "1,234.6"
    assert (theme.share(0.5356), theme.share(0.5356, 1), theme.share(math.nan)) == ("54 %", "53.6 %", "–")
    assert (theme.days(1), theme.days(0), theme.days(1234)) == ("1 day", "0 days", "1,234 days")
    assert [theme.round_dollars(cents) for cents in (0, 25_000_00, -1_500_000_000_00)] == ["$0", "$25k", "−$1.5B"]


def test_the_colours_are_those_of_the_release(folder):
    look = theme.read(current(folder).metadata)
    assert look.name == CITY.brand.name
    assert look["primary"] == CITY.brand.colours["primary"]


def test_a_release_without_colours_gets_the_hubs(tmp_path):
    assert theme.read(tmp_path / "metadata.yml")["text"] == "#1b1f24"


@pytest.mark.parametrize("night", [False, True])
def test_text_can_be_read_by_day_and_by_night(night):
    look = data.colours()
    look = theme.at_night(look) if night else look
    for ink in ("text", "muted", "primary", "accent"):
        assert contrast(look[ink], look["background"]) >= 4.5
        assert contrast(look[ink], look["surface"]) >= 4.5


def test_night_has_the_colours_that_streamlit_is_given():
    options = streamlit_side.theme(CITY)
    night = theme.at_night(data.colours())
    assert {name: options[f"theme.dark.{option}"] for name, option in NIGHT_OPTIONS.items()} == {
        name: night[name] for name in NIGHT_OPTIONS
    }


NIGHT_OPTIONS = {
    "text": "textColor",
    "background": "backgroundColor",
    "surface": "secondaryBackgroundColor",
    "primary": "primaryColor",
}


def test_five_steps_of_one_colour_grow_darker():
    lightness = [contrast(step, "#ffffff") for step in data.colours().ramp]
    assert lightness == sorted(lightness)
    assert len(set(lightness)) == 5


def test_markdown_cannot_start_in_a_citys_words():
    escaped = show.plain(NASTY)
    assert escaped.replace("\\", "") == NASTY.replace("\\", "")
    for place, character in enumerate(escaped):
        if character in "*_`$[]():#-~|<>&" and character != "\\":
            assert escaped[place - 1] == "\\"


def test_html_cannot_start_in_a_persons_words():
    for made in (
        markup.passage(NASTY, NASTY),
        markup.title(NASTY, NASTY),
        markup.entries([(NASTY, NASTY, NASTY, NASTY)]),
        markup.table(NASTY, [NASTY], [[NASTY]], [False]),
    ):
        assert "<script" not in made
        assert "alert(1)" in made


def test_a_passage_keeps_its_paragraphs_and_its_language():
    made = markup.passage("Uno.\n\nDos\nmás.\r\n\r\nTres.", "es")
    assert made == '<div class="cg-told" lang="es"><p>Uno.</p><p>Dos más.</p><p>Tres.</p></div>'


def test_a_table_can_be_reached_and_its_rows_are_named():
    made = markup.table("Times", ["Group", "Days"], [["Trees", "7"]], [False, True])
    assert 'role="region" tabindex="0" aria-label="Times"' in made
    assert '<th scope="col" class="s">Group</th><th scope="col" class="n">Days</th>' in made
    assert '<tr><th scope="row" class="s">Trees</th><td class="n">7</td></tr>' in made


def test_no_two_columns_of_a_measure_have_one_heading():
    for measure in ("time_to_close", "on_time_share", "budget_change", "capital_projects_table", "story_places"):
        headings = [HEADINGS[column] for column in data.ask(measure).columns if column in HEADINGS]
        assert len(headings) == len(set(headings)), measure


def test_an_unknown_parameter_is_an_error():
    with pytest.raises(TypeError, match="no parameter colour"):
        data.ask("time_to_close", colour="red")


def test_an_answer_may_be_changed_without_changing_the_next():
    mine = data.ask("time_to_close")
    mine.loc[:, "n"] = 0
    assert data.ask("time_to_close")["n"].sum() > 0


def test_the_release_is_opened_for_reading_only():
    with data._open(data.release()) as db, pytest.raises(Exception, match="readonly"):
        db.execute("delete from service_requests")


def time_row(**given) -> pd.Series:
    return pd.Series({"median_days": 7, "median_low": 5, "median_high": 9, "p90_days": 20, "note": ""} | given)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (time_row(), "Half were closed within 7 days (95 % interval 5 to 9); nine in ten within 20 days."),
        (
            time_row(median_high=None, p90_days=None, note="more than a tenth still open after 90 days"),
            "Half were closed within 7 days (95 % interval 5 to an end not reached); "
            "more than a tenth still open after 90 days.",
        ),
        (
            time_row(median_days=None, note="more than half still open after 90 days"),
            "More than half still open after 90 days.",
        ),
    ],
)
def test_a_time_is_told_in_a_sentence_even_where_it_is_not_reached(row, sentence):
    assert sentences.half(row) == sentence


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ((4, None, None), "Of Streets, half were closed within 4 days. For 2 of 3 there is no such day to state."),
        ((0, None, None), "Of Streets, half were closed on the day they were made. For 2 of 3 there is no such"),
        ((4, 9, None), "For 2 of 3, half were closed between 4 days and 9 days after they were made, depending on the"),
        ((4, 4, 4), "Half of the requests were closed within 4 days."),
        (
            (4, 9, 7),
            "Half of the requests were closed between 4 days and 9 days after they were made, depending on the",
        ),
        ((None, None, None), "None of these has seen half of its requests closed while they were watched."),
    ],
)
def test_what_holds_of_some_groups_is_not_told_of_all_requests(days, sentence):
    frame = pd.DataFrame({"label": ["Streets", "Housing", "Trash"], "median_days": pd.Series(days, dtype="float")})
    assert sentences.spans(frame, "service group").startswith(sentence)


def test_a_month_more_or_fewer():
    row = {"month_end": "2025-05-31", "opened": 10, "closed": 12}
    assert "10 requests were opened, 2 fewer than were closed" in sentences.flow(pd.Series(row))
    assert "as many as closed" in sentences.flow(pd.Series(row | {"closed": 10}))


def test_one_of_a_thing_is_not_told_as_many():
    series, frame, one = pd.Series, pd.DataFrame, {"n": 1, "note": "", "month": "2025-05"}
    requests, stories = frame({"level": ["h3_9"], "requests": [1]}), frame({"id": ["a"]})
    told = [
        sentences.months(frame([one])),
        sentences.months(frame([one, one | {"month": None}])),
        sentences.half(time_row(median_days=1, p90_days=1)),
        sentences.kept(series({"due": 1, "share": 1.0, "low": 0.2, "high": 1.0})),
        sentences.still_open(series({"month_end": "2025-05-31", "as_of": "2025-06-30", "open": 1})),
        sentences.flow(series({"month_end": "2025-05-31", "opened": 1, "closed": 1})),
        sentences.old(frame({"open": [1], "age_91_365": [1], "age_over_365": [0]})),
        sentences.areas(frame({"requests": [1], "district": ["Unlocated"]}), 1),
        sentences.elsewhere(requests, "h3_8"),
        sentences.elsewhere(requests.assign(level="city"), "h3_8"),
        sentences.stories(stories, stories),
        sentences.stories(stories, stories.head(0)),
        sentences.spent(frame({"budget_cents": [1], "spent_cents": [0], "unstated": [1]})),
        sentences.built(stories, stories),
    ]
    many = r"\b1 (open )?(more tell|days|requests|stories|projects|others)\b|\b1 (are|have|were)\b|\b1 \w+ (are|were|have|do)\b"
    assert [sentence for sentence in told if re.search(many, sentence)] == []
    assert "1 request is placed" in told[7] and "1 request were open" not in told[4]
    assert told[9] == "1 of 1 request is placed in no area smaller than the city."


def test_one_area_is_not_told_as_many():
    assert [map._areas(1, level) for level in ("h3_9", "neighbourhood")] == ["1 small cell", "1 neighbourhood"]
    assert map._areas(2, "h3_8") == "2 medium cells (about 0.7 km²)"


def test_before_anything_was_watched_everything_is_open():
    frame = pd.DataFrame({"day": [40], "fixed": [0.5], "still_open": [0.5]})
    assert sentences.ended(frame).startswith("30 days after they were made, 0 % of the requests were fixed, 0 %")


def test_money_that_cannot_be_drawn_is_said():
    rows = [("Streets", 300_00), ("Parks", 100_00), ("Streets", -50_00)]
    frame = pd.DataFrame(rows, columns=["department", "amount_cents"])
    assert sentences.budget(frame) == (
        "$350 in all; the largest department is Streets, with $250. "
        "−$50 is set against that and cannot be drawn as an area."
    )


def test_less_than_a_dollar_is_not_written_as_nothing():
    assert (theme.whole_dollars(-4), theme.whole_dollars(0), theme.whole_dollars(150)) == ("−$0.04", "$0", "$2")
