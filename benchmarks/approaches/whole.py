"""The arm that tunes every matrix of the model itself, on the lessons that adapters are trained on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..errors import BenchmarkError
from ..models.label_scoring import score
from ..models.language_model import LoadedModel
from ..models.whole_tuning import WHOLE, tune_whole
from ..records import Answer, Example, TaskCard
from . import choice, prompts, tuning
from .answers import answers_of
from .calibration import Array
from .general import forgetting

VERSION = 1


def settings() -> dict[str, Any]:
    """What the adapters' arm has, with the recipe of whole models."""
    recipe = json.loads(json.dumps(asdict(WHOLE)))
    return {**tuning.settings(shots=False), "whole": VERSION, "recipe": recipe}


class Whole:
    """A model tuned as a whole, asked without solved examples; the model it began from is not touched."""

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel) -> None:
        self.card = card
        self.seed = seed
        self.model = model
        self.frame = prompts.frame(model, card)
        self.tuned: LoadedModel | None = None

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Train on `train`, the last step kept; `dev` is looked at once, for the record."""
        if len(train) < 2:
            raise BenchmarkError(f"training needs at least 2 labelled rows; found {len(train)}")
        started = time.perf_counter()
        lessons = tuning.Tuning(self.card, self.seed, self.model, shots=False)._lessons(
            train, tuning.steps_for(len(train)), 0
        )
        document = prompts.DOCUMENT_TOKENS
        self.tuned, losses = tune_whole(self.model, lessons, self.card.labels, WHOLE, document_tokens=document)
        looks: list[dict[str, Any]] = []
        if dev:
            scores = np.array(self._score(self.tuned, [row.text for row in dev], None).values)
            gold = [row.label for row in dev]
            quality = choice.quality(self.card.labels, self.card.metric, gold, scores)
            looks.append({"step": len(losses), "quality": [round(value, 6) for value in quality]})
        head = len(self.model.encode(self.frame.head + self.frame.tail))
        asked = self.model.encode_many([text for lesson in lessons for text in lesson.documents])
        return {
            "chosen": {"step": len(losses), "shots": 0, "calibration": "none"},
            "steps": len(losses),
            "checks": looks,
            "losses": losses,
            "prompt": prompts.shown(self.frame),
            "tokens": head * len(lessons) + sum(min(len(ids), document) for ids in asked),
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text from the tuned model; scores are not shifted."""
        if self.tuned is None:
            raise RuntimeError("fit comes before predict")
        zeros: Array = np.zeros(len(self.card.labels))
        return answers_of(self.card.labels, self._score(self.tuned, texts, progress), zeros)

    def remembered(self) -> dict[str, Any]:
        """What the tuned model still knows of everything else, beside the untouched one."""
        return forgetting(self.model, self.tuned or self.model)

    def _score(self, model: LoadedModel, texts: Sequence[str], progress: Callable[[int], None] | None) -> Any:
        document = prompts.DOCUMENT_TOKENS
        return score(model, self.frame, texts, self.card.labels, document_tokens=document, progress=progress)
