"""A PDF as its reader meets it: the text on its pages, and what it could do by itself."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

LIVE = {"/JavaScript", "/JS", "/OpenAction", "/AA", "/EmbeddedFiles", "/EF"}
INNER = {"/GoTo"}  # a link within the file


def pdf_text(source: bytes) -> str:
    """The text of a PDF, page after page, as a reader copies it."""
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(source)).pages).replace("\u200b", "")


def pdf_actions(source: bytes) -> set[str]:
    """What a PDF could run or open: live keys, kinds of actions, addresses of links. Bytes of pictures say nothing."""
    from pypdf import PdfReader
    from pypdf.generic import IndirectObject

    reader = PdfReader(io.BytesIO(source))
    numbers = {number for generation in reader.xref.values() for number in generation} | set(reader.xref_objStm)
    found = {word for number in numbers for word in _live(reader.get_object(IndirectObject(number, 0, reader)))}
    return found | set(_live(reader.trailer))


def _live(value: Any) -> Iterator[str]:
    from pypdf.generic import ArrayObject, DictionaryObject

    if isinstance(value, ArrayObject):
        for one in value:
            yield from _live(one)
    if not isinstance(value, DictionaryObject):
        return
    for key, raw in value.items():
        if key in LIVE:
            yield str(key)
        elif key == "/URI":
            yield str(raw)
        elif key == "/A" and isinstance(raw, DictionaryObject) and raw.get("/S") not in INNER:
            yield str(raw.get("/S"))
        yield from _live(raw)
