"""Text in columns of a fixed-width screen: how wide it is, where it breaks, and tables that keep within a width."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

GAP = "  "


def width(text: str) -> int:
    """The number of screen columns that the text takes; wide East Asian letters take two, combining ones none."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_columns(letter) for letter in text)


@lru_cache(maxsize=4096)
def _columns(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def pad(text: str, columns: int, right: bool = False) -> str:
    """The text filled up with blanks to a width; flush right if wanted."""
    blanks = " " * max(0, columns - width(text))
    return blanks + text if right else text + blanks


def wrap(text: str, columns: int) -> list[str]:
    """The text as lines of at most `columns`; words that are longer are cut."""
    return [line for part in text.split("\n") for line in _wrap(part, columns)]


def _wrap(text: str, columns: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        for piece in _pieces(word, columns):
            joined = f"{line} {piece}" if line else piece
            if width(joined) <= columns:
                line = joined
            else:
                if line:
                    lines.append(line)
                line = piece
    return [*lines, line] if line or not lines else lines


def _pieces(word: str, columns: int) -> Iterator[str]:
    if width(word) <= columns:
        yield word
        return
    piece = ""
    for letter in word:
        if width(piece) + _columns(letter) > columns:
            yield piece
            piece = ""
        piece += letter
    yield piece


def hanging(first: str, text: str, columns: int) -> list[str]:
    """The text behind a `first` piece, its further lines indented as far."""
    indent = width(first)
    lines = wrap(text, max(columns - indent, 20))
    return [(first if number == 0 else " " * indent) + line for number, line in enumerate(lines)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], columns: int, numeric: Iterable[int] = ()) -> list[str]:
    """A table without box: a head, a rule, and rows whose long cells are wrapped so that no line exceeds `columns`."""
    right = set(numeric)
    widths = _widths([head, *rows], columns)
    lines = list(_row(head, widths, right))
    lines.append(GAP.join("─" * size for size in widths))
    tall = False
    for number, row in enumerate(rows):
        drawn = list(_row(row, widths, right))
        if number and (tall or len(drawn) > 1) and len(widths) > 2:
            lines.append("")
        tall = len(drawn) > 1
        lines += drawn
    return [line.rstrip() for line in lines]


def _widths(rows: Sequence[Sequence[str]], columns: int) -> list[int]:
    natural = ([width(line) for cell in column for line in cell.split("\n")] for column in zip(*rows, strict=True))
    widths = [max([*sizes, 1]) for sizes in natural]
    spare = columns - len(GAP) * (len(widths) - 1)
    while sum(widths) > spare and max(widths) > 1:
        widest = widths.index(max(widths))
        second = max((size for index, size in enumerate(widths) if index != widest), default=1)
        widths[widest] -= max(1, min(widths[widest] - second, sum(widths) - spare))
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], right: set[int]) -> Iterator[str]:
    wrapped = [wrap(cell, size) for cell, size in zip(cells, widths, strict=True)]
    for number in range(max(len(lines) for lines in wrapped)):
        pieces = [lines[number] if number < len(lines) else "" for lines in wrapped]
        yield GAP.join(
            pad(piece, size, index in right) for index, (piece, size) in enumerate(zip(pieces, widths, strict=True))
        )
