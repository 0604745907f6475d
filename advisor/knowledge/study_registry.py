"""The registry of published studies: a folder with one YAML file per study, its rows as CSV inside.

`shared` holds the columns that are the same in every row; the columns are those of docs/studies-format.md.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, nearest, shown
from advisor.knowledge import yaml_file
from advisor.knowledge.fields import Fields
from advisor.knowledge.studies import COLUMNS, WINNERS, Comparison, parse_row

FOLDER = "papers"
READ: Mapping[str, str] = {
    "full_text": "read at the source",
    "secondary": "read where others quote it",
    "abstract": "only a summary was read",
}
HEAD = ("id", "paper", "authors_year", "source_url")  # columns that the study gives, not the row
ROW_COLUMNS = tuple(name for name in COLUMNS if name not in HEAD)
NEEDED = ("task_name", "task_kind", "metric", "metric_max", "higher_is_better", "winner")
OLDEST, NEWEST = 1990, 2100
SUMMARY_LIMIT = 400  # characters: what fits on a page beside others


@dataclass(frozen=True, slots=True)
class Study:
    """One study with its comparisons. `read` says how it was read, a key of `READ`; `caveat` what its numbers hide."""

    id: str
    title: str
    authors_year: str
    year: int
    source: str
    read: str
    summary: str
    caveat: str
    comparisons: tuple[Comparison, ...]

    def wins(self) -> Mapping[str, int]:
        """How many comparisons each approach won, and how many were level; all four words are there."""
        won = [row.winner() for row in self.comparisons]
        return {name: won.count(name) for name in WINNERS}


def read_registry(*folders: Path) -> tuple[Study, ...]:
    """The studies of one or more folders, by id. Raises InputError that lists every problem in every file."""
    problems: list[Problem] = []
    found: list[Study | None] = []
    first: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        pack = f"{path.parents[2].name}/" if len(folders) > 1 else ""
        where = f"{pack}{FOLDER}/{path.name}"
        found.append(parse_study(path, where, problems))
        if first.setdefault(path.stem, where) != where:
            problems.append(Problem(where, "id", shown(path.stem), f"a name of its own, beside {first[path.stem]}"))
    if problems:
        raise InputError(problems)
    return tuple(sorted((study for study in found if study is not None), key=lambda study: study.id))


def parse_study(path: Path, where: str, problems: list[Problem]) -> Study | None:
    """The study of one file; None where it cannot be read. What is wrong is added to `problems`."""
    before = len(problems)
    raw = yaml_file.read(path, problems, where)
    if raw is None:
        if len(problems) == before:
            problems.append(Problem(where, "", "an empty file", "a study, see docs/studies-format.md"))
        return None
    fields = Fields(raw, problems, where, "")
    study = Study(
        id=fields.text("id"),
        title=fields.text("title"),
        authors_year=fields.text("authors_year"),
        year=_year(fields),
        source=_source(fields),
        read=fields.choice("read", tuple(READ)),
        summary=fields.text("summary"),
        caveat=fields.text("caveat", required=False),
        comparisons=(),
    )
    if study.id and (study.id != path.stem or not re.fullmatch(r"[a-z0-9]+", study.id)):
        fields.report("id", shown(study.id), f"the name of the file in small letters and digits: {path.stem}")
    if len(study.summary) > SUMMARY_LIMIT:
        fields.report("summary", f"{len(study.summary)} characters", f"at most {SUMMARY_LIMIT}", "say less")
    shared = {str(name): str(value) for name, value in fields.mapping("shared", required=False).items()}
    for name in shared:
        if name not in ROW_COLUMNS:
            fields.report(f"shared: {name}", "an unknown column", ", ".join(ROW_COLUMNS), nearest(name, ROW_COLUMNS))
    text = fields.any("rows")
    if text is not None and not isinstance(text, str):
        fields.report("rows", shown(text), "CSV text with a heading, after 'rows: |'")
    rows = tuple(_rows(study, shared, text, where, problems)) if isinstance(text, str) else ()
    fields.close()
    return Study(**{name: getattr(study, name) for name in Study.__slots__ if name != "comparisons"}, comparisons=rows)


def _year(fields: Fields) -> int:
    year = fields.number("year", low=OLDEST)
    if year and (year != int(year) or year > NEWEST):
        fields.report("year", f"{year:g}", f"a year from {OLDEST} to {NEWEST}")
    return int(year)


def _source(fields: Fields) -> str:
    source = fields.text("source")
    if source and not re.match(r"https?://\S+\Z", source):
        fields.report("source", shown(source), "an address that begins with http:// or https://")
    return source


def _rows(
    study: Study, shared: Mapping[str, str], text: str, where: str, problems: list[Problem]
) -> Iterator[Comparison]:
    head = {"paper": study.title, "authors_year": study.authors_year, "source_url": study.source}
    seen: set[str] = set()
    for number, cells in _cells(shared, text, where, problems):
        own = cells.pop("row", "").strip()
        place = f"rows: row {number}"
        if not own or own in seen:
            found = f"the number {own!r} again" if own else "no number"
            problems.append(Problem(where, f"{place}, row", found, "a number of its own"))
        seen.add(own)
        full = {**shared, **cells, **head, "id": f"{study.id}-{own}"}
        for name in NEEDED:
            if not full.get(name, "").strip():
                problems.append(Problem(where, f"{place}, {name}", "nothing", "a value, here or under shared"))
        before = len(problems)
        row = parse_row(full, number, f"{where}: rows", problems)
        if len(problems) == before and len(row.points()) < 2:
            found = "fewer than two scores"
            problems.append(Problem(where, place, found, "two of prompt_score, ft_score and hybrid_score"))
        yield row


def _cells(
    shared: Mapping[str, str], text: str, where: str, problems: list[Problem]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of the CSV text with their numbers, the heading being row 1."""
    lines: Sequence[list[str]] = list(csv.reader(io.StringIO(text)))
    heading: list[str] = list(lines[0]) if lines else []
    for name in heading:
        twice = heading.count(name) > 1 or name in shared
        if name not in ("row", *ROW_COLUMNS) or twice:
            found = "the column twice" if twice else "an unknown column"
            problems.append(Problem(where, f"rows: {name}", found, ", ".join(ROW_COLUMNS), nearest(name, ROW_COLUMNS)))
            return
    if len(lines) < 2:
        problems.append(Problem(where, "rows", "no rows", "a heading and at least one row"))
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(heading):
            found = f"{len(line)} cells"
            problems.append(Problem(where, f"rows: row {number}", found, f"{len(heading)} cells", "quote commas"))
        else:
            yield number, dict[str, Any](zip(heading, line, strict=True))
