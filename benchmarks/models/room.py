"""Keys and values of a batch that grows by a token at a time, in memory that is claimed once.

A cache that is put together anew for every token copies hundreds of megabytes for each; here a token is written into
its place, and a row that is finished gives its place to the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from .shared_attention import share


def room(prefix: Sequence[tuple[Any, Any]], layers: int, rows: int, columns: int, *, sharing: bool) -> Any:
    """A transformers cache for `rows` sequences that all begin with `prefix` and have room for `columns` more tokens.

    `prefix` holds keys and values per layer, each of shape [1, heads, tokens, width], or nothing; it is copied into
    every row unless attention is `sharing` it. Room is added where more columns come than were claimed.
    """
    from transformers.cache_utils import Cache

    kind = _layer_class()
    pairs: list[Any] = list(prefix) or [None] * layers
    return Cache(layers=[kind(pair, rows, columns, sharing) for pair in pairs])


def give_up(cache: Any, row: int) -> None:
    """The sequence in `row` is over: the last row moves there, and the batch is one row smaller."""
    for layer in cache.layers:
        layer.give_up(row)


@lru_cache(maxsize=1)
def _layer_class() -> Any:
    from transformers.cache_utils import DynamicLayer

    class RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]
        """One layer's keys and values; only the first `rows` rows and `length` columns mean anything."""

        def __init__(self, prefix: tuple[Any, Any] | None, rows: int, columns: int, sharing: bool) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.shared = prefix if sharing else None
            self.prefix = None if sharing else prefix
            self.rows, self.columns = rows, columns
            self.length = self.prefix[0].shape[2] if self.prefix else 0
            self.held: list[Any] = []

        def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
            self.dtype, self.device = key_states.dtype, key_states.device
            copied = self.prefix or (None, None)
            self.held = [
                self._claim(new, self.length + self.columns, old)
                for new, old in zip((key_states, value_states), copied, strict=True)
            ]
            self.is_initialized = True

        def update(self, key_states: Any, value_states: Any, *_args: Any, **_kwargs: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            end = self.length + key_states.shape[2]
            if end > self.held[0].shape[2]:
                self.held = [self._claim(old, 2 * end, old) for old in self.held]
            for held, new in zip(self.held, (key_states, value_states), strict=True):
                held[: self.rows, :, self.length : end] = new
            self.length = end
            keys, values = (held[: self.rows, :, :end] for held in self.held)
            return (share(keys, self.shared) if self.shared else keys), values

        def _claim(self, like: Any, columns: int, before: Any) -> Any:
            """Memory for all rows; what no token has been written to yet is never read."""
            claimed = like.new_empty(self.rows, like.shape[1], columns, like.shape[3])
            if before is not None:
                claimed[:, :, : self.length] = before[: self.rows, :, : self.length]
            return claimed

        def give_up(self, row: int) -> None:
            self.rows -= 1
            if row != self.rows:
                for held in self.held:
                    held[row, :, : self.length] = held[self.rows, :, : self.length]

        def get_seq_length(self, *_args: Any) -> int:
            return int(self.length) + (self.shared[0].shape[2] if self.shared else 0)

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return self.get_seq_length() + query_length, 0

    return RoomyLayer
