"""What holds for every questionnaire: order means nothing, more never hurts, parts add up, the same gives the same."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor import locate
from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.intake.columns import Facts, Numbers, Words
from advisor.intake.truth import TRUE
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rulebook
from advisor.reasoning import robustness as firmness
from advisor.reasoning.advise import advise, engine, verdict_id
from advisor.reasoning.coverage import draw
from advisor.reasoning.engine import Engine
from advisor.reasoning.robustness import robustness

ROOT = Path(__file__).resolve().parents[2]
TUNING = APPROACHES.index("fine_tuning")
MORE = ("setup_budget_usd", "monthly_budget_usd", "deadline_weeks")
# Two of the three read what tuning costs as a multiple of prompting: who trains on more examples pays more for it. The
# third says that where data and need of context come together the hybrid is better, by taking from tuning alone.
FEWER_LABELS_MAY_SCORE_MORE = frozenset({"tuning_pays", "tuning_pays_clearly", "domain_and_context"})

Profile = Callable[[Rulebook, int], Answers]


def profile(book: Rulebook, seed: int) -> Answers:
    """Answers to a share of the questions; numbers mostly over what is typical, some of them ranges, some 0."""
    rng = random.Random(seed)
    share = rng.choice([0.2, 0.5, 0.9])
    raw: dict[str, Any] = {}
    for name, question in book.questions.items():
        if rng.random() > share or question.kind == "model":
            continue
        if question.kind == "priorities":
            raw[name] = {criterion: rng.randint(1, 5) for criterion in rng.sample(CRITERIA, k=3)}
        elif question.kind == "choice":
            raw[name] = rng.choice(question.values)
        else:
            low, likely, high = sorted(number(question.kind, question.typical, rng) for _ in range(3))
            wide = question.range_allowed and rng.random() < 0.2
            raw[name] = {"low": low, "likely": likely, "high": high} if wide else likely
    return intake.parse(raw, book)


def number(kind: str, typical: tuple[float, float], rng: random.Random) -> float:
    """A number over what is typical, evenly in its logarithm."""
    if kind == "share":
        return round(rng.uniform(*typical), 2)
    low, high = typical
    value = (1 + low) * ((1 + high) / (1 + low)) ** rng.random() - 1
    return max(float(round(value)), float(np.ceil(low))) if kind == "integer" else round(value, 2)


def as_bytes(answers: Answers, knowledge: Engine) -> bytes:
    """The advice as JSON text."""
    return json.dumps(advise(answers, knowledge).to_json(), ensure_ascii=False).encode()


# ------------------------------------------------------------------------------------------------------------- order


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_the_order_of_rules_and_of_answers_never_matters(shipped: Engine, seed: int) -> None:
    """Rules and answers in any order give the same advice to the last byte, verdict id included."""
    answers, rng = profile(shipped.book, seed), random.Random(seed)
    rules = rng.sample(shipped.book.rules, k=len(shipped.book.rules))
    given_ = dict(rng.sample(list(answers.given.items()), k=len(answers.given)))
    turned = replace(shipped, book=replace(shipped.book, rules=tuple(rules)))
    assert as_bytes(Answers(given=given_), turned) == as_bytes(answers, shipped)


def shuffled_pack(folder: Path, seed: int) -> None:
    """Writes the shipped pack to a folder with the entries of every file, the keys of every entry and the rows of the
    price table in another order, and with the rules of each kind dealt to files of other names.
    """
    rng = random.Random(seed)
    shutil.copytree(locate.rules_dir(), folder)
    for path in folder.rglob("*.yaml"):
        path.write_text(written(mixed(parsed(path), rng)))
    for kind in ("gates", "scores", "notes"):
        files = sorted((folder / kind).glob("*.yaml"))
        rules = [rule for path in files for rule in parsed(path)["rules"]]
        rng.shuffle(rules)
        for path in files:
            path.unlink()
        for part in range(3):
            (folder / kind / f"{rng.randrange(10**6)}.yaml").write_text(written({"rules": rules[part::3]}))
    head, *rows = (folder / "prices.csv").read_text().splitlines()
    (folder / "prices.csv").write_text("\n".join([head, *rng.sample(rows, k=len(rows))]) + "\n")


def parsed(path: Path) -> Any:
    """The content of a file of a pack."""
    return yaml_file.read(path, [], path.name)


def mixed(raw: Any, rng: random.Random) -> Any:
    """The same content: the keys of all mappings and the entries of a file's own lists in another order."""
    return {key: rng.sample(rows, k=len(rows)) if isinstance(rows, list) and is_set(key) else rows
            for key, rows in keys_mixed(raw, rng).items()}  # fmt: skip


