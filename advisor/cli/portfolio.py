"""The command `portfolio`: a sheet of projects in, one row of advice each, and a summary."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from advisor import locate
from advisor.cli import files, out, say
from advisor.cli.forms import ONE_OF, BrandingOption, LanguageOption, edition
from advisor.errors import InputError, Problem

if TYPE_CHECKING:
    from advisor.reasoning.engine import Engine
    from advisor.reasoning.portfolio import Summary

KEPT = 100_000  # rows that are held at once

# What a spreadsheet takes for a formula at the start of a cell, which a file read with another separator moves.
FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[^\S\t\r\n]*[=+\-@＝＋－＠])|^(?=[\t\r\n])")


def portfolio_command(  # noqa: PLR0917 - the words of the command, which nobody calls by position
    projects: Annotated[Path, typer.Argument(metavar="PROJECTS.csv", help="One project a row; columns are fields.")],
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the rows of advice here (CSV).")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print rows and summary as JSON.")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the advice.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a report of the whole here.")] = None,
    format_: Annotated[str, typer.Option("--format", help="Form of --report. " + ONE_OF)] = "",
    language: LanguageOption = "en",
    branding: BrandingOption = None,
) -> None:
    """Advises on many projects at once: one row of advice each, and what the whole shows."""
    from advisor.cli.commands import day_of
    from advisor.reasoning.advise import engine
    from advisor.reports import format_of

    chosen = format_of(format_, report)
    day = day_of(as_of)
    for file in (out_file, report):
        if file is not None:
            files.refuse_input(file, projects)
    knowledge = engine(rules or locate.rules_dir(), day)
    kept: list[dict[str, Any]] | None = [] if report is not None or json_ else None
    with ExitStack() as stack:
        rows = _Rows(stack.enter_context(_destination(out_file, wanted=kept is None)), kept)
        summary = _advise(projects, knowledge, rows)
    if out_file is not None:
        say([f"wrote {out_file}"])
    if report is not None:
        with edition(language, "engineer", branding):
            files.write(report, _report(knowledge, kept or [], summary, chosen))
        say([f"wrote {report}"])
    if json_:
        data = {
            "as_of": day.isoformat(),
            "rulebook": knowledge.book.name,
            "rulebook_version": knowledge.book.version,
            "summary": summary.to_json(),
            "projects": kept,
        }
        out(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    say(in_words(summary))
    if summary.nothing_eligible == summary.projects:
        raise typer.Exit(1)


class _Rows:
    """Where rows of advice go: a CSV file as they come, and a list where the whole is wanted at once."""

    def __init__(self, file: IO[bytes] | None, kept: list[dict[str, Any]] | None) -> None:
        self._kept, self._began = kept, False
        self._text = None if file is None else io.TextIOWrapper(file, encoding="utf-8", newline="")

    def expect(self, count: int) -> None:
        """Raises InputError where so many rows are more than a report or a JSON text can show."""
        if self._kept is not None and count > KEPT:
            found, allowed = f"more than {KEPT:,} projects", f"at most {KEPT:,} with --json or --report"
            raise InputError([Problem("--json or --report", "", found, allowed, "use --out FILE.csv alone")])

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """The next rows. Raises InputError where more are kept at once than a report or a JSON text can show."""
        if self._kept is not None:
            self.expect(len(self._kept) + len(rows))
            self._kept += rows
        if self._text is not None:
            self._text.write(to_csv(rows, header=not self._began))
            self._began = True

    def close(self) -> None:
        """Hands the last rows to the file, which stays open."""
        if self._text is not None:
            self._text.flush()
            self._text.detach()


@contextmanager
def _destination(out_file: Path | None, *, wanted: bool) -> Iterator[IO[bytes] | None]:
    """The file for the rows; where none is named and rows are `wanted`, one that is printed once it is whole."""
    if out_file is not None:
        with files.writing(out_file) as file:
            yield file
    elif wanted:
        with tempfile.TemporaryFile() as file:
            yield file
            file.seek(0)
            for piece in io.TextIOWrapper(file, encoding="utf-8", newline=""):
                out(piece)
    else:
        yield None


def _advise(projects: Path, knowledge: Engine, rows: _Rows) -> Summary:
    from advisor.intake.sheet import BLOCK, projects_in, read_sheet, read_sheets
    from advisor.reasoning.portfolio import Portfolio, Tally

    if projects.is_file():
        count, sheets = projects_in(projects), read_sheets(projects, knowledge.book)
    else:  # a pipe can be read once only
        sheet = read_sheet(projects, knowledge.book)
        count, sheets = len(sheet), iter((sheet,))
    rows.expect(count)
    tally, done = Tally(knowledge, count), 0
    for sheet in sheets:
        portfolio = Portfolio(knowledge, sheet)
        rows.add(list(portfolio.rows()))
        tally.add(portfolio)
        done += len(sheet)
        if count > 5 * BLOCK and done % (10 * BLOCK) == 0:
            say([f"{done:,} of {count:,} projects"])
    rows.close()
    return tally.summary()


def _report(engine: Engine, rows: Sequence[dict[str, Any]], summary: Summary, chosen: str) -> bytes:
    from advisor.knowledge.translated import in_language
    from advisor.language import say as translated
    from advisor.reports import draw
    from advisor.reports.overview import lay_out_portfolio

    book = in_language(engine.book)
    titles = {item.id: item.title for item in book.approaches.values()}
    titles |= {item.id: item.title for one in book.approaches.values() for item in one.techniques}
    told = replace(summary, unlocks=tuple(replace(one, ask=book.questions[one.field].ask) for one in summary.unlocks))
    pack = f"{translated(book.name)} {book.version}"
    return draw(lay_out_portfolio(rows, told, titles, engine.day, pack), chosen)


def to_csv(rows: Sequence[dict[str, Any]], *, header: bool = True) -> str:
    """The rows as CSV; a text that a spreadsheet would run as a formula begins with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # with a bare line feed, a carriage return would go unquoted
    if header:
        writer.writerow(rows[0])
    writer.writerows([harmless(value) for value in row.values()] for row in rows)
    return text.getvalue()


def harmless(value: Any) -> Any:
    """The value as it may stand in a cell: a text that begins like a formula gets an apostrophe."""
    if isinstance(value, str):
        return FORMULA.sub("'", value)
    return "" if value is None else value


def in_words(summary: Summary) -> Iterator[str]:
    """The summary as a few lines."""
    counts = [f"{name.replace('_', '-')} {count:,}" for name, count in summary.approaches.items()]
    abstained = summary.statuses["abstain"]
    plural = "" if summary.projects == 1 else "s"
    yield f"{summary.projects:,} project{plural}: {', '.join(counts)}, no recommendation {abstained:,}"
    if summary.statuses["tie"]:
        yield f"ties among them: {summary.statuses['tie']:,}"
    if summary.nothing_eligible:
        yield f"no approach is possible in {summary.nothing_eligible:,}"
    low, likely, high = (f"{summary.cost_usd[bound]:,.0f}" for bound in ("low", "likely", "high"))
    yield f"cost of what is recommended: {likely} USD (all low {low}, all high {high})"
    if summary.unlocks:
        first = summary.unlocks[0]
        yield (
            f"the missing answer that unlocks most: {first.field}; it would decide in {100 * first.share:.0f} % of "
            f"{summary.sample:,} projects tried, and is open in {first.open_in:,} of all"
        )
