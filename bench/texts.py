"""How many texts a second the redaction takes on one core: without name recognition, and with it.

    python -m bench.texts [--texts 20000] [--write]

The texts are the sample city's: two sentences each, one text in ten gives somebody away. None comes twice."""

import argparse
import os
from random import Random
from time import process_time

from bench import measure
from etl.privacy.text import available, redact
from hub.sample.phrases import CLOSING, COMMENTS, TELLING

TARGETS = {"fast": 20_000, "full": 300}  # texts a second and core
FILLED = {
    "name": "Alma Kowalczyk",
    "other": "Teo Brandt",
    "phone": "617-555-0123",
    "email": "alma.k@example.org",
    "address": "14 Harbor Street",
    "time": "7:45 pm",
    "plate": "4ABC 12",
}


def texts(count: int) -> list[str]:
    random = Random(1)
    plain = [text for said in (*COMMENTS.values(), *CLOSING.values()) for text in said if text]
    made: dict[str, None] = {}
    while len(made) < count:
        parts = random.sample(plain, 2)
        if random.random() < 0.1:
            parts[1] = random.choice(TELLING).format(**FILLED)
        made[" ".join(parts)] = None
    return list(made)


def rate(given: list[str], layers: tuple[str, ...]) -> float:
    redact(["Warm up, Ann."], layers=layers)
    start = process_time()
    redact(given, layers=layers)
    return len(given) / (process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--write", action="store_true", help="write bench/results/<date>-texts.json")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    every, found = available(), []
    sets = {"fast": tuple(layer for layer in every if layer != "L4"), "full": every}
    for name, layers in sets.items():
        if name == "full" and "L4" not in layers:
            print("full: the extra ner is not installed")
            continue
        given = texts(asked.texts if name == "fast" else min(asked.texts, 3_000))
        found.append({"name": f"redact_{name}", "rows": len(given), "texts_per_s": round(rate(given, layers))})
        print(f"{name}: {found[-1]['texts_per_s']:,} texts a second (target {TARGETS[name]:,})")
    if asked.write:
        print(measure.write("texts", found))


if __name__ == "__main__":
    main()
