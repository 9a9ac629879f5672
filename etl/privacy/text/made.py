"""Words that no list holds and that are made of words that one does: repaving, swingset, thier. They stay in lower case
only; written as a name, each may be one."""

from collections.abc import Container, Iterator

BEFORE = "re un non over under out up down off mis pre de dis anti semi sub super inter multi micro mini photo hydro bio auto e".split()
BEHIND = {  # ending -> what stood in its place
    "s": ("",),
    "es": ("",),
    "ed": ("", "e"),
    "d": ("",),
    "ing": ("", "e"),
    "er": ("", "e"),
    "ers": ("", "e"),
    "ies": ("y",),
    "ied": ("y",),
    "ly": ("",),
    "ily": ("y",),
    "y": ("", "e"),
    "ier": ("y",),
    "iest": ("y",),
    "ish": ("", "e"),
    "less": ("",),
    "ness": ("",),
    "able": ("", "e"),
    "ment": ("",),
    "mente": ("", "o"),
    "ito": ("o", "a", ""),
    "ita": ("a", "o", ""),
    "itos": ("o", ""),
    "itas": ("a", ""),
}
STEM, PART, LONG = 4, 3, 7  # letters: of a stem, of one half of two words, of both together
WRONG = 6  # letters, from which on one wrong letter hardly makes a name
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def is_made(word: str, known: Container[str]) -> bool:
    """True for a word in lower case that is derived, compound or misspelt."""
    if not word.isalpha():
        return False
    return any(form in known for form in _stems(word)) or _is_two(word, known) or _is_wrong(word, known)


def _stems(word: str) -> Iterator[str]:
    bare = [word, *(word[len(first) :] for first in BEFORE if word.startswith(first))]
    for part in bare:
        if part != word and len(part) >= STEM:
            yield part
        for ending, others in BEHIND.items():
            stem = part.removesuffix(ending)
            if stem != part and len(stem) >= STEM:
                yield from (stem + other for other in others)
                if len(ending) > 1 and stem[-1] == stem[-2]:
                    yield stem[:-1]  # plugging


def _is_two(word: str, known: Container[str]) -> bool:
    if len(word) < LONG:
        return False
    return any(word[:at] in known and word[at:] in known for at in range(PART, len(word) - PART + 1))


def _is_wrong(word: str, known: Container[str]) -> bool:
    """A letter left out, doubled, or changed with the next one."""
    if len(word) < WRONG or not word.isascii():
        return False
    places = range(1, len(word))
    return (
        any(word[:at] + word[at + 1] + word[at] + word[at + 2 :] in known for at in places[:-1])
        or any(word[at] == word[at - 1] and word[:at] + word[at + 1 :] in known for at in places)
        or any(word[:at] + letter + word[at:] in known for at in places for letter in LETTERS)
    )
