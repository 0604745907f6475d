"""A causal language model ready to score: weights, tokenizer, device, number format, and what was chosen and why."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import BenchmarkError, MissingExtra
from .conversion import read_gguf
from .files import ModelFiles, gguf_file
from .machine import machine
from .quietly import quietly

DOCUMENT = "\u2060DOCUMENT\u2060"


@dataclass(frozen=True, slots=True)
class Frame:
    """A prompt around a document: the text before it and the text after it, up to where the label begins."""

    head: str
    tail: str


@dataclass(slots=True)
class LoadedModel:
    """A model in evaluation mode. `worn` is what hangs beside its weights now: an adapter, or nothing.

    `token_budget` is the number of tokens that a forward pass should have on this machine.
    """

    model: Any
    tokenizer: Any
    files: ModelFiles
    device: str
    dtype: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    token_budget: int = 1024
    worn: tuple[Any, Any] | None = None

    @property
    def end_of_turn(self) -> int:
        """The id of the token that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    @property
    def max_tokens(self) -> int:
        """The longest sequence that the model was made for."""
        return int(getattr(self.model.config, "max_position_embeddings", 2048))

    def plain(self, text: str) -> str:
        """`text` in which the model's own control tokens are broken up, so that data cannot end a turn."""
        for token in self.control_tokens:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    @property
    def control_tokens(self) -> tuple[str, ...]:
        """The texts that the tokenizer reads as one token of its own, such as the end of a turn."""
        known = {str(token) for token in self.tokenizer.get_added_vocab()} | set(self.tokenizer.all_special_tokens)
        return tuple(sorted(known, key=len, reverse=True))

    def frame(self, messages: Sequence[Mapping[str, str]]) -> Frame:
        """The chat prompt of `messages`, cut at the one place where DOCUMENT stands.

        A model without a chat template gets the contents joined by blank lines.
        """
        if self.tokenizer.chat_template:
            text = self.tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        else:
            text = "\n\n".join(message["content"] for message in messages) + "\n"
        parts = str(text).split(DOCUMENT)
        if len(parts) != 2:
            raise ValueError(f"the messages must name DOCUMENT once; found {len(parts) - 1} times")
        return Frame(parts[0], parts[1])

    def encode(self, text: str) -> list[int]:
        """Token ids of `text` as it stands, with no token added."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, with no token added."""
        return (
            [list(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]] if texts else []
        )

    def shorten(self, text: str, tokens: int) -> str:
        """The longest beginning of `text` that has at most `tokens` tokens; a cut text ends in an ellipsis."""
        if len(text) <= tokens:
            return text
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        if len(encoded["input_ids"]) <= tokens:
            return text
        return text[: encoded["offset_mapping"][max(tokens - 1, 0)][0]].rstrip() + "…"


def load(files: ModelFiles, *, device: str | None = None, dtype: str | None = None) -> LoadedModel:
    """The model of `files` in evaluation mode; on the GPU in bfloat16 if there is one, else on the CPU.

    What the machine does fastest is probed once and kept: it decides on threads and on tokens per pass, and on the CPU
    between bfloat16 and float32 unless `dtype` names one of them.
    Raises MissingExtra without torch and transformers, and BenchmarkError if the files cannot be read as a model.
    """
    # Threads that spin while they wait make a step ten times slower as soon as anything else runs on the machine; ones
    # that sleep at once cost 60 microseconds at every small operation. These turn about a microsecond, then sleep.
    # The settings are read once, when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        import torch
        import transformers  # noqa: F401
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
            model, tokenizer = _read(files, getattr(torch, dtype))
        except (OSError, ValueError, KeyError) as error:
            raise BenchmarkError(f"model {files.name!r} in {files.folder}: cannot be read ({error})") from error
    if is_encoder(model.config):
        # Transformers would put an untrained head on it, and every answer would be chance.
        raise BenchmarkError(
            f"model {files.name!r}: found an encoder ({model.config.model_type}); allowed: a language model that writes"
        )
    model.to(device).eval().requires_grad_(False)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    _head_in_float32(model)
    facts = {
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        "dtype": dtype,
        "machine": asdict(here),
        "threads": torch.get_num_threads(),
        "parameters": parameters,
        "load_seconds": round(time.perf_counter() - started, 3),
        "origin": str(files.origin),
        "content_hash": files.content_hash,
    }
    return LoadedModel(
        model, tokenizer, files, device, dtype, facts, here.token_budget if device == here.device else 1024
    )


def is_encoder(config: Any) -> bool:
    """Whether a configuration, transformers' own or the mapping in its file, is that of a model that only reads."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as READERS

    said = config if isinstance(config, dict) else config.to_dict()
    return said.get("model_type") in READERS and not said.get("is_encoder_decoder") and not said.get("is_decoder")


def _read(files: ModelFiles, dtype: Any) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    gguf = gguf_file(files.folder)
    if gguf is not None:
        model, tokenizer = read_gguf(gguf, dtype)
        model.set_attn_implementation("sdpa")
        return model, tokenizer
    model = AutoModelForCausalLM.from_pretrained(
        str(files.folder), dtype=dtype, use_safetensors=True, local_files_only=True, attn_implementation="sdpa"
    )
    return model, AutoTokenizer.from_pretrained(str(files.folder), local_files_only=True)


def _head_in_float32(model: Any) -> None:
    """Give the output head its own float32 weights.

    A logit near 20 in bfloat16 is rounded to the nearest eighth, which is coarser than the gaps between labels.
    """
    import torch

    head = model.get_output_embeddings()
    if not isinstance(head, torch.nn.Linear) or head.weight.dtype == torch.float32:
        return
    head.weight = torch.nn.Parameter(head.weight.detach().float(), requires_grad=False)
    if head.bias is not None:
        head.bias = torch.nn.Parameter(head.bias.detach().float(), requires_grad=False)
    head.register_forward_pre_hook(lambda _head, inputs: (inputs[0].float(), *inputs[1:]))
