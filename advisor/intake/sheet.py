"""Reads a CSV sheet of projects, one a row, straight into columns of answers. Every bad cell is reported together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from advisor.errors import InputError, Problem, nearest, shown
from advisor.intake.answers import (
    DOES_NOT_APPLY,
    NOT_KNOWN,
    RANGE_KEYS,
    TEXT_LIMIT,
    Answer,
    Answers,
    parse_one,
)
from advisor.intake.columns import ABSENT_CODE, UNKNOWN_CODE, Bools, Column, Facts, Floats, Numbers, Words
from advisor.knowledge.csv_table import SIZE_LIMIT, Table, blocks, records
from advisor.knowledge.domain import CRITERIA, Question, Rulebook

SHOWN_PROBLEMS = 1000
BLOCK = 10_000
TEXTS = ("name", "description")
PRIORITIES = "priorities"
EMPTY = ("", "null", "~", NOT_KNOWN)


@dataclass(frozen=True)
class Sheet:
    """N projects: their texts, their row in the file (the header is row 1), and their answers as columns.

    `facts` is what `tabulate` makes of the same answers given one by one.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    rows: tuple[int, ...]
    facts: Facts
    priorities: tuple[dict[str, float] | None, ...]
    stated: dict[str, Bools]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Sequence[int]) -> Sheet:
        """The projects of the given positions."""
        index = np.array(rows, np.intp)
        return Sheet(
            tuple(self.names[row] for row in rows),
            tuple(self.descriptions[row] for row in rows),
            tuple(self.rows[row] for row in rows),
            self.facts.take(index),
            tuple(self.priorities[row] for row in rows),
            {name: stated[index] for name, stated in self.stated.items()},
        )

    @staticmethod
    def joined(sheets: Sequence[Sheet]) -> Sheet:
        """The projects of several sheets of the same questionnaire, one after the other."""
        return Sheet(
            tuple(name for one in sheets for name in one.names),
            tuple(text for one in sheets for text in one.descriptions),
            tuple(row for one in sheets for row in one.rows),
            Facts.joined([one.facts for one in sheets]),
            tuple(weights for one in sheets for weights in one.priorities),
            {name: np.concatenate([one.stated[name] for one in sheets]) for name in sheets[0].stated},
        )

    def answers(self, row: int) -> Answers:
        """The answers of one project, as an answers file would have given them."""
        given: dict[str, Answer] = {}
        for name, column in self.facts.columns.items():
            if isinstance(column, Words):
                code = int(column.codes[row])
                if code >= 0:
                    given[name] = Answer("word", word=column.values[code])
                elif code == ABSENT_CODE:
                    given[name] = Answer("does_not_apply")
            elif column.absent[row]:
                given[name] = Answer("does_not_apply")
            elif self.stated[name][row]:
                low, likely, high = float(column.low[row]), float(column.likely[row]), float(column.high[row])
                given[name] = Answer("number" if low == high else "range", low=low, likely=likely, high=high)
        weights = self.priorities[row]
        if weights is not None:
            given[PRIORITIES] = Answer("weights", weights=weights)
        return Answers(self.names[row], self.descriptions[row], given)


