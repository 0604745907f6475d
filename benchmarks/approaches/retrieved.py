"""A prompt for every text: the training rows that are most like it stand in it as solved examples.

Likeness is the cosine of a sentence encoder's vectors. Examples stand in one order that is the same for all texts, the
most often wanted first, so that prompts begin alike and their beginnings are read once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import BenchmarkError
from ..models.encoder import EncoderChoice, LoadedEncoder, Vectors, embed, identity
from ..models.label_scoring import Scores
from ..models.language_model import LoadedModel
from ..models.own_frames import score_each
from ..records import Answer, Example, TaskCard, digest
from . import choice, judging, prompts
from .answers import answers_of
from .calibration import Array

VERSION = 1
SHOT_COUNTS = (4, 2, 8)
FEWEST_JUDGED = 4
JUDGED_ROWS = 32
# What a turn's marks take beside its text and its label.
TURN_TOKENS = 32


def settings(encoder: EncoderChoice | None = None) -> dict[str, Any]:
    """Everything in this file, in the prompts and in the encoder's files that may change a number of the arm."""
    return {
        "version": VERSION,
        "encoder": identity(encoder),
        "template": prompts.TEMPLATES[prompts.DEFAULT_TEMPLATE],
        "calibrations": ["batch", "none"],
        "shot_counts": list(SHOT_COUNTS),
        "document_tokens": prompts.DOCUMENT_TOKENS,
        "shot_tokens": prompts.SHOT_TOKENS,
        "judged_rows": JUDGED_ROWS,
        "fewest_judged": FEWEST_JUDGED,
        "share_to_displace": choice.SHARE_TO_DISPLACE,
    }


class Retrieved:
    """A prompted model whose solved examples are looked up for every text among the training rows."""

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel, encoder: LoadedEncoder) -> None:
        self.card = card
        self.seed = seed
        self.model = model
        self.encoder = encoder
        self.pool: tuple[Example, ...] = ()
        self.vectors: Vectors = np.zeros((0, 0), np.float32)
        self.count = 0
        self.offset: Array = np.zeros(len(card.labels))

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Choose the number of examples and the calibration on `dev`, and on training rows that do not see themselves.

        Only rows of `train` are ever shown. Raises BenchmarkError without any.
        """
        if not train:
            raise BenchmarkError("arm 'retrieved_few_shot' needs at least 1 labelled row to show; found 0")
        started = time.perf_counter()
        read = self._arrange(train)
        counts = self._counts(len(train))
        judged = [*dev, *self.pool][:JUDGED_ROWS]
        found: list[judging.Trial] = []
        tokens = 0
        share = 0.0
        if len(judged) >= FEWEST_JUDGED and len(train) > 1:
            for way, count in enumerate(counts):
                scores, used = self._score([row.text for row in judged], count, [row.id for row in judged])
                raw = np.array(scores.values)
                found += judging.trials(self.card, way, {"shots": count}, raw, judged, (*train, *dev))
                tokens, read = tokens + scores.computed, read + used
        if found:
            kept, share = judging.best(self.card, found, judged)
            self.count, self.offset = counts[kept.way], kept.offset
        else:
            kept, self.count = None, counts[0]
        return {
            "chosen": kept.as_json() if kept else {"shots": self.count, "calibration": "none", "judged_on": 0},
            "rival_share": round(share, 4),
            "candidates": [trial.as_json() for trial in found],
            "trials": len(found),
            "order": [row.id for row in self.pool],
            "prompt": prompts.shown(prompts.frame(self.model, self.card)),
            "offset": [round(float(value), 6) for value in self.offset],
            "encoder": dict(self.encoder.facts),
            "encoder_tokens": read,
            "tokens": tokens,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text with raw and calibrated scores; `tokens` are those of its whole prompt."""
        if not self.pool:
            raise RuntimeError("fit comes before predict")
        scores, _ = self._score(texts, self.count, [""] * len(texts), progress)
        return answers_of(self.card.labels, scores, self.offset)

    def looked_up(self, vectors: Vectors, count: int, ids: Sequence[str]) -> list[tuple[int, ...]]:
        """Per text the places of its examples in the pool, in the pool's order; a row is never shown to itself."""
        likeness = vectors @ self.vectors.T
        for row, name in enumerate(ids):
            likeness[row, [place for place, other in enumerate(self.pool) if other.id == name]] = -np.inf
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
        return [
            tuple(sorted(int(place) for place in places if likeness[row, place] > -np.inf))
            for row, places in enumerate(nearest)
        ]

    def _arrange(self, train: Sequence[Example]) -> int:
        """Put the pool into its order: how often other rows want a row, then by chance; the tokens the encoder read."""
        found = embed(self.encoder, [row.text for row in train])
        self.pool, self.vectors = tuple(train), found.vectors
        count = min(SHOT_COUNTS[0], max(1, len(train) - 1))
        lists = self.looked_up(found.vectors, count, [row.id for row in train])
        wanted = np.bincount([place for places in lists for place in places], minlength=len(train))
        order = sorted(range(len(train)), key=lambda place: (-wanted[place], digest([self.seed, train[place].id])))
        self.pool, self.vectors = tuple(train[place] for place in order), found.vectors[order]
        return found.computed

    def _counts(self, rows: int) -> list[int]:
        """The numbers of examples to try: at most half of the rows, and none whose prompt would be too long."""
        room = (self.model.max_tokens // 2) // (prompts.SHOT_TOKENS + TURN_TOKENS)
        return [count for count in SHOT_COUNTS if 2 * count <= rows and count <= room] or [1]

    def _score(
        self,
        texts: Sequence[str],
        count: int,
        ids: Sequence[str],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Scores, int]:
        """Label scores of texts behind their own examples, and the tokens that the encoder read for them."""
        found = embed(self.encoder, texts)
        frames = [
            prompts.frame(self.model, self.card, shots=[self.pool[place] for place in places])
            for places in self.looked_up(found.vectors, count, ids)
        ]
        document = prompts.DOCUMENT_TOKENS
        scores = score_each(self.model, frames, texts, self.card.labels, document_tokens=document, progress=progress)
        return scores, found.computed
