"""The terminal interview: the most valuable open question next, until no open answer can change the advice."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import yaml

from advisor.cli import files, out, say
from advisor.errors import Problem
from advisor.intake.answers import Answer, Answers, parse_one, read
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import Question
from advisor.reasoning.engine import ABSTAIN, Engine
from advisor.reasoning.probe import Probe

HELP = "Enter: not known · ?: help · b: back · q: stop and save"


def interview(engine: Engine, out_file: Path | None) -> None:
    """Asks until nothing open matters or the user stops; writes the answers as YAML to the file or to stdout.

    The file is written after every answer, so an interrupted interview loses nothing; the next goes on from it.
    """
    answers = _found(engine, out_file)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    skipped: list[str] = []
    history: list[str] = []
    say([HELP])
    while True:
        name = _next(engine, answers, skipped)
        if name is None:
            say(["No open question can change the advice any more."])
            break
        reply = _ask(engine.book.questions[name])
        if reply == "q":
            break
        if reply == "b":
            if history:
                last = history.pop()
                skipped = [field for field in skipped if field != last]
                answers = answers.changed({last: None})
            continue
        history.append(name)
        if isinstance(reply, Answer):
            answers = answers.changed({name: reply})
            _save(answers, out_file)
        else:
            skipped.append(name)
        _report(engine, answers)
    if history or out_file is None or not out_file.exists():
        _save(answers, out_file)
    if out_file is None:
        out(_yaml(answers))
    else:
        say([f"saved {out_file}; now run: advisor recommend {out_file}"])


def _found(engine: Engine, out_file: Path | None) -> Answers:
    """The answers that the file holds already, if it is there. Raises InputError where it cannot be read or written."""
    if out_file is None:
        return Answers()
    if not out_file.exists():
        _save(Answers(), out_file)
        return Answers()
    found = read(out_file, engine.book)
    if found.given:
        say([f"{out_file} holds {len(found.given)} answers; going on from them"])
    return found


def _next(engine: Engine, answers: Answers, skipped: list[str]) -> str | None:
    for question in Probe(engine, answers).next_questions(limit=len(engine.book.questions)):
        if question.field not in skipped:
            return question.field
    return None


def _ask(question: Question) -> Answer | str | None:
    """The parsed reply; None for not known, "b" for back, "q" for quit."""
    sys.stderr.write(f"\n{question.ask}\n")
    for number, option in enumerate(question.options, 1):
        sys.stderr.write(f"  {number}. {option.label}\n")
    unit = f" [{question.unit}]" if question.unit else ""
    while True:
        sys.stderr.write(f"{question.field}{unit}> ")
        sys.stderr.flush()
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            return "q"
        text = line.strip()
        if text in {"b", "q"}:
            return text
        if text == "?":
            sys.stderr.write(f"{question.help}\nWhy we ask: {question.why}\n")
            continue
        if not text:
            return None
        problems: list[Problem] = []
        answer = parse_one(question, _typed(question, text), "answer", problems)
        if not problems:
            return answer
        say(problems)


def _typed(question: Question, text: str) -> object:
    if question.kind == "choice" and text.isdigit() and 1 <= int(text) <= len(question.options):
        return question.options[int(text) - 1].value
    if not question.numeric:
        return text
    value = yaml_file.parse(text.encode(), [], "answer")
    return value if isinstance(value, int | float | dict) else text


def _report(engine: Engine, answers: Answers) -> None:
    outcome = engine.decide_answers([answers])
    possible = [name for index, name in enumerate(engine.book.approaches) if outcome.eligible[0, index]]
    state = "still open" if outcome.status[0] == ABSTAIN else "possible"
    sys.stderr.write(f"  ({state}: {', '.join(name.replace('_', '-') for name in possible) or 'none'})\n")


def _save(answers: Answers, out_file: Path | None) -> None:
    if out_file is not None:
        files.write(out_file, _yaml(answers).encode())


def _yaml(answers: Answers) -> str:
    return yaml.safe_dump(answers.plain(), sort_keys=False, allow_unicode=True)
