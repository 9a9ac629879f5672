"""The little HTML that the pages write themselves: tables and people's own words. All text is escaped here, once."""

from collections.abc import Iterable
from html import escape

SHORT, LONG = 12, 30  # characters up to which a column keeps to one line, and from which it is given much room


def table(name: str, headings: list[str], rows: list[list[str]], numeric: list[bool]) -> str:
    """A table that scrolls in its own frame and can be reached by keyboard; the first cell of a row names the row."""
    columns = [[headings[i], *(row[i] for row in rows)] for i in range(len(headings))]
    kinds = [_kind(i, cells, right) for i, (cells, right) in enumerate(zip(columns, numeric, strict=True))]
    head = "".join(f'<th scope="col"{kind}>{escape(words)}</th>' for words, kind in zip(headings, kinds, strict=True))
    body = "".join(f"<tr>{_row(cells, kinds)}</tr>" for cells in rows)
    return (
        f'<div class="cg-table" role="region" tabindex="0" aria-label="{escape(name)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def band(name: str, links: Iterable[tuple[str, str]], has_logo: bool = False) -> str:
    """The head of every page of the hub: the city's name, which leads home, and where to go."""
    lines = "".join(
        f'<li><a href="{escape(address)}" target="_self">{escape(words)}</a></li>' for words, address in links
    )
    logo = '<img src="/brand-logo.svg" alt="">' if has_logo else ""
    home = f'<a class="cg-brand" href="/" target="_self">{logo}{escape(name)}</a>'
    return f'<div class="cg-band">{home}<nav aria-label="Site"><ul>{lines}</ul></nav></div>'


def title(words: str, lang: str) -> str:
    """A first-level heading in the language it was written in."""
    return f'<h1 class="cg-title" lang="{escape(lang or "und")}">{escape(words)}</h1>'


def passage(text: str, lang: str) -> str:
    """Paragraphs in the language they were told in."""
    paragraphs = (" ".join(part.split()) for part in text.replace("\r", "").split("\n\n"))
    body = "".join(f"<p>{escape(part)}</p>" for part in paragraphs if part)
    return f'<div class="cg-told" lang="{escape(lang or "und")}">{body}</div>'


def entries(found: Iterable[tuple[str, str, str, str]]) -> str:
    """A list of links: (address, words, their language, what to say below)."""
    lines = (
        f'<li><a href="{escape(address)}" target="_self" lang="{escape(lang or "und")}">{escape(words)}</a>'
        f"<br><span>{escape(below)}</span></li>"
        for address, words, lang, below in found
    )
    return f'<ul class="cg-entries">{"".join(lines)}</ul>'


def _kind(place: int, cells: list[str], numeric: bool) -> str:
    """The class of a column: wide, numeric, short, or of middle length. Its heading comes first."""
    _, *told = cells
    if any(len(cell) >= LONG for cell in told):
        return ' class="w"'
    if numeric and place:
        return ' class="n"'
    return ' class="s"' if all(len(cell) <= SHORT for cell in cells) else ' class="m"'


def _row(cells: list[str], kinds: list[str]) -> str:
    first, *rest = cells
    return f'<th scope="row"{kinds[0]}>{escape(first)}</th>' + "".join(
        f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(rest, kinds[1:], strict=True)
    )
