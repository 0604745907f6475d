"""An organisation's pack laid over the shipped one adds, replaces with a reason, disables, and reports its faults."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from advisor import locate
from advisor.errors import InputError
from advisor.intake import answers as intake
from advisor.intake.truth import TRUE
from advisor.knowledge import lint, rulebook
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.reasoning.engine import Engine

DAY = date(2026, 11, 22)
HEAD = "name: Acme\nversion: 1.2.0\nas_of: 2026-11-01\nextends: shipped\n"
SOURCE = """sources:
  - {id: X1, title: House rule, publisher: Acme, year: 2026, grade: C, claim: We keep to our vendor.}
"""
OWN = """rules:
  - id: acme_prefers_prompts
    kind: score
    title: Our platform serves prompts only
    when: {fact: model_access, is: our_platform}
    criterion: cost
    points: {prompting: 2}
    because: The platform is paid for already.
    source: [X1]
    since: 2026-01-01
    examples: {fires: {model_access: our_platform}, not: {model_access: open_weights}}
"""
QUESTIONS = "options:\n  - field: model_access\n    add: [{value: our_platform, label: Our platform}]\n"
PARAMETERS = """parameters:
  - id: min_tuning_examples
    override: true
    reason: Our vendor asks for more.
    title: Fewest examples
    unit: examples
    source: [X1]
    grade: C
    values: [{from: 2026-01-01, value: 200}]
"""
DISABLE = "disable:\n  - {rule: steady_style, reason: Our style guide is in every prompt.}\n"


@pytest.fixture
def acme(tmp_path: Path) -> Callable[..., Path]:
    """Writes the files of a pack called acme and returns its folder."""

    def write(**files: str) -> Path:
        folder = tmp_path / "acme"
        for name, text in {"pack": HEAD, **files}.items():
            path = folder / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return write


def problems_of(folder: Path) -> list[str]:
    """What is wrong with a pack, as lines."""
    with pytest.raises(InputError) as caught:
        rulebook.load(folder)
    return [str(problem) for problem in caught.value.problems]


def over(book: Rulebook) -> Engine:
    """An engine over a pack laid over the shipped one."""
    return Engine(book, PriceTable.load(book.price_folder), DAY)


def test_a_pack_with_only_its_head_changes_nothing(acme: Callable[..., Path], book: Rulebook) -> None:
    """Laying an empty pack over ours leaves rules, parameters, questions and their order as they are."""
    laid = rulebook.load(acme())
    assert laid.rules == book.rules
    assert list(laid.questions.items()) == list(book.questions.items())
    assert laid.parameters == book.parameters
    assert laid.overrides == ()
    assert laid.version == f"{book.version}+acme.1.2.0"


def test_rules_options_and_sources_are_added(acme: Callable[..., Path]) -> None:
    """A rule on an option that the pack adds fires for that answer, beside the rules below."""
    laid = rulebook.load(acme(sources=SOURCE, questions=QUESTIONS, scores__own=OWN))
    engine = over(laid)
    outcome = engine.decide_answers([intake.parse({"model_access": "our_platform"}, laid)])
    fired = {rule.id for row, rule in enumerate(outcome.rules) if outcome.truths[row, 0] == TRUE}
    assert {"acme_prefers_prompts", "prompting_is_light"} <= fired
    assert "model_cannot_be_tuned" not in fired


def test_a_replaced_parameter_moves_the_gate_and_is_logged(acme: Callable[..., Path], book: Rulebook) -> None:
    """With the vendor's own minimum, tuning is ruled out at a number of examples that was enough before."""
    laid = rulebook.load(acme(sources=SOURCE, parameters=PARAMETERS))
    raw = {"labelled_examples": 100, "new_labels_per_week": 0, "task_kind": "classification"}
    before = Engine(book, PriceTable.load(book.folder), DAY).decide_answers([intake.parse(raw, book)])
    after = over(laid).decide_answers([intake.parse(raw, laid)])
    assert before.eligible[0].tolist() == [True, True, True]
    assert after.eligible[0].tolist() == [True, False, False]
    assert [str(made) for made in laid.overrides] == [
        "The parameter min_tuning_examples is replaced by Acme: Our vendor asks for more."
    ]


def test_a_rule_is_switched_off_with_a_reason(acme: Callable[..., Path], book: Rulebook) -> None:
    """A disabled rule is gone, every other one stays, and the reason is kept."""
    laid = rulebook.load(acme(pack=HEAD + DISABLE))
    assert {rule.id for rule in book.rules} - {rule.id for rule in laid.rules} == {"steady_style"}
    (made,) = laid.overrides
    assert (made.kind, made.id, made.action, made.pack) == ("rule", "steady_style", "disabled", "Acme")
    assert made.reason == "Our style guide is in every prompt."


def test_the_digest_covers_both_packs(acme: Callable[..., Path], book: Rulebook) -> None:
    """Another word in the upper pack gives another digest, and neither is that of the lower pack."""
    first = rulebook.load(acme()).digest
    second = rulebook.load(acme(pack=HEAD + DISABLE)).digest
    assert len({first, second, book.digest}) == 3
    assert rulebook.digest(locate.rules_dir()) == book.digest


