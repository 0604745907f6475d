"""A sentence encoder: one vector per text, made of its tokens' last states and brought to length one.

The vector is the mean over the tokens, or the first token's state where the encoder's files say so. Texts are given as
they are: no words such as "query:" are put before them. They are read in order of length, as many at once as the
machine likes, so that little padding is computed. Nothing is kept between calls: whoever asks one text at a time is
told the time of one text.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BenchmarkError, MissingExtra
from .files import ModelFiles, models_home
from .known import ENCODER, KNOWN
from .language_model import is_encoder
from .machine import machine
from .quietly import quietly

MOST_TOKENS = 256
MEAN, FIRST = "mean", "first"
# What the parts of a published sentence encoder are called that change nothing of what is read here.
_PARTS = ("Transformer", "Pooling", "Normalize")
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """The encoder of a run: the name or folder that it is found by, and the content that it had when it was chosen."""

    source: str
    name: str
    content_hash: str
    pooling: str


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
    pooling: str = MEAN
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Embedded:
    """`vectors` [texts, width] of length one, `tokens` read per text, `computed` with padding, texts `shortened`."""

    vectors: Vectors
    tokens: list[int]
    computed: int
    shortened: int


def choose_encoder(name_or_path: str) -> EncoderChoice:
    """The encoder of that name, id of the hub or folder. Raises BenchmarkError if it is not there or no encoder."""
    from .registry import resolve

    files = resolve(name_or_path)
    _refuse_others(files, _parsed(files.folder / "config.json", dict))
    # A path is kept in full: a run may be resumed from another folder.
    source = files.name if files.folder == models_home() / files.name else str(files.folder)
    return EncoderChoice(source, files.name, files.content_hash, pooling_of(files))


def identity(choice: EncoderChoice | None) -> dict[str, Any]:
    """What of the encoder enters a cell's identity; None stands for the known one, pinned by its weights."""
    if choice is None:
        return {"name": ENCODER, "sha256": KNOWN[ENCODER].hub.sha256, "tokens": MOST_TOKENS}
    named = {"name": choice.name, "content_hash": choice.content_hash, "tokens": MOST_TOKENS}
    return named | ({"pooling": choice.pooling} if choice.pooling != MEAN else {})


def pooling_of(files: ModelFiles) -> str:
    """How the encoder's states become one vector, as its files say; the mean where they say nothing.

    Raises BenchmarkError for another way, and for layers behind it, which are not read here.
    """
    parts = files.folder / "modules.json"
    listed = _parsed(parts, list) if parts.is_file() else []
    found = [str(one.get("type") if isinstance(one, dict) else one).rpartition(".")[2] for one in listed]
    strange = [part for part in found if part not in _PARTS]
    if strange:
        raise BenchmarkError(f"model {files.name!r}: {parts.name}: found {strange[0]}; allowed: {', '.join(_PARTS)}")
    place = files.folder / "1_Pooling" / "config.json"
    said = _parsed(place, dict) if place.is_file() else {}
    ways = [name.removeprefix("pooling_mode_") for name, on in said.items() if name.startswith("pooling_mode") and on]
    known = {"mean_tokens": MEAN, "cls_token": FIRST}
    if not said:
        return MEAN
    if len(ways) != 1 or ways[0] not in known:
        shown = " and ".join(ways) or "none"
        raise BenchmarkError(f"model {files.name!r}: {place}: found {shown}; allowed: one of {', '.join(known)}")
    return known[ways[0]]


def _parsed(path: Path, shape: type) -> Any:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); fetch the model again") from None
    if not isinstance(found, shape):
        raise BenchmarkError(f"{path}: found a {type(found).__name__}; allowed: a {shape.__name__}")
    return found


def _refuse_others(files: ModelFiles, config: Any) -> None:
    """Raises BenchmarkError unless the configuration, a mapping or transformers' own, is that of an encoder."""
    if not is_encoder(config):
        found = config.get("model_type") if isinstance(config, dict) else config.model_type
        raise BenchmarkError(
            f"model {files.name!r}: found {found!r}; allowed: an encoder of BERT's kind, such as "
            f"{KNOWN[ENCODER].hub.repository}"
        )


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
    _refuse_others(files, model.config)
    if tokenizer.pad_token_id is None:
        raise BenchmarkError(f"model {files.name!r}: its tokenizer has no padding token; allowed: one that has")
    pooling = pooling_of(files)
    model.to(device).eval().requires_grad_(False)
    facts = {
        "name": files.name,
        "content_hash": files.content_hash,
        "origin": str(files.origin),
        "pooling": pooling,
        "dtype": dtype,
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        "machine": asdict(here)["kept_in"],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "load_seconds": round(time.perf_counter() - started, 3),
    }
    most = min(MOST_TOKENS, int(model.config.max_position_embeddings))
    budget = here.token_budget if device == here.device else 1024
    return LoadedEncoder(model, tokenizer, files, device, dtype, most, budget, pooling, facts)


def resident(choice: EncoderChoice | None = None) -> LoadedEncoder:
    """The chosen encoder, or the known one, loaded once in a process.

    Raises BenchmarkError that names the command that fetches it, or says that its content has changed.
    """
    from .registry import resolve

    files = resolve(ENCODER if choice is None else choice.source)
    if choice is not None and files.content_hash != choice.content_hash:
        raise BenchmarkError(f"encoder {choice.source!r} has another content here than when it was chosen")
    return _loaded(files)


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
            vectors[batch] = pooled(encoder, rows).cpu().numpy()
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


def pooled(encoder: LoadedEncoder, rows: Sequence[Sequence[int]], model: Any | None = None) -> Any:
    """Float32 vectors [rows, width] of length one for rows of token ids, by the encoder's `model` or another one.

    The mean over each row's own tokens, or its first token. Differentiable.
    """
    import torch

    pad, device = encoder.tokenizer.pad_token_id, encoder.device
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    mask = torch.arange(longest, device=device)[None] < lengths[:, None]
    # A mask that hides nothing is left out, so that attention takes its fastest way.
    read = encoder.model if model is None else model
    hidden = read(input_ids=ids, attention_mask=None if bool(mask.all()) else mask.long()).last_hidden_state
    if encoder.pooling == FIRST:
        return torch.nn.functional.normalize(hidden[:, 0].float(), dim=-1)
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
