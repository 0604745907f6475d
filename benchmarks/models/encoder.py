"""A sentence encoder: one vector per text, the mean of its tokens' last states brought to length one.

Texts are read in order of length, as many at once as the machine likes, so that little padding is computed. Nothing is
kept between calls: whoever asks one text at a time is told the time of one text.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BenchmarkError, MissingExtra
from .files import ModelFiles
from .known import ENCODER, KNOWN
from .machine import machine
from .quietly import quietly

MOST_TOKENS = 256
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LoadedEncoder:
    """An encoder in evaluation mode; a text is cut to `max_tokens`, and a pass has about `token_budget` of them."""

    model: Any
    tokenizer: Any
    files: ModelFiles
    device: str
    dtype: str
    max_tokens: int
    token_budget: int = 1024
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Embedded:
    """`vectors` [texts, width] of length one, `tokens` read per text, `computed` with padding, texts `shortened`."""

    vectors: Vectors
    tokens: list[int]
    computed: int
    shortened: int


def load_encoder(files: ModelFiles, *, device: str | None = None, dtype: str | None = None) -> LoadedEncoder:
    """The encoder of `files`; number format and tokens per pass are what the machine's probe says, unless given.

    Raises MissingExtra without torch and transformers, BenchmarkError if the files are not those of an encoder.
    """
    # As for the language model: threads that spin while they wait slow everything else down.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        import torch
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise MissingExtra.of(error.name or "torch") from error
    here = machine()
    device = device or here.device
    dtype = dtype or (here.dtype if device == here.device else "float32")
    if device == "cpu" and here.device == "cpu" and torch.get_num_threads() != here.threads:
        torch.set_num_threads(here.threads)
    started = time.perf_counter()
    with quietly():
        try:
            model = AutoModel.from_pretrained(
                str(files.folder), dtype=getattr(torch, dtype), use_safetensors=True, local_files_only=True
            )
            tokenizer = AutoTokenizer.from_pretrained(str(files.folder), local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise BenchmarkError(f"model {files.name!r} in {files.folder}: cannot be read ({error})") from error
    if not hasattr(model.config, "type_vocab_size") or tokenizer.pad_token_id is None:
        raise BenchmarkError(
            f"model {files.name!r}: found {model.config.model_type!r}; allowed: an encoder of BERT's kind, such as "
            f"{KNOWN[ENCODER].hub.repository}"
        )
    model.to(device).eval().requires_grad_(False)
    facts = {
        "name": files.name,
        "content_hash": files.content_hash,
        "origin": str(files.origin),
        "dtype": dtype,
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        "machine": asdict(here)["kept_in"],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "load_seconds": round(time.perf_counter() - started, 3),
    }
    most = min(MOST_TOKENS, int(model.config.max_position_embeddings))
    budget = here.token_budget if device == here.device else 1024
    return LoadedEncoder(model, tokenizer, files, device, dtype, most, budget, facts)


def resident() -> LoadedEncoder:
    """The known encoder, loaded once in a process. Raises BenchmarkError that names the command that fetches it."""
    from .registry import resolve

    return _loaded(resolve(ENCODER))


@lru_cache(maxsize=1)
def _loaded(files: ModelFiles) -> LoadedEncoder:
    return load_encoder(files)


def embed(encoder: LoadedEncoder, texts: Sequence[str], *, progress: Callable[[int], None] | None = None) -> Embedded:
    """The vectors of texts in their order; a text's vector does not depend on the others, up to rounding."""
    import torch

    if not texts:
        return Embedded(np.zeros((0, int(encoder.model.config.hidden_size)), np.float32), [], 0, 0)
    ids, shortened = tokens_of(encoder, texts)
    vectors = np.zeros((len(texts), int(encoder.model.config.hidden_size)), np.float32)
    computed = 0
    with torch.inference_mode():
        for batch in _batches([len(row) for row in ids], encoder.token_budget):
            rows = [ids[index] for index in batch]
            vectors[batch] = pooled(encoder.model, rows, encoder.tokenizer.pad_token_id, encoder.device).cpu().numpy()
            computed += len(rows) * max(map(len, rows))
            if progress:
                progress(len(batch))
    return Embedded(vectors, [len(row) for row in ids], computed, shortened)


def tokens_of(encoder: LoadedEncoder, texts: Sequence[str]) -> tuple[list[list[int]], int]:
    """Token ids of each text with the encoder's own marks around them, and the number of texts that were cut."""
    # Published tokenizers of encoders may carry a padding and a cut of their own; both are overruled here.
    options = {"truncation": True, "max_length": encoder.max_tokens, "padding": False}
    ids = [list(row) for row in encoder.tokenizer(list(texts), **options)["input_ids"]]
    full = [index for index, row in enumerate(ids) if len(row) == encoder.max_tokens]
    whole = (
        encoder.tokenizer([texts[index] for index in full], truncation=False, padding=False, verbose=False)
        if full
        else None
    )
    return ids, sum(len(row) > encoder.max_tokens for row in whole["input_ids"]) if whole else 0


def pooled(model: Any, rows: Sequence[Sequence[int]], pad: int, device: str) -> Any:
    """Float32 vectors [rows, width] of length one: the mean over each row's own tokens. Differentiable."""
    import torch

    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    mask = torch.arange(longest, device=device)[None] < lengths[:, None]
    # A mask that hides nothing is left out, so that attention takes its fastest way.
    hidden = model(input_ids=ids, attention_mask=None if bool(mask.all()) else mask.long()).last_hidden_state
    share = mask.unsqueeze(-1).to(torch.float32)
    mean = (hidden.float() * share).sum(1) / share.sum(1).clamp(min=1.0)
    return torch.nn.functional.normalize(mean, dim=-1)


def _batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Indices in batches of like length, longest first, each of at most `budget` tokens with padding."""
    result: list[list[int]] = []
    widest = 0
    for index in sorted(range(len(lengths)), key=lambda one: (-lengths[one], one)):
        if not result or (len(result[-1]) + 1) * widest > budget:
            result.append([])
            widest = lengths[index]
        result[-1].append(index)
    return result
