"""The tuned arms: adapters trained on the prompt that will be asked, without solved examples (lora) or with (hybrid).

In every training step of the hybrid the prompt shows other rows than those it asks about, so that copying the answer
from the prompt is never the thing to learn; at prediction it shows one fixed set.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from random import Random
from typing import Any

import numpy as np

from ..errors import BenchmarkError
from ..models.adapters import Adapter
from ..models.label_scoring import Scores, score
from ..models.language_model import Frame, LoadedModel
from ..models.lower_layers import LowerLayers, lower_layers
from ..models.rows import KeptPrefix
from ..models.training import Lesson, Recipe, tune
from ..records import Answer, Example, TaskCard, seed_for
from . import choice, prompts
from .answers import answers_of
from .calibration import Array
from .general import forgetting

VERSION = 2
BATCH = 8
SHOTS = 4
FEWEST_STEPS = 40
MOST_STEPS = 200
ROUNDS = 5


def settings(*, shots: bool) -> dict[str, Any]:
    """Everything in this file, in the recipe and in the prompt that may change a number of the arm."""
    return {
        "version": VERSION,
        "recipe": json.loads(json.dumps(asdict(Recipe()))),
        "batch": BATCH,
        "steps": {"fewest": FEWEST_STEPS, "most": MOST_STEPS, "rounds": ROUNDS},
        "template": prompts.TEMPLATES[prompts.DEFAULT_TEMPLATE],
        "shots": SHOTS if shots else 0,
        "document_tokens": prompts.DOCUMENT_TOKENS,
        "shot_tokens": prompts.SHOT_TOKENS,
    }


def steps_for(rows: int) -> int:
    """The number of training steps: a fixed number for few rows, which lack steps and not rounds, then by rounds."""
    return min(MOST_STEPS, max(FEWEST_STEPS, -(-ROUNDS * rows // BATCH)))


class Tuning:
    """A model with adapters of its own. `shots` says whether it is trained and asked with solved examples.

    With `top` only so many upper layers are trained, over kept activations of those below. That is for tasks on which
    `upper_layers.compare` found it as good as training all; the record names it.
    """

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel, *, shots: bool, top: int = 0) -> None:
        self.card = card
        self.seed = seed
        self.model = model
        self.with_shots = shots
        self.top = top
        self.frame: Frame | None = None
        self.adapter: Adapter | None = None
        self.kept = KeptPrefix()

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Train on `train`; keep the last step unless `dev` likes an earlier one clearly better."""
        if len(train) < 2:
            raise BenchmarkError(f"training needs at least 2 labelled rows; found {len(train)}")
        started = time.perf_counter()
        count = min(SHOTS, len(train) // 2) if self.with_shots else 0
        shots = prompts.demonstrations(train, count, self.seed, "shots") if count else ()
        self.frame = frame = prompts.frame(self.model, self.card, shots=shots)
        recipe = Recipe()
        recipe = replace(recipe, shape=replace(recipe.shape, top=self.top))
        looks: list[tuple[float, float]] = []
        tuned = tune(
            self.model,
            self._lessons(train, steps_for(len(train)), count),
            self.card.labels,
            recipe,
            seed_for(self.seed, "adapter") % 2**31,
            document_tokens=prompts.DOCUMENT_TOKENS,
            check=(lambda adapter: self._look(frame, dev, adapter, looks)) if dev else None,
            pick=lambda scores: self._pick(dev, scores),
            lower=self._lower(),
        )
        self.adapter = tuned.adapter
        return {
            "chosen": {"step": tuned.kept_step, "shots": count, "calibration": "none", **self._layers()},
            "loss": "full vocabulary cross-entropy, mean over the answers' tokens, end of turn included",
            "steps": len(tuned.losses),
            "checks": [
                {"step": step, "quality": [round(value, 6) for value in look]}
                for step, look in zip(tuned.checks, looks, strict=True)
            ],
            "losses": list(tuned.losses),
            "shots": [shot.id for shot in shots],
            "prompt": prompts.shown(frame),
            "tokens": tuned.tokens,
            "real_tokens": tuned.real_tokens,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text from the tuned model; scores are not shifted."""
        if self.adapter is None or self.frame is None:
            raise RuntimeError("fit comes before predict")
        scores = self._score(self.frame, texts, self.adapter, self.kept, progress)
        return answers_of(self.card.labels, scores, np.zeros(len(self.card.labels)))

    def remembered(self) -> dict[str, Any]:
        """What the tuned model still knows of everything else, beside the untouched one."""
        return forgetting(self.model, self.model, self.adapter)

    def _layers(self) -> dict[str, Any]:
        return {"trained_layers": f"top {self.top}"} if self.top else {}

    def _lower(self) -> LowerLayers | None:
        return lower_layers(self.model, self.top) if self.top else None

    def _look(self, frame: Frame, dev: Sequence[Example], adapter: Adapter, looks: list[tuple[float, float]]) -> Array:
        """Scores of the model as it stands on `dev`; their quality is noted in `looks`."""
        scores = np.array(self._score(frame, [row.text for row in dev], adapter).values)
        looks.append(choice.quality(self.card.labels, self.card.metric, [row.label for row in dev], scores))
        return scores

    def _pick(self, dev: Sequence[Example], scores: Sequence[Array]) -> int:
        """The check to keep: the last, for a dozen rows are soon all right, unless an earlier one is clearly better."""
        backwards = list(reversed(scores))
        index, _ = choice.choose(self.card.labels, self.card.metric, [row.label for row in dev], backwards)
        return len(scores) - 1 - index

    def _lessons(self, train: Sequence[Example], steps: int, count: int) -> list[Lesson]:
        """One lesson per step: rows in shuffled rounds through `train`, each label as often as it occurs."""
        random = Random(seed_for(self.seed, "lessons"))
        plain = prompts.frame(self.model, self.card)
        size = min(BATCH, len(train) - count)
        waiting: list[Example] = []
        lessons = []
        for step in range(steps):
            while len(waiting) < size:
                waiting += random.sample(list(train), len(train))
            asked, waiting = waiting[:size], waiting[size:]
            frame = plain
            if count:
                others = [row for row in train if row not in set(asked)]
                shots = prompts.demonstrations(others, count, self.seed, "lesson", step)
                frame = prompts.frame(self.model, self.card, shots=shots)
            lessons.append(Lesson(frame, tuple(row.text for row in asked), tuple(row.label for row in asked)))
        return lessons

    def _score(
        self,
        frame: Frame,
        texts: Sequence[str],
        adapter: Adapter,
        kept: KeptPrefix | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Scores:
        return score(
            self.model,
            frame,
            texts,
            self.card.labels,
            document_tokens=prompts.DOCUMENT_TOKENS,
            adapter=adapter,
            kept=kept,
            progress=progress,
        )
