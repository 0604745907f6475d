"""`advisor validate`: lock the advice, run the benchmark, judge the advice."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor import __version__, locate
from advisor.cli import INTERRUPTED, out, say
from advisor.errors import InputError, JobFailed, Problem

if TYPE_CHECKING:
    from advisor.intake.detected import Description
    from advisor.reasoning.validation import Validation


def validate_command(  # noqa: PLR0913, PLR0917 - the words of the command, which nobody calls by position
    tasks: Annotated[list[str], typer.Argument(metavar="TASK...", help="Whatever advisor bench run takes.")],
    answers: Annotated[
        Path | None, typer.Option(help="Answers file; what it states wins over what is detected.")
    ] = None,
    arms: Annotated[str, typer.Option(help="As for advisor bench run.")] = "all",
    train_sizes: Annotated[
        str, typer.Option(help="Numbers of labelled examples; one advice is locked for each.")
    ] = "16,64",
    seeds: Annotated[str, typer.Option(help="Seeds; each draws its own examples.")] = "0",
    test_limit: Annotated[str | None, typer.Option(help="Use only so many test rows.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model's name, hub:OWNER/NAME or folder (advisor models list). Default: smollm2-135m."),
    ] = None,
    encoder: Annotated[str | None, typer.Option(help="As for advisor bench run.")] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="As for advisor bench run; the model's arms only prompt.")
    ] = None,
    key_env: Annotated[str | None, typer.Option(help="As for advisor bench run.")] = None,
    price_input: Annotated[str | None, typer.Option(help="As for advisor bench run.")] = None,
    price_output: Annotated[str | None, typer.Option(help="As for advisor bench run.")] = None,
    budget_usd: Annotated[str | None, typer.Option(help="As for advisor bench run, per task.")] = None,
    budget_minutes: Annotated[str | None, typer.Option(help="Per task: start nothing that would not be done.")] = None,
    workers: Annotated[str | None, typer.Option(help="As for advisor bench run.")] = None,
    out_dir: Annotated[Path, typer.Option("--out", metavar="DIR", help="Runs lie in DIR/TASK.")] = Path(
        "runs/validate"
    ),
    margin: Annotated[float | None, typer.Option(help="The difference in score (0-1) that does not matter.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the texts.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the answers.")] = None,
    test_file: Annotated[str | None, typer.Option(help="A second data file, with the test rows.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of a data file's task. Default: classification.")] = None,
    description: Annotated[str | None, typer.Option(help="Of a data file's task: what prompts say is wanted.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    lock_only: Annotated[
        bool, typer.Option("--lock-only", help="Lock, print the bench commands, run nothing.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Locks the advice for each task, runs the benchmark, and judges the advice by what was measured."""
    from advisor.cli.commands import day_of
    from advisor.intake import answers as intake
    from advisor.intake.detected import SCHEMA, read_description
    from advisor.reasoning import locked, validation
    from advisor.reasoning.advise import engine

    if margin is not None and not 0 <= margin < 1:
        raise InputError([Problem("--margin", "", f"{margin:g}", "a share from 0 to below 1, such as 0.02")])
    knowledge = engine(rules or locate.rules_dir(), day_of(None))
    stated = intake.read(answers, knowledge.book) if answers is not None else intake.Answers()
    grid = {"arms": arms, "train_sizes": train_sizes, "seeds": seeds, "test_limit": test_limit, "model": model}
    grid |= {"encoder": encoder, "endpoint": endpoint, "key_env": key_env, "budget_usd": budget_usd}
    grid |= {"price_input": price_input, "price_output": price_output}
    own = {"text_column": text_column, "label_column": label_column, "test_file": test_file}
    own |= {"kind": kind, "description": description}
    conditions = {"budget_minutes": budget_minutes, "workers": workers}
    described: list[Description] = []
    for name in tasks:
        words = [name, *_options({**grid, **own, **conditions}), "--out", str(out_dir)]
        described.append(read_description(_described(words), f"{SCHEMA} of {name}"))
    _refuse_same_names(described)
    planned = []
    for task in described:
        folder = out_dir / task.name
        lock, fresh = locked.write_once(folder, locked.make(task, stated, knowledge, __version__))
        picks = ", ".join(f"{one.pick or 'none'} at {one.train_size}" for one in lock.predictions)
        say([f"{task.name}: {'locked' if fresh else 'already locked'} {lock.locked_at} ({picks})"])
        planned.append((folder, [task.folder, *_options(grid), "--out", str(folder)]))
    if lock_only:
        out("".join(f"advisor bench run {shlex.join(words)}\n" for _, words in planned))
        return
    found: list[Validation] = []
    problems: list[Problem | str] = []
    for folder, words in planned:
        status = 0 if _complete(folder) else _bench(["run", *words, *_options(conditions)])
        if status == INTERRUPTED:
            raise typer.Exit(status)
        if status:
            problems.append(f"{folder}: the benchmark ended with status {status}")
        try:
            found.append(validation.validate(folder, knowledge, margin))
        except InputError as error:
            problems += error.problems
    _print(found, json_)
    if problems:
        raise JobFailed(problems)


def _described(words: Sequence[str]) -> Any:
    """What the benchmark says of a task. Leaves with its exit status where it refuses; it has said why by then."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = locate.benchmark_cli().main_bench(["describe", *words])
    if status:
        raise typer.Exit(status)
    return json.loads(printed.getvalue())


def _bench(words: list[str]) -> int:
    """Runs the benchmark; its table goes to standard error, for standard output belongs to the judgement."""
    with contextlib.redirect_stdout(sys.stderr):
        return int(locate.benchmark_cli().main_bench(words))


def _complete(folder: Path) -> bool:
    """Whether a finished run lies there; its measurement is rebuilt from its cells."""
    try:
        if json.loads((folder / "result.json").read_text(encoding="utf-8"))["status"] != "complete":
            return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return _bench(["compare", str(folder)]) == 0


def _options(given: Mapping[str, str | None]) -> list[str]:
    return [
        word for name, value in given.items() if value is not None for word in (f"--{name.replace('_', '-')}", value)
    ]


def _refuse_same_names(described: Sequence[Description]) -> None:
    names = [task.name for task in described]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        remedy = "validate them with an --out each"
        raise InputError([Problem("TASK", "", f"{', '.join(twice)} twice", "tasks with different names", remedy)])


def _print(found: Sequence[Validation], as_json: bool) -> None:
    from advisor.reasoning import ledger, tally, validation
    from advisor.reasoning.record_words import in_brief

    counted = tally.tally([entry for one in found for entry in ledger.judged(one)])
    if as_json:
        whole = {"tasks": [validation.plain(one) for one in found], "summary": counted}
        out(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
        return
    lines = [line for one in found for line in (*validation.lines(one), "")]
    out("".join(f"{line}\n" for line in (*lines, *(in_brief(counted) if counted["n"] else ()))))
