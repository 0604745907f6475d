"""Documents behind a shared prefix, each followed by a tree of label tokens, packed into one row without padding.

All multiplications see real tokens only. Attention reads the prefix once for the whole pack, and every document with
its tree by itself: those are set side by side in groups of like length, padded inside the group alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .attention import Heads
from .rows import Tree

# Attention scores that are worked on at once: what a core's cache holds.
SCORES_AT_ONCE = 3_000_000
PADDING_WORTH_A_GROUP = 1.25


@dataclass(frozen=True, slots=True)
class Item:
    """A document's tokens and the tree that follows them, as the model is to read them."""

    document: Sequence[int]
    tree: Tree

    @property
    def length(self) -> int:
        """Tokens of the document and its tree."""
        return len(self.document) + len(self.tree.depth)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Items of like length. `slots` picks [queries, keys, values] out of a row's heads; `result` puts results back.

    `mask` [items, longest, longest] is added to the scores among an item's own tokens.
    """

    size: int
    longest: int
    slots: Any
    spots: Any
    into: Any
    mask: Any


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One row of tokens: `ids` and `positions` [tokens]; `asked` [items' roots and nodes], where logits are wanted.

    `spans[i]` is item i's part of `asked`: its document's last token, then its nodes.
    """

    ids: Any
    positions: Any
    asked: Any
    spans: tuple[tuple[int, int], ...]
    groups: tuple[Group, ...]
    tokens: int


def pack(items: Sequence[Item], heads: Heads, prefix: int, device: str, dtype: Any) -> Pack:
    """The pack of `items` behind a prefix of `prefix` tokens; raises ValueError for a document without a token."""
    import torch

    if not all(item.document for item in items):
        raise ValueError("a document without a token has no last one to ask about")
    ids: list[int] = []
    positions: list[int] = []
    asked: list[int] = []
    spans: list[tuple[int, int]] = []
    starts: list[int] = []
    for item in items:
        start, size = len(ids), len(item.document)
        starts.append(start)
        ids += item.document
        ids += item.tree.tokens[0]
        positions += range(prefix, prefix + size)
        positions += (prefix + size + depth for depth in item.tree.depth)
        spans.append((len(asked), len(asked) + 1 + len(item.tree.depth)))
        asked += range(start + size - 1, len(ids))
    groups = [
        _group([(starts[index], items[index]) for index in members], heads, device, dtype)
        for members in _alike([item.length for item in items], heads, prefix)
    ]
    whole = [torch.tensor(values, device=device) for values in (ids, positions, asked)]
    return Pack(whole[0], whole[1], whole[2], tuple(spans), tuple(groups), len(ids))


def _alike(lengths: Sequence[int], heads: Heads, prefix: int) -> list[list[int]]:
    """Indices in groups of like length, such that neither padding nor the scores of a group grow large."""
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        longest = lengths[groups[-1][0]] if groups else 0
        scores = (len(groups[-1]) + 1) * heads.queries * longest * (prefix + longest) if groups else 0
        if not groups or longest > PADDING_WORTH_A_GROUP * lengths[index] + 4 or scores > SCORES_AT_ONCE:
            groups.append([])
        groups[-1].append(index)
    return groups


def _group(members: Sequence[tuple[int, Item]], heads: Heads, device: str, dtype: Any) -> Group:
    """Items are padded at their end by repeating their last token, which nothing sees."""
    import torch

    size, longest = len(members), max(item.length for _, item in members)
    first = torch.tensor([start for start, _ in members])
    lengths = torch.tensor([item.length for _, item in members])
    columns = torch.arange(longest)
    token = first[:, None] + torch.minimum(columns[None, :], lengths[:, None] - 1)
    every, shared = heads.queries + 2 * heads.keys, heads.queries // heads.keys
    query = torch.arange(heads.queries).view(heads.keys, 1, shared, 1)
    key = torch.arange(2 * heads.keys).view(-1, 1, 1) + heads.queries
    slots = torch.cat([(token[None, :, None] * every + query).flatten(), (token[None] * every + key).flatten()])
    real = columns[None, :] < lengths[:, None]
    sequence, column = real.nonzero(as_tuple=True)
    head = torch.arange(heads.queries)
    spots = ((head // shared * size + sequence[:, None]) * shared + head % shared) * longest + column[:, None]
    mask = torch.stack([_mask(item, longest) for _, item in members])
    added = torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, float("-inf"))
    tensors = (tensor.to(device) for tensor in (slots, spots.flatten(), token[real], added))
    return Group(size, longest, *tensors)


def _mask(item: Item, longest: int) -> Any:
    """Who sees whom among an item's own tokens; padding sees itself, because a softmax over nothing is no number."""
    import torch

    size, length = len(item.document), item.length
    mask = torch.eye(longest, dtype=torch.bool)
    mask[:size, :size] = torch.ones(size, size, dtype=torch.bool).tril()
    mask[size:length, :size] = True
    if length > size:
        mask[size:length, size:length] = torch.tensor(item.tree.sees, dtype=torch.bool)
    return mask


def attend(joined: Any, prefix: tuple[Any, Any] | None, pack: Pack, heads: Heads, out: Any) -> Any:
    """Attention's result [tokens, queries · width] in `out`, for rotated [queries | keys | values] side by side.

    `prefix` holds keys and values [1, heads, tokens, width].
    """
    rows = joined.view(-1, heads.width)
    for group in pack.groups:
        gathered = rows.index_select(0, group.slots)
        many = heads.queries * group.size * group.longest
        queries = gathered[:many].mul_(heads.width**-0.5).view(heads.keys, -1, heads.width)
        careful = joined.dtype.itemsize > 2
        result: Any = _weighted(queries, gathered[many:], prefix, group, safe=careful)
        if result is None:
            result = _weighted(queries, gathered[many:], prefix, group, safe=True)
        found = result.view(-1, heads.width).index_select(0, group.spots)
        out.index_copy_(0, group.into, found.view(-1, heads.queries * heads.width))
    return out


def _weighted(queries: Any, own: Any, prefix: tuple[Any, Any] | None, group: Group, *, safe: bool) -> Any | None:
    """Values weighted by the softmax of the scores, shaped as `queries` [key heads, rows, width].

    A softmax needs no largest score where no exponent overflows, which spares a pass over all scores; without `safe`
    the result is None where one did, or where all of a row vanished.
    """
    import torch

    count, _, width = queries.shape
    keys, values = own.view(2, count * group.size, group.longest, width)
    inner = torch.bmm(queries.view(count * group.size, -1, width), keys.transpose(1, 2))
    inner.view(count, group.size, -1, group.longest, group.longest).add_(group.mask[None, :, None])
    inner = inner.view(count, -1, group.longest)
    front = torch.bmm(queries, prefix[0][0].transpose(1, 2)) if prefix is not None else None
    if safe:
        largest = inner.amax(-1, keepdim=True)
        if front is not None:
            front.sub_(largest := torch.maximum(largest, front.amax(-1, keepdim=True)))
        inner.sub_(largest)
    total = inner.exp_().sum(-1, keepdim=True).float()
    if front is not None:
        total += front.exp_().sum(-1, keepdim=True)
    if not safe and not bool(((total > 1e-30) & (total < 1e30)).all()):
        return None
    result = torch.bmm(inner.view(count * group.size, -1, group.longest), values).view(queries.shape)
    if front is not None and prefix is not None:
        result.baddbmm_(front, prefix[1][0])
    return result.div_(total.to(result.dtype)) if result.dtype == torch.float32 else (result / total).to(result.dtype)
