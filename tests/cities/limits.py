"""How many questions a minute a platform allows; the minute is the model's."""

from dataclasses import dataclass, field

from tests.cities.model import Model
from tests.cities.wire import Asked

MINUTE = 60


@dataclass
class Limit:
    """So many requests in any minute; without a number, as many as anyone likes."""

    model: Model
    per_minute: int | None
    calls: dict[int, int] = field(default_factory=dict)  # number of the request → when

    def wait(self, asked: Asked) -> int:
        """Seconds until this request would be answered; 0 if it is."""
        if self.per_minute is None:
            return 0
        self.calls = {n: when for n, when in self.calls.items() if when > self.model.now - MINUTE}
        if asked.number not in self.calls and len(self.calls) >= self.per_minute:
            return min(self.calls.values()) + MINUTE - self.model.now
        self.calls[asked.number] = self.model.now
        return 0
