"""From a file, two files or a name on the hub to a task and its data report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import BenchmarkError
from ...records import Example, Task, TaskCard
from ..kinds import CLASSIFICATION, EXTRACTION, KINDS, TEXT_METRICS
from . import hub
from .cleaning import Cleaned, Row, clean, one_spelling
from .columns import choose_columns, require_columns
from .encoding import garbled
from .files import SUFFIXES, read_file
from .hints import hints
from .report import QUANTILES, DataReport, Source
from .soundness import (
    SHOWN_LEAKS,
    FoundLeak,
    found_leaks,
    leak_sentence,
    refuse_one_sided,
    refuse_too_few,
    slots_schema,
    without_singles,
)
from .split import split
from .table import Table

LOPSIDED = 0.7
_WANTED = {
    CLASSIFICATION: "Read the text and choose the label that fits it.",
    EXTRACTION: "Read the text and fill in the fields that it gives.",
    "qa": "Read the text and answer its question.",
    "summarization": "Summarize the text.",
    "generation": "Read the text and write the result that belongs to it.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user said about the data; None and the empty text are for what was left open."""

    text_column: str | None = None
    label_column: str | None = None
    test_file: str | None = None
    kind: str = CLASSIFICATION
    description: str = ""
    language: str = "und"
    seed: int = 0
    drop_leaks: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """A task made of a user's data, and the report on that data."""

    task: Task
    report: DataReport


def is_own_data(word: str) -> bool:
    """Whether a word names a data file or a data set of the hub, and no task folder or sample."""
    path = Path(word).expanduser()
    return word.startswith(hub.PREFIX) or (not path.is_dir() and (path.is_file() or path.suffix.lower() in SUFFIXES))


def import_task(word: str, wanted: Wanted | None = None, *, door: hub.Door | None = None) -> Imported:
    """The task in a file (with `wanted.test_file`: in two) or in a data set of the hub.

    Raises BenchmarkError for data that no task can be made of, MissingExtra for Parquet without pyarrow, JobFailed for
    a hub that cannot be reached.
    """
    wanted = wanted or Wanted()
    if wanted.kind not in KINDS:
        raise BenchmarkError(f"--kind: the kind {wanted.kind!r} is unknown; allowed: {', '.join(KINDS)}")
    train, test, remarks = _tables(word, wanted, door)
    text, label, guessed = choose_columns(train, wanted.text_column, wanted.label_column)
    tables = [train] if test is None else [train, test]
    for table in tables[1:]:
        require_columns(table, (text, label))
    cleaned = [clean(table, text, label, wanted.kind, part) for part, table in enumerate(tables)]
    remarks = [*remarks, *guessed]
    rows = [row for found in cleaned for row in found.rows]
    if wanted.kind == CLASSIFICATION:
        rows, spelled = one_spelling(rows)
        remarks += spelled
        rows, single = without_singles(rows) if test is None else (rows, [])
        remarks += single
    refuse_too_few(word, rows, label, wanted.kind)
    if test is None:
        sides = split(rows, wanted.seed, wanted.kind == CLASSIFICATION)
    else:
        sides = tuple(row for row in rows if row.part == 0), tuple(row for row in rows if row.part == 1)
    leaks = found_leaks(*sides)
    removed = {leak.train_id for leak in leaks} if wanted.drop_leaks else set()
    sides = tuple(row for row in sides[0] if row.id not in removed), sides[1]
    refuse_one_sided(word, *sides, wanted.kind)
    card = _card(word, wanted, sides, remarks)
    train_rows, test_rows = (tuple(_example(row, wanted.kind) for row in side) for side in sides)
    task = Task(card, train_rows, test_rows)
    seed = wanted.seed if test is None else None
    report = _report(
        task, tables, cleaned, leaks, columns=(text, label), seed=seed, removed=len(removed), remarks=remarks
    )
    return Imported(task, report)


