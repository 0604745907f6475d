"""GGUF weights become an ordinary model: read, copied into a fresh model, and saved as safetensors.

The copy is needed because transformers marks a model read from GGUF as quantised and then refuses to save or to train
it, although its weights are plain numbers by then.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .quietly import quietly


def read_gguf(gguf: Path, dtype: Any) -> tuple[Any, Any]:
    """A plain causal language model in `dtype` (evaluation mode) and its tokenizer, read from one GGUF file."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": gguf.name, "local_files_only": True}
    packed = AutoModelForCausalLM.from_pretrained(str(gguf.parent), dtype=torch.float32, **where)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), **where)
    config = packed.config
    for leftover in ("quantization_config", "_name_or_path"):
        if hasattr(config, leftover):
            delattr(config, leftover)
    config.dtype = dtype
    maker: Any = AutoModelForCausalLM
    fresh = maker.from_config(config, dtype=dtype)
    # Tied tensors are one tensor under two names: the head's name may be absent from what the file gave.
    missing, unexpected = fresh.load_state_dict(packed.state_dict(), strict=False)
    fresh.tie_weights()
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise ValueError(f"{gguf.name}: tensors do not fit the model: missing {missing}, unexpected {unexpected}")
    return fresh.eval(), tokenizer


def to_safetensors(gguf: Path, folder: Path) -> None:
    """Write configuration, tokenizer and bfloat16 safetensors of a GGUF file into `folder`."""
    import torch

    with quietly():
        model, tokenizer = read_gguf(gguf, torch.bfloat16)
        model.save_pretrained(str(folder))
        tokenizer.save_pretrained(str(folder))
