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
