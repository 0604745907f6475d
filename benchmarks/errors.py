"""What can go wrong in a benchmark that its user can act on; every error holds a list of problems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class BenchmarkError(Exception):
    """The input was wrong. `problems` holds one sentence per mistake: where, what was found, what is allowed."""

    exit_status: ClassVar[int] = 2

    def __init__(self, problems: Iterable[str] | str) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class MissingExtra(BenchmarkError):
    """An optional dependency is not installed; the problem names the line that installs it."""

    exit_status: ClassVar[int] = 3

    @classmethod
    def of(cls, module: str, extra: str = "bench") -> MissingExtra:
        """The error for a module that an extra of this package brings."""
        return cls(f"this needs the package {module!r}, which is not installed: pip install 'advisor[{extra}]'")


class JobFailed(BenchmarkError):
    """A job that was well asked for did not finish, or finished without a result."""

    exit_status: ClassVar[int] = 4
