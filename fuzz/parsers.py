"""Coverage-guided fuzzing of every parser: `python fuzz/parsers.py TARGET [CORPUS] [-max_total_time=60]`.

A target may refuse its input with the errors that users are shown; anything else that it raises is a finding. Needs
`pip install atheris` (it has wheels for Linux).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["advisor", "benchmarks"]):
    from advisor import locate
    from advisor.errors import AdvisorError, Problem
    from advisor.intake import answers, measurements, sheet
    from advisor.knowledge import rulebook, studies, study_registry, yaml_file
    from advisor.reasoning import ledger, locked, record
    from advisor.reports import branding
    from advisor.ui import link
    from benchmarks.errors import BenchmarkError
    from benchmarks.runs import experiment, overview, results_on_disk
    from benchmarks.tasks import json_text
    from benchmarks.tasks.card import read_card
    from benchmarks.tasks.intake.delimited import read_delimited
    from benchmarks.tasks.intake.json_rows import read_json_rows
    from benchmarks.tasks.problems import Problems

BOOK = rulebook.load(locate.rules_dir())
HERE = Path(tempfile.mkdtemp())


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


def share(data: bytes) -> None:
    """The answers in an address, as it is opened."""
    answers.parse(link.decode(data.decode("utf-8", "replace")), BOOK, "fuzz")


def results(data: bytes) -> None:
    """Results of runs, for one table over all of them."""
    overview.as_markdown(overview.overview(results_on_disk.read([str(_file(data, "result.json"))])))


def records(data: bytes) -> None:
    """A ledger of judged predictions."""
    ledger.read(_file(data, "runs.jsonl").parent)


def study(data: bytes) -> None:
    """A published study as a file."""
    found: list[Problem] = []
    study_registry.parse_study(_file(data, "study.yaml"), "fuzz", found)


def _file(data: bytes, name: str) -> Path:
    path = HERE / name
    path.write_bytes(data)
    return path


TARGETS: dict[str, Callable[[bytes], object]] = {
    "answers": lambda data: answers.parse_text(data, BOOK),
    "rules": rules,
    "sheet": lambda data: sheet.parse_sheet(data, BOOK),
    "csv": csv,
    "jsonl": jsonl,
    "card": card,
    "share": share,
    "measurement": lambda data: measurements.read(_file(data, "result.json")),
    "results": results,
    "lock": lambda data: locked.read(_file(data, "lock.json")),
    "ledger": records,
    "cases": lambda data: record.read_cases(_file(data, "cases.yaml"), BOOK),
    "comparisons": lambda data: studies.parse_comparisons(data, "fuzz"),
    "study": study,
    "brand": lambda data: branding.read_brand(_file(data, "brand.yaml")),
    "experiment": lambda data: experiment.read(str(_file(data, "run.yaml")), {}, set()),
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
