"""What is wrong with a data set, collected until all of it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import BenchmarkError

SHOWN_PER_FILE = 20


@dataclass
class Problems:
    """What is wrong with one data set, at most twenty lines a file and a count of the rest."""

    by_file: dict[str, list[str]] = field(default_factory=dict)

    def add(self, file: str, text: str, line: int | None = None) -> None:
        """Note a problem of a file, at a line if there is one."""
        where = file if line is None else f"{file} line {line}"
        self.by_file.setdefault(file, []).append(f"{where}: {text}")

    def count(self, file: str) -> int:
        """The number of problems of a file."""
        return len(self.by_file.get(file, []))

    def raise_if_any(self, name: str) -> None:
        """Raises BenchmarkError with every problem found, each begun with the data set's name."""
        lines: list[str] = []
        for file, found in self.by_file.items():
            lines += found[:SHOWN_PER_FILE]
            if len(found) > SHOWN_PER_FILE:
                lines.append(f"{file}: {len(found) - SHOWN_PER_FILE} more problems of this file are not shown")
        if lines:
            raise BenchmarkError([f"{name}/{line}" for line in lines])


def kind_of(value: Any) -> str:
    """A JSON value in words, for a message."""
    if value is None:
        return "nothing"
    return {bool: "true or false", str: "a text", dict: "an object", list: "a list"}.get(
        type(value), f"the number {value}"
    )


def storable(text: str) -> bool:
    """Whether the text can be written as UTF-8; JSON's \\ud800 escapes can smuggle in half a character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
