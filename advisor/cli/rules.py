"""`advisor rules`: lint, browse, explain, run a pack's own tests, and see what random scenarios reach."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor import locate
from advisor.cli import out, say
from advisor.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from advisor.knowledge.domain import Rule, Rulebook
    from advisor.reasoning.coverage import Coverage
    from advisor.reasoning.engine import Engine

app = typer.Typer(help="The rule pack: check, list, show, test, coverage.", no_args_is_help=True, rich_markup_mode=None)

Pack = Annotated[
    Path | None, typer.Argument(metavar="[PACK]", help="Folder of a rule pack; the shipped one if absent.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


Day = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day to judge on, as yyyy-mm-dd.")]


@app.command()
def check(pack: Pack = None, as_of: Day = None, json_: Json = False) -> None:
    """Looks for everything wrong in a rule pack; exit status 1 if there is anything. Remarks are worth a look."""
    from advisor.cli.commands import day_of
    from advisor.knowledge import lint
    from advisor.reasoning import lint_scored

    folder, day = pack or locate.rules_dir(), day_of(as_of)
    problems, remarks = lint.check(folder, day)
    if not problems:
        proven, worth_a_look = lint_scored.check(_engine(folder, day))
        problems, remarks = [*problems, *proven], [*remarks, *worth_a_look]
    counted = {"problem": problems, "remark": remarks}
    if json_:
        data = {f"{noun}s": [asdict(one) for one in found] for noun, found in counted.items()}
        out(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        for problem in problems:
            out(f"{problem}\n")
        say([f"remark: {remark}" for remark in remarks])
        counts = [f"{len(found)} {noun}{'' if len(found) == 1 else 's'}" for noun, found in counted.items()]
        say([f"{', '.join(counts)} in {folder}"])
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
        effect = effect or rule.outcome
        out(f"{rule.kind:5}  {rule.id:42}  {rule.criterion:12}  {effect}  [{', '.join(rule.source)}]\n")
    say([str(override) for override in book.overrides])


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
    out(_in_words(rule, book))


def _in_words(rule: Rule, book: Rulebook) -> str:
    lines = [f"{rule.id}  ({rule.kind}, {rule.where})", rule.title, "", rule.because]
    lines += [f"  {approach}: {points:+g} on {rule.criterion}" for approach, points in rule.points.items()]
    if rule.on_top_of:
        lines.append(f"  adds on purpose to: {', '.join(rule.on_top_of)}")
    if rule.approaches:
        lines += [f"  rules out: {', '.join(rule.approaches)}", f"  lifted by: {rule.lift}"]
    if rule.outcome:
        kind = "points out" if rule.outcome == "contradiction" else "a result in itself"
        lines.append(f"  {kind}: {rule.outcome}")
    dates = [f"{word} {day}" for word, day in (("until", rule.until), ("to be reviewed by", rule.review_by)) if day]
    asked = json.dumps(_plain(rule.when), ensure_ascii=False)
    lines += ["", f"asks for: {asked}", ", ".join([f"since {rule.since}", *dates])]
    for name in rule.source:
        source = book.sources[name]
        lines.append(f"source {name} (grade {source.grade}, {source.published}): {source.claim} {source.url}".rstrip())
    for contest in rule.contested_by:
        lines.append(f"contested by {', '.join(contest.source)}: {contest.because}")
        if contest.resolution:
            lines.append(f"  resolved: {contest.resolution}")
    lines += [str(override) for override in book.overrides if override.id == rule.id]
    return "\n".join(lines) + "\n"


@app.command()
def test(pack: Pack = None, as_of: Day = None, json_: Json = False) -> None:
    """Runs the worked cases and rule examples of a pack; exit status 1 if one fails."""
    from advisor.cli.commands import day_of
    from advisor.reasoning import trials

    results = trials.run(_engine(pack or locate.rules_dir(), day_of(as_of)))
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


@app.command()
def coverage(
    pack: Pack = None,
    scenarios: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many scenarios to draw.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same scenarios.")] = 0,
    as_of: Day = None,
    json_: Json = False,
) -> None:
    """Draws random scenarios and reports how often each rule, approach, technique and status appears."""
    from advisor.cli.commands import day_of
    from advisor.reasoning.coverage import coverage as cover

    found = cover(_engine(pack or locate.rules_dir(), day_of(as_of)), scenarios, seed)
    out(json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n" if json_ else _coverage_in_words(found))


def _coverage_in_words(found: Coverage) -> str:
    lines = [f"{found.scenarios:,} random scenarios, seed {found.seed}"]
    parts = (
        ("status", found.status),
        ("recommended", found.recommended),
        ("not ruled out", found.eligible),
        ("technique of the recommended approach", found.techniques),
        ("rule fired", found.rules),
    )
    for title, shares in parts:
        lines += ["", f"{title}:"]
        lines += [
            f"  {100 * share:6.2f} %  {name}" for name, share in sorted(shares.items(), key=lambda item: -item[1])
        ]
    lines += ["", f"never seen: {', '.join(found.never) or 'none'}"]
    lines += [f"not in force on the day: {', '.join(found.not_in_force) or 'none'}"]
    return "\n".join(lines) + "\n"


def _engine(folder: Path, day: date) -> Engine:
    """The engine over a pack, whole or laid over the shipped one. Raises InputError with every problem."""
    from advisor.knowledge import rulebook
    from advisor.knowledge.prices import PriceTable
    from advisor.reasoning.engine import Engine

    problems: list[Problem] = []
    book = rulebook.read(folder, problems)
    prices = PriceTable.load(book.price_folder, problems) if book is not None else None
    if problems or book is None or prices is None:
        raise InputError(problems)
    return Engine(book, prices, day)


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
