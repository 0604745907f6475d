"""Extraction on the real language model: prompted, tuned, and judged field by field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.approaches import arms_for, prompted_writing, tuned_writing, tuning
from benchmarks.runs import read_wish, run

NAMES = ("Ann", "Bob Hill", "Cem", "Dora", "Eva Lind", "Finn", "Gül", "Hanna", "Ines", "Jo")


@pytest.mark.slow
def test_tuning_teaches_the_real_model_to_extract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty steps on 30 bookings: no answer is cut off, and most fields of new bookings are right."""
    monkeypatch.setattr(tuning, "FEWEST_STEPS", 30)
    monkeypatch.setattr(tuning, "MOST_STEPS", 30)
    monkeypatch.setattr(prompted_writing, "JUDGED_ROWS", 4)
    monkeypatch.setattr(tuned_writing, "CHECKED_ROWS", 0)
    card = {
        "kind": "extraction",
        "description": "What a caller says to a restaurant. Return name and time of the booking.",
        "metric": "slot_micro_f1",
        "schema": {"slots": ["name", "time"]},
    }
    (tmp_path / "task.json").write_text(json.dumps(card), encoding="utf-8")
    for name, numbers in (("train", range(30)), ("test", range(30, 38))):
        rows = []
        for number in numbers:
            who, when = NAMES[number * 7 % 10], f"{number % 12 + 1}:{number % 4 * 15:02} pm"
            text = f"Hello, this is {who}, could I have table {number} at {when} please?"
            rows.append(json.dumps({"text": text, "target": {"name": who, "time": when}}))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    wish = read_wish(arms_for("extraction"), arms="zero_shot,lora", train_sizes="30", model="smollm2-135m")
    finished = run(str(tmp_path), wish, out=tmp_path / "run")
    assert dict(finished.failed) == {}
    arms = {entry["arm"]: entry for entry in finished.result["arms"]}
    assert arms["lora"]["invalid_share"] == 0
    assert arms["lora"]["metric"]["value"] > max(0.8, arms["zero_shot"]["metric"]["value"])
