"""Baselines for answers that are written, without a language model: they copy an answer of a training row."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import BenchmarkError, MissingExtra
from ..records import Answer, Example

VERSION = 1
CHARACTERS = (2, 5)


def settings(arm: str) -> dict[str, Any]:
    """What may change a number of the arm."""
    return {"version": VERSION, "characters": list(CHARACTERS)} if arm == "nearest" else {"version": VERSION}


class MostFrequent:
    """Answers every text with the most frequent answer of its training rows."""

    def __init__(self) -> None:
        self.answer: str | None = None

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Count answers; of equally frequent ones the first in the alphabet is kept."""
        counts = Counter(row.label for row in (*train, *dev))
        self.answer = min(counts, key=lambda answer: (-counts[answer], answer)) if counts else None
        share = counts[self.answer] / counts.total() if self.answer is not None else 0.0
        return {"chosen": {"share": round(share, 6)}, "rows": counts.total(), "tokens": 0, "seconds": 0.0}

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """The same answer for every text."""
        if progress:
            progress(len(texts))
        return [Answer(self.answer) for _ in texts]


class Nearest:
    """Answers with the answer of the training row whose text is most alike, by TF-IDF of characters within words."""

    def __init__(self) -> None:
        self.rows: list[Example] = []
        self.vectorizer: Any = None
        self.known: Any = None

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Keep all labelled rows; nothing is chosen, so no row is held out."""
        try:
            from sklearn.feature_extraction.text import TfidfVectorizer
        except ImportError as error:
            raise MissingExtra.of(error.name or "scikit-learn") from error
        started = time.perf_counter()
        self.rows = [*train, *dev]
        if not self.rows:
            raise BenchmarkError("arm 'nearest' needs at least 1 labelled row; found 0")
        # Blanks around single signs count, so that no text is without a feature.
        self.vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=CHARACTERS, sublinear_tf=True)
        self.known = self.vectorizer.fit_transform([row.text for row in self.rows])
        seconds = round(time.perf_counter() - started, 3)
        return {"chosen": {}, "rows": len(self.rows), "tokens": 0, "seconds": seconds}

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """The answer of the nearest row; of equally near ones the first."""
        if self.vectorizer is None:
            raise RuntimeError("fit comes before predict")
        if progress:
            progress(len(texts))
        if not texts:
            return []
        nearness = self.vectorizer.transform(list(texts)) @ self.known.T
        return [Answer(self.rows[int(index)].label) for index in nearness.toarray().argmax(axis=1)]
