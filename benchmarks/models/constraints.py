"""Answers that must be JSON of one schema: which tokens may come next, and which must.

llguidance computes the token masks; the choice among the allowed tokens stays with the model. JSON is written on one
line, with the separators and the order of keys in which training targets are written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from ..errors import BenchmarkError, MissingExtra
from .language_model import LoadedModel

STYLE: Mapping[str, Any] = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class Grammar:
    """A JSON schema prepared for one model's tokenizer. Preparing takes half a second, starting an answer none."""

    def __init__(self, model: LoadedModel, schema: Mapping[str, Any]) -> None:
        """Raises MissingExtra without llguidance, and BenchmarkError if the schema cannot be enforced."""
        try:
            from llguidance import LLMatcher
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            raise MissingExtra.of(error.name or "llguidance") from error
        head = model.model.get_output_embeddings()
        self._tokenizer = from_tokenizer(model.tokenizer, n_vocab=int(head.weight.shape[0]))
        self._matcher = cast("Any", LLMatcher)
        self._grammar = self._matcher.grammar_from_json_schema(json.dumps(schema), overrides=dict(STYLE))
        problem = self._matcher(self._tokenizer, self._grammar).get_error()
        if problem:
            raise BenchmarkError(f"schema: cannot be enforced while the model writes ({problem})")

    def start(self) -> Guide:
        """A guide for one new answer."""
        return Guide(self._matcher(self._tokenizer, self._grammar))


class Guide:
    """Follows one answer through the grammar."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    @property
    def done(self) -> bool:
        """Whether the answer is whole and nothing may follow."""
        return bool(self._matcher.is_stopped())

    def forced(self) -> list[int]:
        """The tokens that must come next whatever the model says; they are taken as chosen."""
        tokens = [int(token) for token in self._matcher.compute_ff_tokens()]
        if tokens:
            self._take(tokens)
        return tokens

    def choose(self, logits: Any, likeliest: int) -> int:
        """The likeliest token of `logits` [vocabulary] that the grammar allows, taken as chosen.

        `likeliest` is the likeliest of all, which mostly is allowed.
        """
        import torch

        packed = torch.frombuffer(bytearray(self._matcher.compute_bitmask()), dtype=torch.uint8)
        best = likeliest
        if not (int(packed[best // 8]) >> (best % 8)) & 1:
            bits = (packed[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1
            allowed = bits.flatten()[: logits.shape[0]].bool().to(logits.device)
            best = int(logits.masked_fill(~allowed, float("-inf")).argmax())
        self._take([best])
        return best

    def _take(self, tokens: list[int]) -> None:
        if not self._matcher.consume_tokens(tokens):
            raise RuntimeError(f"the grammar refused its own tokens {tokens}: {self._matcher.get_error()}")
