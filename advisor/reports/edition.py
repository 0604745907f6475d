"""The edition of a report: how deep it goes and whose it is. Like the language, it belongs to the context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Literal, get_args

from advisor.reports.document import Brand, Document, Paragraph, runs

Depth = Literal["executive", "product", "engineer"]
DEPTHS: tuple[str, ...] = get_args(Depth)

_brand: ContextVar[Brand | None] = ContextVar("advisor_brand", default=None)
_current: ContextVar[Depth] = ContextVar("advisor_depth", default="engineer")


def depth() -> Depth:
    """The depth in force: `engineer` shows everything, `product` what to decide on, `executive` one page."""
    return _current.get()


@contextmanager
def at_depth(wanted: Depth) -> Iterator[None]:
    """Lays reports out at a depth within the block. Raises KeyError for one that is not in DEPTHS."""
    if wanted not in DEPTHS:
        raise KeyError(wanted)
    token = _current.set(wanted)
    try:
        yield
    finally:
        _current.reset(token)


def brand() -> Brand | None:
    """The branding in force; None for reports in our own name."""
    return _brand.get()


def dressed(document: Document) -> Document:
    """The document in the name of the house in force: its title above, its note in front, its colour and logo."""
    house = brand()
    if house is None:
        return document
    first, *rest = document.sections
    if house.note:
        first = replace(first, blocks=(Paragraph(runs(house.note)), *first.blocks))
    ours = replace(document, sections=(first, *rest), brand=house)
    return replace(ours, title=house.title, subtitle=f"{ours.title} · {ours.subtitle}") if house.title else ours


@contextmanager
def branded(wanted: Brand | None) -> Iterator[None]:
    """Lays reports out in the name of a house within the block."""
    token = _brand.set(wanted)
    try:
        yield
    finally:
        _brand.reset(token)
