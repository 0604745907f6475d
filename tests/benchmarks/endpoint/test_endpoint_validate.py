"""Advice on a hosted model, put on trial: locked, the endpoint asked beside an encoder tuned here, judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from faults import right, running
from test_endpoint_arms import write_task

from advisor.reasoning import locked

SECRET = "very-secret"


def advisor(*words: str) -> subprocess.CompletedProcess[str]:
    """The command, ended."""
    there = {**os.environ, "FRUIT_KEY": SECRET}
    return subprocess.run(
        [sys.executable, "-m", "advisor.cli", *words], capture_output=True, text=True, env=there, check=False
    )


@pytest.mark.slow
def test_the_advice_on_an_endpoint_is_locked_before_it_is_asked_and_judged(tmp_path: Path) -> None:
    """The lock knows that the model is hosted and holds no key; a second command asks nothing again."""
    task = write_task(tmp_path / "fruit")
    with running(lambda body, times: right(body)) as server:
        words = ["validate", str(task), "--arms", "endpoint_zero_shot,encoder_head", "--train-sizes", "8"]
        words += ["--endpoint", server.url, "--model", "served", "--key-env", "FRUIT_KEY", "--out", str(tmp_path / "v")]
        words += ["--price-input", "1", "--price-output", "10", "--budget-usd", "1", "--json"]
        first = advisor(*words)
        assert first.returncode == 0, first.stderr
        asked = len(server.requests)
        again = advisor(*words)
        assert (again.returncode, len(server.requests)) == (0, asked)
    found = json.loads(first.stdout)
    judged = found["tasks"][0]["judgements"][0]
    assert judged["verdict"] in {"confirmed", "tie", "refuted", "undecided"}
    assert set(judged["scores"]) == {"prompting", "fine_tuning"}
    assert judged["scores"]["prompting"]["value"] == 100
    lock = locked.read(tmp_path / "v" / "fruit")
    answers = lock.predictions[0].answers
    assert (answers["model_access"], answers["prompt_effort"]) == ("hosted_api", "zero_shot")
    assert answers["tuning_method"] == "classifier_head"
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET in text for text in (*texts, first.stdout, first.stderr))


def test_what_concerns_an_endpoint_is_refused_without_one(tmp_path: Path) -> None:
    """A budget in money without an endpoint is an error that names the option; nothing is locked."""
    task = write_task(tmp_path / "fruit")
    refused = advisor("validate", str(task), "--budget-usd", "1", "--out", str(tmp_path / "v"))
    assert refused.returncode == 2
    assert "--budget-usd: found without --endpoint" in refused.stderr
    assert not (tmp_path / "v" / "fruit").exists()
