"""`advisor backtest`: the advice against recorded outcomes, of real cases (YAML) or published comparisons (CSV)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor import locate
from advisor.cli import out
from advisor.errors import InputError, Problem

if TYPE_CHECKING:
    from advisor.reasoning.engine import Engine
    from advisor.reasoning.studies_record import StudyRecord


def backtest_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Recorded cases (YAML) or published comparisons (CSV).")],
    leave_out: Annotated[
        str | None,
        typer.Option(
            "--leave-out", metavar="paper", help="Comparisons: refit the forecast without the paper of each first."
        ),
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the advice.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compares the advice with recorded outcomes, and lists every miss."""
    from advisor.cli.commands import day_of
    from advisor.reasoning.advise import engine
    from advisor.reasoning.record import backtest, lines, read_cases
    from advisor.reasoning.studies_record import lines as study_lines

    suffix = file.suffix.lower()
    if not file.exists():
        raise InputError([Problem(str(file), "", "no such file", "cases in YAML or comparisons in CSV")])
    if suffix not in {".yaml", ".yml", ".json", ".csv"}:
        allowed = "cases in YAML or comparisons in CSV"
        raise InputError([Problem(str(file), "", f"a {file.suffix or 'nameless'} file", allowed, "see docs/")])
    if leave_out is not None and (leave_out != "paper" or suffix != ".csv"):
        found = leave_out if leave_out != "paper" else f"paper, with a {suffix} file"
        raise InputError([Problem("--leave-out", "", found, "paper, with comparisons in CSV")])
    knowledge = engine(rules or locate.rules_dir(), day_of(as_of))
    if suffix == ".csv":
        studies = _studies(knowledge, file, leave_out is not None)
        plain, text = studies.plain(), study_lines(studies)
    else:
        record = backtest(knowledge, read_cases(file, knowledge.book))
        plain, text = record.plain(), lines(record)
    out(json.dumps(plain, indent=2, ensure_ascii=False) + "\n" if json_ else "".join(f"{line}\n" for line in text))


def _studies(knowledge: Engine, file: Path, leave_out: bool) -> StudyRecord:
    from advisor.knowledge.model_names import read_model_names
    from advisor.knowledge.quality_model import NAMES, PRIORS, read_priors, studies_folder
    from advisor.knowledge.studies import read_comparisons
    from advisor.reasoning.quality.fit import trials
    from advisor.reasoning.studies_record import judge

    folder = studies_folder(knowledge.book)
    rows = read_comparisons(file, winners=False)
    data = trials(rows, read_model_names(folder / NAMES), knowledge.book, knowledge.prices, knowledge.day)
    if not data.rows:
        found = f"{len(rows)} rows, none with two scores"
        raise InputError([Problem(str(file), "", found, "rows that report at least two of the three scores")])
    return judge(knowledge, data, read_priors(folder / PRIORS) if leave_out else None)
