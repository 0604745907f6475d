"""Each fault of rules taken together, planted once, is found and named with file, rule and remedy."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import Problem
from advisor.knowledge import lint, rulebook
from advisor.knowledge.prices import PriceTable
from advisor.reasoning import grid, lint_scored, trials
from advisor.reasoning.engine import Engine

DAY = date(2026, 11, 22)
HEAD = "name: Planted\nversion: 1.0.0\nas_of: 2026-11-22\nextends: shipped\n"
Plant = Callable[..., Path]


def rule(**changes: Any) -> str:
    """One entry of a file of score rules; None removes a field."""
    fields = {
        "id": "planted",
        "kind": "score",
        "title": "A planted rule",
        "when": "{fact: requests_per_month, at_least: 1}",
        "criterion": "speed",
        "points": "{hybrid: 0.5}",
        "because": "It is planted.",
        "source": "[S1]",
        "since": "2025-01-20",
        "examples": "{fires: {requests_per_month: 10}, not: {requests_per_month: 0}}",
        **changes,
    }
    lines = [f"    {key}: {value}" for key, value in fields.items() if value is not None]
    return "  -\n" + "\n".join(lines) + "\n"


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Lays a pack with the given rules over the shipped one."""

    def write(*rules: str, folder: str = "scores") -> Path:
        pack = tmp_path / "planted"
        (pack / folder).mkdir(parents=True, exist_ok=True)
        (pack / "pack.yaml").write_text(HEAD)
        (pack / folder / "file.yaml").write_text("rules:\n" + "".join(rules))
        return pack

    return write


def engine_over(pack: Path, day: date = DAY) -> Engine:
    """The engine over a planted pack."""
    book = rulebook.load(pack)
    return Engine(book, PriceTable.load(book.price_folder), day)


def found(pack: Path) -> tuple[list[str], list[str]]:
    """The problems and remarks about planted rules, as lines."""

    def lines(entries: list[Problem]) -> list[str]:
        return [str(entry) for entry in entries if entry.where.startswith("planted/") or "planted" in entry.found]

    problems, remarks = lint_scored.check(engine_over(pack))
    return lines(problems), lines(remarks)


def test_the_shipped_rules_have_no_fault_together(shipped: Engine) -> None:
    """Nothing is unreachable, repeated, contradictory, dominated or a cliff edge, and nothing merely remarked."""
    assert lint_scored.check(shipped) == ([], [])
    assert list(lint.remarks(shipped.book, DAY)) == []


def test_a_sound_rule_is_not_remarked_on(plant: Plant) -> None:
    """The rule that the faults are planted in is itself without fault."""
    assert found(plant(rule())) == ([], [])


UNREACHABLE = {
    "bounds that exclude each other": "{all: [{fact: latency_ms, above: 100}, {fact: latency_ms, below: 50}]}",
    "a gap between two whole numbers": "{all: [{fact: class_count, above: 5}, {fact: class_count, below: 6}]}",
    "two options at once": "{all: [{fact: task_kind, is: code}, {fact: task_kind, is: extraction}]}",
    "a share above one": "{fact: prompt_quality, above: 1}",
    "a question that does not apply": "{all: [{fact: task_kind, is: code}, {fact: class_count, at_least: 2}]}",
    "a derived fact that does not apply": "{all: [{fact: task_kind, is: code}, {fact: examples_per_class, above: 1}]}",
    "known and unknown at once": "{all: [{unknown: latency_ms}, {fact: latency_ms, above: 1}]}",
    "a market fact of the past": "{all: [{market: openai_tuning_closed}, {fact: task_kind, is: code}]}",
}


@pytest.mark.parametrize("case", UNREACHABLE)
def test_a_rule_that_cannot_fire_is_a_problem(plant: Plant, case: str) -> None:
    """Whatever makes a condition impossible is proven, not sampled."""
    (problem,), _ = found(plant(rule(when=UNREACHABLE[case])))
    assert problem.startswith("planted/scores/file.yaml: rule planted: found a condition that no answers can make true")
    assert "mend the parts of 'when:'" in problem


def test_a_rule_that_hardly_fires_is_a_remark(plant: Plant) -> None:
    """Where nothing is proven, the remark says in how many samples the rule was not seen."""
    when = "{fact: break_even_quality, at_least: 2}"
    problems, remarks = found(plant(rule(when=when)))
    assert problems == []
    assert any("rule planted: found not seen in 3," in line for line in remarks)


def test_a_repeated_rule_is_a_problem(plant: Plant) -> None:
    """Another wording of the same condition with the same points is found."""
    again = "{not: {fact: requests_per_month, below: 1}}"
    both = plant(
        rule(when="{all: [{known: requests_per_month}, {fact: requests_per_month, at_least: 1}]}"),
        rule(
            id="planted_again",
            when="{all: [{known: requests_per_month}, " + again + ", {not: {fact: requests_per_month, at_most: 0.5}}]}",
        ),
    )
    problems, _ = found(both)
    assert any(
        "the same condition and effect as rule planted_again" in line and "remove one" in line for line in problems
    )


def test_contradicting_rules_are_a_problem(plant: Plant) -> None:
    """The same condition with opposite points for one approach on one criterion is found, and only there."""
    other = rule(id="planted_against", points="{hybrid: -1, prompting: 1}")
    problems, _ = found(plant(rule(), other))
    assert any("opposite points for hybrid" in line and "settle it" in line for line in problems)
    elsewhere = rule(id="planted_against", points="{hybrid: -1}", criterion="cost")
    assert found(plant(rule(), elsewhere))[0] == []


