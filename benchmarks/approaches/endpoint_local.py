"""The letter rung on a local model: the same chat, the letters scored by our own scorer. It checks the endpoint's."""

from __future__ import annotations

from collections.abc import Sequence

from ..models.label_scoring import score
from ..models.language_model import DOCUMENT, LoadedModel
from ..records import Example, TaskCard
from .endpoint_rungs import Letters, Said

DOCUMENT_TOKENS = 4096


def local_letters(
    model: LoadedModel, card: TaskCard, texts: Sequence[str], *, seed: int, shots: Sequence[Example] = ()
) -> list[Said]:
    """What the letter rung says of each text when `model` answers: the same order of letters for the same seed."""
    rung = Letters(card, shots, seed)
    frame = model.frame(rung.messages(DOCUMENT))
    letters = [rung.letters[label] for label in card.labels]
    found = score(model, frame, texts, letters, document_tokens=DOCUMENT_TOKENS, closed=False)
    return [Said(card.labels[row.index(max(row))], tuple(row)) for row in found.values]
