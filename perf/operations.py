"""How many floating-point operations a computation needs, so that its rate can be set beside the machine's peak.

Counted is what the result needs, whoever computes it: every token once through the layers, attention to what a token
sees, and behind the last attention only the tokens whose outputs are asked for. Padding, copies, norms, gates and what
is computed twice count nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.models.adapters import Shape

FOR_OTHERS = ("k_proj", "v_proj")  # what the last layer computes for tokens that nobody asks about


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens of a row, those asked about, and the pairs of a token and one that it sees: of all, and of those asked."""

    tokens: int
    asked: int
    seen: float
    seen_asked: float

    @classmethod
    def of(cls, before: int, documents: Sequence[int], asked: Sequence[int]) -> Row:
        """`before` shared tokens, then documents that see them and themselves; their last ones are asked about."""
        seen = before**2 / 2 + sum(own * (before + own / 2) for own in documents)
        at_end = sum(many * (before + own) for own, many in zip(documents, asked, strict=True))
        return cls(before + sum(documents), sum(asked), seen, at_end)


class Operations:
    """The operations of a model that is built like a Llama."""

    def __init__(self, network: Any) -> None:
        config = network.config
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._layers, self._across = config.num_hidden_layers, config.num_attention_heads * width
        self._head = config.vocab_size * config.hidden_size
        first = {name: part for name, part in network.named_parameters() if ".layers.0." in name and part.ndim == 2}
        self._shapes = {name.split(".")[-2]: tuple(part.shape) for name, part in first.items()}

    def scoring(self, row: Row) -> float:
        """Forward, with the output layer at the places asked."""
        forward, attention = self._forward(row)
        return forward + attention + 2 * self._head * row.asked

    def training(self, row: Row, shape: Shape) -> float:
        """Forward and backward to low-rank pairs of this shape in all layers; frozen weights get no gradient."""
        forward, attention = self._forward(row)
        tokens, asked = row.tokens, row.asked
        first = 2 * tokens * sum(a * b for name, (a, b) in self._shapes.items() if name in ("q_proj", *FOR_OTHERS))
        pairs = 0.0
        for name in shape.targets:
            at_end = tokens if name in FOR_OTHERS else asked
            pairs += 6 * shape.rank * sum(self._shapes[name]) * ((self._layers - 1) * tokens + at_end)
        # The first layer's inputs are the embeddings, which want no gradient.
        return 2 * forward - first + 3 * attention + pairs + 4 * self._head * asked

    def _forward(self, row: Row) -> tuple[float, float]:
        """Of the layers' weights, and of attention."""
        inside = sum(a * b for a, b in self._shapes.values())
        for_others = sum(a * b for name, (a, b) in self._shapes.items() if name in FOR_OTHERS)
        whole = self._layers - 1
        weights = whole * inside * row.tokens + for_others * row.tokens + (inside - for_others) * row.asked
        return 2.0 * weights, 4.0 * self._across * (whole * row.seen + row.seen_asked)
