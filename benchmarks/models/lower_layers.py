"""What the layers below the trained ones make of a text: computed once, kept, read in every round and by every seed.

A document's hidden states depend on the prompt's beginning and on itself, never on the other documents of a batch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from .language_model import LoadedModel
from .trunk import Trunk, trunk_of

MOST_BYTES = 2 * 2**30
TOKENS_AT_ONCE = 2048

Row = tuple[int, ...]
_KNOWN: WeakKeyDictionary[Any, dict[int, LowerLayers]] = WeakKeyDictionary()


def lower_layers(model: LoadedModel, top: int) -> LowerLayers | None:
    """The kept activations below the `top` upper layers of a model; the same for all who ask about one model.

    None where the model has no trunk, or no layers below those.
    """
    trunk = trunk_of(model)
    if trunk is None or top >= len(trunk.layers):
        return None
    known = _KNOWN.setdefault(model.model, {})
    if top not in known:
        known[top] = LowerLayers(trunk, len(trunk.layers) - top)
    return known[top]


class LowerLayers:
    """Hidden states after the first `count` layers of a trunk, in the trunk's number format, by prefix and row.

    At most `most_bytes` are kept; what was not asked for longest goes first.
    """

    def __init__(self, trunk: Trunk, count: int, most_bytes: int = MOST_BYTES) -> None:
        self.trunk, self.count, self.most_bytes = trunk, count, most_bytes
        self.computed = 0
        self._kept: OrderedDict[tuple[Row, Row], Any] = OrderedDict()
        self.kept_bytes = 0

    def of(self, prefix: Row, rows: Sequence[Row]) -> Any:
        """Hidden states [tokens, width] of the prefix and of the rows behind it, in this order."""
        import torch

        self.prepare(prefix, rows)
        found = []
        wanted: list[Row] = [()] if prefix else []
        for row in [*wanted, *rows]:
            self._kept.move_to_end((prefix, row))
            found.append(self._kept[prefix, row])
        joined = torch.cat(found)
        self._forget()
        return joined

    def prepare(self, prefix: Row, rows: Sequence[Row]) -> None:
        """Compute what is not yet kept, many rows at once. The prefix itself is kept as the row without tokens."""
        import torch

        missing = [row for row in dict.fromkeys(rows) if (prefix, row) not in self._kept]
        if prefix and not missing and (prefix, ()) not in self._kept:
            missing = [rows[0]]
        missing.sort(key=len)
        with torch.no_grad():
            while missing:
                batch: list[Row] = []
                used = len(prefix)
                while missing and (not batch or used + len(missing[-1]) <= TOKENS_AT_ONCE):
                    used += len(missing[-1])
                    batch.append(missing.pop())
                self._compute(prefix, batch)

    def _compute(self, prefix: Row, batch: Sequence[Row]) -> None:
        layout = self.trunk.layout(len(prefix), [len(row) for row in batch])
        hidden = self.trunk.embed([*prefix, *(token for row in batch for token in row)])
        hidden = self.trunk.run(hidden, layout, {}, last=self.count)
        self.computed += len(hidden)
        pieces = hidden.split([len(prefix), *(len(row) for row in batch)])
        keys: list[Row] = [(), *batch]
        for row, piece in zip(keys, pieces, strict=True):
            if len(piece) and (prefix, row) not in self._kept:
                self._kept[prefix, row] = piece.clone()
                self.kept_bytes += piece.numel() * piece.element_size()

    def _forget(self) -> None:
        while self.kept_bytes > self.most_bytes and self._kept:
            _, dropped = self._kept.popitem(last=False)
            self.kept_bytes -= dropped.numel() * dropped.element_size()
