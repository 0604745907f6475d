"""`advisor record`: the public record of the advice, how it grows, and how the forecast may learn from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from advisor import locate
from advisor.cli import files, out, say
from advisor.errors import InputError, Problem

if TYPE_CHECKING:
    from advisor.reasoning.engine import Engine
    from advisor.reasoning.ledger import Entry
    from advisor.reasoning.quality.fit import Trials
    from advisor.reasoning.studies_record import StudyRecord

app = typer.Typer(
    help="Shows the record of the advice: show, add, table, fit.", rich_markup_mode=None, no_args_is_help=False
)

RulesOption = Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack; the shipped one if absent.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback(invoke_without_command=True)
def _root(context: typer.Context, rules: RulesOption = None, json_: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        show(rules, json_)


@app.command()
def show(rules: RulesOption = None, json_: AsJson = False) -> None:
    """Prints hits, ties and misses with their intervals, the calibration, and every wrong one with its reason."""
    from advisor.reasoning.record_words import lines

    record = _whole(_folder(rules))
    out(
        json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        if json_
        else "".join(f"{one}\n" for one in lines(record))
    )


@app.command()
def add(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[DIR...]", help="Folders of validated runs.")] = None,
    studies: Annotated[
        bool, typer.Option("--studies", help="Forecast every published comparison without its paper anew (a minute).")
    ] = False,
    cases: Annotated[Path | None, typer.Option("--cases", help="Recorded real choices (YAML), judged anew.")] = None,
    rules: RulesOption = None,
) -> None:
    """Adds what was judged to the ledger and rewrites its summary."""
    from advisor.cli.commands import day_of
    from advisor.reasoning import ledger, tally
    from advisor.reasoning.advise import engine
    from advisor.reasoning.record import backtest, read_cases
    from advisor.reasoning.validation import validate

    if not runs and not studies and cases is None:
        raise InputError([Problem("record add", "", "nothing to add", "folders of runs, --studies or --cases FILE")])
    knowledge = engine(rules or locate.rules_dir(), day_of(None))
    folder = _folder(rules, must_exist=False)
    version, model = knowledge.book.version, knowledge.model.digest if knowledge.model is not None else ""
    told = []
    if runs:
        fresh = [entry for run in runs for entry in ledger.of_run(validate(run, knowledge))]
        new, known = ledger.add_runs(folder, fresh)
        told.append(f"runs: {new} predictions added, {known} were there already")
    day = knowledge.day.isoformat()
    if studies:
        judged_studies, why = _judged_studies(knowledge)
        entries = ledger.of_studies(judged_studies, why, day, version, model)
        ledger.write(folder, "study", entries)
        told.append(f"studies: {len(entries)} comparisons forecast without their paper")
    if cases is not None:
        judged = ledger.of_cases(backtest(knowledge, read_cases(cases, knowledge.book)), day, version, model)
        ledger.write(folder, "case", judged)
        told.append(f"cases: {len(judged)} judged")
    text = json.dumps(tally.summary(ledger.read(folder)), indent=1, ensure_ascii=False) + "\n"
    files.write(folder / "summary.json", text.encode())
    say(told)


@app.command()
def table(
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Put it between the file's markers.")
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Prints the record as a Markdown table, or writes it between the markers of a page."""
    from advisor.reasoning import record_words

    made = record_words.table(_whole(_folder(rules)))
    if write is None:
        out(made + "\n")
        return
    page = record_words.placed(write.read_text(encoding="utf-8"), made) if write.is_file() else None
    if page is None:
        allowed = f"a page with the lines {record_words.BEGIN} and {record_words.END}"
        raise InputError([Problem(str(write), "", "no place for the table", allowed)])
    files.write(write, page.encode())


