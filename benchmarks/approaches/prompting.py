"""The prompting arms: the same frozen model, asked with an instruction, or with an instruction and solved examples.

What prompting can choose (wording, number of examples, calibration) it chooses on labelled rows, as training chooses
its weights on them. Rows shown as examples are never used to judge a choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..models.label_scoring import Scores, score
from ..models.language_model import Frame, LoadedModel
from ..models.rows import KeptPrefix
from ..records import Answer, Example, TaskCard
from . import calibration, choice, prompts
from .answers import answers_of
from .calibration import Array

VERSION = 1
SHOT_COUNTS = (4, 8, 16)
FEWEST_HELD_OUT = 4
JUDGED_ROWS = 64
PREFIX_TOKENS = 3072


def settings(*, shots: bool) -> dict[str, Any]:
    """Everything in this file and in the prompts that may change a number of the arm."""
    return {
        "version": VERSION,
        "templates": dict(prompts.TEMPLATES) if not shots else {prompts.DEFAULT_TEMPLATE: prompts.TEMPLATES["plain"]},
        "calibrations": list(calibration.METHODS),
        "content_free": list(prompts.CONTENT_FREE),
        "shot_counts": list(SHOT_COUNTS) if shots else [],
        "document_tokens": prompts.DOCUMENT_TOKENS,
        "shot_tokens": prompts.SHOT_TOKENS,
        "prefix_tokens": PREFIX_TOKENS,
        "judged_rows": JUDGED_ROWS,
        "fewest_held_out": FEWEST_HELD_OUT,
        "share_to_displace": choice.SHARE_TO_DISPLACE,
    }


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to ask: its wording, its examples, a calibration, and what labelled rows say of it."""

    template: str
    shots: tuple[Example, ...]
    frame: Frame
    method: str
    offset: Array
    judged: Array | None
    quality: tuple[float, float] | None


class Prompting:
    """A prompted model. `shots` says whether its prompts may hold solved examples."""

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel, *, shots: bool) -> None:
        self.card = card
        self.seed = seed
        self.model = model
        self.with_shots = shots
        self.chosen: Candidate | None = None
        self.kept = KeptPrefix()

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Choose wording or examples, and calibration; the record lists every candidate with its quality."""
        started = time.perf_counter()
        counts = self._shot_counts(train) if self.with_shots else []
        pool = prompts.demonstrations(train, max(counts, default=0), self.seed, "shots")
        held_out = [row for row in (*dev, *train) if row not in set(pool)][:JUDGED_ROWS]
        ways = (
            [(prompts.DEFAULT_TEMPLATE, prompts.demonstrations(train, count, self.seed, "shots")) for count in counts]
            if self.with_shots
            else [(template, ()) for template in prompts.TEMPLATES]
        )
        tokens = 0
        candidates: list[Candidate] = []
        for template, shots in ways:
            found, used = self._candidates(template, shots, (*train, *dev), held_out)
            candidates += found
            tokens += used
        gold = [row.label for row in held_out]
        self.chosen, share = self._best(candidates, gold)
        return {
            "chosen": _shown(self.chosen),
            "rival_share": round(share, 4),
            "candidates": [_shown(candidate) for candidate in candidates],
            "held_out": len(held_out),
            "shots": [shot.id for shot in self.chosen.shots],
            "prompt": prompts.shown(self.chosen.frame),
            "offset": [round(float(value), 6) for value in self.chosen.offset],
            "tokens": tokens,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text with raw and calibrated scores of every label."""
        if self.chosen is None:
            raise RuntimeError("fit comes before predict")
        scores = self._score(self.chosen.frame, texts, progress)
        return answers_of(self.card.labels, scores, self.chosen.offset)

    def _shot_counts(self, train: Sequence[Example]) -> list[int]:
        """The numbers of examples to try: at most half of the rows each, and none whose prompt would be too long."""
        fitting = [count for count in SHOT_COUNTS if 2 * count <= len(train)] or [max(1, len(train) // 2)]
        kept: list[int] = []
        for count in fitting if train else [0]:
            shots = prompts.demonstrations(train, count, self.seed, "shots")
            head = prompts.frame(self.model, self.card, shots=shots).head
            if not kept or len(self.model.encode(head)) <= min(PREFIX_TOKENS, self.model.max_tokens // 2):
                kept.append(count)
        return kept

    def _candidates(
        self, template: str, shots: tuple[Example, ...], rows: Sequence[Example], held_out: Sequence[Example]
    ) -> tuple[list[Candidate], int]:
        """One candidate per calibration for one way to ask, and the tokens that finding them took."""
        labels, metric = self.card.labels, self.card.metric
        frame = prompts.frame(self.model, self.card, template, shots)
        empty = self._score(frame, prompts.CONTENT_FREE)
        offsets: dict[str, Array] = {}
        used, judged = empty.computed, None
        if len(held_out) >= FEWEST_HELD_OUT:
            found = self._score(frame, [row.text for row in held_out])
            used, judged = used + found.computed, np.array(found.values)
            prior = calibration.prior_of(labels, [row.label for row in rows])
            offsets["batch"] = calibration.batch(judged, prior)
        offsets["contextual"] = calibration.contextual(np.array(empty.values))
        offsets["none"] = np.zeros(len(labels))
        gold = [row.label for row in held_out]
        return [
            Candidate(
                template,
                shots,
                frame,
                method,
                offset,
                judged + offset if judged is not None else None,
                choice.quality(labels, metric, gold, judged + offset) if judged is not None else None,
            )
            for method, offset in offsets.items()
        ], used

    def _best(self, candidates: Sequence[Candidate], gold: Sequence[str]) -> tuple[Candidate, float]:
        """The candidate to keep, and how clearly it won; the first one is the default.

        Without rows to judge by, the first is the first wording with the fewest examples, contextually calibrated.
        """
        judged = [candidate.judged for candidate in candidates if candidate.judged is not None]
        if not judged:
            return candidates[0], 0.0
        index, share = choice.choose(self.card.labels, self.card.metric, gold, judged)
        return candidates[index], share

    def _score(self, frame: Frame, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Scores:
        return score(
            self.model,
            frame,
            texts,
            self.card.labels,
            document_tokens=prompts.DOCUMENT_TOKENS,
            kept=self.kept,
            progress=progress,
        )


def _shown(candidate: Candidate) -> dict[str, Any]:
    return {
        "template": candidate.template,
        "shots": len(candidate.shots),
        "calibration": candidate.method,
        "judged_on": 0 if candidate.judged is None else len(candidate.judged),
        "quality": None if candidate.quality is None else [round(value, 6) for value in candidate.quality],
    }
