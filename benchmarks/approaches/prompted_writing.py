"""The prompting arms where an answer is written: wording, or number of solved examples, chosen on labelled rows.

Rows shown as examples are never used to judge a choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ..models.language_model import Frame, LoadedModel
from ..records import Answer, Example, TaskCard
from ..statistics.tallies import Judged
from . import choice, prompts
from .writing import Pen
from .writing import settings as of_writing

VERSION = 1
SHOT_COUNTS = (2, 4, 8)
FEWEST_HELD_OUT = 4
JUDGED_ROWS = 32
JUDGED_TOKENS = 6144
PREFIX_TOKENS = 3072


def settings(kind: str, *, shots: bool) -> dict[str, Any]:
    """Everything here and in the prompts that may change a number of the arm."""
    wordings = dict(prompts.templates(kind))
    return {
        "version": VERSION,
        "templates": wordings if not shots else {prompts.DEFAULT_TEMPLATE: wordings[prompts.DEFAULT_TEMPLATE]},
        "shot_counts": list(SHOT_COUNTS) if shots else [],
        "prefix_tokens": PREFIX_TOKENS,
        "judged_rows": JUDGED_ROWS,
        "judged_tokens": JUDGED_TOKENS,
        "fewest_held_out": FEWEST_HELD_OUT,
        "share_to_displace": choice.SHARE_TO_DISPLACE,
        **of_writing(),
    }


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to ask, and what each held-out row says of it; nothing where there are too few of them."""

    template: str
    shots: tuple[Example, ...]
    frame: Frame
    judged: tuple[Judged, ...]


class PromptedWriting:
    """A prompted model that writes. `shots` says whether its prompts hold solved examples."""

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel, *, shots: bool) -> None:
        self.card, self.seed, self.model, self.with_shots = card, seed, model, shots
        self.pen = Pen(card, model)
        self.chosen: Candidate | None = None

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Choose wording or number of examples; the record lists every candidate with its quality."""
        started = time.perf_counter()
        limits = self.pen.learn((*train, *dev))
        counts = self._shot_counts(train) if self.with_shots else []
        pool = prompts.demonstrations(train, max(counts, default=0), self.seed, "shots")
        held_out = self._held_out([row for row in (*dev, *train) if row not in set(pool)])
        ways = (
            [(prompts.DEFAULT_TEMPLATE, prompts.demonstrations(train, count, self.seed, "shots")) for count in counts]
            if self.with_shots
            else [(template, ()) for template in prompts.templates(self.card.kind)]
        )
        tokens = 0
        candidates = []
        for template, shots in ways:
            frame = prompts.frame(self.model, self.card, template, shots)
            answers, used = self.pen.write(frame, [row.text for row in held_out], kept=self.pen.kept)
            tokens += used
            candidates.append(Candidate(template, shots, frame, tuple(self.pen.judge(held_out, answers))))
        index, share = choice.choose_judged(self.card.metric, [one.judged for one in candidates])
        self.chosen = candidates[index]
        return {
            "chosen": self._shown(self.chosen),
            "rival_share": round(share, 4),
            "candidates": [self._shown(candidate) for candidate in candidates],
            "held_out": len(held_out),
            "shots": [shot.id for shot in self.chosen.shots],
            "prompt": prompts.shown(self.chosen.frame),
            "limits": limits,
            "tokens": tokens,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One written answer per text."""
        if self.chosen is None:
            raise RuntimeError("fit comes before predict")
        return self.pen.write(self.chosen.frame, texts, kept=self.pen.kept, progress=progress)[0]

    def _held_out(self, rows: Sequence[Example]) -> list[Example]:
        """The first rows to judge by, within bounds on rows and tokens; none where there are too few to tell."""
        lengths = [len(ids) for ids in self.model.encode_many([row.text for row in rows[:JUDGED_ROWS]])]
        kept = [row for row, total in zip(rows, accumulate(lengths), strict=False) if total <= JUDGED_TOKENS]
        kept = list(rows[: max(len(kept), FEWEST_HELD_OUT)])
        return kept if len(kept) >= FEWEST_HELD_OUT else []

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

    def _shown(self, candidate: Candidate) -> dict[str, Any]:
        quality = choice.judged_quality(self.card.metric, candidate.judged) if candidate.judged else None
        return {
            "template": candidate.template,
            "shots": len(candidate.shots),
            "judged_on": len(candidate.judged),
            "quality": None if quality is None else [round(value, 6) for value in quality],
        }
