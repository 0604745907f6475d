"""What label scoring asks of a model: keys and values of a prefix, and log-probabilities at chosen places behind it.

A model that is built like a Llama is read through its layers with the documents packed; any other by its own forward,
with documents as rows. Both give the same numbers, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .adapters import Adapter, pairs_of, wear
from .fused import rms_norm, rotate
from .language_model import LoadedModel
from .packing import Item, Pack, attend, pack
from .rows import KeptPrefix, forward
from .shared_attention import shared_attention
from .trunk import Joint, Trunk, trunk_of

VOCABULARY_AT_ONCE = 4096
ROWS_AT_ONCE = 1024
FEW_ROWS = 4
CONTEXT_PER_BATCH = 16384
LOGITS_PER_BATCH = 1024
FAR = 6.0

Prefix = list[tuple[Any, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """A model that wears `adapter`, ready to be asked. `trunk` is None where the model's own forward is used."""

    model: LoadedModel
    adapter: Adapter | None
    trunk: Trunk | None

    @classmethod
    def of(cls, model: LoadedModel, adapter: Adapter | None = None) -> Pass:
        """The fastest exact way to ask this model."""
        trunk = trunk_of(model)
        if trunk is None:
            wear(model, adapter)
        return cls(model, adapter, trunk)

    def prefix(self, ids: Sequence[int], kept: KeptPrefix) -> tuple[Prefix, int]:
        """Keys and values of the prefix per layer, and the tokens that had to be computed for them."""
        encode = None
        if (trunk := self.trunk) is not None:
            encode = lambda: _encode(trunk, ids, self._pairs())  # noqa: E731
        return kept.of(self.model.model, ids, self.model.device, self.adapter, encode)

    def batches(self, lengths: Sequence[int], nodes: int, prefix: int, budget: int) -> list[list[int]]:
        """Indices of items in batches of like length, longest first, as large as is fast."""
        order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
        result: list[list[int]] = []
        used = widest = 0
        for index in order:
            size = lengths[index]
            if self.trunk is not None:
                full = used + size > budget
            else:
                rows = len(result[-1]) + 1 if result else 1
                full = rows * widest > budget or rows * (prefix + widest) > CONTEXT_PER_BATCH
                full = full or rows * (nodes + 1) > LOGITS_PER_BATCH
            if not result or full:
                result.append([])
                used, widest = 0, size
            result[-1].append(index)
            used += size
        return result

    def read(self, items: Sequence[Item]) -> int:
        """The tokens that go through the model when these items are asked about together, padding included."""
        if self.trunk is not None:
            return sum(item.length for item in items)
        return len(items) * max(item.length for item in items)

    def ask(self, prefix: Prefix, items: Sequence[Item], tokens: Sequence[int], *, among: bool = False) -> list[Any]:
        """Per item the log-probabilities [1 + nodes, len(tokens)] after its document and after each of its nodes.

        With `among` they are plain logits: what is to be compared among some tokens needs no sum over all.
        Items that are not packed must have the same tree.
        """
        if self.trunk is None:
            return self._ask_rows(prefix, items, tokens, among)
        trunk, device = self.trunk, self.model.device
        packed = pack(items, trunk.heads, prefix[0][0].shape[2] if prefix else 0, device, trunk.dtype)
        chosen = rms_norm(_run(trunk, packed, prefix, self._pairs()), *trunk.norm)
        values = self._chosen_logits(chosen, tokens, among)
        return [values[start:stop] for start, stop in packed.spans]

    def _pairs(self) -> tuple[Mapping[str, tuple[Any, Any]], float]:
        return (pairs_of(self.adapter), self.adapter.shape.scale) if self.adapter is not None else ({}, 1.0)

    def _chosen_logits(self, hidden: Any, tokens: Sequence[int], among: bool) -> Any:
        """Float32 [rows, len(tokens)] from final hidden states; the sum over the vocabulary is taken in pieces."""
        import torch

        assert self.trunk is not None
        weight = self.trunk.head.weight
        wide = hidden.to(weight.dtype)
        logits = wide @ weight[torch.tensor(tokens, device=weight.device)].t()
        if among:
            return logits
        totals = torch.empty(len(logits), 1, dtype=logits.dtype, device=logits.device)
        for start in range(0, len(wide), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            if hidden.dtype == torch.bfloat16:
                totals[part] = _near(hidden[part], wide[part], logits[part], self.trunk)
            else:
                totals[part] = _log_sum(wide[part], weight)
        return logits - totals

    def _ask_rows(self, prefix: Prefix, items: Sequence[Item], tokens: Sequence[int], among: bool) -> list[Any]:
        network, end = self.model.model, self.model.end_of_turn
        documents, tree = [item.document for item in items], items[0].tree
        with shared_attention(network) as sharing:
            logits = forward(network, prefix, documents, tree, end, self.model.device, sharing=sharing).float()
        if among:
            return list(logits[..., list(tokens)])
        return list(logits[..., list(tokens)] - logits.logsumexp(dim=-1, keepdim=True))


def _near(hidden: Any, wide: Any, known: Any, trunk: Trunk) -> Any:
    """The logarithm of the sum of exponents over the vocabulary, [rows, 1], multiplied in bfloat16.

    A logit near 20 in bfloat16 is rounded to the nearest eighth. Here the largest of the `known` logits is subtracted
    before rounding, inside the multiplication, so that what counts in the sum is near nothing and hardly rounded. Rows
    where other tokens are much likelier than the known ones are summed in float32.
    """
    import torch

    weight = trunk.cheap
    shift = known.amax(-1, keepdim=True).neg_().to(hidden.dtype)
    room = hidden.new_empty(len(hidden), min(VOCABULARY_AT_ONCE, len(weight)))
    sums = torch.zeros(len(hidden), 1, dtype=known.dtype, device=known.device)
    for start in range(0, len(weight), VOCABULARY_AT_ONCE):
        piece = weight[start : start + VOCABULARY_AT_ONCE]
        logits = room[:, : len(piece)].copy_(shift.expand(-1, len(piece))).addmm_(hidden, piece.t())
        sums += logits.exp_().sum(-1, keepdim=True)
    above = sums.log_()
    far = (above.squeeze(-1) > FAR).nonzero().squeeze(-1)
    totals = above - shift
    if len(far):
        totals[far] = _log_sum(wide[far], trunk.head.weight)
    return totals


def _log_sum(hidden: Any, weight: Any) -> Any:
    """The same for float32 [rows, width] and weights [vocabulary, width], without keeping all logits."""
    import torch

    # With the weights on the left nothing of them is copied, which for a few rows is most of the time.
    few = len(hidden) <= FEW_ROWS
    parts = []
    room = hidden.new_empty(len(hidden), min(VOCABULARY_AT_ONCE, len(weight)))
    for start in range(0, len(weight), VOCABULARY_AT_ONCE):
        piece = weight[start : start + VOCABULARY_AT_ONCE]
        if few:
            parts.append(torch.mm(piece, hidden.t()).logsumexp(0))
        else:
            parts.append(torch.mm(hidden, piece.t(), out=room[:, : len(piece)]).logsumexp(-1))
    return torch.stack(parts).logsumexp(0)[:, None]


def _encode(trunk: Trunk, ids: Sequence[int], pairs: tuple[Mapping[str, tuple[Any, Any]], float]) -> Prefix:
    """Keys and values of the prefix per layer, [1, heads, tokens, width] each."""
    import torch

    if not ids:
        return []
    heads, count = trunk.heads, len(ids)
    found: Prefix = []

    def look(joined: Any, _index: int, out: Any) -> Any:
        parts = joined.view(1, count, -1, heads.width).transpose(1, 2).split([heads.queries, heads.keys, heads.keys], 1)
        queries, keys, values = parts
        # Copies even of one token, whose parts lie in memory as they should: the next layer writes over the row.
        kept = torch.contiguous_format
        found.append((keys.clone(memory_format=kept), values.clone(memory_format=kept)))
        result = torch.nn.functional.scaled_dot_product_attention(
            queries, keys, values, is_causal=True, enable_gqa=heads.queries != heads.keys
        )
        return out.copy_(result.transpose(1, 2).reshape(count, -1))

    nothing = torch.arange(0, device=trunk.device)
    _layers(trunk, trunk.embed(ids), torch.arange(count, device=trunk.device), pairs, look, nothing)
    return found


def _run(trunk: Trunk, packed: Pack, prefix: Prefix, pairs: tuple[Mapping[str, tuple[Any, Any]], float]) -> Any:
    """Hidden states [asked, width] after the last layer, of the pack's tokens that are asked about."""

    def look(joined: Any, index: int, out: Any) -> Any:
        return attend(joined, prefix[index] if prefix else None, packed, trunk.heads, out)

    return _layers(trunk, trunk.embedding(packed.ids), packed.positions, pairs, look, packed.asked)


def _layers(
    trunk: Trunk,
    hidden: Any,
    positions: Any,
    pairs: tuple[Mapping[str, tuple[Any, Any]], float],
    look: Callable[[Any, int, Any], Any],
    asked: Any,
) -> Any:
    """Rows `asked` of `hidden` after all layers; behind the last attention the others are not computed.

    `hidden` is changed in place; `look` is attention: (joined heads, layer, where to put it).
    """
    import torch

    count = len(hidden)
    cosine, sine = trunk.turns(hidden, positions)
    rotated = trunk.heads.queries + trunk.heads.keys
    first = trunk.layers[0]
    joined, wide = (hidden.new_empty(count, len(part.weight)) for part in (first.joined, first.wide))
    inner = hidden.new_empty(count, wide.shape[1] // 2)
    seen = hidden.new_empty(count, trunk.heads.queries * trunk.heads.width)
    for index, layer in enumerate(trunk.layers):
        _into(layer.joined, rms_norm(hidden, *layer.before), pairs, joined)
        look(rotate(joined, cosine, sine, rotated, trunk.heads.width), index, seen)
        if index + 1 == len(trunk.layers):
            hidden, seen = hidden.index_select(0, asked), seen.index_select(0, asked)
            wide, inner = wide[: len(asked)], inner[: len(asked)]
        _add(layer.out, seen, pairs, hidden)
        _into(layer.wide, rms_norm(hidden, *layer.between), pairs, wide)
        gate, up = wide.chunk(2, dim=-1)
        torch.mul(torch.nn.functional.silu(gate, inplace=True), up, out=inner)
        _add(layer.narrow, inner, pairs, hidden)
    return hidden


def _into(joint: Joint, inputs: Any, pairs: tuple[Mapping[str, tuple[Any, Any]], float], out: Any) -> None:
    import torch

    if any(path in pairs[0] for path in joint.paths):
        out.copy_(joint(inputs, *pairs))
    elif joint.bias is None:
        torch.mm(inputs, joint.weight.t(), out=out)
    else:
        torch.addmm(joint.bias, inputs, joint.weight.t(), out=out)


def _add(joint: Joint, inputs: Any, pairs: tuple[Mapping[str, tuple[Any, Any]], float], to: Any) -> None:
    if any(path in pairs[0] for path in joint.paths):
        to.add_(joint(inputs, *pairs))
        return
    to.addmm_(inputs, joint.weight.t())
    if joint.bias is not None:
        to.add_(joint.bias)
