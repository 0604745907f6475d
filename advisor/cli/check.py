"""`advisor check`: is the advice still the one that was agreed on? The gate for continuous integration."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from advisor import locate
from advisor.cli import out, say


def check_command(
    answers: Annotated[Path, typer.Argument(metavar="ANSWERS", help="Answers file (YAML or JSON).")],
    expect: Annotated[
        Path, typer.Option("--expect", metavar="VERDICT", help="The advice agreed on: recommend --format json.")
    ],
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the advice.")] = None,
    measured: Annotated[Path | None, typer.Option("--measured", help="Folder of a benchmark run to use.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Exits 1 when the advice is no longer the expected one, and says through which rule, price or date."""
    from advisor.cli.commands import day_of
    from advisor.cli.diff import advice_in, expected_advice
    from advisor.reasoning.advise import engine
    from advisor.reasoning.difference import difference, lines

    before = expected_advice(expect)
    after = advice_in(answers, engine(rules or locate.rules_dir(), day_of(as_of), measured))
    found = difference(before, after)
    if json_:
        out(json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n")
    else:
        out("".join(f"{line}\n" for line in lines(found)))
    if not found.same_verdict:
        say([f"the advice has changed since {expect} was written ({before['as_of']})"])
        raise typer.Exit(1)
