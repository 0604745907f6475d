"""What one training step asks, as text and as tokens: a prompt, documents behind it, and the answers to be learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .label_scoring import Labels, encode_labels, encode_prompts
from .language_model import Frame, LoadedModel


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training step: a prompt and the documents and labels that are asked with it."""

    frame: Frame
    documents: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exercise:
    """A lesson in tokens: what all its rows share, what each has for itself, and each row's answer, end included."""

    prefix: tuple[int, ...]
    documents: tuple[tuple[int, ...], ...]
    answers: tuple[tuple[int, ...], ...]

    @property
    def rows(self) -> list[tuple[int, ...]]:
        """What a model reads behind the prefix: the document and the answer without its last token."""
        return [document + answer[:-1] for document, answer in zip(self.documents, self.answers, strict=True)]

    @property
    def real_tokens(self) -> int:
        """Tokens of the whole sequences, the prefix in each of them: what training on them one by one would read."""
        every = sum(map(len, self.documents)) + sum(map(len, self.answers))
        return every + len(self.prefix) * len(self.documents)

    def parts(self, budget: int) -> list[Exercise]:
        """The exercise in as few pieces as keep each under `budget` tokens; a single longer row stays whole."""
        pieces: list[list[int]] = [[]]
        used = len(self.prefix)
        for index, row in enumerate(self.rows):
            if pieces[-1] and used + len(row) > budget:
                pieces.append([])
                used = len(self.prefix)
            pieces[-1].append(index)
            used += len(row)
        return [
            Exercise(self.prefix, tuple(self.documents[i] for i in piece), tuple(self.answers[i] for i in piece))
            for piece in pieces
        ]


class Encoder:
    """Turns lessons into exercises; the labels' tokens are found once per end of a prompt."""

    def __init__(self, model: LoadedModel, labels: Sequence[str], document_tokens: int) -> None:
        self.model, self.labels, self.document_tokens = model, tuple(labels), document_tokens
        self._known: dict[str, Labels] = {}

    def __call__(self, lesson: Lesson) -> Exercise:
        """The lesson's tokens, each prompt encoded whole so that no boundary is assumed."""
        if lesson.frame.tail not in self._known:
            self._known[lesson.frame.tail] = encode_labels(self.model, lesson.frame, self.labels)
        encoded = self._known[lesson.frame.tail]
        answers = dict(zip(self.labels, encoded.continuations, strict=True))
        prompts = encode_prompts(self.model, lesson.frame, lesson.documents, encoded.dropped, self.document_tokens)
        return Exercise(
            tuple(prompts.prefix),
            tuple(tuple(suffix) for suffix in prompts.suffixes),
            tuple(answers[label] for label in lesson.labels),
        )
