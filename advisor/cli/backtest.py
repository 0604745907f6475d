"""`advisor backtest`: the advice against recorded outcomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from advisor import locate
from advisor.cli import out
from advisor.errors import InputError, Problem


def backtest_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Recorded cases (YAML).")],
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the advice.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compares the advice with the recorded outcomes of real cases, and lists every miss."""
    from advisor.cli.commands import day_of
    from advisor.reasoning.advise import engine
    from advisor.reasoning.record import backtest, lines, read_cases

    if file.suffix.lower() not in {".yaml", ".yml", ".json"}:
        remedy = "studies in CSV are not read yet"
        raise InputError([Problem(str(file), "", f"a {file.suffix or 'nameless'} file", "cases in YAML", remedy)])
    knowledge = engine(rules or locate.rules_dir(), day_of(as_of))
    record = backtest(knowledge, read_cases(file, knowledge.book))
    if json_:
        out(json.dumps(record.plain(), indent=2, ensure_ascii=False) + "\n")
    else:
        out("".join(f"{line}\n" for line in lines(record)))
