"""Names that lead out of their folder do not, keys stay where they are, and a model brings no code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.models import registry
from benchmarks.runs.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "../../evil",
    "/etc/passwd",
    "..",
    "a/../../b",
    "..\\..\\evil",
    "C:\\evil",
    "\\\\host\\share",
    "%2e%2e%2fevil",
    "%252e%252e",
    "file::$DATA",
    "a\x00b",
    "\x1b[31m",
    "-rf",
    "~root",
    "$(id)",
)
CANARY = "sk-canary-7f3a91c2e5"


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_of_a_run_is_one_plain_name(name: str) -> None:
    """Whatever a task is called, its run lies directly below the folder of the runs."""
    plan = object.__new__(Plan)
    object.__setattr__(plan, "description", {"task": {"name": name}, "cells": []})
    folder = plan.folder_name
    assert folder not in {"", ".", ".."} and not folder.startswith(("-", "."))
    assert all(sign.isascii() and (sign.isalnum() or sign in "._-") for sign in folder)


@pytest.mark.parametrize("name", [name for name in NAMES if "/" not in name and name != ".."])
def test_a_model_name_that_is_a_path_in_disguise_is_refused(name: str, tmp_path: Path) -> None:
    """Only lower-case letters, digits, dots, dashes and underscores make a name."""
    with pytest.raises(BenchmarkError):
        registry.resolve(name, home=tmp_path)
    with pytest.raises(BenchmarkError, match="not a known name"):
        registry.pull(name, home=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_writes_below_its_folder_and_holds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, advisor_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """A task named like a way out stays inside, and no key of the environment is in any file or message."""
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "ANTHROPIC_API_KEY", "ADVISOR_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    home = tmp_path / "home" / "deep"
    (home / "task").mkdir(parents=True)
    card = {"name": "../../evil", "kind": "classification", "description": "Choose.", "labels": ["a", "b"]}
    (home / "task" / "task.json").write_text(json.dumps({**card, "metric": "accuracy"}))
    for part in ("train", "test"):
        rows = [
            {"text": f"{part} {number} {'no' if number % 2 else 'yes'}", "label": "ab"[number % 2]}
            for number in range(40)
        ]
        (home / "task" / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = {path for path in tmp_path.rglob("*") if home not in path.parents}
    done = advisor_cli("bench", "run", "./task", "--arms", "majority", "--train-sizes", "16", cwd=home)
    assert done.returncode == 0, done.stderr
    assert {path for path in tmp_path.rglob("*") if home not in path.parents} == before
    (folder,) = (home / "runs").iterdir()
    assert (folder / "result.json").is_file()
    written = [path for path in home.rglob("*") if path.is_file()]
    assert not [path.name for path in written if CANARY in path.read_text(encoding="utf-8", errors="replace")]
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_model_that_brings_code_is_refused_and_its_code_is_not_run(tmp_path: Path) -> None:
    """A configuration that points at Python beside the weights loads nothing of it."""
    safetensors = pytest.importorskip("safetensors.numpy")
    import numpy as np

    model = tmp_path / "model"
    model.mkdir()
    auto = {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil", "AutoTokenizer": "evil.Evil"}
    (model / "config.json").write_text(json.dumps({"model_type": "evil", "architectures": ["Evil"], "auto_map": auto}))
    (model / "tokenizer.json").write_text(
        json.dumps({"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}})
    )
    (model / "tokenizer_config.json").write_text(json.dumps({"auto_map": auto}))
    (model / "evil.py").write_text(f"open({str(tmp_path / 'stolen')!r}, 'w').write('x')\nclass Evil: pass\n")
    safetensors.save_file({"w": np.zeros(2, "float32")}, str(model / "model.safetensors"))
    code = "import sys; from benchmarks.models import registry; registry.load(registry.resolve(sys.argv[1] + '/'))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(model)], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode != 0
    assert "BenchmarkError" in done.stderr and "custom code" in done.stderr
    assert not (tmp_path / "stolen").exists()