def read_sheet(path: Path, book: Rulebook) -> Sheet:
    """The projects of a CSV file. Raises InputError that lists every problem in it, with row and column.

    Columns are the fields of the questionnaire, `name` and `description`. A range is written low|likely|high in one
    cell, or in three columns FIELD.low, FIELD.likely and FIELD.high; priorities.CRITERION holds 0-5. Empty cells and
    not_known are not known. Commas, semicolons or tabs part the cells.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)  # no more: the path may name a device without an end
    except OSError as error:
        raise InputError([Problem(str(path), "", error.strerror or "unreadable", "a readable CSV file")]) from None
    return parse_sheet(raw, book, str(path))


def parse_sheet(raw: bytes, book: Rulebook, where: str = "projects") -> Sheet:
    """The projects of CSV bytes; see `read_sheet`."""
    problems: list[Problem] = []
    sheet = _Reader(Table(records(raw, where), where, problems), book, where, problems).sheet()
    _raise(problems, where)
    return sheet


def read_sheets(path: Path, book: Rulebook, size: int = BLOCK) -> Iterator[Sheet]:
    """The projects of a CSV file of any length, `size` rows at a time; see `read_sheet`.

    No sheet comes after a problem was found; all problems are raised at the end of the file. Whoever acts on the first
    sheets must be able to take that back.
    """
    where, problems, found, header = str(path), list[Problem](), False, list[str]()
    for block in blocks(path, size):
        numbers = [number for number, _ in block]
        kept = [record for _, record in block]
        header = kept[0]
        if any(any(record) for record in kept[1:]) or not any(cell.strip() for cell in kept[0]):
            found = True
            sheet = _Reader(Table(kept, where, problems, numbers=numbers[1:]), book, where, problems).sheet()
            if not problems:
                yield sheet
        del problems[SHOWN_PROBLEMS * 2 :]  # a file of a million faults needs no million messages
    _raise(list(dict.fromkeys(problems)), where)
    if not found:
        Table([header], where, problems)  # says what is wrong with a sheet without projects


def projects_in(path: Path) -> int:
    """How many projects a CSV file has. Raises InputError where it is no CSV."""
    return sum(any(record) for block in blocks(path, BLOCK) for _, record in block[1:])


def _raise(problems: Sequence[Problem], where: str) -> None:
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        raise InputError([*problems[:SHOWN_PROBLEMS], *([f"{where}: and {more:,} more problems"] if more > 0 else [])])


@dataclass(frozen=True)
class _Part:
    """One number column as it is read: the values, where there is one, and where it does not apply."""

    low: Floats
    likely: Floats
    high: Floats
    known: Bools
    absent: Bools


class _Reader:
    """Turns the cells of a table into columns of answers."""

    def __init__(self, table: Table, book: Rulebook, where: str, problems: list[Problem]) -> None:
        self.table = table
        self.book = book
        self.where = where
        self.problems = problems
        self.n = len(table.rows)

    def sheet(self) -> Sheet:
        self._headings()
        columns: dict[str, Column] = {}
        stated: dict[str, Bools] = {}
        defaulted: set[str] = set()
        for name, question in self.book.questions.items():
            if question.kind == PRIORITIES:
                continue
            if not question.numeric:
                columns[name] = self._words(question)
                continue
            part = self._numbers(question)
            stated[name] = part.known
            if question.default is not None:
                open_ = ~part.known & ~part.absent
                if open_.any():
                    defaulted.add(name)
                for values in (part.low, part.likely, part.high):
                    values[open_] = question.default
                part = _Part(part.low, part.likely, part.high, part.known | open_, part.absent)
            columns[name] = Numbers(part.low, part.likely, part.high, part.known, part.absent)
        priorities, weights = self._priorities()
        facts = Facts(self.n, columns, weights, frozenset(defaulted))
        names, descriptions = (self._texts(key) for key in TEXTS)
        return Sheet(names, descriptions, self.table.rows, facts, priorities, stated)

    def _headings(self) -> None:
        allowed = [*TEXTS]
        for name, question in self.book.questions.items():
            if question.kind == PRIORITIES:
                allowed += [f"{name}.{criterion}" for criterion in CRITERIA]
            else:
                allowed.append(name)
                allowed += [f"{name}.{key}" for key in RANGE_KEYS] if question.numeric else []
        known = set(allowed)
        for name in self.table.columns:
            if name not in known:
                told = len(self.problems) < SHOWN_PROBLEMS  # a hundred thousand wrong columns are not compared each
                remedy = nearest(name, allowed) if told else ""
                remedy = remedy or "remove it, or see the list in docs/answers-format.md"
                self._report(f"column {name}", "an unknown field", "a field of the questionnaire", remedy)
        for name in self.book.questions:
            parts = [key for key in RANGE_KEYS if f"{name}.{key}" in self.table.columns]
            if parts and len(parts) < len(RANGE_KEYS):
                missing = ", ".join(f"{name}.{key}" for key in RANGE_KEYS if key not in parts)
                self._report(f"column {name}.{parts[0]}", "a part of a range", "all three columns", f"add {missing}")

    def _texts(self, key: str) -> tuple[str, ...]:
        cells = self.table.columns.get(key)
        if cells is None:
            return ("",) * self.n
        for row, cell in enumerate(cells):
            if len(cell) > TEXT_LIMIT:
                self._cell(row, key, f"{len(cell):,} characters", f"a text of at most {TEXT_LIMIT} characters")
        return tuple(cells)

    def _words(self, question: Question) -> Words:
        cells = self.table.columns.get(question.field)
        if cells is None:
            values = () if question.kind == "model" else question.values
            return Words(np.full(self.n, UNKNOWN_CODE, np.int16), values)
        said: dict[str, Answer | None] = dict.fromkeys(cells)
        rows: dict[str, list[int]] = {}
        for row, cell in enumerate(cells):
            rows.setdefault(cell, []).append(row)
        for cell in said:
            before = len(self.problems)
            if before > SHOWN_PROBLEMS * 2:
                break  # a word is compared with all that are allowed, and nobody reads more of them
            said[cell] = parse_one(question, _scalar(cell), self.where, self.problems)
            if len(self.problems) > before:
                self._spread(before, question.field, rows[cell])
        words = {answer.word for answer in said.values() if answer is not None and answer.kind == "word"}
        values = tuple(sorted(words)) if question.kind == "model" else question.values
        index = {word: code for code, word in enumerate(values)}
        codes = {
            cell: UNKNOWN_CODE if answer is None else index.get(answer.word, ABSENT_CODE)
            for cell, answer in said.items()
        }
        return Words(np.array([codes[cell] for cell in cells], np.int16), values)

    def _numbers(self, question: Question) -> _Part:
        """The number column of a question, from one cell a row or from three."""
        whole = self._plain(question, question.field, whole=True)
        names = [f"{question.field}.{key}" for key in RANGE_KEYS]
        if not all(name in self.table.columns for name in names):
            return whole
        low, likely, high = (self._plain(question, name) for name in names)
        some, every = low.known | likely.known | high.known, low.known & likely.known & high.known
        for row in np.flatnonzero(some & ~every):
            missing = [n for n, part in zip(names, (low, likely, high), strict=True) if not part.known[row]]
            self._cell(int(row), missing[0], "nothing", "all three of low, likely and high, or none")
        for row in np.flatnonzero(every & ~((low.low <= likely.low) & (likely.low <= high.low))):
            found = f"low {low.low[row]:g}, likely {likely.low[row]:g}, high {high.low[row]:g}"
            self._cell(int(row), question.field, found, "low ≤ likely ≤ high", "put them in order")
        for row in np.flatnonzero(some & (whole.known | whole.absent)):
            self._cell(int(row), question.field, "a number and a range", "one of the two", "empty one of them")
        return _Part(
            np.where(every, low.low, whole.low),
            np.where(every, likely.low, whole.likely),
            np.where(every, high.low, whole.high),
            every | whole.known,
            whole.absent,
        )

    def _plain(self, question: Question, column: str, *, whole: bool = False) -> _Part:
        """Cells that are plain numbers all at once; any other cell by the reader of answers files.

        Without `whole` a cell may hold neither a range nor does_not_apply.
        """
        cells = self.table.columns.get(column)
        if cells is None:
            none = np.zeros(self.n, bool)
            return _Part(np.zeros(self.n), np.zeros(self.n), np.zeros(self.n), none, none.copy())
        values = np.array([_quick(cell) for cell in cells])
        fine = np.isfinite(values)
        if question.min is not None:
            fine &= values >= question.min
        fine &= values <= (1e15 if question.max is None else question.max)
        if question.kind == "integer":
            fine &= np.floor(np.where(fine, values, 0.5)) == values
        low, likely, high = (np.where(fine, values, 0.0) for _ in range(3))
        known, absent = fine.copy(), np.zeros(self.n, bool)
        others: dict[str, list[int]] = {}
        for row in np.flatnonzero(~fine):
            others.setdefault(cells[int(row)], []).append(int(row))
        for cell, rows in others.items():
            answer = self._odd(question, column, cell, rows, whole)
            if answer is None:
                continue
            if answer.kind == "does_not_apply":
                absent[rows] = True
            else:
                low[rows], likely[rows], high[rows], known[rows] = answer.low, answer.likely, answer.high, True
        return _Part(low, likely, high, known, absent)

    def _odd(self, question: Question, column: str, cell: str, rows: list[int], whole: bool) -> Answer | None:
        """What a cell that is no plain number stands for; problems are told for each of its rows."""
        value, before = _scalar(cell), len(self.problems)
        if whole and isinstance(value, str) and "|" in value:
            parts = [_scalar(part) for part in value.split("|")]
            if len(parts) != len(RANGE_KEYS):
                allowed = "a number, or low|likely|high"
                for row in rows:
                    self._cell(row, column, shown(cell), allowed)
                return None
            value = dict(zip(RANGE_KEYS, parts, strict=True))
        elif not whole and value == DOES_NOT_APPLY:
            for row in rows:
                self._cell(row, column, shown(cell), "a number", f"write {DOES_NOT_APPLY} under {question.field}")
            return None
        answer = parse_one(question, value, self.where, self.problems)
        self._spread(before, column, rows)
        return answer

    def _priorities(self) -> tuple[tuple[dict[str, float] | None, ...], Floats]:
        """The stated weights of each row, and the weights in force: those over the defaults, shape (N, 5)."""
        weights = np.tile(np.array([self.book.criteria[name].weight for name in CRITERIA]), (self.n, 1))
        found: list[dict[str, float] | None] = [None] * self.n
        for index, criterion in enumerate(CRITERIA):
            column = f"{PRIORITIES}.{criterion}"
            for row, cell in enumerate(self.table.columns.get(column, ())):
                value = _scalar(cell)
                if value is None:
                    continue
                if isinstance(value, str) or not 0 <= value <= 5:
                    self._cell(row, column, shown(value), "a number from 0 to 5")
                    continue
                mine = found[row] = found[row] or {}
                mine[criterion] = weights[row, index] = float(value)
        for row, stated in enumerate(found):
            if stated is not None and len(stated) == len(CRITERIA) and not any(stated.values()):
                self._cell(row, PRIORITIES, "0 for every criterion", "at least one above 0")
        return tuple(found), weights

    def _spread(self, before: int, column: str, rows: list[int]) -> None:
        """Tells the problems found since `before` for each of the rows that hold the cell."""
        found = self.problems[before:]
        del self.problems[before:]
        for row in rows:
            for problem in found:
                self._cell(row, column, problem.found, problem.allowed, problem.remedy)

    def _cell(self, row: int, column: str, found: str, allowed: str, remedy: str = "") -> None:
        self._report(f"row {self.table.rows[row]}, column {column}", found, allowed, remedy)

    def _report(self, place: str, found: str, allowed: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.where, place, found, allowed, remedy))


def _quick(cell: str) -> float:
    """A plain number, or not-a-number for anything else."""
    try:
        return float(cell) if cell.isascii() else math.nan
    except ValueError:
        return math.nan


def _scalar(cell: str) -> Any:
    """What a cell stands for: nothing, a finite number, or a text."""
    text = cell.strip()
    if text in EMPTY:
        return None
    number = _quick(text)
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
