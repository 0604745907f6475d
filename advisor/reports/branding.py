"""Reads how a house wants its reports to look: `report.yaml` with title, note, accent colour and logo."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from advisor.errors import InputError, MissingExtra, Problem, shown
from advisor.knowledge import yaml_file
from advisor.knowledge.fields import Fields
from advisor.reports.document import Brand

LOGO_LIMIT = 300_000  # bytes: the logo is part of every file
SIDE_LIMIT = 4_000  # pixels
PARTS_LIMIT = 5_000  # of a drawing, each counted as often as it is drawn
DEEPEST = 50  # parts that name parts
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
    return parse_brand({} if raw is None else raw, str(path), lambda name: _read(path.parent / name))


def parse_brand(raw: Any, where: str, read: Callable[[str], bytes]) -> Brand:
    """The branding in the fields of `report.yaml`; `read` gives the bytes of the logo that it names.

    Raises InputError with every problem found, each under `where`. An OSError of `read` is one of them.
    """
    problems: list[Problem] = []
    fields = Fields(raw, problems, where, "")
    texts = {name: fields.text(name, required=False) for name in LENGTHS}
    for name, longest in LENGTHS.items():
        if len(texts[name]) > longest:
            fields.report(name, f"{len(texts[name])} characters", f"at most {longest} characters")
    accent, logo = fields.text("accent", required=False), fields.text("logo", required=False)
    if accent:
        problems.extend(_colour(accent, where))
    data, kind, size = _logo(logo, read, where, problems) if logo else (b"", "", (0.0, 0.0))
    fields.close()
    if problems:
        raise InputError(problems)
    return Brand(texts["title"], texts["note"], accent.lower(), data, kind, texts["logo_text"], size)


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


Size = tuple[float, float]


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LOGO_LIMIT + 1)


def _logo(name: str, read: Callable[[str], bytes], where: str, problems: list[Problem]) -> tuple[bytes, str, Size]:
    """The bytes of a logo, its media type and its proportions; what is wrong is added to `problems`."""
    allowed, path = f"a PNG or an SVG file of at most {LOGO_LIMIT:,} bytes", Path(name)
    try:
        data = read(name)
    except OSError as error:
        problems.append(Problem(where, "logo", f"{path.name}: {error.strerror}", allowed))
        return b"", "", (0.0, 0.0)
    kind = {".png": "image/png", ".svg": "image/svg+xml"}.get(path.suffix.lower(), "")
    try:
        if len(data) > LOGO_LIMIT:
            raise _Unfit(f"more than {LOGO_LIMIT:,} bytes")
        if not kind:
            raise _Unfit("another kind of file")
        size = _png(data) if kind == "image/png" else _svg(data)
    except _Unfit as fault:
        problems.append(Problem(where, "logo", f"{path.name}: {fault}", allowed))
        return b"", "", (0.0, 0.0)
    return data, kind, size


class _Unfit(Exception):
    """What is wrong with a logo, in words."""


def _png(data: bytes) -> Size:
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise MissingExtra("reports", "A logo in PNG") from None
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            size = image.size
            if max(size) <= SIDE_LIMIT:
                image.load()
    except Exception as error:
        raise _Unfit(f"cannot be decoded ({type(error).__name__})") from None
    if max(size) > SIDE_LIMIT:
        raise _Unfit(f"{size[0]} x {size[1]} pixels, more than {SIDE_LIMIT} on a side")
    return float(size[0]), float(size[1])


def _svg(data: bytes) -> Size:
    """The proportions of a drawing. Refuses entities, scripts, handlers, anything from elsewhere, and endless ones."""
    from xml.etree import ElementTree

    if re.search(rb"<!(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise _Unfit("a document type or entities")
    try:
        root: Any = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise _Unfit(f"cannot be decoded ({error})") from None
    if _plain(root.tag) != "svg":
        raise _Unfit("no drawing")
    for element in root.iter():
        _check_element(element)
    if _drawn(root, {element.get("id"): element for element in root.iter()}, ()) > PARTS_LIMIT:
        raise _Unfit(f"more than {PARTS_LIMIT:,} parts, or parts that hold themselves")
    return _proportions(root)


def _check_element(element: Any) -> None:
    if _plain(element.tag) not in DRAWN:
        raise _Unfit(f"a <{_plain(element.tag)}> in it")
    for name, value in element.attrib.items():
        outside = _plain(name) in {"href", "src"} and not value.startswith("#")
        if _plain(name).startswith("on") or outside or _reaches_out(value):
            raise _Unfit(f"the attribute {_plain(name)} of <{_plain(element.tag)}>")
    if _reaches_out(element.text or ""):
        raise _Unfit("a style that loads something")


def _drawn(element: Any, named: Mapping[str | None, Any], within: tuple[str, ...]) -> int:
    """How many parts are drawn where each `use` stands for what it names; more than the limit where it never ends."""
    count = 1
    target = next((value[1:] for name, value in element.attrib.items() if _plain(name) == "href"), "")
    if target in within or len(within) > DEEPEST:
        return PARTS_LIMIT + 1
    inner = list(element) if not target or target not in named else [*element, named[target]]
    for part in inner:
        count += _drawn(part, named, (*within, target) if part is named.get(target) else within)
        if count > PARTS_LIMIT:
            break
    return count


def _proportions(root: Any) -> Size:
    numbers = re.findall(r"[-+.\deE]+", root.get("viewBox") or "")[2:]
    if len(numbers) != 2:
        numbers = [re.sub(r"(px|pt|mm|cm|in)$", "", root.get(name) or "") for name in ("width", "height")]
    try:
        width, height = (float(number) for number in numbers)
    except ValueError:
        width = height = 0.0
    if not (0 < width < 1e6 and 0 < height < 1e6 and 1 / 50 < width / height < 50):
        raise _Unfit("a drawing without a viewBox of sound width and height")
    return width, height


def _reaches_out(text: str) -> bool:
    return bool(re.search(r"@import|javascript:|url\(\s*['\"]?(?!#)", text, re.IGNORECASE))


def _plain(name: Any) -> str:
    return str(name).rpartition("}")[2].lower()
