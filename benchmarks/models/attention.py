"""Attention of packed sequences, with its gradient: one shared beginning, and documents that see it and themselves.

All tokens stand in one row without padding: the prefix first, then every document. Only inside this module are
documents of like length set side by side, padded to the longest of their group, each with the prefix's keys and values
before its own. Key heads are never repeated per query head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

WORTH_A_GROUP = 15_000  # scores per head that take about as long to compute as a group of their own
COLUMNS = (
    32  # attention weights are that many columns wide or a multiple: a softmax of other widths takes twice as long
)
KEPT_BYTES = 512 * 2**20  # attention weights are kept for the backward pass up to this size, else computed again


@dataclass(frozen=True, slots=True)
class Heads:
    """The number of query heads, of key heads, and the width of each."""

    queries: int
    keys: int
    width: int

    @property
    def scale(self) -> float:
        """The factor of the scores."""
        return float(self.width**-0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Sequences of like length: where their tokens stand in the row, and where the result's tokens are found.

    `slots` picks the rows of [tokens · (queries + 2 keys), width] in the order queries, keys, values; a sequence's keys
    are the first `before` tokens of the row and its own, `columns` in all with padding. `back` and `outcome` put the
    tokens' gradients and results back into the row. `mask` [rows, columns - before] is added to the scores of a
    sequence's own tokens and of padding; the first `before` are seen by all.
    """

    size: int
    longest: int
    before: int
    columns: int
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
    for members in _alike(prefix, documents):
        spans = [(starts[index], documents[index]) for index in members]
        groups.append(_group(heads, spans, prefix, device, dtype))
    if prefix:
        groups.insert(0, _group(heads, [(0, prefix)], 0, device, dtype))
    scores = sum(heads.queries * group.size * group.longest * group.columns for group in groups)
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


def _group(heads: Heads, spans: Sequence[tuple[int, int]], before: int, device: str, dtype: Any) -> Group:
    """The group of the sequences at these (start, length), each of which also sees the row's first `before` tokens."""
    import torch

    size, longest = len(spans), max(length for _, length in spans)
    wide = -(-(before + longest) // COLUMNS) * COLUMNS
    every = heads.queries + 2 * heads.keys
    first = torch.tensor([start for start, _ in spans])
    lengths = torch.tensor([length for _, length in spans])
    columns = torch.arange(longest)
    # Padding repeats the last token: it is a number like others, which the mask keeps out.
    token = first[:, None] + torch.minimum(torch.arange(wide - before), lengths[:, None] - 1)
    seen = torch.cat([torch.arange(before).expand(size, -1), token], dim=1)
    # Queries are ordered [key head, sequence, query head of that key head, token], keys and values [head, sequence,
    # token]: then each product below is one batch without a copy.
    shared = heads.queries // heads.keys
    query = torch.arange(heads.queries).view(heads.keys, 1, shared, 1)
    key = torch.arange(2 * heads.keys).view(-1, 1, 1) + heads.queries
    asked = token[None, :, None, :longest]
    slots = torch.cat([(asked * every + query).flatten(), (seen[None] * every + key).flatten()])
    real = columns[None, :] < lengths[:, None]
    sequence, column = real.nonzero(as_tuple=True)
    into = token[:, :longest][real]
    head = torch.arange(heads.queries)
    spot = ((head // shared * size + sequence[:, None]) * shared + head % shared) * longest + column[:, None]
    offset = heads.queries * size * longest + before
    other = offset + (torch.arange(2 * heads.keys) * size + sequence[:, None]) * wide + column[:, None]
    back = torch.cat([spot, other], dim=1).flatten()
    # Rows are padded at the end, so that no real token sees padding under the causal mask.
    mask = torch.full((longest, wide - before), float("-inf"), dtype=dtype).triu(1).repeat(shared, 1)
    tensors = (slots, back, into, spot.flatten(), mask)
    return Group(size, longest, before, wide, *(tensor.to(device) for tensor in tensors))


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
                queries, keys, values = _parts(joined, heads, group)
                weights = _weights(queries, keys, group)
                seen = torch.bmm(weights, values).view(-1, heads.width).index_select(0, group.outcome)
                result.index_copy_(0, group.into, seen.view(len(group.into), -1))
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
            of_prefix = None
            for group, kept in zip(layout.groups[::-1], context.kept[::-1], strict=True):
                parts = _parts(joined, heads, group)
                weights = _weights(*parts[:2], group) if kept is None else kept
                inner = _inner(_outer(gradient, heads, group), weights, parts, heads.scale)
                result.index_copy_(0, group.into, inner.index_select(0, group.back).view(len(group.into), -1))
                if group.before:
                    columns = inner[heads.queries * group.size * group.longest :]
                    columns = columns.view(2 * heads.keys, group.size, group.columns, heads.width)
                    seen = columns[:, :, : group.before].sum(1)
                    of_prefix = seen if of_prefix is None else of_prefix.add_(seen)
            if of_prefix is not None:
                start = heads.queries * heads.width
                result[: layout.prefix, start:].add_(of_prefix.transpose(0, 1).flatten(1))
            context.kept = None
            return result, None

    return Attention


def _parts(joined: Any, heads: Heads, group: Group) -> tuple[Any, Any, Any]:
    """Queries [batch, rows, width], times the scale of the scores, and keys and values [batch, columns, width].

    A batch is a key head of a sequence.
    """
    gathered = joined.view(-1, heads.width).index_select(0, group.slots)
    many, batch = heads.queries * group.size * group.longest, heads.keys * group.size
    queries = gathered[:many].mul_(heads.scale).view(batch, -1, heads.width)
    keys, values = gathered[many:].view(2, batch, group.columns, heads.width)
    return queries, keys, values


def _weights(queries: Any, keys: Any, group: Group) -> Any:
    """Attention weights [batch, rows, columns]."""
    import torch

    scores = torch.bmm(queries, keys.transpose(1, 2))
    scores[..., group.before :].add_(group.mask)
    return torch.softmax(scores, -1, out=scores)


def _outer(gradient: Any, heads: Heads, group: Group) -> Any:
    """The result's gradient in the order of the group's queries; padding has none."""
    outer = gradient.new_zeros(heads.queries * group.size * group.longest, heads.width)
    rows = gradient.index_select(0, group.into).view(-1, heads.width)
    outer.index_copy_(0, group.outcome, rows)
    return outer.view(heads.keys * group.size, -1, heads.width)


def _inner(outer: Any, weights: Any, parts: tuple[Any, Any, Any], scale: float) -> Any:
    """Gradients of the group's queries, keys and values as rows [all, width], in the order of its slots."""
    import torch

    queries, keys, values = parts
    sizes = [part.shape[0] * part.shape[1] for part in parts]
    inner = outer.new_empty(sum(sizes), queries.shape[-1])
    of_queries, of_keys, of_values = (rows.view_as(part) for rows, part in zip(inner.split(sizes), parts, strict=True))
    torch.bmm(weights.transpose(1, 2), outer, out=of_values)
    scores = torch.bmm(outer, values.transpose(1, 2))
    torch._softmax_backward_data(scores, weights, -1, weights.dtype, grad_input=scores)
    torch.bmm(scores.transpose(1, 2), queries, out=of_keys)
    torch.bmm(scores, keys, out=of_queries).mul_(scale)
    return inner
