"""Trains low-rank adapters on the language model that is also prompted, on the very prompts that it will be asked.

The loss is that of the answers alone. The base model is never changed; a trained adapter is a handful of tensors.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..errors import JobFailed
from .adapters import Adapter, Shape, put_on_fresh, take_off
from .label_scoring import encode_labels, encode_prompts
from .language_model import Frame, LoadedModel
from .rows import chain, encode_prefix, forward


@dataclass(frozen=True, slots=True)
class Recipe:
    """How adapters are trained; the number of steps is the number of lessons. Every field enters a cell's identity."""

    shape: Shape = field(default_factory=Shape)
    learning_rate: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 0.0
    clip: float = 1.0
    checks: int = 4


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training step: a prompt and the documents and labels that are asked with it."""

    frame: Frame
    documents: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tuned:
    """An adapter and how it came about: mean loss per step, the steps of the checks, the step kept, tokens, seconds."""

    adapter: Adapter
    losses: tuple[float, ...]
    checks: tuple[int, ...]
    kept_step: int
    tokens: int
    seconds: float


def tune(
    model: LoadedModel,
    lessons: Sequence[Lesson],
    labels: Sequence[str],
    recipe: Recipe,
    seed: int,
    *,
    document_tokens: int,
    check: Callable[[Adapter], Any] | None = None,
    pick: Callable[[list[Any]], int] | None = None,
) -> Tuned:
    """An adapter trained on one lesson per step; the same seed and machine give the same adapter.

    `check` gets the adapter as it stands at `recipe.checks` even points, and `pick` gets what it returned there and
    says which point to keep. Without them the last step is kept. Raises JobFailed when the loss stops being a number.
    """
    started = time.perf_counter()
    with _seeded(seed):
        live = put_on_fresh(model, recipe.shape)
        try:
            losses, tokens, points = _train(model, live, lessons, labels, recipe, document_tokens, check)
            kept_step, weights = len(lessons), _copy(live.weights)
        finally:
            take_off(model)
    if points and pick is not None:
        kept_step, _, weights = points[pick([seen for _, seen, _ in points])]
    steps = tuple(step for step, _, _ in points)
    adapter = Adapter(recipe.shape, weights)
    return Tuned(adapter, tuple(losses), steps, kept_step, tokens, time.perf_counter() - started)


def _train(
    model: LoadedModel,
    live: Adapter,
    lessons: Sequence[Lesson],
    labels: Sequence[str],
    recipe: Recipe,
    document_tokens: int,
    check: Callable[[Adapter], Any] | None,
) -> tuple[list[float], int, list[tuple[int, Any, dict[str, Any]]]]:
    """The loss of every step, the tokens that were computed, and per check its step, its finding and the weights."""
    import torch

    parameters = list(live.weights.values())
    optimiser = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _rate(len(lessons), recipe.warmup))
    due = {round(len(lessons) * (part + 1) / recipe.checks) for part in range(recipe.checks)}
    losses: list[float] = []
    points: list[tuple[int, Any, dict[str, Any]]] = []
    tokens = 0
    for step, lesson in enumerate(lessons, start=1):
        loss, count = answer_loss(model, lesson, labels, document_tokens)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise JobFailed(f"training: the loss is {value} at step {step} of {len(lessons)}")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
        optimiser.step()
        schedule.step()
        losses.append(round(value, 6))
        tokens += count
        if check is not None and step in due:
            points.append((step, check(live), _copy(live.weights)))
    return losses, tokens, points


def answer_loss(model: LoadedModel, lesson: Lesson, labels: Sequence[str], document_tokens: int) -> tuple[Any, int]:
    """Mean negative log-likelihood of the lesson's whole answers, and the number of tokens that were computed."""
    import torch

    encoded = encode_labels(model, lesson.frame, labels)
    answers = dict(zip(labels, encoded.continuations, strict=True))
    prompts = encode_prompts(model, lesson.frame, lesson.documents, encoded.dropped, document_tokens)
    gold = [answers[label] for label in lesson.labels]
    tree = chain([answer[:-1] for answer in gold], model.end_of_turn)
    prefix = encode_prefix(model.model, prompts.prefix, model.device)
    logits = forward(model.model, prefix, prompts.suffixes, tree, model.end_of_turn, model.device).float()
    width = len(tree.depth) + 1
    ignored = -100
    targets = torch.tensor([[*answer, *[ignored] * (width - len(answer))] for answer in gold], device=logits.device)
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=ignored, reduction="sum"
    )
    longest = max(map(len, prompts.suffixes))
    return loss / len(gold), len(prompts.prefix) + len(gold) * (longest + width - 1)


def _rate(steps: int, warmup: float) -> Callable[[int], float]:
    """The share of the learning rate at a step: a short rise, then a straight line down to nothing."""
    rise = max(1, round(steps * warmup))
    return lambda step: min((step + 1) / rise, max(0.0, (steps - step) / max(1, steps - rise)))


def _copy(weights: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in weights.items()}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Fix the random numbers of Python, numpy and torch for the block, and put their states back after it."""
    import numpy
    import torch

    states = random.getstate(), numpy.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        numpy.random.set_state(states[1])
        torch.set_rng_state(states[2])
