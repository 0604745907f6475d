"""The command `portfolio`: a sheet of projects in, one row of advice each, and a summary."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor import locate
from advisor.cli import files, out, say

if TYPE_CHECKING:
    from advisor.reasoning.portfolio import Portfolio, Summary

# What a spreadsheet takes for a formula at the start of a cell, which a file read with another separator moves.
FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[^\S\t\r\n]*[=+\-@＝＋－＠])|^(?=[\t\r\n])")


def portfolio_command(  # noqa: PLR0917 - the words of the command, which nobody calls by position
    projects: Annotated[Path, typer.Argument(metavar="PROJECTS.csv", help="One project a row; columns are fields.")],
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the rows of advice here (CSV).")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print rows and summary as JSON.")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the advice.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a report of the whole here.")] = None,
    format_: Annotated[str, typer.Option("--format", help="Form of --report: text, md, html, pdf, docx, xlsx.")] = "",
    language: Annotated[str, typer.Option("--language", help="Language of the report: en or de.")] = "en",
) -> None:
    """Advises on many projects at once: one row of advice each, and what the whole shows."""
    from advisor.cli.commands import day_of, edition
    from advisor.intake.sheet import read_sheet
    from advisor.reasoning.advise import engine
    from advisor.reasoning.portfolio import Portfolio
    from advisor.reports.drawing import format_of

    chosen = format_of(format_, report)
    day = day_of(as_of)
    if out_file is not None:
        files.refuse_input(out_file, projects)
    if report is not None:
        files.refuse_input(report, projects)
    knowledge = engine(rules or locate.rules_dir(), day)
    portfolio = Portfolio(knowledge, read_sheet(projects, knowledge.book))
    rows, summary = list(portfolio.rows()), portfolio.summary()
    if out_file is not None:
        files.write(out_file, to_csv(rows).encode())
        say([f"wrote {out_file}"])
    if report is not None:
        with edition(language, "engineer"):
            files.write(report, _report(portfolio, rows, summary, chosen))
        say([f"wrote {report}"])
    if json_:
        data = {
            "as_of": day.isoformat(),
            "rulebook": knowledge.book.name,
            "rulebook_version": knowledge.book.version,
            "summary": summary.to_json(),
            "projects": rows,
        }
        out(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    elif out_file is None and report is None:
        out(to_csv(rows))
    say(in_words(summary))
    if summary.nothing_eligible == summary.projects:
        raise typer.Exit(1)


def _report(portfolio: Portfolio, rows: Sequence[dict[str, Any]], summary: Summary, chosen: str) -> bytes:
    from advisor.knowledge.translated import in_language
    from advisor.language import say as translated
    from advisor.reports.drawing import draw
    from advisor.reports.overview import lay_out_portfolio

    book = in_language(portfolio.engine.book)
    titles = {item.id: item.title for item in book.approaches.values()}
    titles |= {item.id: item.title for one in book.approaches.values() for item in one.techniques}
    told = replace(summary, unlocks=tuple(replace(one, ask=book.questions[one.field].ask) for one in summary.unlocks))
    pack = f"{translated(book.name)} {book.version}"
    return draw(lay_out_portfolio(rows, told, titles, portfolio.engine.day, pack), chosen)


def to_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV. A text that a spreadsheet would run as a formula begins with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # with a bare line feed, a carriage return would go unquoted
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
    yield f"{summary.projects:,} projects: {', '.join(counts)}, no recommendation {abstained:,}"
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
