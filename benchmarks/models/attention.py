"""Attention of packed sequences, with its gradient: one shared beginning, and documents that see it and themselves.

All tokens stand in one row without padding: the prefix first, then every document. The prefix's keys and values are
never copied per document, and key heads are never repeated per query head. Only inside this module are documents of
like length set side by side, padded to the longest of their group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

WORTH_A_GROUP = 40_000  # scores per head that take about as long to compute as a group of their own
KEPT_BYTES = 512 * 2**20  # attention weights are kept for the backward pass up to this size, else computed again


@dataclass(frozen=True, slots=True)
class Heads:
    """The number of query heads, of key heads, and the width of each."""

    queries: int
    keys: int
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Sequences of like length: where their tokens stand in the row, and where the result's tokens are found.

    `slots` picks the rows of [tokens · (queries + 2 keys), width] in the order queries, keys, values;
    `back` and `spots` put the tokens' gradients and results back into the row. `mask` is added to the scores.
    """

    size: int
    longest: int
    slots: Any
    back: Any
    into: Any
    outcome: Any
    mask: Any


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which tokens of a row see each other: a prefix, then documents; positions count from the prefix's start."""

    heads: Heads
    prefix: int
    tokens: int
    positions: Any
    groups: tuple[Group, ...]
    keep: bool


def lay_out(heads: Heads, prefix: int, documents: Sequence[int], layers: int, device: str, dtype: Any) -> Layout:
    """The layout of a prefix of `prefix` tokens, may be none, and of documents of the given lengths, in that order."""
    import torch

    starts = [prefix]
    for length in documents:
        starts.append(starts[-1] + length)
    positions = torch.cat([torch.arange(prefix), *(torch.arange(length) + prefix for length in documents)])
    groups = []
    scores = 0
    for members in _alike(prefix, documents):
        spans = [(starts[index], documents[index]) for index in members]
        groups.append(_group(heads, spans, device, dtype))
        longest = documents[members[0]]
        scores += heads.queries * len(members) * longest * (prefix + longest)
    if prefix:
        groups.insert(0, _group(heads, [(0, prefix)], device, dtype))
        scores += heads.queries * prefix * prefix
    kept = scores * layers * torch.empty(0, dtype=dtype).element_size() <= KEPT_BYTES
    return Layout(heads, prefix, starts[-1], positions.to(device), tuple(groups), kept)


def _alike(prefix: int, lengths: Sequence[int]) -> list[list[int]]:
    """Indices in groups of like length, longest first, cut where that saves more scores than a group costs in time."""

    def area(members: Sequence[int]) -> int:
        longest = lengths[members[0]]
        return len(members) * longest * (prefix + longest)

    def cut(members: list[int]) -> list[list[int]]:
        places = range(1, len(members))
        best = min(places, key=lambda at: area(members[:at]) + area(members[at:]), default=0)
        if not best or area(members) - area(members[:best]) - area(members[best:]) < WORTH_A_GROUP:
            return [members] if members else []
        return cut(members[:best]) + cut(members[best:])

    return cut(sorted(range(len(lengths)), key=lambda index: -lengths[index]))


