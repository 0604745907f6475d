"""Published comparisons of prompting, fine-tuning and hybrids: one row is one task under one condition.

The columns are those of the CSV format that docs/studies-format.md describes. Every wrong cell is reported at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import InputError, Problem, nearest, shown
from advisor.knowledge import csv_table
from advisor.knowledge.domain import APPROACHES

TASK_KINDS = {
    "classification": "classification",
    "extraction": "extraction",
    "summarization": "summarization",
    "generation": "generation",
    "question_answering": "question_answering",
    "qa": "question_answering",
    "conversation": "conversation",
    "dialogue": "conversation",
    "translation": "translation",
    "code": "code",
    "reasoning": "reasoning",
}
PROMPT_METHODS = ("zero_shot", "few_shot", "many_shot", "cot", "rag", "optimised")
REQUIRED = ("id", "paper", "task_kind", "prompt_score", "ft_score", "hybrid_score")
COLUMNS = (
    *("id", "paper", "authors_year", "source_url", "task_name", "task_kind", "domain", "language", "n_classes"),
    *("n_train", "prompt_model", "prompt_model_params_b", "prompt_method", "n_shots", "ft_model", "ft_params_b"),
    *("ft_method", "hybrid_desc", "hybrid_score", "metric", "metric_max", "higher_is_better", "prompt_score"),
    *("ft_score", "winner", "same_base_model", "needs_fresh_or_external_knowledge", "note"),
)
WINNERS = (*APPROACHES, "tie")
LINE = 1e-6  # points: so close to the line between tie and win, rounding decides, and either word is right
TIE = 1.0  # points: scores within one point of each other count as level


@dataclass(frozen=True, slots=True)
class Comparison:
    """One published comparison. Scores are in the metric's own unit, None where the source reports none.

    `study` is the id without its running number. `examples` are the labelled examples that the tuned side saw, None
    where not stated; sizes are in billions of parameters. `line` is the row in the file it was read from.
    """

    id: str
    paper: str
    authors_year: str
    source_url: str
    task_name: str
    task_kind: str
    domain: str
    language: str
    class_count: int | None
    examples: int | None
    prompt_model: str
    prompt_size_b: float | None
    prompt_method: str
    shots: float | None
    tuned_model: str
    tuned_size_b: float | None
    tuning_method: str
    same_base: bool
    hybrid_description: str
    metric: str
    metric_max: float
    higher_is_better: bool
    needs_knowledge: bool
    prompt_score: float | None
    tuned_score: float | None
    hybrid_score: float | None
    note: str
    line: int

    @property
    def study(self) -> str:
        """The study that the row belongs to."""
        return self.id.rpartition("-")[0] or self.id

    @property
    def group(self) -> str:
        """What the row counts under where papers weigh alike: its study, or its paper where the id names no study."""
        return self.study if "-" in self.id else self.paper

    @property
    def year(self) -> int | None:
        """The last year named beside the authors, None where there is none."""
        years = re.findall(r"(?:19|20)\d\d", self.authors_year)
        return int(years[-1]) if years else None

    def points(self) -> Mapping[str, float]:
        """The reported scores by approach in points of 100, the higher the better."""
        raw = dict(zip(APPROACHES, (self.prompt_score, self.tuned_score, self.hybrid_score), strict=True))
        sign = 1.0 if self.higher_is_better else -1.0
        return {name: sign * 100 * value / self.metric_max for name, value in raw.items() if value is not None}

    def winner(self) -> str | None:
        """The approach ahead by more than a point, `tie`, or None where fewer than two were reported."""
        ranked = sorted(self.points().items(), key=lambda item: -item[1])
        if len(ranked) < 2:
            return None
        return ranked[0][0] if ranked[0][1] - ranked[1][1] > TIE + 1e-9 else "tie"


def read_comparisons(path: Path, winners: bool = True) -> tuple[Comparison, ...]:
    """The comparisons of a CSV file. Raises InputError that lists every problem in it.

    Without `winners`, what the column winner says is not held against the scores: who only reads scores need not care.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(csv_table.SIZE_LIMIT + 1)
    except OSError as error:
        raise InputError([Problem(str(path), "", error.strerror or "unreadable", "a readable CSV file")]) from None
    return parse_comparisons(raw, str(path), winners)


def parse_comparisons(raw: bytes, where: str, winners: bool = True) -> tuple[Comparison, ...]:
    """The comparisons of CSV bytes. Raises InputError that lists every problem in them."""
    problems: list[Problem] = []
    table = csv_table.Table(csv_table.records(raw, where), where, problems, "comparison")
    for name in table.columns:
        if name not in COLUMNS:
            remedy = nearest(name, COLUMNS) or "remove it"
            problems.append(Problem(where, f"column {name}", "an unknown column", "a column of the format", remedy))
    problems += [
        Problem(where, "row 1", f"no column {name}", "all of " + ", ".join(REQUIRED))
        for name in REQUIRED
        if name not in table.columns
    ]
    if problems:
        raise InputError(problems)
    rows = [
        _comparison(_Row(where, line, {name: cells[index] for name, cells in table.columns.items()}, problems))
        for index, line in enumerate(table.rows)
    ]
    if not winners:
        problems = [problem for problem in problems if not problem.field.endswith(", winner")]
    _unique(rows, where, problems)
    if problems:
        raise InputError(problems)
    return tuple(rows)


