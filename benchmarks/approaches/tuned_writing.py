"""The tuned arms where an answer is written: adapters trained to write the target after the prompt that will be asked.

As for labels, the hybrid shows in every training step other rows than those it asks about.
"""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from random import Random
from typing import Any

from ..errors import BenchmarkError
from ..models.adapters import Adapter
from ..models.generation import without_middle
from ..models.language_model import Frame, LoadedModel
from ..models.training import Lesson, Recipe, tune
from ..records import Answer, Example, TaskCard, seed_for
from ..statistics.tallies import Judged
from . import choice, prompts
from .general import forgetting
from .tuning import BATCH, steps_for
from .writing import Pen
from .writing import settings as of_writing

VERSION = 1
SHOTS = 4
LESSON_PREFIX_TOKENS = 1536
CHECKED_ROWS = 24
CHECKS = 2


def settings(kind: str, *, shots: bool) -> dict[str, Any]:
    """Everything here, in the recipe and in the prompt that may change a number of the arm."""
    return {
        "version": VERSION,
        "recipe": json.loads(json.dumps(asdict(_recipe()))),
        "batch": BATCH,
        "steps": [steps_for(rows) for rows in (16, 64, 256, 1024)],
        "template": prompts.templates(kind)[prompts.DEFAULT_TEMPLATE],
        "shots": SHOTS if shots else 0,
        "lesson_prefix_tokens": LESSON_PREFIX_TOKENS,
        "checked_rows": CHECKED_ROWS,
        **of_writing(),
    }


def _recipe() -> Recipe:
    return Recipe(checks=CHECKS)


def _target(row: Example) -> str:
    """What is to be written, in one form of its signs and without blanks around it, as answers are judged.

    A tokenizer that normalises would otherwise make one of two targets, or join a first blank to the prompt's end.
    """
    return unicodedata.normalize("NFC", row.label).strip()


class TunedWriting:
    """A model with adapters of its own that writes. `shots`: trained and asked with solved examples."""

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel, *, shots: bool) -> None:
        self.card, self.seed, self.model, self.with_shots = card, seed, model, shots
        self.pen = Pen(card, model)
        self.frame: Frame | None = None
        self.adapter: Adapter | None = None

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Train on `train`; keep the last step unless `dev` likes an earlier one clearly better."""
        if len(train) < 2:
            raise BenchmarkError(f"training needs at least 2 labelled rows; found {len(train)}")
        started = time.perf_counter()
        limits = self.pen.learn((*train, *dev))
        count = self._shot_count(train) if self.with_shots else 0
        shots = prompts.demonstrations(train, count, self.seed, "shots") if count else ()
        self.frame = frame = prompts.frame(self.model, self.card, shots=shots)
        checked = list(dev[:CHECKED_ROWS])
        looks: list[list[Judged]] = []

        def look(adapter: Adapter) -> list[Judged]:
            answers, _ = self.pen.write(frame, [row.text for row in checked], adapter=adapter)
            looks.append(self.pen.judge(checked, answers))
            return looks[-1]

        tuned = tune(
            self.model,
            self._lessons(train, steps_for(len(train)), count),
            tuple(dict.fromkeys(_target(row) for row in train)),
            _recipe(),
            seed_for(self.seed, "adapter") % 2**31,
            document_tokens=self.model.max_tokens,
            check=look if checked else None,
            pick=self._pick,
        )
        self.adapter = tuned.adapter
        qualities = [choice.judged_quality(self.card.metric, one) for one in looks]
        return {
            "chosen": {"step": tuned.kept_step, "shots": count},
            "steps": len(tuned.losses),
            "checks": [
                {"step": step, "quality": [round(value, 6) for value in quality]}
                for step, quality in zip(tuned.checks, qualities, strict=True)
            ],
            "checked_on": len(checked),
            "losses": list(tuned.losses),
            "shots": [shot.id for shot in shots],
            "prompt": prompts.shown(frame),
            "limits": limits,
            "tokens": tuned.tokens,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text, written by the tuned model."""
        if self.adapter is None or self.frame is None:
            raise RuntimeError("fit comes before predict")
        return self.pen.write(self.frame, texts, adapter=self.adapter, kept=self.pen.kept, progress=progress)[0]

    def remembered(self) -> dict[str, Any]:
        """What the tuned model still knows of everything else, beside the untouched one."""
        return forgetting(self.model, self.model, self.adapter)

    def _pick(self, looks: Sequence[Sequence[Judged]]) -> int:
        """The check to keep: the last, unless an earlier one is clearly better."""
        index, _ = choice.choose_judged(self.card.metric, list(reversed(looks)))
        return len(looks) - 1 - index

    def _shot_count(self, train: Sequence[Example]) -> int:
        """At most four examples, at most half of the rows, and none that makes the prompt of a lesson too long."""
        count = min(SHOTS, len(train) // 2)
        while count > 1:
            shots = prompts.demonstrations(train, count, self.seed, "shots")
            head = prompts.frame(self.model, self.card, shots=shots).head
            if len(self.model.encode(head)) <= min(LESSON_PREFIX_TOKENS, self.model.max_tokens // 2):
                break
            count -= 1
        return count

    def _lessons(self, train: Sequence[Example], steps: int, count: int) -> list[Lesson]:
        """One lesson per step: rows in shuffled rounds through `train`; long documents lose their middle, as asked."""
        random = Random(seed_for(self.seed, "lessons"))
        plain = prompts.frame(self.model, self.card)
        texts = {row.id: without_middle(self.model, row.text, self.pen.limits.document) for row in train}
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
            lessons.append(Lesson(frame, tuple(texts[row.id] for row in asked), tuple(_target(row) for row in asked)))
        return lessons
