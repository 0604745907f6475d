"""Reads how a house wants its reports to look: `report.yaml` with title, note, accent colour and logo."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advisor.errors import InputError, MissingExtra, Problem, shown
from advisor.knowledge import yaml_file
from advisor.knowledge.fields import Fields
from advisor.reports.document import Brand

LOGO_LIMIT = 300_000  # bytes: the logo is part of every file
SIDE_LIMIT = 4_000  # pixels
CONTRAST = 4.5  # of text on white, as WCAG 2 asks for
LENGTHS = {"title": 120, "note": 600, "logo_text": 120}
DRAWN = frozenset(
    [
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "style", "clippath", "mask"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"),
        *("lineargradient", "radialgradient", "stop"),
    ]
)


def read_brand(path: Path) -> Brand:
    """The branding in a file; a logo's path is relative to it. Raises InputError with every problem found."""
    problems: list[Problem] = []
    raw = yaml_file.read(path, problems, str(path))
    if problems:
        raise InputError(problems)
    fields = Fields({} if raw is None else raw, problems, str(path), "")
    texts = {name: fields.text(name, required=False) for name in LENGTHS}
    for name, longest in LENGTHS.items():
        if len(texts[name]) > longest:
            fields.report(name, f"{len(texts[name])} characters", f"at most {longest} characters")
    accent, logo = fields.text("accent", required=False), fields.text("logo", required=False)
    if accent:
        problems.extend(_colour(accent, str(path)))
    data, kind = _logo(path.parent / logo, str(path), problems) if logo else (b"", "")
    fields.close()
    if problems:
        raise InputError(problems)
    return Brand(texts["title"], texts["note"], accent.lower(), data, kind, texts["logo_text"])


def _colour(text: str, where: str) -> Iterator[Problem]:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        yield Problem(where, "accent", shown(text), "a colour as #rrggbb")
        return
    reached = contrast(text)
    if reached < CONTRAST:
        found = f"{text}, a contrast of {reached:.1f} to 1 on white"
        allowed = f"at least {CONTRAST:g} to 1, or text is hard to read"
        yield Problem(where, "accent", found, allowed, "take a darker one")


def contrast(colour: str) -> float:
    """The contrast ratio of a colour `#rrggbb` on white, from 1 to 21, after WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def _logo(path: Path, where: str, problems: list[Problem]) -> tuple[bytes, str]:
    """The bytes of a logo and its media type, as far as it is sound; what is wrong is added to `problems`."""
    allowed = f"a PNG or an SVG file of at most {LOGO_LIMIT:,} bytes"
    try:
        with path.open("rb") as file:
            data = file.read(LOGO_LIMIT + 1)
    except OSError as error:
        problems.append(Problem(where, "logo", f"{path.name}: {error.strerror}", allowed))
        return b"", ""
    fault = f"more than {LOGO_LIMIT:,} bytes" if len(data) > LOGO_LIMIT else ""
    kind = {".png": "image/png", ".svg": "image/svg+xml"}.get(path.suffix.lower(), "")
    if not fault and kind:
        fault = _png_fault(data) if kind == "image/png" else _svg_fault(data)
    if fault or not kind:
        problems.append(Problem(where, "logo", f"{path.name}: {fault or 'another kind of file'}", allowed))
    return data, kind


def _png_fault(data: bytes) -> str:
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise MissingExtra("reports", "A logo in PNG") from None
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if max(image.size) > SIDE_LIMIT:
                return f"{image.size[0]} x {image.size[1]} pixels, more than {SIDE_LIMIT} on a side"
            image.load()
    except Exception as error:
        return f"cannot be decoded ({type(error).__name__})"
    return ""


def _svg_fault(data: bytes) -> str:
    """What makes an SVG more than a drawing: entities, scripts, handlers, anything from elsewhere."""
    from xml.etree import ElementTree

    if re.search(rb"<!(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        return "a document type or entities"
    try:
        root: Any = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        return f"cannot be decoded ({error})"
    if _plain(root.tag) != "svg":
        return "no drawing"
    for element in root.iter():
        if _plain(element.tag) not in DRAWN:
            return f"a <{_plain(element.tag)}> in it"
        for name, value in element.attrib.items():
            outside = _plain(name) in {"href", "src"} and not value.startswith("#")
            if _plain(name).startswith("on") or outside or _reaches_out(value):
                return f"the attribute {_plain(name)} of <{_plain(element.tag)}>"
        if _reaches_out(element.text or ""):
            return "a style that loads something"
    return ""


def _reaches_out(text: str) -> bool:
    return bool(re.search(r"@import|javascript:|url\(\s*['\"]?(?!#)", text, re.IGNORECASE))


def _plain(name: Any) -> str:
    return str(name).rpartition("}")[2].lower()