def is_set(key: str) -> bool:
    """Whether the order of a list at the top of a file means nothing; models, sizes and patterns are in order."""
    return key not in {"reference_models", "sizes", "prompted", "tuned"}


def keys_mixed(raw: Any, rng: random.Random) -> Any:
    """The same content with the keys of all mappings in another order."""
    if isinstance(raw, dict):
        return {key: keys_mixed(raw[key], rng) for key in rng.sample(list(raw), k=len(raw))}
    return [keys_mixed(row, rng) for row in raw] if isinstance(raw, list) else raw


def written(raw: Any) -> str:
    """YAML text of a content, in its JSON form but for dates, which stand bare."""
    text = json.dumps(raw, ensure_ascii=False, indent=1, default=lambda day: f"@{day.isoformat()}@")
    return re.sub(r'"@(\d{4}-\d\d-\d\d)@"', r"\1", text)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_files_and_entries_in_a_pack_never_matters(shipped: Engine, tmp_path: Path, seed: int) -> None:
    """A pack rewritten in another order advises the same to the last byte, but for what its digest is part of."""
    shuffled_pack(tmp_path / "pack", seed)
    other = engine(tmp_path / "pack", shipped.day)
    assert other.book.digest != shipped.book.digest
    assert [rule.id for rule in other.book.rules] == [rule.id for rule in shipped.book.rules]
    other = replace(other, book=replace(other.book, digest=shipped.book.digest))
    for k in range(4):
        answers = profile(shipped.book, 10 * seed + k)
        assert as_bytes(answers, other) == as_bytes(answers, shipped)


# ------------------------------------------------------------------------------------------------------ more of a good


def drawn(knowledge: Engine, seed: int, n: int = 2000) -> Facts:
    """Random questionnaires as columns."""
    return draw(knowledge.book, n, np.random.default_rng(seed))


def exactly(facts: Facts, name: str, value: float) -> Facts:
    """The same questionnaires, one number answered alike in all of them."""
    return facts.with_columns({name: Numbers.exact(np.full(facts.n, value), np.ones(facts.n, bool))})


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", MORE)
def test_more_money_or_time_never_rules_an_approach_out(shipped: Engine, seed: int, name: str) -> None:
    """Over thousands of cases and a ladder of amounts, what is eligible stays so with a larger budget or deadline."""
    facts = drawn(shipped, seed)
    rungs = [0, 1, 2, 4, 8, 13, 26, 52, 150, 400, 999] + ([1e4, 1e5, 1e7] if name != "deadline_weeks" else [])
    eligible = np.stack([shipped.decide(exactly(facts, name, rung)).eligible for rung in rungs])
    lost = np.argwhere(eligible[:-1] & ~eligible[1:])
    assert not len(lost), [(rungs[rung + 1], APPROACHES[column]) for rung, _, column in lost[:5]]
    assert (~eligible[0]).any(), "the ladder starts where something is ruled out"


def labelled(facts: Facts, count: float, quality: str, knowledge: Engine) -> Facts:
    """The same questionnaires with that many labels of that quality."""
    values = knowledge.book.questions["label_quality"].values
    codes = np.full(facts.n, values.index(quality), np.int16)
    return exactly(facts, "labelled_examples", count).with_columns({"label_quality": Words(codes, values)})


