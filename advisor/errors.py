"""What a user can get wrong. Every error holds a list of problems; its class decides the exit status.

AdvisorError
├── InputError     2  an answers file, a rule pack or an argument is wrong
├── MissingExtra   3  an optional part is not installed
└── JobFailed      4  a job failed or is incomplete
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands, what was found, what is allowed and what to do about it."""

    where: str
    field: str
    found: str
    allowed: str
    remedy: str = ""

    def __str__(self) -> str:
        """The problem as one line of plain words."""
        place = f"{self.where}: {self.field}" if self.field else self.where
        parts = [f"{place}: found {self.found}"]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)


class AdvisorError(Exception):
    """Something went wrong that the user can mend."""

    exit_status = 4

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InputError(AdvisorError):
    """The input was wrong; every problem found is listed."""

    exit_status = 2


class MissingExtra(AdvisorError):
    """An optional extra is missing; the message is the install line."""

    exit_status = 3

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__([f"{needed_for} needs the extra '{extra}'; install it with: pip install 'advisor[{extra}]'"])


class JobFailed(AdvisorError):
    """A job failed or is incomplete."""

    exit_status = 4


def shown(value: object, limit: int = 60) -> str:
    """A found value as it is quoted in a message: repr, one line, at most `limit` characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A remedy that names the closest allowed word, or the empty string."""
    import difflib

    close = difflib.get_close_matches(str(word), list(allowed), n=1)
    return f"did you mean '{close[0]}'?" if close else ""
