"""Faults planted in a copy of the shipped pack are found, with file, rule and remedy."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from advisor import locate
from advisor.errors import InputError
from advisor.knowledge import lint, rulebook

RULE = {
    "id": "planted",
    "kind": "score",
    "title": "A planted rule",
    "when": "{fact: labelled_examples, at_least: 10}",
    "criterion": "quality",
    "points": "{prompting: 1}",
    "because": "It is planted.",
    "source": "[S1]",
    "since": "2025-01-20",
    "examples": "{fires: {labelled_examples: 10}, not: {labelled_examples: 9}}",
}

FAULTS = {
    "an unknown key": ({"colour": "red"}, "colour", "remove it"),
    "a source that is not listed": ({"source": "[S99]"}, "the source 'S99'", "did you mean"),
    "a missing reason": ({"because": None}, "because", "add 'because:'"),
    "a missing source": ({"source": None}, "source", "add 'source:'"),
    "an unknown fact": ({"when": "{fact: labeled_examples, at_least: 10}"}, "labeled_examples", "'labelled_examples'"),
    "an unknown option": ({"when": "{fact: task_kind, is: classifying}"}, "classifying", "'classification'"),
    "an unknown parameter": (
        {"when": "{fact: labelled_examples, at_least: {parameter: plenty}}"},
        "plenty",
        "add it to parameters.yaml",
    ),
    "points beyond the scale": ({"points": "{prompting: 3}"}, "prompting: 3", "change it to what is allowed"),
    "an unknown approach": ({"points": "{finetuning: 1}"}, "finetuning", "change it to what is allowed"),
    "an unknown criterion": ({"criterion": "qualty"}, "qualty", "did you mean 'quality'?"),
    "an unknown operator": ({"when": "{fact: labelled_examples, atleast: 10}"}, "atleast", "did you mean 'at_least'?"),
    "a bound for a word": ({"when": "{fact: task_kind, at_least: 3}"}, "task_kind", "name its options"),
    "an unknown technique": ({"techniques": "[lora_plus]"}, "lora_plus", "did you mean 'lora'?"),
    "no examples": ({"examples": None}, "examples", "add 'examples:'"),
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the shipped pack."""
    return Path(shutil.copytree(locate.rules_dir(), tmp_path / "pack"))


def plant(pack: Path, changes: dict[str, str | None]) -> None:
    """Adds a file with one rule, changed as told."""
    lines = [f"    {key}: {value}" for key, value in {**RULE, **changes}.items() if value is not None]
    (pack / "scores" / "planted.yaml").write_text("rules:\n  -\n" + "\n".join(lines) + "\n")


def test_the_shipped_pack_is_clean() -> None:
    """Nothing is wrong with what we ship."""
    problems, _ = lint.check(locate.rules_dir(), date(2026, 11, 22))
    assert problems == []


def test_a_sound_rule_may_be_added(pack: Path) -> None:
    """The rule that the faults are planted in is itself without fault."""
    plant(pack, {})
    assert rulebook.load(pack).rule("planted").points == {"prompting": 1.0}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_file_rule_and_remedy(pack: Path, fault: str) -> None:
    """One planted fault gives a problem that says where, which rule, what and what to do."""
    changes, found, remedy = FAULTS[fault]
    plant(pack, changes)  # type: ignore[arg-type]
    problems, _ = lint.check(pack, date(2026, 11, 22))
    lines = [str(problem) for problem in problems]
    assert any(
        line.startswith("scores/planted.yaml: rule planted") and found in line and remedy in line for line in lines
    ), lines


def test_faults_of_the_file_are_named_by_line(pack: Path) -> None:
    """A key given twice and an id used twice are found too."""
    plant(pack, {})
    file = pack / "scores" / "planted.yaml"
    file.write_text(file.read_text() + "    title: again\n")
    problems, _ = lint.check(pack, date(2026, 11, 22))
    assert "the key 'title' twice" in str(problems[0])
    assert "scores/planted.yaml: line" in str(problems[0])
    plant(pack, {})
    shutil.copy(file, pack / "scores" / "planted_again.yaml")
    problems, _ = lint.check(pack, date(2026, 11, 22))
    assert any("rule planted" in str(problem) and "the id twice" in str(problem) for problem in problems)