LADDER = [(count, "good") for count in (0, 5, 20, 60, 150, 350, 600, 1200, 2500, 6000, 20_000, 200_000)]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("rungs", [LADDER, [(count, "excellent") for count, _ in LADDER]], ids=["good", "excellent"])
def test_more_clean_labels_never_rule_tuning_out(shipped: Engine, seed: int, rungs: list[tuple[int, str]]) -> None:
    """More labels never close fine-tuning or the hybrid: nobody has to train on all of them."""
    facts = drawn(shipped, seed)
    eligible = np.stack([shipped.decide(labelled(facts, *rung, shipped)).eligible[:, TUNING:] for rung in rungs])
    assert not (eligible[:-1] & ~eligible[1:]).any()


@pytest.mark.parametrize("seed", [1, 2])
def test_more_and_cleaner_labels_never_lower_tuning_unless_a_named_rule_says_so(shipped: Engine, seed: int) -> None:
    """Where fine-tuning's total falls with more or cleaner labels, the rules named above alone take from it."""
    facts = drawn(shipped, seed)
    blamed: set[str] = set()
    cleaner = [((count, "good"), (count, "excellent")) for count, _ in LADDER]
    for fewer, more in [*pairwise(LADDER), *cleaner]:
        before, after = (shipped.decide(labelled(facts, *rung, shipped)) for rung in (fewer, more))
        gains = np.zeros((facts.n, len(CRITERIA)))
        for row, rule in enumerate(shipped.rules):
            if rule.kind == "score" and "fine_tuning" in rule.points:
                turned = (after.truths[row] == TRUE).astype(float) - (before.truths[row] == TRUE)
                gain = turned * rule.points["fine_tuning"]
                if (gain < 0).any() and rule.id not in FEWER_LABELS_MAY_SCORE_MORE:
                    blamed |= {rule.id} if (gain[fell(before, after)] < 0).any() else set()
                if rule.id not in FEWER_LABELS_MAY_SCORE_MORE:
                    gains[:, CRITERIA.index(rule.criterion)] += gain
        without = (gains * after.shares).sum(axis=1)
        assert (without >= -1e-9).all(), f"{fewer} to {more}: fine-tuning falls through {sorted(blamed)}"


def fell(before: Any, after: Any) -> np.ndarray:
    """Where the total of fine-tuning is lower than before."""
    return after.totals[:, TUNING] < before.totals[:, TUNING] - 1e-9


@pytest.mark.parametrize("rule", sorted(FEWER_LABELS_MAY_SCORE_MORE))
def test_each_named_exception_is_needed(shipped: Engine, rule: str) -> None:
    """Each rule named above does take from fine-tuning as labels are added; one that no longer does loses its name."""
    facts = drawn(shipped, 3, 8000)
    row = [one.id for one in shipped.rules].index(rule)
    points = shipped.rules[row].points["fine_tuning"]
    fired = np.stack([shipped.decide(labelled(facts, *rung, shipped)).truths[row] == TRUE for rung in LADDER])
    assert (np.diff(fired.astype(int) * points, axis=0) < 0).any()


# ------------------------------------------------------------------------------------------------------- sums and ids


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_the_parts_add_up(shipped: Engine, seed: int) -> None:
    """Findings sum to each score, the waterfall to the margin, and each why-not to the gap that it explains."""
    advice = advise(profile(shipped.book, seed), shipped)
    for ranked in advice.ranking:
        parts = [finding.weighted or 0.0 for finding in advice.findings if finding.approach == ranked.approach]
        assert sum(parts) == pytest.approx(ranked.score, abs=1e-9)
    assert sum(step.difference for step in advice.waterfall) == pytest.approx(advice.margin, abs=1e-9)
    rivals = [item for item in advice.ranking if item.eligible]
    if len(rivals) > 1:
        assert rivals[0].score - rivals[1].score == pytest.approx(advice.margin, abs=1e-9)
    for reason, ranked in zip(advice.why_not, advice.ranking[1:], strict=True):
        assert (reason.approach, reason.gap) == (ranked.approach, advice.ranking[0].score - ranked.score)


