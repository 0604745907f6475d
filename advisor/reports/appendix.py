"""The last sections: the answers as given, where the numbers come from, and how to make the report again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from advisor.language import SOURCE, current, say, written
from advisor.reasoning.advice import Advice
from advisor.reports import working
from advisor.reports.document import (
    Block,
    Code,
    Details,
    Document,
    Fact,
    Facts,
    Section,
    Table,
    Value,
    quantities,
    runs,
)
from advisor.reports.edition import depth
from advisor.reports.figures import mark
from advisor.reports.verdict import answer
from advisor.reports.wording import field_title


def answers(advice: Advice) -> Section:
    """The answers as they were given."""
    given = {field: value for field, value in advice.answers.items() if field not in {"name", "description"}}
    if not given:
        return Section("answers", say("Your answers"), ())
    rows = tuple((runs(field_title(field)), answer(field, value)) for field, value in given.items())
    return Section(
        "answers", say("Your answers"), (Table((say("Question"), say("Answer")), rows, say("Answers as given")),)
    )


def numbers(sections: Sequence[Section]) -> Section:
    """Where the numbers of the sections come from: each origin and source once, with the section of its first use.

    Stated answers are left out (they name their question), and so are the cost lines (worked out beside their table).
    """
    document = Document("", "", "en", tuple(sections))
    used: dict[tuple[str, str], str] = {}
    for section, item in quantities(document):
        if item.origin == "stated" or isinstance(item, Value) or working.formula(item.source) != item.source:
            continue
        used.setdefault((item.origin, item.source), section.title)
    rows = tuple(
        (runs(where), runs(f"{say(origin)}{mark(origin)}"), runs(source)) for (origin, source), where in used.items()
    )
    blocks = (
        (Table((say("First used in"), say("Origin"), say("Source or formula")), rows, say("Origin of the numbers")),)
        if rows
        else ()
    )
    return Section("numbers", say("Where the numbers come from"), blocks)


def sign_off() -> Section:
    """Room for who decided on this advice and who checked it: the only cells of a report that are left open."""
    rows = tuple((runs(role), runs(), runs(), runs()) for role in (say("Decided by"), say("Checked by")))
    columns = ("", say("Name"), say("Decision"), say("Date and signature"))
    return Section("sign-off", say("Sign-off"), (Table(columns, rows, say("To be filled in by those who decide")),))


def reproduction(advice: Advice, command: str = "") -> Section:
    """What the advice was made from, and the command that makes the report again from the answers."""
    facts = [
        Fact(say("As of"), (runs(written(advice.as_of)),)),
        Fact(say("Review by"), (runs(written(advice.review_by)),)),
        Fact(say("Rulebook"), (runs(f"{say(advice.rulebook)} {advice.rulebook_version}"),)),
        Fact(say("Verdict id"), (runs(advice.verdict_id),)),
    ]
    if advice.evidence.measured is not None:
        facts.append(Fact(say("Measurement"), (runs(advice.evidence.measured.digest),)))
    blocks: list[Block] = [Facts(tuple(facts)), Code(command or command_line(advice), say("Command"))]
    if advice.answers:
        blocks.append(Details(say("The answers file"), (Code(_answers_file(advice), "answers.yaml"),)))
    return Section("reproduction", say("Make this report again"), tuple(blocks))


def command_line(advice: Advice, *options: str) -> str:
    """The command that makes the report again from the answers that it prints, at its depth and in its language."""
    parts = ["advisor", "recommend", "answers.yaml", "--as-of", advice.as_of.isoformat()]
    if advice.evidence.measured is not None:
        parts += ["--measured", advice.evidence.measured.folder or "."]
    if current() != SOURCE:
        parts += ["--language", current()]
    if depth() != "engineer":
        parts += ["--depth", depth()]
    return shlex.join([*parts, *options])


def form_options(format: str) -> list[str]:  # noqa: A002
    """The options of `advisor recommend` that ask for a format, whole."""
    return ["--full"] if format == "text" else ["--format", format]


def _answers_file(advice: Advice) -> str:
    """The answers as YAML whose values are JSON, one field a line."""
    return "\n".join(f"{field}: {json.dumps(value, sort_keys=True)}" for field, value in advice.answers.items())