def test_all_faults_are_reported_together(
    pack: Path, advisor_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Ten faulty rules give at least ten problems in one run, and exit status 1."""
    rules = []
    for number, (changes, _, _) in enumerate(list(FAULTS.values())[:10]):
        fields = {**RULE, **changes, "id": f"planted_{number}"}
        rules.append("  -\n" + "\n".join(f"    {key}: {value}" for key, value in fields.items() if value is not None))
    (pack / "scores" / "planted.yaml").write_text("rules:\n" + "\n".join(rules) + "\n")
    result = advisor_cli("rules", "check", str(pack))
    assert result.returncode == 1
    for number in range(10):
        assert f"rule planted_{number}" in result.stdout


def test_a_faulty_pack_gives_no_advice(pack: Path) -> None:
    """Loading raises every problem instead of advising on half a pack."""
    plant(pack, {"because": None, "source": None})
    with pytest.raises(InputError) as caught:
        rulebook.load(pack)
    assert len(caught.value.problems) >= 2


# One edit of a shipped file each: file, what stands there, what is put in its place, and what the problem has to say.
EDITS = {
    "a number that is a table": (
        "parameters.yaml",
        "value: 0.1}",
        "value: {a: 1}}",
        ("parameters.yaml: parameter tie_margin: value from 2025-01-20", "{'a': 1}", "a number from 0 to 100"),
    ),
    "a number that leads to no day": (
        "parameters.yaml",
        "value: 6}",
        "value: 1e9}",
        ("parameter review_months", "1000000000.0", "a number from 0 to 1,200"),
    ),
    "a table with a misspelt option": (
        "parameters.yaml",
        "{poor: 0.3,",
        "{pore: 0.3,",
        ("parameter label_quality_factor", "'pore'", "did you mean 'poor'?"),
    ),
    "a number of the forecast that is gone": (
        "parameters.yaml",
        "- id: rules_variance",
        "- id: rules_varianz",
        ("parameter rules_variance", "found nothing", "did you mean 'rules_varianz'?"),
    ),
    "a default that is no number": (
        "questions.yaml",
        "default: 12",
        "default: twelve",
        ("questions.yaml: question horizon_months", "default: found 'twelve'", "a number"),
    ),
    "a default beyond the bounds": (
        "questions.yaml",
        "default: 12",
        "default: 1200",
        ("questions.yaml: question horizon_months", "default: found 1200", "from 'min:' to 'max:'"),
    ),
    "a market fact that ends before it begins": (
        "market.yaml",
        "until: 2027-01-05",
        "until: 2020-01-05",
        ("market.yaml: fact openai_tuning_closing", "until: found 2020-01-05, before from: 2026-05-07", "from 'from:'"),
    ),
    "a reference model without a price": (
        "costs.yaml",
        "[openai/gpt-6-luna,",
        "[openai/gpt-66,",
        ("costs.yaml: reference_models: found 'openai/gpt-66'", "a model that", "did you mean openai/"),
    ),
    "a forecast of another form": (
        "record/model.json",
        '"format": 1',
        '"format": 0',
        ("record/model.json", "format 0 instead of 1", "make it anew"),
    ),
    "a study without a title": ("studies/papers/gpt3.yaml", "title:", "titel:", ("papers/gpt3.yaml", "title", "add")),
    "an empty pack.yaml": ("pack.yaml", "", None, ("pack.yaml", "an empty file", "write 'name:'")),
    "an empty file of gates": (
        "gates/feasibility.yaml",
        "",
        None,
        ("gates/feasibility.yaml", "an empty file", "'rules:'", "or delete it"),
    ),
    "an empty questionnaire": ("questions.yaml", "", None, ("questions.yaml", "an empty file", "'questions:'")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_each_broken_file_is_named_by_the_check_with_what_is_allowed(pack: Path, edit: str) -> None:
    """One edit of a file gives a problem that says where, what was found and what to do, and no exception."""
    name, old, new, said = EDITS[edit]
    file = pack / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text("" if new is None else text.replace(old, new, 1), encoding="utf-8")
    problems, _ = lint.check(pack, date(2026, 11, 22))
    lines = [str(problem) for problem in problems]
    assert any(all(part in line for part in said) for line in lines), lines
