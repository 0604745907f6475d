"""Moves a sentence encoder so that texts with one label lie together (supervised contrast, Khosla et al. 2020).

Every text of a batch is compared with every other in one matrix of similarities, so a batch of n texts teaches n(n-1)
pairs for n passes through the encoder. Writing pairs out would read each text once per pair.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from ..errors import JobFailed
from .encoder import LoadedEncoder, pooled, tokens_of


@dataclass(frozen=True, slots=True)
class Contrast:
    """How an encoder is moved. Every field enters a cell's identity."""

    batch: int = 16
    learning_rate: float = 5e-5
    temperature: float = 0.1
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    checks: int = 4


@dataclass(frozen=True, slots=True)
class Moved:
    """A moved encoder: mean loss per step, steps at which it was looked at, the step kept, tokens with padding."""

    encoder: LoadedEncoder
    losses: tuple[float, ...]
    checks: tuple[int, ...]
    kept_step: int
    tokens: int


def contrast(
    encoder: LoadedEncoder,
    texts: Sequence[str],
    labels: Sequence[int],
    steps: int,
    seed: int,
    recipe: Contrast = Contrast(),
    *,
    check: Callable[[LoadedEncoder], Any] | None = None,
    pick: Callable[[list[Any]], int] | None = None,
) -> Moved:
    """A copy of the encoder after `steps` batches of labelled texts; the same seed and machine give the same one.

    `check` gets the encoder as it stands at `recipe.checks` even points, and `pick` says from what it returned which
    point to keep; without them the last is kept. It is trained in float32, and answers in the format of the original.
    Raises ValueError for fewer than two labels, JobFailed when the loss stops being a number.
    """
    import torch

    ids, _ = tokens_of(encoder, texts)
    live = copy.deepcopy(encoder.model).float().requires_grad_(True)
    # Half of all weights are vectors of words, most of which a few hundred texts never show.
    live.get_input_embeddings().requires_grad_(False)
    weights = [weight for weight in live.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps, recipe.warmup))
    due = {math.ceil(steps * (number + 1) / recipe.checks) for number in range(recipe.checks)} if check else {steps}
    losses: list[float] = []
    seen: list[Any] = []
    states: list[tuple[int, LoadedEncoder]] = []
    tokens = 0
    # Dropout draws from torch's global generator, which is put back so that others do not notice.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for step, batch in enumerate(batches(labels, recipe.batch, steps, seed), start=1):
            live.train()
            batch.sort(key=lambda index: len(ids[index]))
            # The short half and the long half are read apart, which saves padding, and compared together.
            halves = [[ids[index] for index in half] for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :])]
            vectors = torch.cat([pooled(encoder, half, live) for half in halves])
            loss = contrastive_loss(vectors, [labels[index] for index in batch], recipe.temperature)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, recipe.clip)
            optimiser.step()
            schedule.step()
            losses.append(round(float(loss.detach()), 6))
            tokens += sum(len(half) * max(map(len, half)) for half in halves)
            if not math.isfinite(losses[-1]):
                raise JobFailed(f"contrastive tuning: the loss is {losses[-1]} at step {step}")
            if step in due:
                states.append((step, _snapshot(encoder, live)))
                if check:
                    seen.append(check(states[-1][1]))
    kept = pick(seen) if pick and seen else len(states) - 1
    return Moved(states[kept][1], tuple(losses), tuple(step for step, _ in states), states[kept][0], tokens)


def contrastive_loss(vectors: Any, labels: Sequence[int], temperature: float) -> Any:
    """The mean over texts of minus the mean log-share that their partners of the same label have among all others.

    `vectors` [n, width] have length one. A text without a partner in the batch is no anchor, only an other.
    """
    import torch

    marks = torch.tensor(list(labels), device=vectors.device)
    own = torch.eye(len(marks), dtype=torch.bool, device=vectors.device)
    partners = (marks[:, None] == marks[None]) & ~own
    shares = (vectors @ vectors.t() / temperature).masked_fill(own, -1e9).log_softmax(dim=1)
    counts = partners.sum(1)
    anchors = counts > 0
    sums = (shares * partners).sum(1)
    return -(sums[anchors] / counts[anchors]).mean()


def batches(labels: Sequence[int], size: int, steps: int, seed: int) -> list[list[int]]:
    """Indices for each step: labels as even as they go, each with two texts at least.

    Every label goes through its shuffled texts before any comes again; one with a single text gives it twice, which
    dropout reads in two ways. Raises ValueError for fewer than two labels.
    """
    random = Random(seed)
    members: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    if len(members) < 2:
        raise ValueError(f"contrast needs at least 2 labels; found {len(members)}")
    queues: dict[int, list[int]] = {label: [] for label in members}
    waiting: list[int] = []
    result = []
    for _ in range(steps):
        chosen: list[int] = []
        while len(chosen) < min(len(members), max(2, size // 2)):
            if not waiting:
                waiting = random.sample(sorted(members), len(members))
            label = waiting.pop(0)
            if label not in chosen:
                chosen.append(label)
        batch: list[int] = []
        for place in range(max(size, 2 * len(chosen))):
            label = chosen[place % len(chosen)]
            if not queues[label]:
                queues[label] = random.sample(members[label], len(members[label]))
            batch.append(queues[label].pop(0))
        result.append(batch)
    return result


def _rate(step: int, steps: int, warmup: float) -> float:
    """The share of the learning rate at a step: up in a straight line, then down in one."""
    rising = max(1, round(steps * warmup))
    return (step + 1) / rising if step < rising else max(0.0, (steps - step) / max(1, steps - rising))


def _snapshot(encoder: LoadedEncoder, live: Any) -> LoadedEncoder:
    """What `live` is now, in evaluation mode and in the encoder's own number format."""
    import torch

    model = copy.deepcopy(live).to(getattr(torch, encoder.dtype)).eval().requires_grad_(False)
    return replace(encoder, model=model)