def _tables(word: str, wanted: Wanted, door: hub.Door | None) -> tuple[Table, Table | None, list[str]]:
    """The training table, the test table if there is one, and remarks."""
    named = {column for column in (wanted.text_column, wanted.label_column) if column is not None}
    test = read_file(Path(wanted.test_file).expanduser(), named) if wanted.test_file else None
    if not word.startswith(hub.PREFIX):
        return read_file(Path(word).expanduser(), named), test, []
    train, own_test, remarks = hub.read_hub(word, door)
    return train, test or own_test, list(remarks)


def _card(word: str, wanted: Wanted, sides: tuple[Sequence[Row], Sequence[Row]], remarks: list[str]) -> TaskCard:
    rows = [*sides[0], *sides[1]]
    description = wanted.description.strip()
    if not description:
        description = _WANTED[wanted.kind]
        remarks.append(
            f"--description was not given: prompts say {description!r}, which is little; say in a sentence or two what "
            "the task is and what each label means, or the prompted arms fight below their weight"
        )
    labels: tuple[str, ...] = ()
    metric, schema = TEXT_METRICS[0], None
    if wanted.kind == CLASSIFICATION:
        counts = Counter(row.answer for row in rows)
        labels = tuple(sorted(counts))
        share = max(counts.values()) / len(rows)
        metric = "accuracy" if share <= LOPSIDED else "macro_f1"
        if share > LOPSIDED:
            label = max(counts, key=lambda one: counts[one])
            remarks.append(
                f"{share:.0%} of the rows are {label!r}: judged by macro F1, for accuracy would reward saying so"
            )
    elif wanted.kind == EXTRACTION:
        metric, schema = "slot_micro_f1", slots_schema(word, rows)
    name = word.removeprefix(hub.PREFIX) if word.startswith(hub.PREFIX) else Path(word).stem
    return TaskCard(
        name=name.replace("/", "-").replace(":", "-") or "data",
        kind=wanted.kind,
        language=wanted.language,
        domain="",
        description=description,
        labels=labels,
        metric=metric,
        schema=schema,
    )


def _example(row: Row, kind: str) -> Example:
    return Example(row.id, row.text, row.answer, () if kind == CLASSIFICATION else (row.answer,))


def _report(
    task: Task,
    tables: Sequence[Table],
    cleaned: Sequence[Cleaned],
    leaks: Sequence[FoundLeak],
    *,
    columns: tuple[str, str],
    seed: int | None,
    removed: int,
    remarks: Sequence[str],
) -> DataReport:
    examples = (*task.train, *task.test)
    counts = [Counter(row.label for row in side) for side in (task.train, task.test)]
    lengths = np.percentile([len(row.text) for row in examples], QUANTILES)
    garbage = garbled([row.text for row in examples])
    shown = tuple(leak.leak for leak in leaks[:SHOWN_LEAKS])
    n_leaks = len({leak.leak.test for leak in leaks})
    blocked = [leak_sentence(shown, n_leaks)] if leaks and not removed else []
    if task.card.kind == CLASSIFICATION:
        blocked += hints(*([(row.text, row.label) for row in side] for side in (task.train, task.test)))
        unseen = sorted(set(counts[1]) - set(counts[0]))
        if unseen:
            remarks = [*remarks, f"only in test, so that no arm can learn it: {', '.join(map(repr, unseen[:8]))}"]
    return DataReport(
        name=task.card.name,
        kind=task.card.kind,
        sources=tuple(Source(table.name, table.sha256, table.form, len(table.rows)) for table in tables),
        text_column=columns[0],
        label_column=columns[1],
        split_seed=seed,
        rows_read=sum(len(table.rows) for table in tables),
        n_train=len(task.train),
        n_test=len(task.test),
        dropped=tuple(fall for found in cleaned for fall in found.dropped),
        conflicts=tuple(conflict for found in cleaned for conflict in found.conflicts),
        n_conflicts=sum(found.n_conflicts for found in cleaned),
        classes={label: (counts[0][label], counts[1][label]) for label in task.card.labels},
        lengths={str(percent): int(value) for percent, value in zip(QUANTILES, lengths, strict=True)},
        leaks=shown,
        n_leaks=n_leaks,
        removed_from_train=removed,
        remarks=tuple([*remarks, garbage] if garbage else remarks),
        blocked=tuple(blocked),
    )
