"""An encoder of one's own: read as its files say, part of a cell's identity, and the same when the run goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.cli import main_bench
from benchmarks.errors import BenchmarkError
from benchmarks.models.encoder import FIRST, MEAN, choose_encoder, embed, identity, load_encoder, resident
from benchmarks.models.files import read_folder

TEXTS = ["bad", "The phone arrived on time and works well.", ""]


@pytest.fixture
def folder(encoder_home: Path, tmp_path: Path) -> Path:
    """A folder with an encoder that is not the known one."""
    return shutil.copytree(encoder_home / "models" / "minilm-l6-v2", tmp_path / "own")


def pool(folder: Path, **ways: bool) -> None:
    """Says in the encoder's files how its states become one vector."""
    (folder / "1_Pooling").mkdir(exist_ok=True)
    words = {"word_embedding_dimension": 32, **{f"pooling_mode_{way}": on for way, on in ways.items()}}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(words))


def test_the_first_token_stands_for_the_text_where_the_files_say_so(folder: Path) -> None:
    """The vector is that token's last state at length one; the mean is another vector and another identity."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    pool(folder, mean_tokens=True, cls_token=False)
    mean = choose_encoder(str(folder))
    pool(folder, cls_token=True, mean_tokens=False)
    chosen = choose_encoder(str(folder))
    assert (mean.pooling, chosen.pooling) == (MEAN, FIRST)
    assert identity(mean) != identity(chosen) != identity(None)
    found = embed(load_encoder(read_folder(folder, "own"), device="cpu", dtype="float32"), TEXTS).vectors
    model, tokenizer = AutoModel.from_pretrained(str(folder)).eval(), AutoTokenizer.from_pretrained(str(folder))
    for text, vector in zip(TEXTS, found, strict=True):
        with torch.no_grad():
            state = model(**tokenizer(text, padding=False, return_tensors="pt")).last_hidden_state[0, 0]
        assert vector == pytest.approx((state / state.norm()).numpy(), abs=2e-6)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}, "found max_tokens; allowed: one of mean_tokens"),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, "allowed: one"),
        ("1_Pooling/config.json", [], "found a list; allowed: a dict"),
        ("modules.json", [{"type": "sentence_transformers.models.Dense"}], "found Dense; allowed: Transformer"),
        ("modules.json", {"type": "x"}, "found a dict; allowed: a list"),
        ("config.json", {"model_type": "llama"}, "found 'llama'; allowed: an encoder"),
        ("config.json", {"model_type": "bart", "is_encoder_decoder": True}, "found 'bart'; allowed: an encoder"),
    ],
)
def test_what_cannot_be_read_rightly_is_refused_by_name(folder: Path, file: str, content: object, message: str) -> None:
    """Another pooling, a layer behind it or another kind of model would give vectors that mean something else."""
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(BenchmarkError, match=message):
        choose_encoder(str(folder))


def test_another_content_than_chosen_is_no_longer_the_encoder(folder: Path) -> None:
    """A file that changes between the choice and its use is noticed."""
    chosen = choose_encoder(str(folder))
    assert resident(chosen).files.folder == folder
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    with pytest.raises(BenchmarkError, match="another content"):
        resident(chosen)


def test_a_run_reads_with_it_records_it_and_goes_on_with_it(
    folder: Path,
    encoder_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The cell's record names it; its cells are others than the known encoder's; resuming needs the same content."""
    monkeypatch.setenv("ADVISOR_HOME", str(encoder_home))
    words = ["pennowick_support", "--arms", "encoder_head", "--train-sizes", "16", "--test-limit", "12"]
    assert main_bench(["run", *words, "--out", str(tmp_path / "known")]) == 0
    assert main_bench(["run", *words, "--encoder", str(folder), "--out", str(tmp_path / "run")]) == 0
    cells = {name: list((tmp_path / name / "cells").glob("*.json")) for name in ("known", "run")}
    assert len(cells["known"]) == len(cells["run"]) == 1
    assert cells["known"][0].name != cells["run"][0].name
    assert json.loads(cells["run"][0].read_text())["fit"]["encoder"]["name"] == "own"
    cells["run"][0].unlink()
    assert main_bench(["resume", str(tmp_path / "run")]) == 0
    assert [path.name for path in (tmp_path / "run" / "cells").glob("*.json")] == [cells["run"][0].name]
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    capsys.readouterr()
    assert main_bench(["resume", str(tmp_path / "run")]) == 2
    assert "have changed since" in capsys.readouterr().err


def test_an_encoder_that_no_arm_reads_with_is_pointed_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names one and no such arm expects something that would not happen."""
    assert main_bench(["run", "pennowick_support", "--arms", "linear", "--encoder", str(folder)]) == 2
    assert "--encoder: found without an arm that reads with it; allowed: with retrieved_few_shot" in (
        capsys.readouterr().err
    )
