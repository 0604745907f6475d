"""Bytes to JSON values, with messages that name the place of a mistake."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .problems import Problems


def decode(content: bytes) -> str:
    """The text of a UTF-8 file; raises ValueError that names the line of the first bad byte."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x} in line {line}"
        raise ValueError(f"is not UTF-8: found {found}; save the file as UTF-8") from None
    if text.startswith("\ufeff"):
        raise ValueError("starts with a byte order mark; save the file as UTF-8 without one")
    return text


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        repeated = min(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {repeated!r} occurs twice in one object; keep one")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"holds {word}, which is no number of JSON")


def parse(text: str) -> Any:
    """The JSON value in `text`; raises ValueError with a position and without a stack of causes."""
    try:
        return json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("is not JSON that can be read: nested too deeply") from None


def lines(name: str, content: bytes, problems: Problems) -> Iterator[tuple[int, Any]]:
    """The JSON values of a file with one a line, each with its line number; what is no JSON is a problem."""
    try:
        text = decode(content)
    except ValueError as error:
        problems.add(name, str(error))
        return
    # Only line feeds end a row: splitlines() would also cut at the separators that JSON allows inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, parse(line)
        except ValueError as error:
            problems.add(name, str(error).replace("line 1, ", ""), number)
