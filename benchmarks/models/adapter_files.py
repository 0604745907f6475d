"""Adapters as files in peft's format: what is trained here loads in plain peft, and what peft wrote is worn here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import BenchmarkError, MissingExtra
from .adapters import Adapter, Shape, names_of, places
from .language_model import LoadedModel

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
# Settings of peft that change what an adapter computes, with the value that ours have.
SAME = {"use_dora": False, "use_rslora": False, "fan_in_fan_out": False, "bias": "none", "lora_bias": False}
UNUSED = ("modules_to_save", "rank_pattern", "alpha_pattern", "target_parameters", "alora_invocation_tokens")


def write_adapter(model: LoadedModel, adapter: Adapter, folder: Path) -> Path:
    """`folder` with the adapter as peft's PeftModel.from_pretrained reads it."""
    try:
        from peft import LoraConfig
        from safetensors.torch import save_file
    except ImportError as error:
        raise MissingExtra.of(error.name or "peft") from error
    shape = adapter.shape
    layers = int(model.model.config.num_hidden_layers)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        base_model_name_or_path=model.files.name,
        r=shape.rank,
        lora_alpha=shape.alpha,
        target_modules=list(shape.targets),
        layers_to_transform=list(range(layers - shape.top, layers)) if shape.top else None,
        lora_dropout=0.0,
        bias="none",
        inference_mode=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(str(folder))
    tensors = {name: value.detach().float().cpu().contiguous().clone() for name, value in adapter.weights.items()}
    save_file(tensors, str(folder / WEIGHTS), metadata={"format": "pt"})
    return folder


def read_adapter(model: LoadedModel, folder: Path) -> Adapter:
    """The LoRA adapter that peft, or `write_adapter`, wrote into `folder`, for this model.

    Raises BenchmarkError that names everything about it that is not a plain LoRA for this model.
    """
    try:
        from peft import LoraConfig
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingExtra.of(error.name or "peft") from error
    missing = [name for name in (CONFIG, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        raise BenchmarkError(f"{folder}: no {' and no '.join(missing)}; an adapter folder of peft has both")
    config: Any = LoraConfig.from_pretrained(str(folder))
    problems = [
        f"{CONFIG}, {name}: found {getattr(config, name)!r}, can be {value!r} only"
        for name, value in SAME.items()
        if getattr(config, name, value) != value
    ]
    problems += [f"{CONFIG}, {name}: must be empty" for name in UNUSED if getattr(config, name, None)]
    top, found = _top(model, config.layers_to_transform)
    problems += found
    if not isinstance(config.target_modules, (list, set, tuple)):
        problems.append(f"{CONFIG}, target_modules: found {config.target_modules!r}, must be a list of names")
    if problems:
        raise BenchmarkError(f"{folder}: {problem}" for problem in problems)
    shape = Shape(int(config.r), config.lora_alpha, tuple(sorted(config.target_modules)), top)
    weights = {name: value.float() for name, value in load_file(str(folder / WEIGHTS)).items()}
    expected = {}
    for path, linear in places(model, shape):
        down, up = names_of(path)
        expected[down], expected[up] = (shape.rank, linear.in_features), (linear.out_features, shape.rank)
    wrong = [
        f"{folder}: {WEIGHTS}, {name}: found {tuple(weights[name].shape) if name in weights else 'nothing'}, "
        f"must be {size if size else 'nothing'}"
        for name, size in {**dict.fromkeys(weights), **expected}.items()
        if name not in weights or size is None or tuple(weights[name].shape) != size
    ]
    if wrong:
        raise BenchmarkError(wrong)
    return Adapter(shape, {name: weights[name].to(model.device) for name in expected})


def _top(model: LoadedModel, layers: Any) -> tuple[int, list[str]]:
    """The number of upper layers that `layers_to_transform` names, 0 for all, and what is wrong with it."""
    if layers is None:
        return 0, []
    chosen = sorted([layers] if isinstance(layers, int) else layers)
    count = int(model.model.config.num_hidden_layers)
    if chosen != list(range(count - len(chosen), count)):
        return 0, [f"{CONFIG}, layers_to_transform: found {chosen}, can be the last layers only, up to {count - 1}"]
    return len(chosen), []
