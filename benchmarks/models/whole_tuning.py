"""Trains every matrix of a small model's layers, not adapters beside them: the same lessons, loss and packed rows.

The result is a model of its own; the one it began from is not touched. Embeddings, norms and the output head stay.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import BenchmarkError, JobFailed
from .adapters import Adapter, Shape, take_off
from .language_model import LoadedModel
from .lessons import Encoder, Lesson
from .losses import packed_loss
from .training import MOST_TOKENS, Recipe, nothing_left, rate
from .trunk import Trunk, trunk_of

# A step on all weights moves the model much farther than one on adapters of rank 8.
WHOLE = Recipe(learning_rate=5e-5)
_NOTHING = Adapter(Shape(targets=()), {})


def tune_whole(
    model: LoadedModel, lessons: Sequence[Lesson], labels: Sequence[str], recipe: Recipe, *, document_tokens: int
) -> tuple[LoadedModel, list[float]]:
    """A copy of the model trained on a lesson per step while something is left to learn, and each step's mean loss.

    Nothing is random. Master weights are kept in float32. Needs about 14 bytes of memory per weight beside the copy's
    own. Raises BenchmarkError for a model that is not built like a Llama, JobFailed when the loss stops being a number.
    """
    import torch

    take_off(model)
    tuned = replace(model, model=copy.deepcopy(model.model), worn=None)
    trunk = trunk_of(tuned)
    if trunk is None:
        raise BenchmarkError(
            f"model {model.files.name!r}: only Llama-like models can be tuned as a whole; use adapters"
        )
    weights = matrices(trunk)
    masters = [weight.detach().float().clone() for weight in weights]
    optimiser = torch.optim.AdamW(masters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate(len(lessons), recipe.warmup))
    encode = Encoder(tuned, labels, document_tokens)
    losses: list[float] = []
    end = nothing_left(lessons, recipe)
    for weight in weights:
        weight.requires_grad_(True)
    try:
        for lesson in lessons:
            losses.append(_gradients(trunk, encode, lesson, len(losses) + 1))
            for master, weight in zip(masters, weights, strict=True):
                master.grad, weight.grad = weight.grad.float(), None
            torch.nn.utils.clip_grad_norm_(masters, recipe.clip)
            optimiser.step()
            schedule.step()
            with torch.no_grad():
                for master, weight in zip(masters, weights, strict=True):
                    weight.copy_(master)
            if end(losses):
                break
    finally:
        for weight in weights:
            weight.requires_grad_(False)
    return tuned, losses


def matrices(trunk: Trunk) -> list[Any]:
    """The weights of the layers' multiplications, those with one input side by side; the model's own are views."""
    return [joint.weight for layer in trunk.layers for joint in (layer.joined, layer.out, layer.wide, layer.narrow)]


def _gradients(trunk: Trunk, encode: Encoder, lesson: Lesson, step: int) -> float:
    exercise = encode(lesson)
    answers = sum(map(len, exercise.answers))
    value = 0.0
    for part in exercise.parts(MOST_TOKENS):
        loss = packed_loss(trunk, part, _NOTHING) / answers
        loss.backward()
        value += float(loss.detach())
    if not math.isfinite(value):
        raise JobFailed(f"training: the loss is {value} at step {step}")
    return round(value, 6)