@app.command(name="fit")
def fit_command(
    write: Annotated[
        bool, typer.Option("--write", help="Write the fitted forecast as a new version of this pack's record.")
    ] = False,
    rules: RulesOption = None,
    json_: AsJson = False,
) -> None:
    """Tries what the forecast would learn from our own runs: before and after, on tasks and papers left out."""
    from advisor.cli.commands import day_of
    from advisor.knowledge.quality_model import MODEL, PRIORS, read_priors, studies_folder
    from advisor.reasoning import learning
    from advisor.reasoning.advise import engine

    knowledge = engine(rules or locate.rules_dir(), day_of(None))
    folder = _folder(rules, must_exist=not write)
    runs = [entry for entry in _entries(_folder(rules)) if entry.origin == "run"]
    data = _with_runs(knowledge, runs)
    beliefs = studies_folder(knowledge.book) / PRIORS
    priors = read_priors(beliefs)
    if write and not priors.learn_from_runs:
        say([f"nothing written: no coefficient in {beliefs} is marked `learns_from_runs`, so none could learn"])
        raise typer.Exit(1)
    tasks, papers = learning.on_tasks(data, priors), learning.on_papers(data, priors)
    found = learning.plain(tasks, papers)
    out(json.dumps(found, indent=2) + "\n" if json_ else "".join(f"{line}\n" for line in learning.lines(tasks, papers)))
    if not write:
        say(["nothing written: the forecast changes only with --write"])
        return
    if not learning.better(tasks, papers):
        say(["nothing written: on tasks or papers that it has not seen the forecast would get worse"])
        raise typer.Exit(1)
    model = learning.fitted(data, priors)
    folder.mkdir(parents=True, exist_ok=True)
    model.write(folder / MODEL)
    entry = {"at": knowledge.day.isoformat(), "model": model.digest, "runs": [run.id for run in runs], **found}
    version = learning.keep(folder, entry)
    say([f"version {version} written: {folder / MODEL}", "judge it anew with: advisor record add --studies"])


def _whole(folder: Path) -> dict[str, Any]:
    from advisor.reasoning import tally

    return tally.of_folder(folder) or _no_ledger(folder)


def _entries(folder: Path) -> tuple[Entry, ...]:
    from advisor.reasoning import ledger

    return ledger.read(folder) or _no_ledger(folder)


def _no_ledger(folder: Path) -> NoReturn:
    raise InputError([Problem(str(folder), "", "no ledger", "a record", "make one with: advisor record add")])


def _folder(rules: Path | None, must_exist: bool = True) -> Path:
    """The record's folder of a pack; to add to a pack of one's own, its own folder."""
    from advisor.knowledge.record_summary import FOLDER

    folder = (rules or locate.rules_dir()) / FOLDER
    if must_exist and not folder.is_dir():
        return locate.rules_dir() / FOLDER
    return folder


def _judged_studies(knowledge: Engine) -> tuple[StudyRecord, dict[str, str]]:
    """Every published comparison forecast without its paper; with our own runs in where the forecast has them in."""
    from advisor.knowledge.quality_model import PRIORS, read_priors, studies_folder
    from advisor.reasoning.studies_record import judge, reasons

    runs: list[Entry] = []
    if knowledge.model is not None and knowledge.model.own_runs:
        from advisor.knowledge.record_summary import record_folder
        from advisor.reasoning import learning

        fitted = learning.last_fit(record_folder(knowledge.book))
        runs = [entry for entry in _entries(record_folder(knowledge.book)) if entry.id in fitted]
    data = _with_runs(knowledge, runs)
    priors = read_priors(studies_folder(knowledge.book) / PRIORS)
    return judge(knowledge, data, priors), reasons(data, priors)


def _with_runs(knowledge: Engine, runs: list[Entry]) -> Trials:
    from advisor.knowledge.model_names import read_model_names
    from advisor.knowledge.quality_model import NAMES, studies_folder
    from advisor.knowledge.study_registry import FOLDER as PAPERS
    from advisor.knowledge.study_registry import read_registry
    from advisor.reasoning import learning

    folder = studies_folder(knowledge.book)
    rows = [row for study in read_registry(folder / PAPERS) for row in study.comparisons]
    names = read_model_names(folder / NAMES)
    return learning.joined(rows, runs, names, knowledge.book, knowledge.prices, knowledge.day)
