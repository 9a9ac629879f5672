"""The script of a city's misbehaviour: what goes wrong, where, and how often.

    city.faults("status", 503, request=2)                 # the second request, once
    city.faults("cut", 700, page=3, times=2)              # the third page, twice, then it is whole
    city.faults("null", "id", row=0, has="page=2")        # every question that has these characters in it
    city.faults("capped", 50)                             # always

A page is numbered by its question: on one path the first question that is answered with rows is page 1, another
one page 2; the same question again (a retry) is the same page. `request` and `page` happen once unless `times` says
otherwise (ALWAYS for ever); with `has` alone, or with nothing, a fault happens for ever unless `times` is given.
What an answer does not have cannot go wrong in it: rows, a next link, a count. A fault that changes nothing (a page
is cut to the length that it has) has not happened.

The words are in four tables, which act in this order: wrong_turns (before the platform looks at its rows),
wrong_answers (something else is said instead), wrong_rows, wrong_bytes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature

from tests.cities import wrong_answers, wrong_bytes, wrong_rows, wrong_turns
from tests.cities.scene import Scene
from tests.cities.wire import Answer, Asked

ALWAYS = math.inf
TURNS, ANSWERS, ROWS, BYTES = (m.WORDS for m in (wrong_turns, wrong_answers, wrong_rows, wrong_bytes))
WORDS: dict[str, Callable] = TURNS | ANSWERS | ROWS | BYTES
NEEDS: dict[str, Callable[[Answer], bool]] = {  # what an answer must have for a word to change it
    **{word: lambda answer: answer.rows is not None for word in ROWS},
    **{word: lambda answer: bool(answer.rows) for word in ("invalid_utf8", "raw_controls", "giant_row")},
    **{word: lambda answer: "xml" in answer.kind for word in ("root", "doctype")},
    **{word: lambda answer: answer.rows is not None and "json" in answer.kind for word in ("wrapped", "one_object")},
    "misshapen": lambda answer: "json" in answer.kind,
    "last_page": lambda answer: bool(answer.more) and answer.more[1] in answer.more[0],
    "next_link": lambda answer: bool(answer.more) and "://" in str(answer.more[0].get(answer.more[1])),
    "counted": lambda answer: bool(answer.count),
}
ASIDE = {"meanwhile", "inserted", "token_expired"}  # they change something else than this very answer


@dataclass
class Fault:
    word: str
    values: tuple
    options: dict
    request: int | None
    page: int | None
    has: str | None
    times: float
    done: int = 0

    def fits(self, asked: Asked) -> bool:
        return (
            self.done < self.times
            and self.request in (None, asked.number)
            and self.page in (None, asked.page)
            and (self.has is None or self.has in asked.everything)
        )


@dataclass
class Faults:
    script: list[Fault] = field(default_factory=list)
    happened: list[tuple[str, int]] = field(default_factory=list)  # word, number of the request

    def __call__(
        self,
        word: str,
        *values,
        request: int | None = None,
        page: int | None = None,
        has: str | None = None,
        times: float | None = None,
        **options,
    ) -> Fault:
        """Add a fault to the script."""
        if word not in WORDS:
            raise ValueError(f"no fault is called {word!r}; there are: {', '.join(sorted(WORDS))}")
        signature(WORDS[word]).bind(None, *values, **options)
        often = times if times is not None else ALWAYS if request is page is None else 1
        fault = Fault(word, values, options, request, page, has, often)
        self.script.append(fault)
        return fault

    def clear(self) -> None:
        self.script.clear()

    def play(self, scene: Scene) -> Answer:
        """The answer after everything that goes wrong with this request has gone wrong."""
        honest = _said(scene.answer)
        if turned := self._due(scene, TURNS):
            self._act(scene, TURNS, turned)
            scene.answer = scene.platform.answer(scene.asked)
            is_other = _said(scene.answer) != honest
            self._note(scene, [fault for fault in turned if is_other or fault.word in ASIDE])
        if instead := self._due(scene, ANSWERS)[:1]:
            self._act(scene, ANSWERS, instead)
            self._note(scene, instead)
            return scene.answer
        for fault in self._due(scene, ROWS):
            before = _said(scene.answer)
            self._act(scene, ROWS, [fault])
            self._note(scene, [fault] if _said(scene.answer) != before else [])
        if wrong := self._due(scene, BYTES):
            self._act(scene, BYTES, wrong)
            self._note(scene, wrong)
        return scene.answer

    def _due(self, scene: Scene, words: dict) -> list[Fault]:
        due = [fault for fault in self.script if fault.word in words and fault.fits(scene.asked)]
        return [fault for fault in due if fault.word not in NEEDS or NEEDS[fault.word](scene.answer)]

    def _act(self, scene: Scene, words: dict, faults: list[Fault]) -> None:
        for fault in faults:
            words[fault.word](scene, *fault.values, **fault.options)

    def _note(self, scene: Scene, faults: list[Fault]) -> None:
        for fault in faults:
            fault.done += 1
            self.happened.append((fault.word, scene.asked.number))


def _said(answer: Answer) -> str:
    return repr((answer.doc, answer.headers))
