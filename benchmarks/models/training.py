"""Trains low-rank adapters on the language model that is also prompted, on the very prompts that it will be asked.

The loss is the cross-entropy over the whole vocabulary at the answers' tokens, the end of turn included, as the mean
over those tokens: what trainers of chat models optimise when only the answer counts. The base model is never changed; a
trained adapter is a handful of tensors. A step reads the prompt's beginning once and every document behind it, without
padding; no activation is computed twice, and the output head sees the answers' positions alone.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from ..errors import JobFailed
from .adapters import Adapter, Shape, put_on_fresh, take_off
from .language_model import LoadedModel
from .lessons import Encoder, Exercise, Lesson
from .losses import packed_loss, plain_loss
from .lower_layers import LowerLayers
from .machine import machine
from .trunk import Trunk, trunk_of

FEWEST_TO_JUDGE = 5  # steps whose losses say that nothing is left to learn
MOST_TOKENS = 4096  # activations of a step take about half a megabyte a token with 135 million weights

__all__ = ["Lesson", "Recipe", "Tuned", "Way", "answer_loss", "nothing_left", "tune"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How adapters are trained; a step per lesson, and fewer where nothing is left to learn.

    That is where the mean loss of as many steps as a round through the rows takes, five at least, is no more than
    `learnt`, in nats per answer token; 0 goes on to the end. Every field enters a cell's identity.
    """

    shape: Shape = field(default_factory=Shape)
    learning_rate: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 0.0
    clip: float = 1.0
    checks: int = 4
    learnt: float = 0.005


@dataclass(frozen=True, slots=True)
class Tuned:
    """An adapter and how it came about: mean loss per step, the steps of the checks, the step kept, tokens, seconds.

    `tokens` went through the model; `real_tokens` are those of the whole sequences, which others would have read.
    """

    adapter: Adapter
    losses: tuple[float, ...]
    checks: tuple[int, ...]
    kept_step: int
    tokens: int
    real_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How a step is computed: packed through the trunk where the model has one, else by the model's own forward.

    `lower` keeps what the layers below the adapters make of a text.
    """

    model: LoadedModel
    trunk: Trunk | None
    lower: LowerLayers | None = None

    @classmethod
    def of(cls, model: LoadedModel, lower: LowerLayers | None = None) -> Way:
        """The fastest exact way for this model."""
        return cls(model, trunk_of(model), lower)

    def loss(self, exercise: Exercise, adapter: Adapter) -> Any:
        """Summed loss of the exercise's answers under `adapter`, which the model wears."""
        if self.trunk is None:
            return plain_loss(self.model, exercise)
        return packed_loss(self.trunk, exercise, adapter, self.lower)


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
    lower: LowerLayers | None = None,
) -> Tuned:
    """An adapter trained on one lesson per step; the same seed and machine give the same adapter.

    `check` gets the adapter as it stands at `recipe.checks` even points, and `pick` gets what it returned so far and
    says which point to keep; where it keeps to one before the last two, training stops. Without them the last step is
    kept. `lower` goes with a shape of `top` layers and serves any number of trainings on the same model.
    Raises JobFailed when the loss stops being a number, ValueError where `lower` ends at another layer.
    """
    started = time.perf_counter()
    way = Way.of(model, lower)
    if lower is not None and lower.count != int(model.model.config.num_hidden_layers) - recipe.shape.top:
        raise ValueError(f"kept are {lower.count} lower layers, but the top {recipe.shape.top or 'all'} are trained")
    with _seeded(seed):
        live = put_on_fresh(model, recipe.shape)
        try:
            run = _Run(way, live, recipe, Encoder(model, labels, document_tokens))
            run.train(lessons, check, pick)
            kept_step, weights = len(run.losses), _copy(live.weights)
        finally:
            take_off(model)
    if run.points and pick is not None:
        kept_step, _, weights = run.points[pick([seen for _, seen, _ in run.points])]
    steps = tuple(step for step, _, _ in run.points)
    seconds = time.perf_counter() - started
    adapter = Adapter(recipe.shape, weights)
    return Tuned(adapter, tuple(run.losses), steps, kept_step, run.tokens, run.real_tokens, seconds)


