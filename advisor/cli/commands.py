"""The commands `ask`, `recommend`, `app`, and the doors to `rules`, `bench` and `models`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from advisor import __version__, locate
from advisor.cli import files, out, say
from advisor.cli.backtest import backtest_command
from advisor.cli.check import check_command
from advisor.cli.diff import diff_command
from advisor.cli.doctor import doctor_command
from advisor.cli.forms import ONE_OF, BrandingOption, DepthOption, LanguageOption, edition
from advisor.cli.mcp import mcp_command
from advisor.cli.portfolio import portfolio_command
from advisor.cli.record import app as record_app
from advisor.cli.rules import app as rules_app
from advisor.cli.serve import app_command, worker_command
from advisor.cli.studies import app as studies_app
from advisor.cli.validate import validate_command
from advisor.errors import InputError, Problem

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)  # so that a horizon of years stays within the calendar

app = typer.Typer(
    name="advisor",
    help="Advises on prompting, fine-tuning or a hybrid, shows its working, and measures it on your data.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(rules_app, name="rules")
app.add_typer(studies_app, name="studies")
app.add_typer(record_app, name="record")
app.command(name="app")(app_command)
app.command(name="backtest")(backtest_command)
app.command(name="check")(check_command)
app.command(name="diff")(diff_command)
app.command(name="doctor")(doctor_command)
app.command(name="mcp")(mcp_command)
app.command(name="portfolio")(portfolio_command)
app.command(name="validate")(validate_command)
app.command(name="worker")(worker_command)

RulesOption = Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack; the shipped one if absent.")]
DayOption = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the advice, as yyyy-mm-dd.")]


def day_of(text: str | None) -> date:
    """The day that an option names, or today. Raises InputError."""
    if text is None:
        return date.today()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not FIRST_DAY <= day <= LAST_DAY:
        allowed = f"a date that exists, as yyyy-mm-dd, from {FIRST_DAY} to {LAST_DAY}"
        raise InputError([Problem("--as-of", "", repr(text), allowed)])
    return day


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        out(f"advisor {__version__}\n")
        raise typer.Exit


@app.command()
def ask(
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Where to save the answers (YAML); continues from those there.")
    ] = None,
    rules: RulesOption = None,
    as_of: DayOption = None,
) -> None:
    """Interviews in the terminal, most valuable question first, and saves the answers."""
    from advisor.cli.interview import interview
    from advisor.reasoning.advise import engine

    interview(engine(rules or locate.rules_dir(), day_of(as_of)), out_file)


@app.command()
def recommend(  # noqa: PLR0913, PLR0917 - the words of the command, which nobody calls by position
    answers: Annotated[str, typer.Argument(metavar="ANSWERS", help="Answers file (YAML or JSON); - reads stdin.")],
    format_: Annotated[str, typer.Option("--format", help=ONE_OF)] = "",
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the report here instead of to stdout.")] = None,
    as_of: DayOption = None,
    measured: Annotated[Path | None, typer.Option("--measured", help="Folder of a benchmark run to use.")] = None,
    rules: RulesOption = None,
    json_: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Print the whole text report, not its short form.")] = False,
    language: LanguageOption = "en",
    depth: DepthOption = "engineer",
    branding: BrandingOption = None,
) -> None:
    """Recommends an approach for an answers file, with costs, reasons, sources and what would change it."""
    from advisor.intake import answers as intake
    from advisor.knowledge.yaml_file import SIZE_LIMIT
    from advisor.reasoning.advise import advise, engine
    from advisor.reports import format_of, render, screen
    from advisor.reports.appendix import command_line, form_options

    chosen = "json" if json_ else format_of(format_, out_file)
    day = day_of(as_of)
    if out_file is not None:
        files.refuse_input(out_file, Path(answers))
    knowledge = engine(rules or locate.rules_dir(), day, measured)
    if answers == "-":
        raw = sys.stdin.buffer.read(SIZE_LIMIT + 1) if sys.stdin is not None else b""
        given = intake.parse_text(raw, knowledge.book, "standard input")
    else:
        given = intake.read(Path(answers), knowledge.book)
    with edition(language, depth, branding):
        advice = advise(given, knowledge)
        short = chosen == "text" and out_file is None and not full
        options = form_options(chosen)
        options += ["--rules", str(rules)] if rules is not None else []
        options += ["--branding", str(branding)] if branding is not None else []
        report = screen(advice) if short else render(advice, chosen, command=command_line(advice, *options))
    if out_file is None:
        out(report)
    else:
        files.write(out_file, report)
        say([f"wrote {out_file}"])
    if not any(item.eligible for item in advice.ranking):
        say(["no approach is possible under these answers; the report says what would lift each obstacle"])
        raise typer.Exit(1)


_PASS_ON: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=_PASS_ON, add_help_option=False)
def bench(context: typer.Context) -> None:
    """Runs the approaches side by side on labelled data: tasks, run, compare, resume."""
    raise typer.Exit(locate.benchmark_cli().main_bench(list(context.args)))


@app.command(context_settings=_PASS_ON, add_help_option=False)
def models(context: typer.Context) -> None:
    """Lists and fetches the language models of the benchmark: list, pull."""
    raise typer.Exit(locate.benchmark_cli().main_models(list(context.args)))
