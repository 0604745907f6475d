"""The arms that need no language model: the line below which nothing counts, and the line of forty-year-old tools."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import BenchmarkError, MissingExtra
from ..records import Answer, Example, TaskCard

VERSION = 2
WORDS = (1, 2)
CHARACTERS = (3, 5)
STRENGTH = 10.0
ROUNDS = 1000


def settings(arm: str) -> dict[str, Any]:
    """What may change a number of the arm."""
    if arm == "majority":
        return {"version": VERSION}
    return {"version": VERSION, "words": list(WORDS), "characters": list(CHARACTERS), "c": STRENGTH, "rounds": ROUNDS}


class Majority:
    """Answers every text with the most frequent label of its training rows."""

    def __init__(self, card: TaskCard) -> None:
        self.card = card
        self.label = card.labels[0]

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Count labels; of equally frequent ones the first of the card is kept."""
        counts = Counter(row.label for row in (*train, *dev))
        self.label = max(self.card.labels, key=lambda label: counts[label])
        return {"chosen": {"label": self.label}, "rows": sum(counts.values()), "tokens": 0, "seconds": 0.0}

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """The same answer for every text, without scores."""
        if progress:
            progress(len(texts))
        return [Answer(self.label) for _ in texts]


class Linear:
    """Logistic regression on TF-IDF of words and of characters within words, fitted on the training rows alone."""

    def __init__(self, card: TaskCard, seed: int) -> None:
        self.card = card
        self.seed = seed
        self.pipeline: Any = None
        self.only: str | None = None

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Fit vocabulary and weights on all labelled rows; nothing is chosen, so no row is held out."""
        started = time.perf_counter()
        rows = (*train, *dev)
        if not rows:
            raise BenchmarkError("arm 'linear' needs at least 1 labelled row; found 0")
        labels = {row.label for row in rows}
        self.only = rows[0].label if len(labels) == 1 else None
        if self.only is None:
            self.pipeline = _pipeline(self.seed, even=self.card.metric != "accuracy")
            self.pipeline.fit([row.text for row in rows], [row.label for row in rows])
        return {
            "chosen": {"c": STRENGTH},
            "rows": len(rows),
            "features": 0 if self.pipeline is None else int(self.pipeline[-1].n_features_in_),
            "tokens": 0,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """The most probable label and the log-probabilities of all; labels never seen in training get none."""
        if progress:
            progress(len(texts))
        if self.only is not None:
            return [Answer(self.only) for _ in texts]
        if self.pipeline is None:
            raise RuntimeError("fit comes before predict")
        if not texts:
            return []
        known = [str(name) for name in self.pipeline.classes_]
        answers = []
        for row in self.pipeline.predict_log_proba(list(texts)):
            by_label = {label: float(value) for label, value in zip(known, row, strict=True)}
            complete = len(by_label) == len(self.card.labels)
            scores = tuple(by_label[label] for label in self.card.labels) if complete else None
            best = max(self.card.labels, key=lambda label: by_label.get(label, float("-inf")))
            answers.append(Answer(best, scores, scores))
        return answers


def _pipeline(seed: int, *, even: bool) -> Any:
    """The untrained pipeline; with `even` every label weighs the same, because F1 forgets no rare label."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union
    except ImportError as error:
        raise MissingExtra.of(error.name or "scikit-learn") from error
    # One-character words and signs count, so that no text and no script is without a single feature.
    words = TfidfVectorizer(ngram_range=WORDS, sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]+")
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=CHARACTERS, sublinear_tf=True)
    classifier = LogisticRegression(
        C=STRENGTH, max_iter=ROUNDS, random_state=seed % 2**31, class_weight="balanced" if even else None
    )
    return make_pipeline(make_union(words, characters), classifier)
