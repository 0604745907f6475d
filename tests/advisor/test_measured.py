"""A measurement enters the advice: the quality criterion reads it, the report shows it, the verdict can change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from advisor.errors import InputError
from advisor.intake import measurements

Cli = Callable[..., subprocess.CompletedProcess[str]]
CLOSE = {"task_kind": "classification", "class_count": 2, "labelled_examples": 64, "requests_per_month": 20000}


def arm(name: str, approach: str | None, value: float) -> dict[str, object]:
    metric = {"name": "accuracy", "value": value, "low": value - 0.04, "high": value + 0.04, "n": 300}
    return {
        "arm": name,
        "approach": approach,
        "technique": name if approach else None,
        "train_size": 64,
        "seeds": [0],
        "n_seeds": 1,
        "n": 300,
        "metric": {**metric, "level": 0.95, "method": "wilson"},
        "seconds_per_item": 0.2,
    }


def pair(a: str, b: str, difference: float, half: float) -> dict[str, object]:
    low, high = difference - half, difference + half
    return {
        "a": a,
        "b": b,
        "train_size": 64,
        "difference": difference,
        "low": low,
        "high": high,
        "n": 300,
        "method": "m",
    }


def result(prompting: float, tuning: float, half: float = 0.04) -> dict[str, object]:
    return {
        "schema": measurements.SCHEMA,
        "task": {"name": "desk", "metric": "accuracy"},
        "model": {"name": "tiny"},
        "arms": [arm("few_shot", "prompting", prompting), arm("lora", "fine_tuning", tuning), arm("linear", None, 0.7)],
        "best": {
            "prompting": {"arm": "few_shot", "train_size": 64},
            "fine_tuning": {"arm": "lora", "train_size": 64},
        },
        "comparisons": [pair("lora", "few_shot", tuning - prompting, half)],
        "status": "complete",
        "created_at": "2026-11-22T10:00:00Z",
    }


@pytest.fixture
def advise(advisor_cli: Cli, tmp_path: Path) -> Callable[[dict[str, object] | None], dict[str, object]]:
    """The advice on the close answers, with a measurement or without one."""
    answers = tmp_path / "answers.yaml"
    answers.write_text(yaml.safe_dump(CLOSE))

    def run(measured: dict[str, object] | None) -> dict[str, object]:
        arguments = ["recommend", str(answers), "--json", "--as-of", "2026-11-22"]
        if measured is not None:
            folder = tmp_path / "run"
            folder.mkdir(exist_ok=True)
            (folder / "result.json").write_text(json.dumps(measured))
            arguments += ["--measured", str(folder)]
        done = advisor_cli(*arguments)
        assert done.returncode == 0, done.stderr
        advice: dict[str, object] = json.loads(done.stdout)
        return advice

    return run


def scores(advice: dict[str, object]) -> dict[str, float]:
    return {item["approach"]: item["score"] for item in advice["ranking"]}  # type: ignore[attr-defined]


def test_a_measured_difference_can_change_the_recommendation(
    advise: Callable[[dict[str, object] | None], dict[str, object]],
) -> None:
    """With the same answers, a large measured lead of either side makes that side the recommendation."""
    before = advise(None)
    tuned, prompted = advise(result(0.71, 0.94)), advise(result(0.94, 0.71))
    assert before["evidence"]["measured"] is None  # type: ignore[index]
    assert tuned["recommendation"] == "fine_tuning"
    assert tuned["technique"] == "lora"
    assert prompted["recommendation"] == "prompting"
    assert before["recommendation"] != tuned["recommendation"] or before["recommendation"] != prompted["recommendation"]
    assert len({before["verdict_id"], tuned["verdict_id"], prompted["verdict_id"]}) == 3


def test_the_measurement_is_shown_with_n_and_interval(
    advise: Callable[[dict[str, object] | None], dict[str, object]],
) -> None:
    """The evidence section holds each measured arm with n and interval, marked as measured, and the paired verdict."""
    measured = advise(result(0.71, 0.94))["evidence"]["measured"]  # type: ignore[index]
    tuned = next(item for item in measured["arms"] if item["arm"] == "lora")
    assert tuned["score"]["origin"] == "measured"
    assert (tuned["score"]["value"], tuned["score"]["n"]) == (0.94, 300)
    assert tuned["score"]["low"] < 0.94 < tuned["score"]["high"]
    assert measured["differences"][0]["verdict"] == "left_better"


def test_a_difference_that_is_not_shown_counts_as_a_tie(
    advise: Callable[[dict[str, object] | None], dict[str, object]],
) -> None:
    """Where the paired interval holds zero, both are measured as equal: only the share of what was assumed stays."""

    def lead(advice: dict[str, object]) -> float:
        quality = {item["approach"]: item["by_criterion"]["quality"] for item in advice["ranking"]}  # type: ignore[attr-defined]
        return float(quality["fine_tuning"] - quality["prompting"])

    assumed = lead(advise(None))
    measured = lead(advise(result(0.80, 0.82, half=0.05)))
    assert assumed != 0
    assert measured == pytest.approx(assumed * 20 / (300 + 20))
    found = advise(result(0.80, 0.82, half=0.05))["findings"]
    said = [item["because"] for item in found if item["rule"] == "measured_quality"]  # type: ignore[attr-defined]
    assert len(said) == 2
    assert sum("with a weight of 94 %" in because for because in said) == 1


def test_findings_still_add_up_with_a_measurement(
    advise: Callable[[dict[str, object] | None], dict[str, object]],
) -> None:
    """What the measurement adds or takes is a finding of its own, so that the parts sum to the score."""
    advice = advise(result(0.71, 0.94))
    for approach, score in scores(advice).items():
        parts = [f["weighted"] or 0 for f in advice["findings"] if f["approach"] == approach]  # type: ignore[attr-defined]
        assert sum(parts) == pytest.approx(score, abs=1e-6)


def test_a_spoiled_result_file_names_every_fault(tmp_path: Path) -> None:
    """A wrong schema, a score above 1, an unknown arm: each is named with file and field."""
    spoiled = result(0.71, 1.94)
    spoiled["best"]["hybrid"] = {"arm": "none", "train_size": 64}  # type: ignore[index]
    file = tmp_path / "result.json"
    file.write_text(json.dumps(spoiled))
    with pytest.raises(InputError) as caught:
        measurements.read(tmp_path)
    text = str(caught.value)
    assert "arms[1].metric: value" in text
    assert "best.hybrid" in text
    file.write_text("{}")
    with pytest.raises(InputError, match="schema"):
        measurements.read(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (
            lambda file: file["arms"][1]["metric"].update(low=0.97),
            "arms[1].metric: value: found 0.94 with the interval",
        ),
        (lambda file: file["comparisons"][0].update(low=0.5, high=0.4), "comparisons[0]: difference"),
        (lambda file: file["arms"][1]["metric"].update(n=5.5), "arms[1].metric: n: found 5.5"),
        (lambda file: file["arms"][1]["metric"].update(n=-5), "arms[1].metric: n: found -5"),
        (lambda file: file["arms"][1].update(seconds_per_item=-1), "arms[1]: seconds_per_item: found -1"),
        (lambda file: file["arms"].append(file["arms"][1]), "twice"),
        (lambda file: file["best"]["fine_tuning"].update(train_size="many"), "best.fine_tuning"),
        (lambda file: file["best"].update(hybrid=file["best"]["fine_tuning"]), "best.hybrid"),
    ],
)
def test_a_measurement_that_contradicts_itself_is_refused(
    spoil: Callable[[dict[str, Any]], None], field: str, tmp_path: Path
) -> None:
    """Intervals without their value, broken counts, doubled arms and an arm of another approach are named."""
    spoiled = result(0.71, 0.94)
    spoil(spoiled)
    (tmp_path / "result.json").write_text(json.dumps(spoiled))
    with pytest.raises(InputError) as caught:
        measurements.read(tmp_path)
    assert field in str(caught.value)
    assert "None" not in str(caught.value)


@pytest.mark.parametrize("blocked", [["1 test row also stands in train"], "1 test row also stands in train"])
def test_a_blocked_run_is_no_measurement(tmp_path, blocked):
    """A run on leaking data is refused with the reason, though its scores are there."""
    (tmp_path / "result.json").write_text(json.dumps({**result(0.7, 0.9), "blocked": blocked}), encoding="utf-8")
    with pytest.raises(InputError, match="1 test row also stands in train"):
        measurements.read(tmp_path)
