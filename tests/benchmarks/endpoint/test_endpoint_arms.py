"""The arms that an endpoint answers: which rung they climb, what the record says, and that a killed run pays once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from faults import Response, right, running, said

from benchmarks import cli
from benchmarks.approaches.endpoint import PromptedEndpoint
from benchmarks.errors import BenchmarkError
from benchmarks.models.endpoint import LoadedEndpoint, read_endpoint
from benchmarks.records import Example, TaskCard

CARD = TaskCard("fruit", "classification", "en", "x", "Is the fruit good or bad?", ("good", "bad"), "accuracy")
TRAIN = [Example(f"r{n}", f"a {label} fruit {n}", label) for n in range(4) for label in ("good", "bad")]
SLOTS = TaskCard(
    "order",
    "extraction",
    "en",
    "x",
    "What is ordered?",
    (),
    "slot_micro_f1",
    schema={"type": "object", "properties": {"dish": {"type": "string"}}, "additionalProperties": False},
)


def contestant(url: str, folder: Path, card: TaskCard = CARD, *, shots: bool = False) -> PromptedEndpoint:
    endpoint = read_endpoint(url, "served", price_input="1", price_output="10")
    return PromptedEndpoint(card, 5, LoadedEndpoint(endpoint, folder), shots=shots)


def write_task(folder: Path, tests: int = 12) -> Path:
    folder.mkdir(parents=True)
    card = {"name": "fruit", "kind": "classification", "language": "en", "domain": "x", "labels": ["good", "bad"]}
    card |= {"description": CARD.description, "metric": "accuracy", "licence": "CC0-1.0", "attribution": "us"}
    (folder / "task.json").write_text(json.dumps(card))
    for name, count in (("train", 8), ("test", tests)):
        rows = [
            {"text": f"a {label} {name} fruit number {n}", "label": label}
            for n in range(count)
            for label in CARD.labels
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_letters_come_first_and_give_a_score_for_every_label(tmp_path: Path) -> None:
    """A server with log-probabilities is asked for letters, whose spellings count together; the answers are right."""
    with running(lambda body, times: right(body)) as server:
        one = contestant(server.url, tmp_path)
        fit = one.fit(TRAIN, ())
        answers = one.predict(["good pear", "bad pear"])
    assert (fit["rung"], fit["left"], fit["models"]) == ("letters", [], ["served-model-1"])
    assert [answer.label for answer in answers] == ["good", "bad"]
    assert answers[0].scores is not None
    assert answers[0].scores[0] == pytest.approx(-0.1410, abs=1e-3)
    assert answers[0].scores[1] == pytest.approx(-2.0)
    assert (answers[0].tokens, answers[0].written) == (21, 1)


def test_the_next_rung_is_taken_where_the_better_one_is_refused(tmp_path: Path) -> None:
    """Without log-probabilities the schema is used, without either plain text; the record gives the reasons."""

    def script(body: dict[str, Any], times: int) -> Response:
        if "logprobs" in body:
            return right(body, by_letter=False)
        return (
            Response(400, b'{"error": {"message": "response_format unknown"}}')
            if "response_format" in body
            else (right(body))
        )

    with running(script) as server:
        one = contestant(server.url, tmp_path, shots=True)
        fit = one.fit(TRAIN, ())
        answers = one.predict(["good pear", "bad pear"])
    assert fit["rung"] == "text"
    assert fit["left"] == [
        {"rung": "letters", "reason": "the replies hold no log-probabilities"},
        {"rung": "schema", "reason": "HTTP 400: response_format unknown"},
    ]
    assert [answer.label for answer in answers] == ["good", "bad"]
    assert len(fit["shots"]) == 4


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("good", "good"),
        (' "Good." ', "good"),
        ("good or bad", None),
        ("It is good", None),
        ("", None),
        ("goodness", None),
    ],
)
def test_plain_text_is_read_strictly(tmp_path: Path, text: str, label: str | None) -> None:
    """A label in capitals, quotation marks or with a full stop is that label; a sentence about it is no answer."""

    def script(body: dict[str, Any], times: int) -> Response:
        plain = "logprobs" not in body and "response_format" not in body
        return said(text) if plain else Response(400, b"no")

    with running(script) as server:
        one = contestant(server.url, tmp_path)
        one.fit(TRAIN, ())
        assert one.predict(["a pear"])[0].label == label


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"dish": "soup"}', '{"dish": "soup"}'),
        ('{"dish": "soup", "dish": "tea"}', None),
        ('{"dish": 7}', None),
        ('{"cup": "tea"}', None),
        ('Here: {"dish": "soup"}', None),
    ],
)
def test_an_extraction_fits_its_schema_or_is_no_answer(tmp_path: Path, text: str, answer: str | None) -> None:
    """An object with a key twice, a wrong type or an unknown field is no answer; the schema went to the server."""
    rows = [Example(f"s{n}", f"soup {n}", '{"dish": "soup"}', ('{"dish": "soup"}',)) for n in range(4)]
    with running(
        lambda body, times: said(text if body["messages"][-1]["content"] == "x" else '{"dish": "soup"}')
    ) as server:
        one = contestant(server.url, tmp_path, SLOTS)
        assert one.fit(rows, ())["rung"] == "schema"
        assert one.predict(["x"])[0].label == answer
        assert server.requests[-1][1]["response_format"]["json_schema"]["schema"] == SLOTS.schema


def test_the_command_runs_an_endpoint_beside_the_baselines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The record tells rung, tokens, money and latency; a second run of the command asks nothing."""
    folder, out = write_task(tmp_path / "fruit"), tmp_path / "run"
    with running(lambda body, times: right(body)) as server:
        words = ["run", str(folder), "--endpoint", server.url, "--model", "served", "--out", str(out), "--json"]
        words += ["--price-input", "1", "--price-output", "10", "--budget-usd", "1", "--train-sizes", "8"]
        assert cli.main_bench([*words, "--arms", "majority,endpoint_zero_shot,endpoint_few_shot"]) == 0
        result = json.loads(capsys.readouterr().out)
        came = sum(server.came.values())
        assert cli.main_bench(["resume", str(out), "--json"]) == 0
        assert sum(server.came.values()) == came
        assert set(server.came.values()) == {1}
    cells = [json.loads(path.read_text()) for path in (out / "cells").glob("*.json")]
    records = {cell["arm"]: cell["endpoint"] for cell in cells if "endpoint" in cell}
    assert set(records) == {"endpoint_zero_shot", "endpoint_few_shot"}
    assert sum(one["bill"]["requests"] for one in records.values()) == came
    for one in records.values():
        assert one["rung"] == "letters"
        assert one["usd_per_item"] == pytest.approx(30 / 1e6)
        assert len(one["usd_items"]) == 24
        assert one["bill"]["usd"] == pytest.approx(one["bill"]["requests"] * 30 / 1e6)
    assert {entry["arm"] for entry in result["arms"]} >= {"majority", "endpoint_zero_shot"}
    assert all(cell["metrics"]["accuracy"]["value"] == 1 for cell in cells if "endpoint" in cell)


