"""Reads the fields of one mapping and gathers what is wrong with it: missing, unknown, of the wrong form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from advisor.errors import Problem, nearest, shown

T = TypeVar("T")


class Fields:
    """One mapping of a file. Each reading method returns a usable value even when it reports a problem.

    `where` is the file, `place` the entry (for example "rule few_labels, line 12").
    """

    def __init__(self, raw: Any, problems: list[Problem], where: str, place: str) -> None:
        self.problems = problems
        self.where = where
        self.place = place
        self._asked: set[str] = set()
        if not isinstance(raw, Mapping):
            self._report("", shown(raw), "a mapping of fields")
            raw = {}
        self.raw: Mapping[str, Any] = raw

    def text(self, key: str, *, required: bool = True, default: str = "") -> str:
        """A text that is not blank."""
        value = self._take(key, required)
        if value is None:
            return default
        if isinstance(value, date | int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            self._report(key, shown(value), "a text that is not blank")
            return default
        return " ".join(value.split())

    def choice(self, key: str, allowed: Iterable[str], *, required: bool = True, default: str = "") -> str:
        """One of the allowed words."""
        allowed = list(allowed)
        value = self._take(key, required)
        if value is None:
            return default
        if value not in allowed:
            self._report(key, shown(value), "one of " + ", ".join(allowed), nearest(str(value), allowed))
            return default
        return str(value)

    def number(self, key: str, *, required: bool = True, low: float | None = None, high: float | None = None) -> float:
        """A number within the bounds; 0 in place of a wrong one."""
        value = self._take(key, required)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._report(key, shown(value), "a number")
            return 0.0
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"from {low:g} to {high:g}" if low is not None and high is not None else ""
            bounds = bounds or (f"of at most {high:g}" if low is None else f"of at least {low:g}")
            self._report(key, shown(value), f"a number {bounds}")
        return float(value)

    def whole(self, key: str, *, low: int = 0, high: int = 10**12) -> int:
        """A whole number within the bounds; `low` in place of a wrong one."""
        value = self._take(key, True)
        if value is None:
            return low
        if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 or not low <= value <= high:
            self._report(key, shown(value), f"a whole number from {low} to {high}")
            return low
        return int(value)

    def flag(self, key: str) -> bool:
        """True or false; false when absent."""
        value = self._take(key, False)
        if value is None or isinstance(value, bool):
            return bool(value)
        self._report(key, shown(value), "true or false")
        return False

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A date written as yyyy-mm-dd."""
        value = self._take(key, required)
        if value is None or type(value) is date:
            return value
        self._report(key, shown(value), "a date as yyyy-mm-dd")
        return None

    def words(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """A list of words that is not empty."""
        value = self._take(key, required)
        if value is None:
            return ()
        if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
            self._report(key, shown(value), "a list of words that is not empty")
            return ()
        return tuple(value)

    def rows(self, key: str, read: Callable[[Any, int], T], *, required: bool = True) -> tuple[T, ...]:
        """A list of entries, each read by `read(entry, index)`."""
        value = self._take(key, required)
        if value is None:
            return ()
        if not isinstance(value, list) or (required and not value):
            self._report(key, shown(value), "a list that is not empty")
            return ()
        return tuple(read(entry, index) for index, entry in enumerate(value))

    def mapping(self, key: str, *, required: bool = True) -> Mapping[str, Any]:
        """A nested mapping."""
        value = self._take(key, required)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._report(key, shown(value), "a mapping")
            return {}
        return value

    def any(self, key: str, *, required: bool = True) -> Any:
        """The raw value."""
        return self._take(key, required)

    def close(self) -> None:
        """Reports every key that nobody asked for."""
        for key in self.raw:
            if key not in self._asked:
                remedy = nearest(key, self._asked - set(self.raw)) or "remove it"
                self._report(key, "an unknown field", "one of " + ", ".join(sorted(self._asked)), remedy)

    def report(self, key: str, found: str, allowed: str, remedy: str = "") -> None:
        """Adds a problem about one field of this entry."""
        self._report(key, found, allowed, remedy)

    def _take(self, key: str, required: bool) -> Any:
        self._asked.add(key)
        value = self.raw.get(key)
        if value is None and required:
            self._report(key, "nothing", "a value", f"add '{key}:'")
        return value

    def _report(self, key: str, found: str, allowed: str, remedy: str = "") -> None:
        place = ": ".join(part for part in (self.place, key) if part)
        self.problems.append(Problem(self.where, place, found, allowed, remedy or "change it to what is allowed"))