def parse_row(cells: Mapping[str, str], line: int, where: str, problems: list[Problem]) -> Comparison:
    """The comparison of one row, given as cells by column; what is wrong is added to `problems`."""
    return _comparison(_Row(where, line, cells, problems))


class _Row:
    """The cells of one row by column, with a reader per type that reports what it cannot read."""

    def __init__(self, where: str, line: int, cells: Mapping[str, str], problems: list[Problem]) -> None:
        self.where, self.line, self.cells, self.problems = where, line, cells, problems

    def text(self, name: str) -> str:
        return self.cells.get(name, "").strip()

    def report(self, name: str, allowed: str, remedy: str = "") -> None:
        place = f"row {self.line}, {name}"
        self.problems.append(Problem(self.where, place, shown(self.text(name)), allowed, remedy))

    def needed(self, name: str) -> str:
        if not self.text(name):
            self.report(name, "a text")
        return self.text(name)

    def word(self, name: str, allowed: Sequence[str]) -> str:
        found = self.text(name)
        if found and found not in allowed:
            self.report(name, "one of " + ", ".join(allowed) + ", or blank", nearest(found, allowed))
            return ""
        return found

    def number(self, name: str, low: float = 0.0, high: float = math.inf) -> float | None:
        found = self.text(name)
        if not found:
            return None
        try:
            value = float(found)
        except ValueError:
            value = math.nan
        if not low <= value <= high or math.isinf(value):
            below = "" if low == -math.inf else f" from {low:g}"
            above = "" if high == math.inf else f" up to {high:g}"
            self.report(name, f"a number{below}{above}, or blank")
            return None
        return value

    def whole(self, name: str, low: int) -> int | None:
        value = self.number(name, low)
        if value is not None and value != int(value):
            self.report(name, "a whole number, or blank")
            return None
        return None if value is None else int(value)

    def flag(self, name: str, default: bool) -> bool:
        found = self.word(name, ("yes", "no"))
        return found == "yes" if found else default


def _comparison(row: _Row) -> Comparison:
    kind = row.word("task_kind", tuple(TASK_KINDS))
    if not row.text("task_kind"):
        row.report("task_kind", "one of " + ", ".join(TASK_KINDS))
    top = row.number("metric_max", 1e-9)
    top = 100.0 if top is None else top
    address = row.text("source_url")
    if address and not re.match(r"https?://\S+\Z", address):
        row.report("source_url", "an address that begins with http:// or https://")
    item = Comparison(
        id=row.needed("id"),
        paper=row.needed("paper"),
        authors_year=row.text("authors_year"),
        source_url=address,
        task_name=row.text("task_name"),
        task_kind=TASK_KINDS.get(kind, ""),
        domain=row.text("domain"),
        language=row.text("language"),
        class_count=row.whole("n_classes", 1),
        examples=row.whole("n_train", 0),
        prompt_model=row.text("prompt_model"),
        prompt_size_b=row.number("prompt_model_params_b"),
        prompt_method=row.word("prompt_method", PROMPT_METHODS),
        shots=row.number("n_shots"),
        tuned_model=row.text("ft_model"),
        tuned_size_b=row.number("ft_params_b"),
        tuning_method=row.text("ft_method"),
        same_base=row.flag("same_base_model", False),
        hybrid_description=row.text("hybrid_desc"),
        metric=row.text("metric"),
        metric_max=top,
        higher_is_better=row.flag("higher_is_better", True),
        needs_knowledge=row.flag("needs_fresh_or_external_knowledge", False),
        prompt_score=row.number("prompt_score", -math.inf, top),
        tuned_score=row.number("ft_score", -math.inf, top),
        hybrid_score=row.number("hybrid_score", -math.inf, top),
        note=row.text("note"),
        line=row.line,
    )
    _check_winner(row, item)
    return item


def _check_winner(row: _Row, item: Comparison) -> None:
    stated = row.word("winner", WINNERS)
    ranked = sorted(item.points().values(), reverse=True)
    on_the_line = len(ranked) > 1 and abs(ranked[0] - ranked[1] - TIE) < LINE
    if stated and stated != item.winner() and not on_the_line:
        scores = ", ".join(f"{name} {points:.2f}" for name, points in item.points().items())
        row.report("winner", f"{item.winner() or 'blank'}, as the scores say ({scores})")


def _unique(rows: Sequence[Comparison], where: str, problems: list[Problem]) -> None:
    first: dict[str, int] = {}
    for item in rows:
        if item.id in first:
            found = f"the id {item.id!r} again (first in row {first[item.id]})"
            problems.append(Problem(where, f"row {item.line}, id", found, "each id once"))
        first.setdefault(item.id, item.line)
