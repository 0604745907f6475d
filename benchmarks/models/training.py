"""Low-rank adapters on the language model that is also prompted: trained, kept as tensors, attached only while in use.

The base model is never changed: adapters hang beside its weights during training and scoring, and come off after.
"""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import JobFailed, MissingExtra
from .label_scoring import encode_labels, encode_prompts
from .language_model import Frame, LoadedModel
from .rows import chain, encode_prefix, forward


@dataclass(frozen=True, slots=True)
class Recipe:
    """How adapters are trained; the number of steps is the number of lessons. Every field enters a cell's identity."""

    rank: int = 8
    alpha: int = 16
    targets: tuple[str, ...] = ("q_proj", "v_proj", "up_proj", "down_proj")
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
class Adapter:
    """Trained low-rank weights by name, and the recipe that gives them their shape."""

    recipe: Recipe
    weights: Mapping[str, Any]


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
    check: Callable[[], Any] | None = None,
    pick: Callable[[list[Any]], int] | None = None,
) -> Tuned:
    """Adapters trained on one lesson per step; the same seed and machine give the same adapters.

    `check` looks at the model as it stands at `recipe.checks` even points, and `pick` gets what it returned there and
    says which point to keep. Without them the last step is kept. Raises JobFailed when the loss stops being a number.
    """
    import torch

    started = time.perf_counter()
    losses: list[float] = []
    points: list[tuple[int, Any, dict[str, Any]]] = []
    tokens = 0
    with _seeded(seed), _attached(model, recipe, None) as parameters:
        optimiser = torch.optim.AdamW(
            list(parameters.values()), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _rate(len(lessons), recipe.warmup))
        due = {round(len(lessons) * (part + 1) / recipe.checks) for part in range(recipe.checks)}
        for step, lesson in enumerate(lessons, start=1):
            loss, count = _loss(model, lesson, labels, document_tokens)
            if not math.isfinite(loss.item()):
                raise JobFailed(f"training: the loss is {loss.item()} at step {step} of {len(lessons)}")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(list(parameters.values()), recipe.clip)
            optimiser.step()
            schedule.step()
            losses.append(round(loss.item(), 6))
            tokens += count
            if check is not None and step in due:
                points.append((step, check(), _copy(parameters)))
        kept_step, weights = len(lessons), _copy(parameters)
    if points and pick is not None:
        kept_step, _, weights = points[pick([seen for _, seen, _ in points])]
    steps = tuple(step for step, _, _ in points)
    return Tuned(Adapter(recipe, weights), tuple(losses), steps, kept_step, tokens, time.perf_counter() - started)


@contextmanager
def attached(model: LoadedModel, adapter: Adapter) -> Iterator[None]:
    """Let the model answer with `adapter` for the length of the block."""
    with _attached(model, adapter.recipe, adapter.weights):
        yield


@contextmanager
def _attached(model: LoadedModel, recipe: Recipe, weights: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Hang adapters beside the targets, fresh or with the given weights, and take them off in the end."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingExtra.of(error.name or "peft") from error
    import torch

    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=list(recipe.targets),
        lora_dropout=0.0,
        bias="none",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft still asks transformers by an old name
        wrapped = get_peft_model(model.model, config, autocast_adapter_dtype=True)
    try:
        wrapped.eval()
        parameters = {name: value for name, value in wrapped.named_parameters() if value.requires_grad}
        if weights is not None:
            with torch.no_grad():
                for name, value in parameters.items():
                    value.copy_(weights[name])
        yield parameters
    finally:
        wrapped.unload()
        model.model.requires_grad_(False)


def _loss(model: LoadedModel, lesson: Lesson, labels: Sequence[str], document_tokens: int) -> tuple[Any, int]:
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


def _copy(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in parameters.items()}


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