def test_the_same_input_gives_the_same_bytes_in_any_process(
    shipped: Engine, advisor_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """Twice in this process and in two others with other hash seeds, the advice is the same to the last byte."""
    path = tmp_path / "answers.yaml"
    answers = profile(shipped.book, 7)
    path.write_text(json.dumps(answers.plain()))
    here = [as_bytes(intake.read(path, shipped.book), shipped) for _ in range(2)]
    assert here[0] == here[1]
    command = [sys.executable, "-m", "advisor.cli", "recommend", str(path), "--json", "--as-of", str(shipped.day)]
    printed = []
    for seed in ("1", "4242"):
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": seed}
        printed.append(subprocess.run(command, capture_output=True, env=env, timeout=120, check=True).stdout)
    assert printed[0] == printed[1]
    assert json.loads(printed[0]) == json.loads(here[0])
    assert json.loads(printed[0])["verdict_id"] == verdict_id(answers, shipped)


# --------------------------------------------------------------------------------------------------------- robustness


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_robustness_is_a_share(shipped: Engine, seed: int) -> None:
    """The share of weightings is from 0 to 1; each method names an eligible approach and whether it agrees."""
    outcome = shipped.decide_answers([profile(shipped.book, seed)])
    found = robustness(shipped, outcome)
    assert (found is None) == (outcome.eligible[0].sum() < 2)
    if found is not None:
        assert 0 <= found.share <= 1
        for method in found.methods:
            winner = APPROACHES.index(method.leader)
            assert outcome.eligible[0, winner]
            assert method.agrees == (winner == outcome.leader[0])


POINT = st.sampled_from([-2.0, -0.5, 0.0, 0.5, 1.0, 3.0])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    points=st.lists(st.lists(POINT, min_size=5, max_size=5), min_size=3, max_size=3),
    ahead=st.integers(0, 2),
    by=st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=5, max_size=5),
    weights=st.lists(st.sampled_from([0.0, 1.0, 5.0]), min_size=5, max_size=5).filter(any),
)
def test_an_approach_that_is_best_on_every_criterion_wins_under_all_weights(
    shipped: Engine, points: list[list[float]], ahead: int, by: list[float], weights: list[float]
) -> None:
    """Ahead of both others on each criterion, an approach holds under every weighting and by every method."""
    table = np.array(points)
    table[ahead] = np.delete(table, ahead, axis=0).max(axis=0) + np.array(by)
    outcome = shipped.decide_answers([Answers()])
    shares = np.array([weights]) / sum(weights)
    order = np.argsort(-(table @ shares[0]), kind="stable")[None, :]
    outcome = replace(outcome, points=table[None], shares=shares, order=order, eligible=np.ones((1, 3), bool))
    found = robustness(shipped, outcome)
    assert found is not None
    assert found.share == 1
    assert all(method.agrees for method in found.methods)


def test_two_methods_worked_by_hand() -> None:
    """On a table worked out on paper, weights, closeness to the ideal and the weightiest criterion each pick another.

    Quality 3, 2, 0 and cost 0, 2, 4 at weights 0.5 and 0.5 (scaled to length: 0.832, 0.555, 0 and 0, 0.447, 0.894).
    The ideal is (0.416, 0.447), the worst (0, 0). Distances to the ideal: 0.447, 0.263, 0.416; to the worst: 0.416,
    0.356, 0.447. Closeness: 0.482, 0.575, 0.518, so the middle wins, although the sum 1.5, 2, 2 ties it with the last.
    The weightiest criterion, quality at equal weights, picks the first; were cost the weightier, the last.
    """
    points = np.zeros((3, 5))
    points[:, 0], points[:, 1] = [3, 2, 0], [0, 2, 4]
    shares, everyone = np.array([0.5, 0.5, 0, 0, 0]), np.ones(3, bool)
    assert firmness._topsis(points, shares, everyone) == 1
    assert firmness._lexicographic(points, shares, everyone) == 0
    assert firmness._lexicographic(points, np.array([0.4, 0.6, 0, 0, 0]), everyone) == 2
    # Without the middle the ideal stays, and 0.518 beats 0.482.
    assert firmness._topsis(points, shares, np.array([True, False, True])) == 2
    assert firmness._lexicographic(points, shares, np.array([False, True, True])) == 1
    points[1, 0] = 3
    assert firmness._lexicographic(points, shares, everyone) == 1, "equal on quality, better on cost"
