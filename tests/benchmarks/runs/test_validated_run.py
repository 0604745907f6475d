"""`advisor validate` from end to end, with fakes in the ring: the lock comes first, the judgement reads the run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from ring_fakes import ARMS, executions, fake_ring, write_task

from advisor import locate
from advisor.cli.validate import validate_command
from advisor.errors import InputError
from benchmarks import approaches, cli
from benchmarks.cli import wishes
from benchmarks.models import registry
from benchmarks.runs import ring


@pytest.fixture
def validate(tmp_path, monkeypatch, capfdbinary):
    """Runs `advisor validate` on a task of two labels, where tuned arms are better; returns what it printed."""
    write_task(tmp_path / "desk")
    monkeypatch.chdir(tmp_path)
    model = SimpleNamespace(name="tiny", content_hash="ab" * 32, folder=tmp_path / "none")
    monkeypatch.setattr(registry, "resolve", lambda name: model)
    monkeypatch.setattr(wishes, "FOR_MODELS", ())
    monkeypatch.setattr(approaches, "ARMS", {name: approaches.ARMS[name] for name in ARMS})
    monkeypatch.setattr(ring, "shipped", lambda _encoder=None: fake_ring(tmp_path / "log"))
    app = typer.Typer()
    app.command()(validate_command)

    def call(*words):
        app([*map(str, words)], standalone_mode=False)
        return capfdbinary.readouterr().out.decode()

    return call


def test_the_lock_precedes_the_run_and_the_run_is_judged(validate, tmp_path):
    """One command locks, runs and judges every train size; the same command again judges the same run from disk."""
    words = ("desk", "--train-sizes", "16,40", "--model", "tiny", "--out", "v", "--json")
    printed = validate(*words)
    found = json.loads(printed)["tasks"][0]
    lock = json.loads((tmp_path / "v" / "desk" / "locked-advice.json").read_text())
    cells = [json.loads(path.read_text()) for path in (tmp_path / "v" / "desk" / "cells").glob("*.json")]
    assert min(cell["timing"]["started_at"] for cell in cells) >= lock["locked_at"]
    assert found["locked_before"] is True
    assert [item["train_size"] for item in found["judgements"]] == [16, 40]
    for item, locked in zip(found["judgements"], lock["predictions"], strict=True):
        assert item["pick"] == locked["pick"] is not None
        best = max(item["scores"], key=lambda name: item["scores"][name]["value"])
        lost = item["scores"][best]["value"] - item["scores"][item["pick"]]["value"]
        assert item["regret"]["value"] == pytest.approx(lost, abs=1e-3)
        assert item["scores"]["prompting"]["value"] < item["scores"]["fine_tuning"]["value"]
    ran = executions(tmp_path / "log")
    assert json.loads(validate(*words)) == json.loads(printed)
    assert executions(tmp_path / "log") == ran


def test_lock_only_locks_and_prints_the_command_to_run(validate, tmp_path):
    """Nothing runs; the printed command is the run that the lock is for."""
    printed = validate("desk", "--train-sizes", "16", "--model", "tiny", "--out", "v", "--lock-only")
    assert printed.startswith(f"advisor bench run {tmp_path / 'desk'} --arms all --train-sizes 16 ")
    assert (tmp_path / "v" / "desk" / "locked-advice.json").exists()
    assert executions(tmp_path / "log") == []


@pytest.mark.parametrize("words", [("--workers", "two"), ("--budget-minutes", "soon")])
def test_what_the_run_would_refuse_is_refused_before_the_lock(validate, tmp_path, capfdbinary, words):
    """The conditions of the run are no part of the lock, but nothing is locked for a run that cannot start."""
    asked = ("desk", "--train-sizes", "16", "--model", "tiny", "--out", "v", *words)
    assert cli.main_bench(["describe", *asked]) == 2
    assert f"{words[0]}: found '{words[1]}'" in capfdbinary.readouterr().err.decode()
    validate(*asked)
    assert not (tmp_path / "v" / "desk").exists()


def test_a_run_older_than_the_lock_is_judged_and_marked(validate, tmp_path):
    """Advice that is locked after the benchmark ran is judged, but told apart."""
    words = ["desk", "--train-sizes", "16", "--model", "tiny"]
    cli.main_bench(["run", *words, "--out", "v/desk"])
    for path in (tmp_path / "v" / "desk" / "cells").glob("*.json"):
        assert json.loads(path.read_text())["timing"]["started_at"] < "2090"
    later = tmp_path / "v" / "desk" / "locked-advice.json"
    validate(*words, "--out", "v", "--lock-only")
    _relock(later, "2090-01-01T00:00:00Z")
    printed = validate(*words, "--out", "v")
    assert "NOT locked before the run" in printed


def test_a_judged_run_enters_the_ledger_once(validate, tmp_path):
    """Its predictions are added with their outcome; again they are known; advice locked afterwards is refused."""
    from advisor.cli.record import add

    pack = tmp_path / "pack"
    shutil.copytree(locate.rules_dir(), pack)
    (pack / "record" / "runs.jsonl").unlink(missing_ok=True)
    words = ["desk", "--train-sizes", "16,40", "--model", "tiny", "--out", "v"]
    found = json.loads(validate(*words, "--json"))["tasks"][0]
    for _ in range(2):
        add(runs=[tmp_path / "v" / "desk"], rules=pack)
        added = [json.loads(line) for line in (pack / "record" / "runs.jsonl").read_text().splitlines()]
        assert [one["examples"] for one in added] == [16, 40]
        assert [one["verdict_id"] for one in added] == [item["verdict_id"] for item in found["judgements"]]
    count = json.loads((pack / "record" / "summary.json").read_text())["counts"]["run"]
    assert (count["n"], count["groups"]) == (2, 1)
    _relock(tmp_path / "v" / "desk" / "locked-advice.json", "2090-01-01T00:00:00Z")
    with pytest.raises(InputError, match="not locked before the run"):
        add(runs=[tmp_path / "v" / "desk"], rules=pack)


def test_other_answers_are_refused_where_a_lock_lies(validate, tmp_path):
    """A lock is never overwritten: stated answers that differ from the locked ones are refused."""
    words = ["desk", "--train-sizes", "16", "--model", "tiny", "--out", "v", "--lock-only"]
    validate(*words)
    before = (tmp_path / "v" / "desk" / "locked-advice.json").read_bytes()
    (tmp_path / "mine.yaml").write_text("label_quality: poor\n")
    with pytest.raises(InputError, match="differs in label_quality"):
        validate(*words, "--answers", "mine.yaml")
    assert (tmp_path / "v" / "desk" / "locked-advice.json").read_bytes() == before


def _relock(path: Path, time: str) -> None:
    """Writes the lock anew as it would have been written at another time."""
    from dataclasses import replace

    from advisor.reasoning import locked

    moved = replace(locked.read(path), locked_at=time)
    path.unlink()
    path.write_text(json.dumps(moved.plain()))
