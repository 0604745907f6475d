"""Rows of documents behind one shared prefix, each followed by a small tree of label tokens, in one forward pass.

The layout of a row is [padding][document tokens][tree nodes]. Documents are padded on the left, so that the last
document token and the nodes stand in the same columns of every row and only their logits are ever computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .room import room


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes that follow a document: `depth[j]` from 0, and `sees[i][j]`: node i attends to node j.

    `tokens` holds one list of node tokens for all rows, or one list per row.
    """

    tokens: tuple[tuple[int, ...], ...]
    depth: tuple[int, ...]
    sees: tuple[tuple[bool, ...], ...]


def chain(answers: Sequence[Sequence[int]], pad: int) -> Tree:
    """One answer per row, as a tree without branches; shorter answers are padded on the right."""
    length = max(len(answer) for answer in answers)
    tokens = tuple(tuple(answer) + (pad,) * (length - len(answer)) for answer in answers)
    sees = tuple(tuple(j <= i for j in range(length)) for i in range(length))
    return Tree(tokens, tuple(range(length)), sees)


class KeptPrefix:
    """The last prefix that was encoded, kept warm: asked for the same again, nothing is computed."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._value: list[tuple[Any, Any]] = []

    def of(
        self,
        network: Any,
        ids: Sequence[int],
        device: str,
        adapter: object,
        encode: Callable[[], list[tuple[Any, Any]]] | None = None,
    ) -> tuple[list[tuple[Any, Any]], int]:
        """Keys and values of the prefix, and the number of tokens that had to be computed for them.

        They are computed by `encode` where a faster way than the network's own forward is known.
        """
        if self._key[:2] == (tuple(ids), device) and self._key[2] is adapter:
            return self._value, 0
        self._value = encode() if encode is not None else encode_prefix(network, ids, device)
        self._key = (tuple(ids), device, adapter)
        return self._value, len(ids)


def encode_prefix(network: Any, ids: Sequence[int], device: str) -> list[tuple[Any, Any]]:
    """Keys and values of the prefix per layer, each of shape [1, heads, len(ids), width]; empty for no prefix.

    Under a gradient the result is differentiable, so one encoding serves all rows of a training step.
    """
    import torch
    from transformers import DynamicCache

    if not ids:
        return []
    cache: Any = DynamicCache()
    network(input_ids=torch.tensor([list(ids)], device=device), past_key_values=cache, use_cache=True, logits_to_keep=1)
    return [(layer.keys, layer.values) for layer in cache.layers]


def forward(
    network: Any,
    prefix: list[tuple[Any, Any]],
    documents: Sequence[Sequence[int]],
    tree: Tree,
    pad: int,
    device: str,
    *,
    sharing: bool = False,
) -> Any:
    """Logits of shape [rows, 1 + nodes, vocabulary]: at each document's last token, then at each node of the tree.

    Every document must hold at least one token. The prefix is copied for every row unless the network's attention is
    `sharing` it, which carries no gradient.
    """
    import torch
    from transformers import DynamicCache

    rows, nodes = len(documents), len(tree.depth)
    width = max(len(document) for document in documents)
    start = prefix[0][0].shape[2] if prefix else 0
    lengths = torch.tensor([len(document) for document in documents], device=device)
    tokens = [[pad] * (width - len(document)) + list(document) for document in documents]
    branches = list(tree.tokens) * (rows if len(tree.tokens) == 1 else 1)
    ids = torch.tensor([row + list(branch) for row, branch in zip(tokens, branches, strict=True)], device=device)
    columns = torch.arange(width, device=device)[None, :] - (width - lengths)[:, None]
    depths = torch.tensor(tree.depth, device=device, dtype=torch.long)[None, :] + lengths[:, None]
    positions = torch.cat([columns.clamp(min=0), depths], dim=1) + start
    cache: Any
    if sharing and prefix:
        cache = room(prefix, len(prefix), rows, width + nodes, sharing=True)
    else:
        cache = DynamicCache()
        for index, (keys, values) in enumerate(prefix):
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), index)
    output = network(
        input_ids=ids,
        attention_mask=_mask(columns >= 0, tree, start),
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=nodes + 1,
    )
    return output.logits


def _mask(real: Any, tree: Tree, start: int) -> Any:
    """Who sees whom: [rows, 1, width + nodes, start + width + nodes] of bool.

    A document token sees the prefix and itself and what stands before it; a node sees those and its ancestors. Padding
    sees the prefix and itself, because a softmax over nothing is not a number.
    """
    import torch

    rows, width = real.shape
    nodes = len(tree.depth)
    mask = torch.zeros(rows, width + nodes, start + width + nodes, dtype=torch.bool, device=real.device)
    mask[:, :, :start] = True
    causal = torch.ones(width, width, dtype=torch.bool, device=real.device).tril()
    own = torch.eye(width, dtype=torch.bool, device=real.device)
    mask[:, :width, start : start + width] = (causal[None] & real[:, None, :]) | own[None]
    mask[:, width:, start : start + width] = real[:, None, :]
    if nodes:
        mask[:, width:, start + width :] = torch.tensor(tree.sees, dtype=torch.bool, device=real.device)[None]
    return mask[:, None]
