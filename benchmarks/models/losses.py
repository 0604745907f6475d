"""The loss of a training step: cross-entropy over the whole vocabulary at the answers' tokens, end of turn included.

It is summed over an answer's tokens and averaged over the answers, or averaged over all answer tokens, as trainers of
chat models do. The output head is applied at those positions and nowhere else.
"""

from __future__ import annotations

from typing import Any

from .adapters import Adapter, pairs_of
from .language_model import LoadedModel
from .lessons import Exercise
from .lower_layers import LowerLayers
from .rows import chain, encode_prefix, forward
from .trunk import Trunk


def packed_loss(trunk: Trunk, exercise: Exercise, adapter: Adapter, lower: LowerLayers | None = None) -> Any:
    """Summed loss of the exercise's answers: the prefix and all rows go through the layers as one row, once.

    With `lower`, what the untrained lower layers make of the tokens is taken from there.
    """
    import torch

    rows = exercise.rows
    layout = trunk.layout(len(exercise.prefix), [len(row) for row in rows])
    if lower is None:
        hidden = trunk.embed([*exercise.prefix, *(token for row in rows for token in row)])
    else:
        hidden = lower.of(exercise.prefix, rows)
    positions: list[int] = []
    targets: list[int] = []
    start = len(exercise.prefix)
    for document, answer in zip(exercise.documents, exercise.answers, strict=True):
        end = start + len(document) - 1
        positions += range(end, end + len(answer))
        targets += answer
        start = end + len(answer)
    first, asked = 0 if lower is None else lower.count, torch.tensor(positions, device=trunk.device)
    hidden = trunk.run(hidden, layout, pairs_of(adapter), adapter.shape.scale, first=first, rows=asked)
    return trunk.loss(hidden, targets)


def plain_loss(model: LoadedModel, exercise: Exercise) -> Any:
    """The same by the model's own forward, with whatever it wears: the prefix encoded once, its keys shared."""
    import torch

    tree = chain([answer[:-1] for answer in exercise.answers], model.end_of_turn)
    prefix = encode_prefix(model.model, exercise.prefix, model.device)
    logits = forward(model.model, prefix, exercise.documents, tree, model.end_of_turn, model.device).float()
    width = len(tree.depth) + 1
    ignored = -100
    padded = [[*answer, *[ignored] * (width - len(answer))] for answer in exercise.answers]
    targets = torch.tensor(padded, device=logits.device)
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=ignored, reduction="sum"
    )
