"""`advisor rules`: lint, browse, explain, and run a pack's own tests."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from advisor import locate
from advisor.cli import out, say
from advisor.errors import InputError, Problem, nearest

app = typer.Typer(help="The rule pack: check, list, show, test.", no_args_is_help=True, rich_markup_mode=None)

Pack = Annotated[
    Path | None, typer.Argument(metavar="[PACK]", help="Folder of a rule pack; the shipped one if absent.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(pack: Pack = None, json_: Json = False) -> None:
    """Looks for everything wrong in a rule pack; exit status 1 if there is anything."""
    from advisor.knowledge import lint

    folder = pack or locate.rules_dir()
    problems, remarks = lint.check(folder, date.today())
    if json_:
        data = {"problems": [asdict(problem) for problem in problems], "remarks": remarks}
        out(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        for problem in problems:
            out(f"{problem}\n")
        say([f"remark: {remark}" for remark in remarks])
        say([f"{len(problems)} problems, {len(remarks)} remarks in {folder}"])
    if problems:
        raise typer.Exit(1)


@app.command(name="list")
def list_rules(pack: Pack = None, json_: Json = False) -> None:
    """Lists the rules of a pack, one a line."""
    from advisor.knowledge import rulebook

    book = rulebook.load(pack or locate.rules_dir())
    if json_:
        out(json.dumps([_plain(rule) for rule in book.rules], indent=2, ensure_ascii=False) + "\n")
        return
    for rule in book.rules:
        effect = " ".join(f"{approach} {points:+g}" for approach, points in rule.points.items())
        effect = effect or ("rules out " + ", ".join(rule.approaches) if rule.approaches else "")
        out(f"{rule.kind:5}  {rule.id:42}  {rule.criterion:12}  {effect}  [{', '.join(rule.source)}]\n")


@app.command()
def show(rule_id: Annotated[str, typer.Argument(metavar="RULE")], pack: Pack = None, json_: Json = False) -> None:
    """Shows one rule: what it asks, what it does, why, and by which sources."""
    from advisor.knowledge import rulebook

    book = rulebook.load(pack or locate.rules_dir())
    try:
        rule = book.rule(rule_id)
    except KeyError:
        ids = [rule.id for rule in book.rules]
        raise InputError([Problem("RULE", "", repr(rule_id), "the id of a rule", nearest(rule_id, ids))]) from None
    if json_:
        out(json.dumps(_plain(rule), indent=2, ensure_ascii=False) + "\n")
        return
    out(f"{rule.id}  ({rule.kind}, {rule.where})\n{rule.title}\n\n{rule.because}\n")
    for approach, points in rule.points.items():
        out(f"  {approach}: {points:+g} on {rule.criterion}\n")
    if rule.approaches:
        out(f"  rules out: {', '.join(rule.approaches)}\n  lifted by: {rule.lift}\n")
    out(f"\nasks for: {json.dumps(_plain(rule.when), ensure_ascii=False)}\nsince {rule.since}\n")
    for name in rule.source:
        source = book.sources[name]
        out(f"source {name} (grade {source.grade}, {source.published}): {source.claim} {source.url}\n")
    for contest in rule.contested_by:
        out(f"contested by {', '.join(contest.source)}: {contest.because}\n")


@app.command()
def test(pack: Pack = None, as_of: str | None = None, json_: Json = False) -> None:
    """Runs the worked cases and rule examples of a pack; exit status 1 if one fails."""
    from advisor.cli.commands import day_of
    from advisor.reasoning import trials
    from advisor.reasoning.advise import engine

    results = trials.run(engine(pack or locate.rules_dir(), day_of(as_of)))
    failed = [trial for trial in results if not trial.passed]
    if json_:
        out(json.dumps([asdict(trial) for trial in results], indent=2, ensure_ascii=False) + "\n")
    else:
        for trial in results:
            if not trial.passed or (" fires" not in trial.name and " rests" not in trial.name):
                out(f"{'ok  ' if trial.passed else 'FAIL'}  {trial.name}  ({trial.where}): {trial.detail}\n")
        out(f"{len(results) - len(failed)} passed, {len(failed)} failed\n")
    if failed:
        raise typer.Exit(1)


def _plain(value: Any) -> Any:
    from dataclasses import fields, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        data = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"node": type(value).__name__.lower(), **data} if type(value).__module__.endswith("conditions") else data
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
