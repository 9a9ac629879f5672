"""Why some faults of the failure matrix cannot go wrong on some platform, and which other tests hold its rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.sources.bare import ALIKE, ALL, OTHERS
from tests.sources.matrix import ALWAYS, FIRST, LAST_STUCK, LIES, MIDDLE_STUCK, Fault
from tests.sources.tiny_hub import PLATFORMS

OPEN311 = ("open311", "open311_xml")
WITHOUT_COUNT = (*OPEN311, "files", "legistar", "ical")
WITH_LINKS = ("dataverse", "seeclickfix")
BEHIND_THE_LAST = ("socrata", "soda3", "arcgis", "ckan", "carto")
NUMBERED = ("socrata", "soda3", "arcgis", "ckan", "ckan_offset", "carto")
PAGES = tuple(name for name in LIES if LIES[name].row == "F6" and LIES[name].words[0] not in ("empty", "short"))


def but(*platforms: str) -> tuple[str, ...]:
    return tuple(name for name in ALL if name not in platforms)


@dataclass(frozen=True)
class Cannot:
    """Why: of these faults on these platforms, on every page or on these only."""

    why: str
    faults: Iterable[str]
    platforms: Iterable[str]
    places: Iterable[str] = ()


CANNOT = (
    Cannot("all comes in one answer, there are no pages", PAGES, ("files", "ical")),
    Cannot("it gives no links: where to go on the adapter says itself", PAGES[-6:-2], but(*WITH_LINKS, "arcgis")),
    Cannot("it gives no links, only a word that more follows", PAGES[-5:-2], ("arcgis",)),
    Cannot("it tells no count", PAGES[-2:], WITHOUT_COUNT),
    Cannot("nothing was told before", ("a page that came before",), (*BEHIND_THE_LAST, "seeclickfix"), (FIRST,)),
    Cannot("what is asked for lies behind the last row", ("rows that come again",), BEHIND_THE_LAST),
    Cannot(
        "what a server shows to nobody nobody can miss", ("rows that are skipped",), (*OPEN311, "legistar"), (ALWAYS,)
    ),
    Cannot("a council without matters looks like that", ("an empty page",), ("legistar",), (ALWAYS,)),
    Cannot(
        "a file that is short every time is what the city publishes; that a fifth is gone is not believed by the runner",
        ("a short page",),
        ("files",),
        (MIDDLE_STUCK, LAST_STUCK, ALWAYS),
    ),
    Cannot("a calendar has no rows on the wire", ("an empty page", "a short page", "a new column"), ("ical",)),
    Cannot(
        "the fault is put into a row; calendars have cp1252",
        ("bytes that are no characters", "NUL in the text"),
        ("ical",),
    ),
    Cannot(
        "it is in the calendar or it is not",
        ("rows that come in meanwhile", "a row that goes meanwhile", "a storm of writing"),
        ("ical",),
    ),
    Cannot("its ids are numbers, or made by us", ("ids that are numbers",), ("seeclickfix", "legistar", "ical")),
    Cannot("only XML has a root", ("another root",), but("open311_xml")),
    Cannot("only JSON is wrapped", ("a list within something",), ("open311_xml", "files", "ical")),
    Cannot("no answer has one row", ("a row instead of rows",), but("open311", "arcgis", "dataverse", "legistar")),
    Cannot(
        "what is not read as XML opens no entities", ("an XML bomb", "an entity that is a file"), but("open311_xml")
    ),
    Cannot("its tokens do not expire", ("a token that expires",), but("dataverse")),
    Cannot("it has no running numbers, or they are the ids", ("rows that are numbered anew",), but(*NUMBERED)),
)

# What is parsed when it is there already is not asked for again at once: the run says so, and the next one does.
AT_ONCE = ("a text that is cut", "an export that is still being made", "null")
NOT_ASKED_AGAIN = {
    "ical": (*AT_ONCE, "a text without a length that is cut"),
    "files": (
        *AT_ONCE,
        "a text without a length that is cut",
        "UTF-16",
        "cp1252",
        "bytes that are no characters",
        "NUL in the text",
    ),
}

# What nobody can see in a reading of changes: the next reading of all, a week later at the latest, tells.
AS_IF_UNCHANGED = {
    ("open311", "an empty page", ALWAYS),
    ("open311_xml", "an empty page", ALWAYS),
    ("open311_xml", "the first page again", ALWAYS),
    ("dataverse", "an empty page", ALWAYS),
    ("dataverse", "a short page", ALWAYS),
}


@dataclass(frozen=True)
class Held:
    """Tests that hold a row of the matrix, or a part of it, for these platforms; without tests, why there are none."""

    platforms: Iterable[str]
    tests: tuple[str, ...] = ()
    why: str = ""


IN_THE_VAULT = tuple(PLATFORMS)  # the others feed no dataset yet
NO_DATASET = "it feeds no dataset yet: nothing of it is judged or stored"
MATRIX, CONTRACT = "sources/test_failure_matrix.py", "sources/test_contract.py"
HELD = {
    "F3": (
        Held(ALL, (f"{MATRIX}::test_where_nobody_listens_it_is_told",)),
        Held(
            ALL,
            (
                "sources/test_http.py::test_a_name_that_nobody_knows",
                "sources/test_http.py::test_a_server_that_falls_silent",
                "sources/test_http.py::test_a_few_bytes_a_second_do_not_hold_a_run",
                f"{CONTRACT}::test_a_system_that_is_down_does_not_stop_the_others",
            ),
            "all ask by the same client, and all are run by the same runner",
        ),
    ),
    "F6": (
        Held(ALIKE, (), "they walk as others do: with CITYGLASS_LONG=1"),
        Held(("ical",), ("sources/test_ical.py::test_what_is_no_whole_calendar_is_refused",), "it has no pages"),
    ),
    "F7": (
        Held(
            ("legistar",),
            (
                "sources/test_legistar.py::test_a_child_that_the_server_cannot_give_counts_as_none_and_is_told",
                "sources/test_legistar.py::test_a_child_that_fails_once_is_asked_again_and_one_that_is_gone_is_none",
            ),
        ),
        Held(OPEN311, ("sources/test_open311.py::test_what_was_open_is_asked_for_again_from_where_it_stopped",)),
        Held(but("legistar", *OPEN311), (), "no row of it is asked for by itself"),
    ),
    "F8": (
        Held(IN_THE_VAULT, (f"{CONTRACT}::test_what_is_wrong_in_rows_is_set_aside_or_flagged_and_the_rest_is_read",)),
        Held(("ical",), ("sources/test_ical.py::test_an_event_that_tells_no_days_is_set_aside_with_the_reason",)),
    ),
    "F10": (
        Held(IN_THE_VAULT, (f"{CONTRACT}::test_what_is_wrong_in_rows_is_set_aside_or_flagged_and_the_rest_is_read",)),
        Held(IN_THE_VAULT, ("spec/test_dates.py::test_impossible_dates_are_set_aside_and_flagged",)),
        Held(OTHERS, (), NO_DATASET),
    ),
    "F11": (
        Held(IN_THE_VAULT, (f"{CONTRACT}::test_what_is_wrong_in_rows_is_set_aside_or_flagged_and_the_rest_is_read",)),
        Held(IN_THE_VAULT, ("spec/test_places.py::test_a_point_is_kept_or_set_aside_with_a_flag",)),
        Held(OTHERS, (), NO_DATASET),
    ),
    "F12": (
        Held(ALL, ("sources/test_wire.py::test_an_answer_that_would_not_fit_is_refused_in_little_memory",)),
        Held(IN_THE_VAULT, ("hub/test_cells.py::test_a_long_text_is_cut_and_stays_text",)),
    ),
    "F13": (
        Held(ALL, (f"{MATRIX}::test_killed_behind_any_page_it_goes_on_and_reads_at_most_one_page_again",)),
        Held(IN_THE_VAULT, (f"{CONTRACT}::test_killed_in_a_page_and_behind_one_it_ends_like_a_run_left_in_peace",)),
        Held(IN_THE_VAULT, ("etl/test_full_disk.py::test_without_room_nothing_is_lost_and_the_release_stays",)),
    ),
    "F14": (
        Held(IN_THE_VAULT, (f"{CONTRACT}::test_all_is_read_once_and_what_did_not_change_is_not_written_again",)),
        Held(OTHERS, (), NO_DATASET),
    ),
    "F15": (
        Held(IN_THE_VAULT, (f"{CONTRACT}::test_what_changed_is_seen_in_the_next_run_and_what_is_gone_within_a_week",)),
        Held(("ical",), (), "it is read whole every time"),
    ),
    "F16": (
        Held(ALL, (f"{MATRIX}::test_a_refusal_is_not_tried_again_and_names_the_setting",)),
        Held(
            ("dataverse",),
            (
                "sources/test_dataverse.py::test_an_expired_delta_link_means_that_all_is_read_again",
                "sources/test_dataverse.py::test_a_link_that_expired_while_the_run_was_broken_off_brings_all_again",
            ),
        ),
    ),
    "F17": (
        Held(IN_THE_VAULT, (f"{CONTRACT}::test_all_is_read_once_and_what_did_not_change_is_not_written_again",)),
        Held(("ckan", "ckan_offset"), ("sources/test_ckan.py::test_a_new_year_needs_no_new_configuration",)),
        Held(("ical",), (), "it has no running numbers and no times of writing"),
    ),
    "F18": (Held(ALL, (), "speed and memory are measured and not tested: python -m bench.sources"),),
}


def why_not(platform: str, name: str, place: str) -> str:
    """Why a fault cannot go wrong there; "" if it can."""
    found = (
        one.why
        for one in CANNOT
        if name in one.faults and platform in one.platforms and place in (one.places or [place])
    )
    return next(found, "")


def cases(faults: dict[str, Fault], platforms: Iterable[str] = ALL) -> Iterator[tuple[str, str, str]]:
    """Platform, name of a fault and place, wherever it can go wrong."""
    for platform in platforms:
        for name, fault in faults.items():
            yield from ((platform, name, place) for place in fault.places if not why_not(platform, name, place))
