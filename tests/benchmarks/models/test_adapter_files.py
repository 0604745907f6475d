"""Adapters go to peft and come from peft without a change in what the model says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.errors import BenchmarkError
from benchmarks.models.adapter_files import CONFIG, read_adapter, write_adapter
from benchmarks.models.adapters import Adapter, Shape, put_on_fresh, take_off, wear
from benchmarks.models.files import read_folder
from benchmarks.models.language_model import LoadedModel, load

IDS = [5, 9, 44, 200, 17, 3]


def random_adapter(model: LoadedModel, shape: Shape) -> Adapter:
    """An adapter whose every matrix is random."""
    live = put_on_fresh(model, shape)
    take_off(model)
    generator = torch.Generator().manual_seed(3)
    return Adapter(shape, {name: torch.randn(v.shape, generator=generator) * 0.1 for name, v in live.weights.items()})


def said(network: Any) -> Any:
    """The logits after IDS."""
    with torch.no_grad():
        return network(input_ids=torch.tensor([IDS])).logits


@pytest.mark.parametrize("top", [0, 1])
def test_plain_peft_loads_our_adapter(tiny: LoadedModel, tiny_folder: Path, tmp_path: Path, top: int) -> None:
    """The files we write load in PeftModel.from_pretrained and give the logits that we get."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = random_adapter(tiny, Shape(top=top))
    bare = said(tiny.model)
    wear(tiny, adapter)
    ours = said(tiny.model)
    take_off(tiny)
    write_adapter(tiny, adapter, tmp_path)
    base = AutoModelForCausalLM.from_pretrained(str(tiny_folder), dtype=torch.float32)
    theirs = said(PeftModel.from_pretrained(base, str(tmp_path)).eval())
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert not torch.allclose(ours, bare, atol=1e-2)
    again = read_adapter(tiny, tmp_path)
    assert set(again.shape.targets) == set(adapter.shape.targets)
    assert again.shape.top == top
    assert all(torch.equal(again.weights[name], value) for name, value in adapter.weights.items())


def test_an_adapter_of_peft_is_worn_here(tiny: LoadedModel, tiny_folder: Path, tmp_path: Path) -> None:
    """An adapter that peft made and saved gives peft's logits when our model wears it."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(str(tiny_folder), dtype=torch.float32)
    config = LoraConfig(r=4, lora_alpha=12, target_modules=["k_proj", "o_proj", "gate_proj"], init_lora_weights=False)
    wrapped = get_peft_model(base, config).eval()
    wrapped.save_pretrained(str(tmp_path))
    wear(tiny, read_adapter(tiny, tmp_path))
    assert torch.allclose(said(tiny.model), said(wrapped), atol=1e-5)


def test_every_difference_from_a_plain_adapter_is_named(tiny: LoadedModel, tmp_path: Path) -> None:
    """DoRA and a choice of lower layers are refused in one message; so is a folder without files."""
    with pytest.raises(BenchmarkError, match=r"no adapter_config\.json and no adapter_model\.safetensors"):
        read_adapter(tiny, tmp_path)
    write_adapter(tiny, random_adapter(tiny, Shape()), tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps({**config, "use_dora": True, "layers_to_transform": [0]}))
    with pytest.raises(BenchmarkError) as caught:
        read_adapter(tiny, tmp_path)
    assert len(caught.value.problems) == 2
    assert "use_dora: found True" in str(caught.value)
    assert "layers_to_transform: found [0]" in str(caught.value)


def test_an_adapter_for_another_model_is_refused(tiny: LoadedModel, tmp_path: Path) -> None:
    """Matrices of the wrong size are named with both sizes."""
    write_adapter(tiny, random_adapter(tiny, Shape(rank=4)), tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps({**config, "r": 8}))
    with pytest.raises(BenchmarkError, match=r"found \(4, 32\), must be \(8, 32\)"):
        read_adapter(tiny, tmp_path)


def test_a_model_without_such_layers_says_which(tiny: LoadedModel) -> None:
    """Targets that the model does not have are an error that names them."""
    with pytest.raises(BenchmarkError, match="no linear layer named c_attn"):
        put_on_fresh(tiny, Shape(targets=("q_proj", "c_attn")))


def test_in_bfloat16_what_is_worn_equals_peft_but_for_rounding(tiny_folder: Path, tmp_path: Path) -> None:
    """Our arithmetic in bfloat16 stays as close to float32 as peft's, which goes through float32."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    exact = load(read_folder(tiny_folder, "tiny"), device="cpu", dtype="float32")
    rounded = load(read_folder(tiny_folder, "tiny"), device="cpu", dtype="bfloat16")
    adapter = random_adapter(exact, Shape())
    write_adapter(exact, adapter, tmp_path)
    base = AutoModelForCausalLM.from_pretrained(str(tiny_folder), dtype=torch.bfloat16)
    theirs = said(PeftModel.from_pretrained(base, str(tmp_path)).eval()).float()
    for model in (exact, rounded):
        wear(model, adapter)
    truth, ours = said(exact.model), said(rounded.model).float()
    assert (ours - truth).norm() < 1.25 * (theirs - truth).norm()