def test_all_faults_are_reported_together_with_the_pack_in_the_file_name(acme: Callable[..., Path]) -> None:
    """Five faults in four files give five problems, each beginning with the folder of the pack that has it."""
    lines = problems_of(
        acme(
            pack=HEAD + "disable:\n  - {rule: steady_styl, reason: x}\n",
            sources=SOURCE.replace("X1", "S1"),
            parameters=PARAMETERS.replace("    reason: Our vendor asks for more.\n", "").replace("X1", "S1"),
            scores__own=OWN.replace("acme_prefers_prompts", "steady_style").replace("our_platform", "hosted_api"),
            notes__own="rules: [{id: new_note, override: true, reason: x}]\n",
        )
    )
    text = "\n".join(lines)
    assert "acme/pack.yaml: disable: found 'steady_styl'" in text
    assert "did you mean 'steady_style'" in text
    assert "acme/sources.yaml: source S1" in text
    assert "acme/parameters.yaml: parameter min_tuning_examples (line 2): reason: found nothing" in text
    assert "acme/scores/own.yaml: rule steady_style" in text
    assert "add 'override: true' and 'reason:'" in text
    assert "acme/notes/own.yaml: rule new_note" in text
    assert "remove 'override:', because it is new" in text


def test_an_override_that_breaks_a_rule_below_is_found(acme: Callable[..., Path]) -> None:
    """A new option that a table is keyed by asks for an entry in that table."""
    more = "options:\n  - {field: task_kind, add: [{value: dubbing, label: Dub}]}\n"
    own = OWN.replace("{fact: model_access, is: our_platform}", "{fact: task_kind, is: dubbbing}")
    own = own.replace("{model_access: our_platform}", "{task_kind: dubbing}").replace("X1", "S1")
    text = "\n".join(problems_of(acme(questions=more, scores__own=own)))
    assert "acme/scores/own.yaml: rule acme_prefers_prompts: when: found 'dubbbing'" in text
    assert "did you mean 'dubbing'" in text


def test_a_file_that_nothing_reads_is_a_problem(acme: Callable[..., Path]) -> None:
    """A misnamed folder or a lone price table is not silently ignored."""
    folder = acme(score__own=OWN)
    (folder / "costs.yaml").write_text("assumptions: []\n")
    text = "\n".join(problems_of(folder))
    assert "acme/score/own.yaml: found a file that nothing reads" in text
    assert "acme/costs.yaml: found one of prices.csv and costs.yaml" in text


def test_a_folder_without_extends_is_a_whole_pack(acme: Callable[..., Path]) -> None:
    """Without `extends: shipped` the missing files are named instead of taken from ours."""
    text = "\n".join(problems_of(acme(pack=HEAD.replace("extends: shipped\n", ""))))
    assert "questions.yaml" in text
    assert "parameters.yaml" in text


def test_prices_come_from_the_shipped_pack(acme: Callable[..., Path], book: Rulebook) -> None:
    """A pack without a price table is costed with ours."""
    laid = rulebook.load(acme())
    assert laid.price_folder == locate.rules_dir() == book.price_folder
    assert lint.check(acme(), DAY)[0] == []


def test_the_command_line_checks_and_tests_a_laid_over_pack(
    acme: Callable[..., Path], advisor_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """`rules check`, `rules test` and `rules list` work on such a folder and name what it departs from."""
    folder = str(acme(pack=HEAD + DISABLE, sources=SOURCE, questions=QUESTIONS, scores__own=OWN))
    checked = advisor_cli("rules", "check", folder)
    assert checked.returncode == 0, checked.stdout
    tested = advisor_cli("rules", "test", folder, "--json")
    assert tested.returncode == 0, tested.stdout
    assert "acme_prefers_prompts fires" in tested.stdout
    listed = advisor_cli("rules", "list", folder)
    assert "The rule steady_style is disabled by Acme: Our style guide is in every prompt." in listed.stderr


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"pack": HEAD + DISABLE + "  - {rule: steady_style, reason: Twice.}\n"}, "'steady_style' twice"),
        (
            {
                "pack": HEAD + "disable:\n  - {rule: acme_prefers_prompts, reason: No.}\n",
                "scores__own": OWN.replace("    kind:", "    override: true\n    reason: Ours.\n    kind:", 1),
            },
            "'acme_prefers_prompts', which this pack replaces",
        ),
        ({"scores__own": OWN.replace("    examples", "    until: 2025-01-01\n    examples")}, "before since"),
        ({"scores__own": OWN.removeprefix("rules:\n")}, "a mapping with the key 'rules'"),
    ],
)
def test_edits_that_contradict_each_other_are_faults(
    files: dict[str, str], found: str, acme: Callable[..., Path]
) -> None:
    """A rule disabled twice, disabled and replaced, or ended before it began, and a bare list, are named."""
    problems, _ = lint.check(acme(**files), DAY)
    assert any(found in str(problem) for problem in problems), [str(problem) for problem in problems]
