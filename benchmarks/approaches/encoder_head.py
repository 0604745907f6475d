"""A classifier on a sentence encoder's vectors, the encoder as it was published or moved by the training rows first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import BenchmarkError, MissingExtra
from ..models.contrastive import Contrast, Moved, contrast
from ..models.encoder import EncoderChoice, LoadedEncoder, Vectors, embed, identity
from ..records import Answer, Example, TaskCard, seed_for
from . import choice
from .calibration import Array, log_posterior

VERSION = 1
# Vectors of length one are close to each other: strengths that suit unscaled features would barely part them.
STRENGTHS = (10.0, 1.0, 100.0)
ROUNDS = 1000
FEWEST_HELD_OUT = 4
FEWEST_STEPS = 40
MOST_STEPS = 200
EPOCHS = 8
# The share of all probability that labels without a training row get together; they cannot be ruled out.
UNSEEN = 1e-3


def settings(*, moved: bool, encoder: EncoderChoice | None = None) -> dict[str, Any]:
    """Everything in this file, in the recipe and in the encoder's files that may change a number of the arm."""
    return {
        "version": VERSION,
        "encoder": identity(encoder),
        "strengths": list(STRENGTHS),
        "rounds": ROUNDS,
        "fewest_held_out": FEWEST_HELD_OUT,
        "share_to_displace": choice.SHARE_TO_DISPLACE,
        "contrast": json.loads(json.dumps(asdict(Contrast()))) if moved else None,
        "steps": {"fewest": FEWEST_STEPS, "most": MOST_STEPS, "epochs": EPOCHS} if moved else None,
    }


