"""`advisor diff`: what changed between two answers files or two advice files, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from advisor import locate
from advisor.cli import files, out, say
from advisor.cli.forms import ONE_OF, BrandingOption, LanguageOption, edition
from advisor.errors import InputError, Problem


def diff_command(  # noqa: PLR0917 - the words of the command, which nobody calls by position
    before: Annotated[Path, typer.Argument(metavar="A", help="An answers file, or an advice in JSON.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the advice.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    format_: Annotated[str, typer.Option("--format", help="Make a report. " + ONE_OF)] = "",
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the report here instead of to stdout.")] = None,
    language: LanguageOption = "en",
    branding: BrandingOption = None,
) -> None:
    """Says what changed between two answers files or two advice files, and through which rule."""
    from advisor.cli.commands import day_of
    from advisor.reasoning.advise import engine
    from advisor.reasoning.difference import difference, lines
    from advisor.reports import format_of

    chosen = format_of(format_, out_file)
    if out_file is not None:
        files.refuse_input(out_file, before)
        files.refuse_input(out_file, after)
    knowledge = engine(rules or locate.rules_dir(), day_of(as_of))
    with edition(language, "engineer", branding):
        old, new = advice_in(before, knowledge), advice_in(after, knowledge)
        found = difference(old, new)
        report = _report(found, old, new, chosen) if format_ or out_file is not None else b""
    if out_file is not None:
        files.write(out_file, report)
        say([f"wrote {out_file}"])
    elif report:
        out(report)
    elif json_:
        out(json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n")
    else:
        out("".join(f"{line}\n" for line in lines(found)))


def _report(found: Any, before: dict[str, Any], after: dict[str, Any], chosen: str) -> bytes:
    from advisor.reports import draw
    from advisor.reports.change import lay_out_change

    return draw(lay_out_change(found, before, after), chosen)


def advice_in(path: Path, knowledge: Any) -> dict[str, Any]:
    """The advice in a file, or the advice on the answers in it, as plain JSON. Raises InputError."""
    from advisor.intake import answers as intake
    from advisor.reasoning.advise import advise

    raw = _read(path)
    if isinstance(raw, dict) and "verdict_id" in raw:
        return _sound(path, raw)
    return advise(intake.parse({} if raw is None else raw, knowledge.book, str(path)), knowledge).to_json()


def expected_advice(path: Path) -> dict[str, Any]:
    """The advice in a file, as plain JSON. Raises InputError where it holds anything else."""
    raw = _read(path)
    if not isinstance(raw, dict) or "verdict_id" not in raw:
        remedy = f"make one: advisor recommend ANSWERS --format json --out {path}"
        raise InputError([Problem(str(path), "verdict_id", "nothing", "an advice in JSON", remedy)])
    return _sound(path, raw)


def _read(path: Path) -> Any:
    from advisor.knowledge import yaml_file

    problems: list[Problem] = []
    raw = yaml_file.read(path, problems, str(path))
    if problems:
        raise InputError(problems)
    return raw


def _sound(path: Path, raw: dict[str, Any]) -> dict[str, Any]:
    from advisor.reasoning.difference import faults

    spoiled = list(faults(raw))
    if spoiled:
        remedy = "make it again with advisor recommend --format json"
        allowed = "an advice in the published form"
        raise InputError([Problem(str(path), field, found, allowed, remedy) for field, found in spoiled])
    return raw
