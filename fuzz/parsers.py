"""Coverage-guided fuzzing of every parser: `python fuzz/parsers.py TARGET [CORPUS] [-max_total_time=60]`.

A target may refuse its input with the errors that users are shown; anything else that it raises is a finding. Needs
`pip install atheris` (it has wheels for Linux).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["advisor", "benchmarks"]):
    from advisor import locate
    from advisor.errors import AdvisorError, Problem
    from advisor.intake import answers, sheet
    from advisor.knowledge import rulebook, yaml_file
    from benchmarks.errors import BenchmarkError
    from benchmarks.tasks import json_text
    from benchmarks.tasks.card import read_card
    from benchmarks.tasks.intake.delimited import read_delimited
    from benchmarks.tasks.intake.json_rows import read_json_rows
    from benchmarks.tasks.problems import Problems

BOOK = rulebook.load(locate.rules_dir())


def rules(data: bytes) -> None:
    """The YAML of a rule pack: a value, or problems."""
    found: list[Problem] = []
    yaml_file.parse(data, found, "fuzz")


def csv(data: bytes) -> None:
    """A table of one's own data."""
    read_delimited("fuzz", data.decode("utf-8", "replace"), False, set())


def jsonl(data: bytes) -> None:
    """Rows of one's own data, and of a task folder."""
    list(json_text.lines("fuzz", data, Problems()))
    read_json_rows("fuzz", data.decode("utf-8", "replace"))


def card(data: bytes) -> None:
    """The card of a task."""
    read_card(data, "fuzz", Problems())


TARGETS: dict[str, Callable[[bytes], object]] = {
    "answers": lambda data: answers.parse_text(data, BOOK),
    "rules": rules,
    "sheet": lambda data: sheet.parse_sheet(data, BOOK),
    "csv": csv,
    "jsonl": jsonl,
    "card": card,
}


def main() -> None:
    """Fuzzes one target from the small corpus beside this file."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"python fuzz/parsers.py TARGET; allowed: {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    target = TARGETS[name]

    def once(data: bytes) -> None:
        try:
            target(data)
        except (AdvisorError, BenchmarkError):
            return

    corpus = Path(__file__).parent / "corpus" / name
    found = [] if any(not word.startswith("-") for word in sys.argv[1:]) else [str(corpus)]
    atheris.Setup([*sys.argv, *found], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