def steps_for(rows: int) -> int:
    """The number of contrastive steps: a fixed number for few rows, then by rounds through them."""
    return min(MOST_STEPS, max(FEWEST_STEPS, -(-EPOCHS * rows // Contrast().batch)))


@dataclass(frozen=True, slots=True)
class Head:
    """A classifier on vectors: log-probabilities of all labels are linear in a vector of length one.

    `weights` [known, width] and `shift` [known] are those of the labels with training rows, `known` their places.
    """

    strength: float
    known: tuple[int, ...]
    weights: Array
    shift: Array

    def scores(self, vectors: Vectors, labels: int) -> Array:
        """Log-probabilities [texts, labels]; labels without a training row share `UNSEEN`."""
        result = np.full((len(vectors), labels), np.log(UNSEEN / max(1, labels - len(self.known))))
        spare = np.log1p(-UNSEEN) if len(self.known) < labels else 0.0
        result[:, list(self.known)] = log_posterior(vectors @ self.weights.T + self.shift) + spare
        return result


@dataclass(frozen=True, slots=True)
class Point:
    """An encoder with the classifier chosen for it, what the classifier says of `dev`, and what was tried."""

    encoder: LoadedEncoder
    head: Head
    judged: Array | None
    tried: tuple[Mapping[str, Any], ...]
    tokens: int


class EncoderHead:
    """Logistic regression on vectors. `moved` says whether the encoder learns from the training rows before."""

    def __init__(self, card: TaskCard, seed: int, encoder: LoadedEncoder, *, moved: bool) -> None:
        self.card = card
        self.seed = seed
        self.encoder = encoder
        self.moved = moved
        self.point: Point | None = None

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Train on `train` alone; `dev` chooses the classifier's strength, and the step of a moved encoder."""
        if not train:
            raise BenchmarkError("training needs at least 1 labelled row; found 0")
        started = time.perf_counter()
        points: list[Point] = []
        moved = None
        if self.moved and len({row.label for row in train}) > 1:
            moved = self._move(train, dev, points)
        if not points:
            points.append(self._point(moved.encoder if moved else self.encoder, train, dev))
        place = moved.checks.index(moved.kept_step) if moved and len(points) > 1 else 0
        self.point = points[place]
        tried = [trial for point in points for trial in point.tried]
        return {
            "chosen": {"c": self.point.head.strength, **({"step": moved.kept_step} if moved else {})},
            "candidates": tried,
            "trials": len(tried),
            "judged_on": 0 if self.point.judged is None else len(self.point.judged),
            "encoder": dict(self.encoder.facts),
            **(
                {"steps": len(moved.losses), "checks": list(moved.checks), "losses": list(moved.losses)}
                if moved
                else {}
            ),
            "rows": len(train),
            "tokens": sum(point.tokens for point in points) + (moved.tokens if moved else 0),
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text with the log-probabilities of all labels; tokens are those the encoder read."""
        if self.point is None:
            raise RuntimeError("fit comes before predict")
        found = embed(self.point.encoder, texts, progress=progress)
        labels = self.card.labels
        answers = []
        for row, tokens in zip(self.point.head.scores(found.vectors, len(labels)), found.tokens, strict=True):
            scores = tuple(float(value) for value in row)
            answers.append(Answer(labels[scores.index(max(scores))], scores, scores, tokens))
        return answers

    def _move(self, train: Sequence[Example], dev: Sequence[Example], points: list[Point]) -> Moved:
        """The encoder moved by the training rows; every look at `dev` on the way is added to `points`."""

        def check(encoder: LoadedEncoder) -> Array | None:
            points.append(self._point(encoder, train, dev))
            return points[-1].judged

        judges = len(dev) >= FEWEST_HELD_OUT
        return contrast(
            self.encoder,
            [row.text for row in train],
            [self.card.labels.index(row.label) for row in train],
            steps_for(len(train)),
            seed_for(self.seed, "contrast") % 2**31,
            check=check if judges else None,
            pick=(lambda scores: len(scores) - 1 - self._choose(dev, scores[::-1])) if judges else None,
        )

    def _point(self, encoder: LoadedEncoder, train: Sequence[Example], dev: Sequence[Example]) -> Point:
        """The classifier on this encoder, of the strength that `dev` likes clearly best, else of the usual one."""
        found = embed(encoder, [row.text for row in (*train, *dev)])
        vectors, asked = found.vectors[: len(train)], found.vectors[len(train) :]
        labels = [self.card.labels.index(row.label) for row in train]
        judges = len(dev) >= FEWEST_HELD_OUT and len(set(labels)) > 1
        even = self.card.metric != "accuracy"
        heads = [_head(vectors, labels, c, even, self.seed) for c in (STRENGTHS if judges else STRENGTHS[:1])]
        if not judges:
            return Point(encoder, heads[0], None, ({"c": heads[0].strength, "quality": None},), found.computed)
        scores = [head.scores(asked, len(self.card.labels)) for head in heads]
        gold = [row.label for row in dev]
        tried = [
            {"c": head.strength, "quality": _rounded(choice.quality(self.card.labels, self.card.metric, gold, one))}
            for head, one in zip(heads, scores, strict=True)
        ]
        best = self._choose(dev, scores)
        return Point(encoder, heads[best], scores[best], tuple(tried), found.computed)

    def _choose(self, dev: Sequence[Example], scores: Sequence[Array]) -> int:
        """The index of the scores to keep; the first is the default."""
        return choice.choose(self.card.labels, self.card.metric, [row.label for row in dev], scores)[0]


def _head(vectors: Vectors, labels: Sequence[int], strength: float, even: bool, seed: int) -> Head:
    """Logistic regression; with `even` every label weighs the same, because F1 forgets no rare label."""
    known = tuple(sorted(set(labels)))
    if len(known) == 1:
        return Head(strength, known, np.zeros((1, vectors.shape[1])), np.zeros(1))
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtra.of(error.name or "scikit-learn") from error
    fitted = LogisticRegression(
        C=strength, max_iter=ROUNDS, random_state=seed % 2**31, class_weight="balanced" if even else None
    ).fit(vectors.astype(np.float64), labels)
    weights, shift = fitted.coef_, fitted.intercept_
    if len(known) == 2:  # scikit-learn keeps one row for two labels: how much the second leads the first
        weights, shift = np.vstack([np.zeros_like(weights), weights]), np.concatenate([[0.0], shift])
    return Head(strength, known, np.asarray(weights, np.float64), np.asarray(shift, np.float64))


def _rounded(quality: tuple[float, float]) -> list[float]:
    return [round(value, 6) for value in quality]