def _group(heads: Heads, spans: Sequence[tuple[int, int]], device: str, dtype: Any) -> Group:
    import torch

    size, longest = len(spans), max(length for _, length in spans)
    every = heads.queries + 2 * heads.keys
    first = torch.tensor([start for start, _ in spans])
    lengths = torch.tensor([length for _, length in spans])
    columns = torch.arange(longest)
    token = first[:, None] + torch.minimum(columns[None, :], lengths[:, None] - 1)
    # Queries are ordered [key head, sequence, query head of that key head, token], keys and values [head, sequence,
    # token]: then each product below is one batch without a copy.
    shared = heads.queries // heads.keys
    query = torch.arange(heads.queries).view(heads.keys, 1, shared, 1)
    key = torch.arange(2 * heads.keys).view(-1, 1, 1) + heads.queries
    slots = torch.cat([(token[None, :, None] * every + query).flatten(), (token[None] * every + key).flatten()])
    real = columns[None, :] < lengths[:, None]
    sequence, column = real.nonzero(as_tuple=True)
    into = token[real]
    head = torch.arange(heads.queries)
    spot = ((head // shared * size + sequence[:, None]) * shared + head % shared) * longest + column[:, None]
    offset = heads.queries * size * longest
    other = offset + (torch.arange(2 * heads.keys) * size + sequence[:, None]) * longest + column[:, None]
    back = torch.cat([spot, other], dim=1).flatten()
    # Rows are padded at the end, so that no real token sees padding under the causal mask.
    mask = torch.full((longest, longest), float("-inf"), dtype=dtype).triu(1).repeat(shared, 1)
    tensors = (slots, back, into, spot.flatten(), mask)
    return Group(size, longest, *(tensor.to(device) for tensor in tensors))


def attend(joined: Any, layout: Layout) -> Any:
    """The result of attention, [tokens, queries · width], for rotated [queries | keys | values] side by side."""
    return _function().apply(joined, layout)


@cache
def _function() -> Any:
    import torch

    class Attention(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, joined: Any, layout: Layout) -> Any:
            heads = layout.heads
            result = joined.new_empty(layout.tokens, heads.queries * heads.width)
            kept = []
            for group in layout.groups:
                parts = _parts(joined, layout, group)
                weights = _weights(parts, layout, group)
                of_group = _weighted(weights, parts).view(-1, heads.width).index_select(0, group.outcome)
                result.index_copy_(0, group.into, of_group.view(-1, heads.queries * heads.width))
                kept.append(weights if layout.keep else None)
            context.layout, context.kept = layout, kept
            context.save_for_backward(joined)
            return result

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            (joined,) = context.saved_tensors
            layout: Layout = context.layout
            heads = layout.heads
            result = torch.empty_like(joined)
            shared = None
            for group, kept in zip(layout.groups[::-1], context.kept[::-1], strict=True):
                parts = _parts(joined, layout, group)
                weights = _weights(parts, layout, group) if kept is None else kept
                outer = _outer(gradient, layout, group)
                inner, of_prefix = _inner(outer, weights, parts, layout)
                rows = inner.view(-1, heads.width).index_select(0, group.back)
                result.index_copy_(0, group.into, rows.view(len(group.into), -1))
                if of_prefix is not None:
                    shared = of_prefix if shared is None else shared.add_(of_prefix)
            if shared is not None:
                start = heads.queries * heads.width
                result[: layout.prefix, start:].add_(shared.permute(1, 0, 2).flatten(1))
            context.kept = None
            return result, None

    return Attention


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Queries [batch, rows, width], keys and values [batch, longest, width], the prefix's [heads, prefix, width]."""

    queries: Any
    keys: Any
    values: Any
    prefix_keys: Any
    prefix_values: Any


def _parts(joined: Any, layout: Layout, group: Group) -> _Parts:
    heads = layout.heads
    gathered = joined.view(-1, heads.width).index_select(0, group.slots)
    many = heads.queries * group.size * group.longest
    batch = heads.keys * group.size
    queries = gathered[:many].view(batch, -1, heads.width)
    keys, values = gathered[many:].view(2, batch, group.longest, heads.width)
    if not layout.prefix or group is layout.groups[0]:
        return _Parts(queries, keys, values, None, None)
    start = heads.queries * heads.width
    front = joined[: layout.prefix, start:].view(layout.prefix, 2 * heads.keys, heads.width).transpose(0, 1)
    return _Parts(queries, keys, values, *front.contiguous().chunk(2))


def _weights(parts: _Parts, layout: Layout, group: Group) -> Any:
    """Attention weights [batch, rows, prefix + longest]: the prefix's columns first."""
    import torch

    scale = layout.heads.width**-0.5
    batch, rows, width = parts.queries.shape
    mask = group.mask.expand(batch, -1, -1)
    own = torch.baddbmm(mask, parts.queries, parts.keys.transpose(1, 2), alpha=scale)
    if parts.prefix_keys is None:
        return own.softmax(-1)
    front = torch.bmm((parts.queries * scale).view(layout.heads.keys, -1, width), parts.prefix_keys.transpose(1, 2))
    return torch.cat([front.view(batch, rows, -1), own], dim=-1).softmax(-1)


def _weighted(weights: Any, parts: _Parts) -> Any:
    import torch

    if parts.prefix_values is None:
        return torch.bmm(weights, parts.values)
    count, length, _ = parts.prefix_values.shape
    front = torch.bmm(weights[..., :length].reshape(count, -1, length), parts.prefix_values)
    return torch.bmm(weights[..., length:], parts.values).add_(front.view_as(parts.queries))


def _outer(gradient: Any, layout: Layout, group: Group) -> Any:
    """The result's gradient in the order of the group's queries; padding has none."""
    heads = layout.heads
    outer = gradient.new_zeros(heads.queries * group.size * group.longest, heads.width)
    rows = gradient.index_select(0, group.into).view(-1, heads.width)
    outer.index_copy_(0, group.outcome, rows)
    return outer.view(heads.keys * group.size, -1, heads.width)


def _inner(outer: Any, weights: Any, parts: _Parts, layout: Layout) -> tuple[Any, Any | None]:
    """Gradients of the group's [queries, keys, values] as rows, and of the prefix's keys and values if it is seen."""
    import torch

    scale = layout.heads.width**-0.5
    batch, rows, width = parts.queries.shape
    front = 0 if parts.prefix_keys is None else parts.prefix_keys.shape[1]
    longest = parts.keys.shape[1]
    inner = outer.new_empty((batch * (rows + 2 * longest), width))
    of_queries = inner[: batch * rows].view(batch, rows, width)
    of_keys, of_values = inner[batch * rows :].view(2, batch, longest, width)
    own = weights[..., front:]
    of_values.copy_(torch.bmm(own.transpose(1, 2), outer))
    seen = torch.bmm(outer, parts.values.transpose(1, 2))
    if front:
        flat = outer.view(layout.heads.keys, -1, width)
        before = torch.bmm(flat, parts.prefix_values.transpose(1, 2)).view(batch, rows, front)
        seen = torch.cat([before, seen], dim=-1)
    scores = torch._softmax_backward_data(seen, weights, -1, weights.dtype).mul_(scale)
    own_scores = scores[..., front:]
    of_keys.copy_(torch.bmm(own_scores.transpose(1, 2), parts.queries))
    of_queries.copy_(torch.bmm(own_scores, parts.keys))
    if not front:
        return inner, None
    of_front = scores[..., :front].reshape(layout.heads.keys, -1, front)
    of_queries.view(layout.heads.keys, -1, width).add_(torch.bmm(of_front, parts.prefix_keys))
    gathered = parts.queries.view(layout.heads.keys, -1, width)
    of_prefix_keys = torch.bmm(of_front.transpose(1, 2), gathered)
    of_prefix_values = torch.bmm(weights[..., :front].reshape(of_front.shape).transpose(1, 2), flat)
    return inner, torch.cat([of_prefix_keys, of_prefix_values])
