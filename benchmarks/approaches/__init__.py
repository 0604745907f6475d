"""The arms of the benchmark: what may enter the ring, by which name, and how a contestant is made.

A contestant sees labelled training rows in `fit` and texts without labels in `predict`. It never sees the clock that
times it, the labels it is judged by, or another contestant. Importing this module imports no arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import BenchmarkError
from ..records import Answer, Approach, Example, TaskCard

if TYPE_CHECKING:
    from ..models.language_model import LoadedModel


@dataclass(frozen=True, slots=True)
class Arm:
    """One approach as benchmarked. Baselines have neither `approach` nor `technique`."""

    name: str
    approach: Approach | None
    technique: str | None
    needs_model: bool
    uses_training: bool
    summary: str


class Contestant(Protocol):
    """What an arm becomes once it knows the task, the seed and the model."""

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Learn from labelled rows; the returned JSON-shaped record tells every choice that was made, and on what.

        `dev` may be empty: contestants then choose on rows of `train` that they hold out, or use recorded defaults.
        """
        ...

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text, in the order of `texts`; `progress` receives the number of texts done since last."""
        ...


ARMS: Mapping[str, Arm] = MappingProxyType(
    {
        arm.name: arm
        for arm in (
            Arm("majority", None, None, False, True, "always the most frequent label of the training rows"),
            Arm("linear", None, None, False, True, "TF-IDF of words and characters with logistic regression"),
            Arm("zero_shot", "prompting", "zero_shot", True, True, "instruction only; labels scored and calibrated"),
            Arm("few_shot", "prompting", "few_shot", True, True, "instruction and solved examples in the prompt"),
            Arm("lora", "fine_tuning", "lora", True, True, "low-rank adapters trained on the zero-shot prompt"),
            Arm("hybrid", "hybrid", "tuned_with_prompt", True, True, "low-rank adapters trained on a few-shot prompt"),
        )
    }
)


def make(arm: str, card: TaskCard, seed: int, model: LoadedModel | None) -> Contestant:
    """A fresh contestant. Raises BenchmarkError for an unknown arm, or when the arm needs a model and has none."""
    entry = find(arm)
    if not entry.needs_model:
        from .baselines import Linear, Majority

        return Majority(card) if entry.name == "majority" else Linear(card, seed)
    if model is None:
        raise BenchmarkError(f"arm {arm!r} needs a language model; name one with --model")
    if entry.approach == "prompting":
        from .prompting import Prompting

        return Prompting(card, seed, model, shots=entry.name == "few_shot")
    from .tuning import Tuning

    return Tuning(card, seed, model, shots=entry.name == "hybrid")


def settings(arm: str) -> dict[str, Any]:
    """What enters the identity of a cell: the arm's hyper-parameters, its template texts, its code's version."""
    entry = find(arm)
    if not entry.needs_model:
        from .baselines import settings as of_baseline

        return of_baseline(entry.name)
    if entry.approach == "prompting":
        from .prompting import settings as of_prompting

        return of_prompting(shots=entry.name == "few_shot")
    from .tuning import settings as of_tuning

    return of_tuning(shots=entry.name == "hybrid")


def find(arm: str) -> Arm:
    """The arm of that name. Raises BenchmarkError that lists the names there are."""
    if arm not in ARMS:
        raise BenchmarkError(f"arm {arm!r}: there is no such arm; allowed: {', '.join(ARMS)}")
    return ARMS[arm]