CHILD = "import sys; from benchmarks import cli; sys.exit(cli.main_bench(sys.argv[1:]))"


def test_a_run_killed_in_the_middle_goes_on_without_paying_twice(tmp_path: Path) -> None:
    """After kill -9 all answers come; only what was under way then is asked again, and that is told apart."""
    folder, out = write_task(tmp_path / "fruit", tests=40), tmp_path / "run"

    def script(body: dict[str, Any], times: int) -> Response:
        response = right(body)
        response.stall = 0.1
        return response

    with running(script) as server:
        words = [sys.executable, "-c", CHILD, "run", str(folder), "--endpoint", server.url, "--model", "served"]
        words += ["--price-input", "1", "--price-output", "10", "--train-sizes", "8", "--out", str(out)]
        words += ["--arms", "endpoint_zero_shot"]
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while sum(server.answered.values()) < 20 and child.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            assert child.poll() is None
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        kept = len(list((out / "replies").glob("*.json")))
        assert 0 < kept < 83
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
    record = json.loads(next((out / "cells").glob("*.json")).read_text())
    bill = record["endpoint"]["bill"]
    # 80 test rows and three probes, each an answer once; what the server was asked beyond that died with the process.
    assert len(record["predictions"]) == 80
    assert bill["requests"] == 83
    # An attempt is noted before it is sent, so the record may tell of some that the kill kept from being sent.
    assert sum(server.came.values()) <= bill["attempts"] <= sum(server.came.values()) + server.most_at_once
    assert bill["unanswered"] == bill["attempts"] - 83
    assert record["endpoint"]["from_disk"] >= kept - 1
    assert bill["usd"] == pytest.approx(83 * 30 / 1e6)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"url": "ftp://host/v1"}, "--endpoint: found 'ftp://host/v1'"),
        ({"url": "http://example.org/v1"}, "--endpoint: found http to example.org, where the key could be read"),
        ({"url": "https://169.254.169.254/v1"}, "link-local"),
        ({"url": "https://me:secret@host/v1"}, "a name, a password"),
        ({"url": "https://host:port/v1"}, "--endpoint: found no URL"),
        ({"model": None}, "--model: found None"),
        ({"key_env": "sk-123-very-secret"}, "--key-env: found no name"),
        ({"price_input": "1"}, "--price-output: found nothing"),
        ({"budget_usd": "5"}, "--budget-usd: found without prices"),
        ({"price_input": "-1", "price_output": "x"}, "--price-output: found 'x'"),
    ],
)
def test_wrong_words_are_told_at_the_door(words: dict[str, Any], problem: str) -> None:
    """Every wrong option is named with what is allowed, and nothing secret is repeated."""
    given = {"url": "https://host/v1", "model": "m", **words}
    with pytest.raises(BenchmarkError) as error:
        read_endpoint(given.pop("url"), given.pop("model"), **given)
    assert problem in str(error.value)
    assert "secret" not in str(error.value)


def test_a_host_elsewhere_wants_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable the error names it; this machine's own server needs none."""
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(BenchmarkError, match="MY_KEY is not set"):
        read_endpoint("https://host/v1", "m", key_env="MY_KEY").key()
    assert read_endpoint("http://127.0.0.1:8080/v1", "m", key_env="MY_KEY").key() is None
    monkeypatch.setenv("MY_KEY", "two words")
    with pytest.raises(BenchmarkError, match="signs that no key has") as error:
        read_endpoint("https://host/v1", "m", key_env="MY_KEY").key()
    assert "two words" not in str(error.value)
