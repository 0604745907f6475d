"""Paragraphs, runs and tables of Word's main document, made as elements at once.

python-docx looks every child up by its place among all that may precede it, which takes several times as long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_LINE = {"val": "single", "sz": "4", "space": "0", "color": "DDE3EA"}
TWIPS = 20  # per point


def element(parent: Any, name: str, **attributes: str) -> Any:
    """A new last child of an element, in Word's namespace as its attributes are."""
    made = parent.makeelement(_W + name, {_W + key: value for key, value in attributes.items()})
    parent.append(made)
    return made


def paragraph(parent: Any, style: str, right: bool = False) -> Any:
    """A new empty paragraph at the end of an element; `style` is the id of a style, `right` sets it flush right."""
    made = element(parent, "p")
    properties = element(made, "pPr")
    element(properties, "pStyle", val=style)
    if right:
        element(properties, "jc", val="right")
    return made


def run(place: Any, text: str, *, bold: bool = False, style: str = "", underline: bool = False) -> Any:
    """Text at the end of a paragraph (or link); tabs and line ends in it become Word's own."""
    made = element(place, "r")
    if bold or style or underline:
        properties = element(made, "rPr")
        if style:
            element(properties, "rStyle", val=style)
        if bold:
            element(properties, "b")
        if underline:
            element(properties, "u", val="single")
    for piece in re.split(r"([\t\n])", text):
        if piece in {"\t", "\n"}:
            element(made, "tab" if piece == "\t" else "br")
        elif piece:
            said = element(made, "t")
            said.text = piece
            if piece != piece.strip():
                said.set(_SPACE, "preserve")
    return made


def table(parent: Any, widths: Sequence[float], caption: str = "") -> Any:
    """A table without rows, its columns of fixed widths in points; with a caption it has thin lines between rows."""
    made = element(parent, "tbl")
    properties = element(made, "tblPr")
    element(properties, "tblW", w=_twips(sum(widths)), type="dxa")
    if caption:
        borders = element(properties, "tblBorders")
        for side in ("top", "bottom", "insideH"):
            element(borders, side, **_LINE)
    element(properties, "tblLayout", type="fixed")
    if caption:
        element(properties, "tblCaption", val=caption[:250])
    grid = element(made, "tblGrid")
    for width in widths:
        element(grid, "gridCol", w=_twips(width))
    return made


def row(grid: Any, header: bool = False, tall: bool = False) -> Any:
    """A new row, not split between pages; a header is repeated on each page, a tall one has room for a signature."""
    made = element(grid, "tr")
    properties = element(made, "trPr")
    element(properties, "cantSplit")
    if tall:
        element(properties, "trHeight", val=_twips(28), hRule="atLeast")
    if header:
        element(properties, "tblHeader")
    return made


def cell(line: Any, width: float, fill: str = "") -> Any:
    """A new cell of a row, `width` points wide, tinted where a colour (RRGGBB) is given; it needs a paragraph."""
    made = element(line, "tc")
    properties = element(made, "tcPr")
    element(properties, "tcW", w=_twips(width), type="dxa")
    if fill:
        element(properties, "shd", val="clear", color="auto", fill=fill)
    return made


def _twips(points: float) -> str:
    return str(round(points * TWIPS))
