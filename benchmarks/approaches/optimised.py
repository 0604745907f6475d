"""A prompt that was searched for: wording first, then which solved examples and how many, with the effort of a tuning.

The search may read as many tokens as the training of adapters on the same rows would, a step forward and back counting
as three readings. Every trial is recorded; the default stays unless a rival is clearly better on the judged rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import numpy as np

from ..models.label_scoring import Scores, score
from ..models.language_model import DOCUMENT, Frame, LoadedModel
from ..models.rows import KeptPrefix
from ..records import Answer, Example, TaskCard, seed_for
from . import calibration, choice, judging, prompts, tuning
from .answers import answers_of
from .calibration import Array

VERSION = 1
BODIES: Mapping[str, str] = {
    **prompts.TEMPLATES,
    "question": "{description}\nWhich of these labels fits the text: {labels}?",
}
OPENINGS = ("", "You label texts for a living and make no mistakes.\n", "Read the whole text before you answer.\n")
CLOSINGS = ("", "\nThe examples show how it is done.")
SHOT_COUNTS = (8, 4, 16, 2)
FEWEST_JUDGED = 4
JUDGED_ROWS = 64
PREFIX_TOKENS = 3072
# The share of the effort that goes into wording; the rest goes into examples.
WORDING_SHARE = 0.4
MOST_TRIALS = 64
# A training step costs its tokens once forward and about twice back.
READINGS_PER_STEP = 3


def settings() -> dict[str, Any]:
    """Everything in this file and in the prompts that may change a number of the arm."""
    return {
        "version": VERSION,
        "bodies": dict(BODIES),
        "openings": list(OPENINGS),
        "closings": list(CLOSINGS),
        "calibrations": list(calibration.METHODS),
        "content_free": list(prompts.CONTENT_FREE),
        "shot_counts": list(SHOT_COUNTS),
        "document_tokens": prompts.DOCUMENT_TOKENS,
        "shot_tokens": prompts.SHOT_TOKENS,
        "prefix_tokens": PREFIX_TOKENS,
        "judged_rows": JUDGED_ROWS,
        "fewest_judged": FEWEST_JUDGED,
        "wording_share": WORDING_SHARE,
        "most_trials": MOST_TRIALS,
        "readings_per_step": READINGS_PER_STEP,
        "tuning": {"batch": tuning.BATCH, "fewest": tuning.FEWEST_STEPS, "most": tuning.MOST_STEPS},
        "share_to_displace": choice.SHARE_TO_DISPLACE,
    }


@dataclass(frozen=True, slots=True)
class Way:
    """A prompt to try: its wording and its examples, which are `count` rows drawn in the `draw`-th way."""

    body: str
    opening: int
    closing: int
    count: int
    draw: int

    def shown(self) -> dict[str, Any]:
        """The way as a record keeps it."""
        return {
            "template": self.body,
            "opening": self.opening,
            "closing": self.closing,
            "shots": self.count,
            "draw": self.draw,
        }


class Optimised:
    """A prompted model whose instruction and examples are searched for."""

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel) -> None:
        self.card = card
        self.seed = seed
        self.model = model
        self.frame: Frame | None = None
        self.offset: Array = np.zeros(len(card.labels))
        self.kept = KeptPrefix()

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Search; examples come from one half of `train`, and every way is judged on `dev` and the other half."""
        started = time.perf_counter()
        pool = prompts.demonstrations(train, (len(train) + 1) // 2, self.seed, "pool")
        inside = {row.id for row in pool}
        judged = [row for row in (*dev, *train) if row.id not in inside][:JUDGED_ROWS]
        search = _Search(self, pool, judged, (*train, *dev), effort_of(self.model, self.card, train))
        first = Way(prompts.DEFAULT_TEMPLATE, 0, 0, self._counts(pool)[0], 0)
        if len(judged) >= FEWEST_JUDGED:
            search.run(first, self._wordings(first), self._draws(first, pool))
        kept, share = judging.best(self.card, search.trials, judged) if search.trials else (None, 0.0)
        chosen = search.ways[kept.way] if kept else first
        shots = self.shots_of(chosen, pool)
        self.frame = self.frame_of(chosen, shots)
        self.offset = kept.offset if kept else self._without_rows(self.frame)
        return {
            "chosen": kept.as_json() if kept else {**chosen.shown(), "calibration": "contextual", "judged_on": 0},
            "rival_share": round(share, 4),
            "candidates": [trial.as_json() for trial in search.trials],
            "trials": len(search.trials),
            "ways": len(search.ways),
            "effort": {"allowed": search.allowed, "used": search.tokens},
            "shots": [shot.id for shot in shots],
            "prompt": prompts.shown(self.frame),
            "offset": [round(float(value), 6) for value in self.offset],
            "tokens": search.tokens,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text with raw and calibrated scores of every label."""
        if self.frame is None:
            raise RuntimeError("fit comes before predict")
        return answers_of(self.card.labels, self.score(self.frame, texts, self.kept, progress), self.offset)

    def frame_of(self, way: Way, shots: Sequence[Example]) -> Frame:
        """The prompt of a way around a document."""
        model, card, plain = self.model, self.card, self.model.plain
        labels = [plain(label) for label in card.labels]
        words = BODIES[way.body].format(
            description=plain(card.description),
            labels=", ".join(labels),
            lines="\n".join(f"- {label}" for label in labels),
        )
        closing = CLOSINGS[way.closing] if shots else ""
        messages = [{"role": "system", "content": OPENINGS[way.opening] + words + closing}]
        for shot in shots:
            messages.append({"role": "user", "content": prompts.shown_text(model, card, shot.text)})
            messages.append({"role": "assistant", "content": plain(shot.label)})
        return model.frame([*messages, {"role": "user", "content": DOCUMENT}])

    def shots_of(self, way: Way, pool: Sequence[Example]) -> tuple[Example, ...]:
        """The examples of a way, in the label mix of the pool."""
        return prompts.demonstrations(pool, way.count, self.seed, "draw", way.draw)

    def score(
        self,
        frame: Frame,
        texts: Sequence[str],
        kept: KeptPrefix | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Scores:
        """Label scores of texts in a prompt."""
        document = prompts.DOCUMENT_TOKENS
        return score(self.model, frame, texts, self.card.labels, document_tokens=document, kept=kept, progress=progress)

    def _counts(self, pool: Sequence[Example]) -> list[int]:
        """The numbers of examples to try: what the pool has and what a prompt may hold."""
        room = min(PREFIX_TOKENS, self.model.max_tokens // 2) // (prompts.SHOT_TOKENS + 32)
        return [count for count in SHOT_COUNTS if count <= min(len(pool), max(1, room))] or [min(1, len(pool))]

    def _wordings(self, first: Way) -> list[Way]:
        """All other wordings with the first way's examples, in an order of chance."""
        ways = [
            Way(body, opening, closing, first.count, first.draw)
            for body, opening, closing in product(BODIES, range(len(OPENINGS)), range(len(CLOSINGS)))
        ]
        ways.remove(first)
        return Random(seed_for(self.seed, "wordings")).sample(ways, len(ways))

    def _draws(self, first: Way, pool: Sequence[Example]) -> list[tuple[int, int]]:
        """Numbers of examples and draws of them, every number once before any comes again; none at all is one way."""
        counts = [*self._counts(pool), 0]
        found = [(count, draw) for draw in range(MOST_TRIALS) for count in counts if count or not draw]
        found.remove((first.count, first.draw))
        return found

    def _without_rows(self, frame: Frame) -> Array:
        return calibration.contextual(np.array(self.score(frame, prompts.CONTENT_FREE).values))


class _Search:
    """The trials so far, and the tokens that they took of those that are allowed."""

    def __init__(
        self,
        arm: Optimised,
        pool: Sequence[Example],
        judged: Sequence[Example],
        rows: Sequence[Example],
        allowed: int,
    ) -> None:
        self.arm, self.pool, self.judged, self.rows, self.allowed = arm, pool, judged, rows, allowed
        self.trials: list[judging.Trial] = []
        self.ways: list[Way] = []
        self.tokens = 0

    def run(self, first: Way, wordings: Sequence[Way], draws: Sequence[tuple[int, int]]) -> None:
        """The first way, wordings until their share is used up, then examples in the best wording."""
        self._try(first)
        for way in wordings:
            if not self._affords(WORDING_SHARE):
                break
            self._try(way)
        leader = self._leader()
        for count, draw in draws:
            if not self._affords(1.0):
                break
            self._try(Way(leader.body, leader.opening, leader.closing, count, draw))

    def _affords(self, share: float) -> bool:
        """Whether a way as dear as the last ones still fits into this share of what is allowed."""
        dear = self.tokens / len(self.ways)
        return self.tokens + dear <= share * self.allowed and len(self.ways) < MOST_TRIALS

    def _leader(self) -> Way:
        """The way of the trial with the best quality, the earliest of equals."""
        best = max(range(len(self.trials)), key=lambda index: (self.trials[index].quality, -index))
        return self.ways[self.trials[best].way]

    def _try(self, way: Way) -> None:
        frame = self.arm.frame_of(way, self.arm.shots_of(way, self.pool) if way.count else ())
        kept = KeptPrefix()
        empty = self.arm.score(frame, prompts.CONTENT_FREE, kept)
        asked = self.arm.score(frame, [row.text for row in self.judged], kept)
        self.tokens += empty.computed + asked.computed
        self.ways.append(way)
        raw, without = np.array(asked.values), np.array(empty.values)
        place = len(self.ways) - 1
        self.trials += judging.trials(self.arm.card, place, way.shown(), raw, self.judged, self.rows, without)


def effort_of(model: LoadedModel, card: TaskCard, train: Sequence[Example]) -> int:
    """The tokens that a tuning on these rows costs: its steps, each a batch behind the prompt, forward and back."""
    if not train:
        return 0
    head = len(model.encode(prompts.frame(model, card).head))
    lengths = [min(len(ids), prompts.DOCUMENT_TOKENS) for ids in model.encode_many([row.text for row in train])]
    batch = min(tuning.BATCH, len(train))
    step = head + batch * sum(lengths) / len(lengths)
    return round(READINGS_PER_STEP * tuning.steps_for(len(train)) * step)
