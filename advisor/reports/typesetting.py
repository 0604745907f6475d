"""The one door to Typst: a template and data in, a PDF or pictures out. Texts travel as data, never as source.

Typst sees the folder of templates and nothing else. Fonts are those of the wheels; the system's are asked only for
letters that those lack, and a letter that no font has is replaced by its number (`U+5206`) and named.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from advisor.errors import MissingExtra
from advisor.language import message, say
from advisor.reports.charts_drawn import Dot, Drawing, Shape
from advisor.reports.charts_svg import corners

_ROOT = Path(__file__).with_name("templates") / "print"
STANDARDS = ("ua-1", "a-2a")
_SCRIPTS = {
    "CJK": message("Chinese characters"),
    "HIRAGANA": message("Japanese"),
    "KATAKANA": message("Japanese"),
    "HANGUL": message("Korean"),
    "ARABIC": message("Arabic"),
    "HEBREW": message("Hebrew"),
    "THAI": message("Thai"),
    "DEVANAGARI": message("Devanagari"),
}


def typst_module() -> Any:
    """Typst, imported now. Raises MissingExtra where it is not installed."""
    import importlib

    try:
        return importlib.import_module("typst")
    except ModuleNotFoundError as error:
        if error.name != "typst":
            raise
        raise MissingExtra("reports", "A printed report") from None


def pdf(template: str, data: Mapping[str, Any], day: date | None) -> bytes:
    """A tagged PDF (PDF/UA-1 and PDF/A-2a) of the template with the data, dated `day`. Raises MissingExtra."""
    readable, system = _readable(data)
    moment = datetime.combine(day or date(1980, 1, 1), time(), UTC)
    made = _compiler(template, readable, system).compile(
        format="pdf", pdf_standards=list(STANDARDS), timestamp=moment, sys_inputs=_inputs(readable)
    )
    return bytes(made)


def pictures(drawings: Iterable[Drawing], ppi: float = 200.0) -> list[bytes]:
    """Each drawing as a PNG picture of its size at `ppi` dots per inch. Raises MissingExtra."""
    data = {"drawings": [shapes(drawing) for drawing in drawings]}
    if not data["drawings"]:
        return []
    readable, system = _readable(data)
    made = _compiler("chart.typ", readable, system).compile(format="png", ppi=ppi, sys_inputs=_inputs(readable))
    return [bytes(page) for page in made] if isinstance(made, list) else [bytes(made)]


def picture_of(svg: bytes, width: float, height: float, ppi: float = 200.0) -> bytes:
    """An SVG as a PNG picture of that size in points. Raises MissingExtra."""
    data = {"svg": svg.decode(), "width": width, "height": height}
    readable, system = _readable(data)
    return bytes(_compiler("logo.typ", readable, system).compile(format="png", ppi=ppi, sys_inputs=_inputs(readable)))


def shapes(drawing: Drawing) -> dict[str, Any]:
    """A drawing as plain data for the templates."""
    return {"width": drawing.width, "height": drawing.height, "shapes": [_shape(item) for item in drawing.shapes]}


def _shape(item: Shape) -> dict[str, Any]:
    if isinstance(item, Dot) and item.sign != "circle":
        return {"kind": "Corners", "points": corners(item), "fill": item.fill}
    return {"kind": type(item).__name__, **asdict(item)}


def missing(text: Iterable[str]) -> dict[str, str]:
    """The letters that no font here can draw, each with the script that it belongs to (in words)."""
    return {letter: _script(letter) for letter in sorted(_undrawable(_exotic(text))[0])}


def _inputs(data: Mapping[str, Any]) -> dict[str, str]:
    return {"data": json.dumps(data, ensure_ascii=False, sort_keys=True)}


@cache
def _fonts(system: bool) -> Any:
    from importlib.util import find_spec

    folder = find_spec("fontpkg_noto_sans")
    if folder is None or not folder.submodule_search_locations:
        raise MissingExtra("reports", "A printed report")
    place = str(Path(next(iter(folder.submodule_search_locations))) / "files")
    return typst_module().Fonts(include_system_fonts=system, include_embedded_fonts=True, font_paths=[place])


def _compiler(template: str, data: Mapping[str, Any], system: bool) -> Any:
    return typst_module().Compiler(
        str(_ROOT / template), root=str(_ROOT), font_paths=_fonts(system), sys_inputs=_inputs(data),
        package_path=str(_ROOT), package_cache_path=str(_ROOT),
    )  # fmt: skip


def _readable(data: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The data with undrawable letters as their numbers, and whether the system's fonts are needed."""
    bad, system = _undrawable(_exotic(_texts(data)))
    found: dict[str, Any] = _replaced(dict(data), bad) if bad else dict(data)
    return found, system


def _texts(data: Any) -> Iterable[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for item in data.values():
            yield from _texts(item)
    elif isinstance(data, list | tuple):
        for item in data:
            yield from _texts(item)


def _replaced(data: Any, bad: frozenset[str]) -> Any:
    if isinstance(data, str):
        return spelled(data, bad)
    if isinstance(data, Mapping):
        return {key: _replaced(item, bad) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_replaced(item, bad) for item in data]
    return data


def spelled(text: str, bad: Iterable[str]) -> str:
    """The text with each of the letters `bad` as its number, `U+5206`, set apart by spaces."""
    letters = set(bad)
    if letters.isdisjoint(text):
        return text
    pieces = [f" U+{ord(letter):04X} " if letter in letters else letter for letter in text]
    return " ".join("".join(pieces).split())


def _exotic(texts: Iterable[str]) -> frozenset[str]:
    """The letters that a Latin font may lack."""
    return frozenset(letter for text in texts for letter in text if ord(letter) > 0x17F and not letter.isspace())


@cache
def _undrawable(letters: frozenset[str]) -> tuple[frozenset[str], bool]:
    """Of these letters, those that no font has; and whether fonts of the system draw any of them."""
    if _draws(letters, False):
        return frozenset(), False
    lacking = _lacking(letters, False)
    bad = _lacking(lacking, True)
    return bad, bad != lacking


def _lacking(letters: frozenset[str], system: bool) -> frozenset[str]:
    """Halves the letters until those that cannot be drawn are found."""
    if not letters or _draws(letters, system):
        return frozenset()
    if len(letters) == 1:
        return letters
    ordered = sorted(letters)
    middle = len(ordered) // 2
    return _lacking(frozenset(ordered[:middle]), system) | _lacking(frozenset(ordered[middle:]), system)


@cache
def _draws(letters: frozenset[str], system: bool) -> bool:
    """Whether each letter has a shape in some font: under the accessible standard Typst refuses one without."""
    if not letters:
        return True
    typst = typst_module()
    inputs = {"data": json.dumps(sorted(letters), ensure_ascii=False)}
    try:
        _probe(system).compile(format="pdf", pdf_standards=list(STANDARDS), sys_inputs=inputs)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        return False
    return True


@cache
def _probe(system: bool) -> Any:
    return _compiler("letters.typ", {}, system)


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    if name in _SCRIPTS:
        return say(_SCRIPTS[name])
    if unicodedata.category(letter).startswith("S"):
        return say("pictographs and signs")
    return name.capitalize() if unicodedata.category(letter).startswith("L") and name else say("special characters")