class _Run:
    """One training: the live adapter in one tensor, its optimiser, and what has happened so far."""

    def __init__(self, way: Way, live: Adapter, recipe: Recipe, encode: Encoder) -> None:
        import torch

        self.way, self.live, self.recipe, self.encode = way, live, recipe, encode
        self.whole = _one_tensor(list(live.weights.values()))
        self.optimiser = torch.optim.AdamW(
            [self.whole], lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.losses: list[float] = []
        self.points: list[tuple[int, Any, dict[str, Any]]] = []
        self.tokens = self.real_tokens = 0
        self.most_tokens = MOST_TOKENS if way.model.device == "cpu" else machine().token_budget

    def train(
        self,
        lessons: Sequence[Lesson],
        check: Callable[[Adapter], Any] | None,
        pick: Callable[[list[Any]], int] | None,
    ) -> None:
        """One step per lesson until there is nothing left to learn, and the checks between them."""
        import torch

        schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, rate(len(lessons), self.recipe.warmup))
        due = {round(len(lessons) * (part + 1) / self.recipe.checks) for part in range(self.recipe.checks)}
        end = nothing_left(lessons, self.recipe)
        for step, lesson in enumerate(lessons, start=1):
            value = self._gradients(self.encode(lesson))
            if not math.isfinite(value):
                raise JobFailed(f"training: the loss is {value} at step {step} of {len(lessons)}")
            self.losses.append(round(value, 6))
            torch.nn.utils.clip_grad_norm_([self.whole], self.recipe.clip)
            self.optimiser.step()
            schedule.step()
            learnt = end(self.losses)
            if check is not None and (learnt or step in due):
                self.points.append((step, check(self.live), _copy(self.live.weights)))
                if pick is not None and pick([seen for _, seen, _ in self.points]) < len(self.points) - 2:
                    return
            if learnt:
                return

    def _gradients(self, exercise: Exercise) -> float:
        """The step's mean loss per answer token; its gradients are in place when this returns."""
        self.whole.grad.zero_()
        self.real_tokens += exercise.real_tokens
        answers = sum(map(len, exercise.answers))
        value = 0.0
        for part in exercise.parts(self.most_tokens):
            loss = self.way.loss(part, self.live) / answers
            loss.backward()
            value += float(loss.detach())
            self.tokens += len(part.prefix) + sum(map(len, part.rows))
        return value


def answer_loss(way: Way, lesson: Lesson, labels: Sequence[str], document_tokens: int, adapter: Adapter) -> Any:
    """Mean negative log-likelihood of the lesson's answer tokens, differentiable in the live `adapter`."""
    exercise = Encoder(way.model, labels, document_tokens)(lesson)
    return way.loss(exercise, adapter) / sum(map(len, exercise.answers))


def nothing_left(lessons: Sequence[Lesson], recipe: Recipe) -> Callable[[Sequence[float]], bool]:
    """Says of the losses so far whether the last steps, as many as a round through the documents, left nothing."""
    every = {document for lesson in lessons for document in lesson.documents}
    widest = max((1, *(len(lesson.documents) for lesson in lessons)))
    steps = max(FEWEST_TO_JUDGE, -(-len(every) // widest))
    return lambda losses: recipe.learnt > 0 and len(losses) >= steps and fmean(losses[-steps:]) <= recipe.learnt


def _one_tensor(parameters: Sequence[Any]) -> Any:
    """A tensor that holds all parameters; they and their gradients become views of it and of its gradient.

    An optimiser then has one tensor to go through instead of hundreds of small ones.
    """
    import torch

    whole = torch.cat([parameter.detach().flatten() for parameter in parameters]).requires_grad_()
    whole.grad = torch.zeros_like(whole)
    start = 0
    for parameter in parameters:
        stop = start + parameter.numel()
        parameter.data = whole.data[start:stop].view_as(parameter)
        parameter.grad = whole.grad[start:stop].view_as(parameter)
        start = stop
    return whole


def rate(steps: int, warmup: float) -> Callable[[int], float]:
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
