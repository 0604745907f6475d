"""Answers that are written: what a model may write for a task, and how what it wrote becomes an answer.

Objects can only be written as the card's schema allows. How long an answer may be, and whether it is one line, is
learnt from the labelled rows, for prompts as for tuned models.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ..models.adapters import Adapter
from ..models.constraints import Grammar
from ..models.generation import Limits, Written, generate
from ..models.language_model import Frame, LoadedModel
from ..models.rows import KeptPrefix
from ..records import Answer, Example, TaskCard
from ..statistics.tallies import Judged, judged
from ..tasks.schema import bounded, texts, written
from . import prompts

FEWEST_TOKENS = 16
MOST_TOKENS = 512
SPARE = 1.25
# Fields that the longest answers leave out may be there, too.
SPARE_OF_OBJECTS = 2.0
FEWEST_SIGNS = 16


class Pen:
    """Writes answers to one task with one model, under limits learnt from labelled rows."""

    def __init__(self, card: TaskCard, model: LoadedModel) -> None:
        self.card, self.model = card, model
        self.limits = Limits(prompts.WHOLE_DOCUMENT_TOKENS, MOST_TOKENS)
        self.grammar: Grammar | None = None
        self.kept = KeptPrefix()

    def learn(self, rows: Sequence[Example]) -> dict[str, Any]:
        """Set the limits: a quarter longer than the longest answer of the rows, one line if all of them are.

        In an object every text may be a quarter longer than the longest one, or a model that begins to repeat itself in
        the first of them never comes to the second.
        """
        answers = [row.label for row in rows]
        longest = max((len(ids) for ids in self.model.encode_many(answers)), default=MOST_TOKENS)
        spare = SPARE if self.card.schema is None else SPARE_OF_OBJECTS
        tokens = min(MOST_TOKENS, max(FEWEST_TOKENS, round(spare * longest) + 4))
        one_line = bool(answers) and not any("\n" in answer for answer in answers)
        self.limits = Limits(prompts.WHOLE_DOCUMENT_TOKENS, tokens, one_line)
        learnt: dict[str, Any] = {"answer_tokens": tokens, "one_line": one_line}
        if self.card.schema is not None:
            signs = max((len(text) for answer in answers for text in texts(json.loads(answer))), default=MOST_TOKENS)
            learnt["signs_per_text"] = max(FEWEST_SIGNS, round(SPARE * signs))
            self.grammar = Grammar(self.model, bounded(self.card.schema, learnt["signs_per_text"]))
        return learnt

    def write(
        self,
        frame: Frame,
        texts: Sequence[str],
        *,
        adapter: Adapter | None = None,
        kept: KeptPrefix | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[list[Answer], int]:
        """One answer per text, and the number of tokens that went through the model."""
        found = generate(
            self.model,
            frame,
            texts,
            self.limits,
            grammar=self.grammar,
            adapter=adapter,
            kept=kept,
            progress=progress,
        )
        return [self._answer(one) for one in found.answers], found.computed

    def judge(self, rows: Sequence[Example], answers: Sequence[Answer]) -> list[Judged]:
        """What each answer is worth in every metric of the task."""
        card = self.card
        return [
            judged(card.kind, card.metric, answer.label, row.references, language=card.language, choices=card.choices)
            for row, answer in zip(rows, answers, strict=True)
        ]

    def _answer(self, one: Written) -> Answer:
        text: str | None = one.text
        if self.card.schema is not None:
            # Only an answer that was cut off is no JSON: the grammar allows nothing else.
            text = written(json.loads(one.text), self.card.schema) if one.whole else None
        return Answer(text or None, tokens=one.read + len(one.ids), text=one.text, written=len(one.ids))


def settings() -> dict[str, Any]:
    """What may change an answer that is written."""
    return {
        "document_tokens": prompts.WHOLE_DOCUMENT_TOKENS,
        "shot_tokens": prompts.WHOLE_SHOT_TOKENS,
        "answer_tokens": [FEWEST_TOKENS, MOST_TOKENS, SPARE, SPARE_OF_OBJECTS],
        "fewest_signs": FEWEST_SIGNS,
    }
