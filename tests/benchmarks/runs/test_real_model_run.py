"""The whole path on the real language model: it is prompted, it is tuned, and both can be repeated to the digit."""

from __future__ import annotations

import json

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.runs import read_wish, run

POSITIVE = (
    "The battery lasts two full days and I love it.",
    "A wonderful little lamp, bright and quiet.",
    "Best headphones I have owned in years.",
    "The staff were kind and the soup was delicious.",
    "It arrived early and works perfectly.",
    "Great picture, great sound, great price.",
    "I am very happy with this keyboard.",
    "A charming film with a clever ending.",
    "The pillow is soft and keeps its shape.",
    "Excellent service from start to finish.",
    "My daughter adores this puzzle.",
    "The jacket is warm, light and beautiful.",
    "Setting it up was easy and quick.",
    "Superb coffee and a friendly welcome.",
    "The camera takes amazing photos at night.",
    "Sturdy, elegant and worth every cent.",
    "The actors were brilliant.",
    "This app saves me an hour a day, fantastic.",
    "Fresh bread, lovely garden, will come again.",
    "The repair was done well and for free.",
)
NEGATIVE = (
    "The battery died after an hour and I hate it.",
    "A terrible lamp that buzzes and flickers.",
    "Worst headphones I have ever bought.",
    "The staff were rude and the soup was cold.",
    "It arrived late and broken.",
    "Poor picture, awful sound, far too expensive.",
    "I am very disappointed with this keyboard.",
    "A boring film with a stupid ending.",
    "The pillow is lumpy and smells bad.",
    "Horrible service from start to finish.",
    "My daughter cried because pieces were missing.",
    "The jacket ripped on the first day.",
    "Setting it up was a nightmare.",
    "Bitter coffee and a grumpy waiter.",
    "The camera takes blurry, useless photos.",
    "Flimsy, ugly and a waste of money.",
    "The actors were dreadful.",
    "This app crashes all the time, useless.",
    "Stale bread, dirty tables, never again.",
    "They refused to repair it and kept my money.",
)


@pytest.mark.slow
def test_prompting_and_tuning_run_and_repeat(tmp_path, monkeypatch):
    """zero_shot beats a coin, training lowers the loss, and a cell that is run again gives the same answers."""
    from benchmarks.approaches import tuning
    from benchmarks.models import registry

    try:
        registry.resolve("smollm2-135m")
    except BenchmarkError as error:
        pytest.skip(str(error))
    # Twelve steps show that training runs and repeats; how well it does is the benchmark's own business.
    monkeypatch.setattr(tuning, "FEWEST_STEPS", 12)
    monkeypatch.setattr(tuning, "MOST_STEPS", 12)
    task = tmp_path / "mood"
    task.mkdir()
    card = {
        "name": "mood",
        "kind": "classification",
        "description": "Single sentences from reviews. Decide whether the sentence is positive or negative.",
        "labels": ["negative", "positive"],
        "metric": "accuracy",
    }
    (task / "task.json").write_text(json.dumps(card))
    for name, part in (("train", slice(0, 10)), ("test", slice(10, 20))):
        rows = [{"text": text, "label": "positive"} for text in POSITIVE[part]]
        rows += [{"text": text, "label": "negative"} for text in NEGATIVE[part]]
        (task / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    wish = read_wish(("majority", "zero_shot", "lora"), train_sizes="16", model="smollm2-135m", checks=True)
    first = run(str(task), wish, out=tmp_path / "run")
    first.raise_if_incomplete()
    by_arm = {}
    for file in (first.path / "cells").glob("*.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        by_arm[record["arm"]] = record
    assert by_arm["zero_shot"]["metrics"]["accuracy"]["value"] >= 0.6
    losses = by_arm["lora"]["fit"]["losses"]
    assert losses[-1] < losses[0]
    assert by_arm["lora"]["tokens"]["total"] > 0
    assert by_arm["lora"]["resources"]["peak_memory_mb"] > 300
    assert len(first.result["comparisons"]) == 3
    # The untouched model knows how everyday sentences end (one in 32 by chance); tuning has moved that.
    memory = by_arm["lora"]["memory"]
    assert memory["base"]["matched"] > 0.5
    assert memory["tuned"]["nats"] != memory["base"]["nats"]
    assert set(by_arm["zero_shot"]["shift"]) == {"n", "plain", "typos", "casing", "length"}

    for arm in ("zero_shot", "lora"):
        (first.path / "cells" / f"{by_arm[arm]['id']}.json").unlink()
    second = run(str(task), wish, out=tmp_path / "run")
    assert set(second.ran) == {by_arm["zero_shot"]["id"], by_arm["lora"]["id"]}
    for arm in ("zero_shot", "lora"):
        again = json.loads((first.path / "cells" / f"{by_arm[arm]['id']}.json").read_text(encoding="utf-8"))
        assert again["predictions"] == by_arm[arm]["predictions"]
        assert again["metrics"] == by_arm[arm]["metrics"]
