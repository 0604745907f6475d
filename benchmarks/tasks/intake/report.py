"""The data report: what was read, what fell away and why, what the rows look like, and what blocks a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA_REPORT = "advisor/data-report/1"
REPORT_FILE = "data-report.json"
QUANTILES = (0, 5, 25, 50, 75, 95, 100)
_SHOWN = 5
_CLASSES = 12


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its name, its SHA-256, its form in words and its rows."""

    name: str
    sha256: str
    form: str
    rows: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows of a file that fell away for one reason: how many, and the first of their lines."""

    file: str
    reason: str
    count: int
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A text that occurs with several answers: where, which answers, and its beginning."""

    file: str
    lines: tuple[int, ...]
    answers: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Leak:
    """A test row that also stands in train: `exact` (case and blanks aside) or `near` by word triples."""

    kind: str
    similarity: float
    train: str
    test: str
    text: str


@dataclass(frozen=True, slots=True)
class DataReport:
    """Everything that was found about one data set.

    `classes` gives the rows per label in train and test, empty where answers are written; `lengths` the quantiles of
    the texts' lengths in characters, by percent. `leaks` are the first of `n_leaks` test rows. `blocked` says in
    sentences why no verdict may rest on this data; it is empty for sound data.
    """

    name: str
    kind: str
    sources: tuple[Source, ...]
    text_column: str
    label_column: str
    split_seed: int | None
    rows_read: int
    n_train: int
    n_test: int
    dropped: tuple[Dropped, ...]
    conflicts: tuple[Conflict, ...]
    n_conflicts: int
    classes: Mapping[str, tuple[int, int]]
    lengths: Mapping[str, int]
    leaks: tuple[Leak, ...]
    n_leaks: int
    removed_from_train: int
    remarks: tuple[str, ...]
    blocked: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The report, JSON-shaped."""
        return {"schema": SCHEMA_REPORT, **asdict(self)}


def in_words(report: DataReport) -> str:
    """The report for a person, a line for each finding."""
    lines = [f"data of {report.name} ({report.kind})"]
    lines += [f"  {source.name}: {source.form}, {source.rows} rows" for source in report.sources]
    drawn = f", drawn with seed {report.split_seed}" if report.split_seed is not None else ""
    lines.append(f"  text in {report.text_column!r}, answer in {report.label_column!r}")
    lines.append(f"  {report.rows_read} rows read, {report.n_train} train and {report.n_test} test rows{drawn}")
    for fall in report.dropped:
        lines.append(f"  left out: {fall.count} rows, {fall.reason} ({fall.file}, {_lines(fall.lines, fall.count)})")
    for conflict in report.conflicts:
        answers = ", ".join(repr(answer[:40]) for answer in conflict.answers)
        lines.append(f"    {conflict.text!r} is {answers} ({conflict.file}, {_lines(conflict.lines)})")
    lines += _classes(report.classes)
    spread = ", ".join(f"{percent} %: {value}" for percent, value in report.lengths.items())
    lines.append(f"  length of the texts in characters: {spread}")
    lines += [f"  note: {remark}" for remark in report.remarks]
    if report.n_leaks:
        what = "were removed from train" if report.removed_from_train else "stand in train as well"
        lines.append(f"  LEAK: {report.n_leaks} test rows {what}:")
        lines += [f"    test {leak.test} = train {leak.train} ({_alike(leak)}): {leak.text!r}" for leak in report.leaks]
    lines += [f"  BLOCKED: {reason}" for reason in report.blocked]
    return "\n".join(lines)


def _alike(leak: Leak) -> str:
    return "the same text" if leak.kind == "exact" else f"{leak.similarity:.0%} alike"


def _lines(lines: tuple[int, ...], count: int | None = None) -> str:
    more = " ..." if (count or len(lines)) > len(lines) else ""
    return f"line{'s' if len(lines) > 1 or more else ''} {', '.join(map(str, lines))}{more}"


def _classes(classes: Mapping[str, tuple[int, int]]) -> list[str]:
    if not classes:
        return []
    ranked = sorted(classes.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    shown = [f"{label[:40]!r} {train}+{test}" for label, (train, test) in ranked[:_CLASSES]]
    if len(ranked) > _CLASSES:
        fewest = min(train for train, _ in classes.values())
        shown.append(f"{len(ranked) - _CLASSES} more (the smallest has {fewest} in train)")
    return [f"  labels, train+test rows: {', '.join(shown)}"]
