"""Whatever a city's system does from day to day, and its officer with it: every day has its release, and its account of
where every record went is that of whoever counts along.

What the gate refuses nobody can publish; a refusal of what may happen to any city would be a mistake of ours."""

import os
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest

from tests.town import Town, request

LIVES, DAYS = (
    (range(12), 12) if os.environ.get("CITYGLASS_LONG") == "1" else (range(2), 6)
)  # `make soak`: the long form
KINDS = ("Pothole", "Rats", "No Heat", "Secret")
BAD, FEW_BAD = ("soon", ""), 4
FATES = "released + waiting + withheld + quarantined + erased + deleted_upstream"


@dataclass
class System:
    """What a city's system holds: rows by number, copies of some; and every number that it ever told."""

    dice: Random
    rows: dict[int, dict] = field(default_factory=dict)
    gone: dict[int, dict] = field(default_factory=dict)
    copies: list[dict] = field(default_factory=list)
    ever: set[str] = field(default_factory=set)

    def told(self) -> list[dict]:
        told = [request(n, **given) for n, given in self.rows.items()]
        held = {row["id"] for row in told}
        told += [copy for copy in self.copies if copy["id"] in held]
        self.ever |= held
        return told

    def happen(self, day: date) -> None:
        """One of the things that happen to records."""
        number = self.dice.choice([*self.rows])
        happens = (self._come, self._come_late, self._mend, self._come_back)
        changes = (self._spoil, self._go, self._copy, self._close, self._rename)
        if self.dice.random() < len(changes) / len(happens + changes):
            self.dice.choice(changes)(number, day)
        else:
            self.dice.choice(happens)(day)

    def _come(self, day: date, since: int = 0) -> None:
        opened = f"{day - timedelta(since)} 00:30:00"
        self.rows[max([*self.rows, *self.gone]) + 1] = {"kind": self.dice.choice(KINDS), "opened": opened}

    def _come_late(self, day: date) -> None:
        self._come(day, self.dice.randint(1, 90))

    def _mend(self, _: date) -> None:
        for row in self.rows.values():
            if row.get("opened") in BAD:
                row["opened"] = "2024-03-05 09:00:00"

    def _come_back(self, _: date) -> None:
        if self.gone:
            number = self.dice.choice([*self.gone])
            self.rows[number] = self.gone.pop(number)

    def _spoil(self, number: int, _: date) -> None:
        if sum(row.get("opened") in BAD for row in self.rows.values()) < FEW_BAD:
            self.rows[number]["opened"] = self.dice.choice(BAD)

    def _go(self, number: int, _: date) -> None:
        self.gone[number] = self.rows.pop(number)

    def _copy(self, number: int, _: date) -> None:
        self.copies.append(request(number, **self.rows[number] | {"agency": self.dice.choice(("DPW", "Parks"))}))

    def _close(self, number: int, day: date) -> None:
        self.rows[number]["closed"] = f"{day} 00:10:00"

    def _rename(self, number: int, _: date) -> None:
        self.rows[number]["kind"] = self.dice.choice(KINDS)


def too_few(notices: tuple[str, ...]) -> int:
    """How many records wait to be counted, as the operator is told."""
    told = [
        int(found[1]) for line in notices if (found := re.match(r"NOTICE: (\d+) records .* count once they are", line))
    ]
    assert sum(told) < 11
    return sum(told)


@pytest.mark.parametrize("seed", LIVES)
def test_every_day_of_a_city_has_its_release_and_every_record_its_place(tmp_path, seed):
    dice, day, town = Random(seed), date(2024, 7, 1), Town.found(tmp_path)
    system = System(dice, {n: {"kind": dice.choice(KINDS)} for n in range(1, 70)})
    for _ in range(DAYS):
        town.on(str(day)).receive(*system.told())
        notices = town.run(accept_fewer=True)[1].notices
        line = town.completeness()
        [(told,)] = [
            row.values()
            for row in town.released(f"select {FATES} from completeness where dataset = 'service_requests'")
        ]
        assert line["read"] == told
        assert -line["erased"] <= line["rows_read"] - line["duplicates"] + line["deleted_upstream"] - line["read"] <= 0
        if day.weekday() == 0:  # within the week only tier A is counted on
            assert line["read"] == len(system.ever) - too_few(notices)
        for _ in range(dice.randint(1, 5)):
            system.happen(day)
        if dice.random() < 0.3:
            known = dice.choice(sorted(system.ever))
            assert town.command("erase", "--source", "requests", "--id", known).code in (0, 3)  # 3: erased before
        following = day + timedelta(dice.choice((1, 1, 2, 7)))
        monday = day + timedelta(7 - day.weekday())
        day = min(following, monday) if day < monday <= following else following