def test_a_dominated_rule_is_a_remark_unless_it_means_to_add(plant: Plant) -> None:
    """A rule that only ever adds to a stronger one is remarked on; `on_top_of` says that this is meant."""
    narrow = {"id": "planted_narrow", "when": "{fact: requests_per_month, at_least: 10000}"}
    _, remarks = found(plant(rule(), rule(**narrow)))
    assert any("rule planted_narrow: found it fires only when rule planted " in line for line in remarks)
    assert found(plant(rule(), rule(**narrow, on_top_of="[planted]"))) == ([], [])
    stronger = rule(**narrow, points="{hybrid: 1}")
    assert found(plant(rule(), stronger)) == ([], [])


def test_a_cliff_edge_is_a_remark(plant: Plant) -> None:
    """Rules that together move an approach too far at one bound are named with the jump and the bound."""
    bound = "{fact: requests_per_month, at_least: 30000}"
    rules = [
        rule(id=f"planted_{name}", when=bound, criterion=name, points="{hybrid: 2}")
        for name in ("speed", "quality", "control")
    ]
    _, remarks = found(plant(*rules))
    (line,) = [line for line in remarks if "cliff edge" in line]
    assert "hybrid jumps by +1.33 at requests_per_month 30000" in line
    assert "take smaller points at more bounds" in line
    assert found(plant(rules[0]))[1] == []


REMARKS = {
    "a bare number": (
        {"when": "{fact: requests_per_month, at_least: 12345}"},
        "the bare number 12345",
        "parameters.yaml",
    ),
    "an expired rule": ({"until": "2025-06-01"}, "expired on 2025-06-01", "renew 'until:'"),
    "a stale rule": ({"review_by": "2025-06-01"}, "stale: it was to be reviewed by 2025-06-01", "review_by"),
    "no resolution": ({"contested_by": "[{source: [S2], because: No.}]"}, "no resolution", "resolution:"),
}


@pytest.mark.parametrize("case", REMARKS)
def test_what_is_worth_a_look_is_remarked_on(plant: Plant, case: str) -> None:
    """Each remark names file, rule, what and remedy."""
    changes, what, remedy = REMARKS[case]
    remarks = [str(remark) for remark in lint.remarks(rulebook.load(plant(rule(**changes))), DAY)]
    assert any(
        line.startswith("planted/scores/file.yaml: rule planted") and what in line and remedy in line
        for line in remarks
    ), remarks


def test_a_note_without_examples_is_untested(plant: Plant) -> None:
    """It loads, is remarked on, and fails `rules test` for both examples."""
    note = rule(kind="note", criterion=None, points=None, examples=None)
    pack = plant(note, folder="notes")
    assert any("no firing or resting example" in str(line) for line in lint.remarks(rulebook.load(pack), DAY))
    failed = [trial for trial in trials.run(engine_over(pack)) if not trial.passed]
    assert [trial.name for trial in failed] == ["planted fires", "planted rests"]


def test_an_answer_and_a_market_fact_that_no_rule_reads_are_remarked_on(plant: Plant) -> None:
    """A question and a fact without a consequence are named."""
    pack = plant(rule())
    (pack / "questions.yaml").write_text(
        "questions:\n  - {field: shoe_size, group: task, kind: number, typical: [30, 50], effort: 0,"
        " ask: A?, help: B, why: C}\n"
    )
    (pack / "market.yaml").write_text(
        "facts:\n  - {id: idle, title: T, statement: S, from: 2026-01-01, source: [S1]}\n"
    )
    remarks = "\n".join(str(remark) for remark in lint.remarks(rulebook.load(pack), DAY))
    assert "question shoe_size: found an answer that no rule reads" in remarks
    assert "fact idle: found a fact that no rule reads" in remarks


def test_an_uncited_source_is_remarked_on(plant: Plant) -> None:
    """A source behind no rule, number or fact is named."""
    pack = plant(rule())
    entry = "{id: X9, title: T, publisher: P, year: 2026, grade: C, claim: Something.}"
    (pack / "sources.yaml").write_text(f"sources:\n  - {entry}\n")
    assert any("source X9" in str(remark) for remark in lint.remarks(rulebook.load(pack), DAY))


def test_rules_that_are_not_in_force_are_tried_on_a_day_on_which_they_are(shipped: Engine) -> None:
    """A rule that begins later and one that has ended are tested all the same."""
    results = {trial.name: trial for trial in trials.run(shipped)}
    assert results["openai_has_closed_tuning fires"].passed
    assert results["openai_has_closed_tuning fires"].detail.endswith("2027-01-06")


def test_the_exact_answer_agrees_with_samples(shipped: Engine) -> None:
    """Every rule that fires in a sample can fire in the exact enumeration too, where that is not too large."""
    decided = 0
    for one in shipped.rules:
        truths = grid.truths([one.when], shipped.book, DAY)
        if truths is not None:
            decided += 1
            assert (truths == 2).any(), one.id
    assert decided > 0.95 * len(shipped.rules)


def test_the_command_fails_on_a_proven_fault(
    plant: Plant, advisor_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """`rules check` has exit status 1 and names the rule; remarks alone leave it 0."""
    result = advisor_cli("rules", "check", str(plant(rule(when="{fact: prompt_quality, above: 1}"))))
    assert result.returncode == 1
    assert "planted/scores/file.yaml: rule planted" in result.stdout
    remarked = advisor_cli("rules", "check", str(plant(rule(review_by="2025-06-01"))))
    assert remarked.returncode == 0
    assert "stale" in remarked.stderr
