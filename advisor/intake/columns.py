"""Facts as columns: N scenarios side by side, each value known, unknown or not applicable.

A column of numbers holds three arrays (low, likely, high), equal where the value is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int16]
Rows = NDArray[np.intp] | slice

UNKNOWN_CODE = -1
ABSENT_CODE = -2


@dataclass(frozen=True, slots=True)
class Numbers:
    """A numeric fact over N scenarios. `absent` marks "does not apply"; where not `known`, the numbers mean nothing."""

    low: Floats
    likely: Floats
    high: Floats
    known: Bools
    absent: Bools

    @staticmethod
    def unknown(n: int) -> Numbers:
        """N times not known."""
        zero = np.zeros(n)
        return Numbers(zero, zero, zero, np.zeros(n, bool), np.zeros(n, bool))

    @staticmethod
    def exact(values: Floats, known: Bools) -> Numbers:
        """Exact values, known where `known`."""
        return Numbers(values, values, values, known, np.zeros(len(values), bool))

    @staticmethod
    def joined(columns: Sequence[Numbers]) -> Numbers:
        """The columns one after the other."""
        names = ("low", "likely", "high", "known", "absent")
        return Numbers(*(np.concatenate([getattr(column, name) for column in columns]) for name in names))

    def take(self, rows: Rows) -> Numbers:
        """The rows of the given indices."""
        return Numbers(self.low[rows], self.likely[rows], self.high[rows], self.known[rows], self.absent[rows])


@dataclass(frozen=True, slots=True)
class Words:
    """A choice fact over N scenarios: codes into `values`, -1 for not known, -2 for does not apply."""

    codes: Codes
    values: tuple[str, ...]

    def take(self, rows: Rows) -> Words:
        """The rows of the given indices."""
        return Words(self.codes[rows], self.values)

    @staticmethod
    def joined(columns: Sequence[Words]) -> Words:
        """The columns one after the other, over the words of all of them."""
        values = columns[0].values
        if any(column.values != values for column in columns):
            values = tuple(sorted({word for column in columns for word in column.values}))
        place = {word: code for code, word in enumerate(values)}
        codes = [
            np.array([place[word] for word in column.values] + [ABSENT_CODE, UNKNOWN_CODE], np.int16)[column.codes]
            for column in columns
        ]
        return Words(np.concatenate(codes), values)

    def is_any(self, words: Sequence[str]) -> Bools:
        """Where the value is known and one of `words`."""
        # A comparison per word is several times faster than looking the codes up in a table.
        hits = np.zeros(len(self.codes), bool)
        for word in words:
            if word in self.values:
                hits |= self.codes == self.values.index(word)
        return hits


Column = Numbers | Words


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of N scenarios: a column per answered or derived fact, and the weights of the criteria (N x 5)."""

    n: int
    columns: Mapping[str, Column]
    weights: Floats
    defaulted: frozenset[str] = field(default_factory=frozenset)

    def numbers(self, name: str) -> Numbers:
        """The numeric column of that name; all unknown where there is none."""
        column = self.columns.get(name)
        return column if isinstance(column, Numbers) else Numbers.unknown(self.n)

    def words(self, name: str) -> Words:
        """The choice column of that name; all unknown where there is none."""
        column = self.columns.get(name)
        return column if isinstance(column, Words) else Words(np.full(self.n, UNKNOWN_CODE, np.int16), ())

    def known(self, name: str) -> Bools:
        """Where the fact has a value."""
        column = self.columns.get(name)
        if isinstance(column, Words):
            return column.codes >= 0
        return column.known if isinstance(column, Numbers) else np.zeros(self.n, bool)

    def with_columns(self, columns: Mapping[str, Column]) -> Facts:
        """The same facts with some columns added or replaced."""
        return Facts(self.n, {**self.columns, **columns}, self.weights, self.defaulted)

    def take(self, rows: NDArray[np.intp]) -> Facts:
        """The scenarios of the given indices, possibly repeated."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Facts(len(rows), columns, self.weights[rows], self.defaulted)

    @staticmethod
    def joined(parts: Sequence[Facts]) -> Facts:
        """The scenarios of several facts with the same columns, one after the other."""
        weights = np.concatenate([part.weights for part in parts])
        defaulted = frozenset[str]().union(*(part.defaulted for part in parts))
        columns: dict[str, Column] = {
            name: Words.joined([part.words(name) for part in parts])
            if isinstance(first, Words)
            else Numbers.joined([part.numbers(name) for part in parts])
            for name, first in parts[0].columns.items()
        }
        return Facts(len(weights), columns, weights, defaulted)

    def blocks(self, size: int) -> Iterator[Facts]:
        """The scenarios in blocks of at most `size`, in order; a block shares its memory with the whole."""
        for start in range(0, self.n, size):
            rows = slice(start, start + size)
            columns = {name: column.take(rows) for name, column in self.columns.items()}
            yield Facts(min(size, self.n - start), columns, self.weights[rows], self.defaulted)
