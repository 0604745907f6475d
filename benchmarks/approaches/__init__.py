"""The arms of the benchmark: what may enter the ring, by which name, and how a contestant is made.

A contestant sees labelled training rows in `fit` and texts without labels in `predict`. It never sees the clock that
times it, the labels it is judged by, or another contestant. Importing this module imports no arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..errors import BenchmarkError
from ..records import Answer, Approach, Example, TaskCard
from ..tasks.kinds import CLASSIFICATION, EXTRACTION, KINDS, TEXT_KINDS

if TYPE_CHECKING:
    from ..models.encoder import EncoderChoice
    from ..models.language_model import LoadedModel


@dataclass(frozen=True, slots=True)
class Arm:
    """One approach as benchmarked, on tasks of some `kinds`. Baselines have neither `approach` nor `technique`.

    `by_name` arms cost more, or want the encoder; they run where they are named, or with `every`, not with `all`.
    """

    name: str
    approach: Approach | None
    technique: str | None
    needs_model: bool
    uses_training: bool
    summary: str
    kinds: tuple[str, ...] = KINDS
    needs_encoder: bool = False
    by_name: bool = False


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


@runtime_checkable
class Looking(Protocol):
    """A contestant that decides how it learns by a look at the task's training split before `fit`."""

    def look_at(self, pool: Sequence[Example]) -> None:
        """Look at `pool`, rows of the training split beyond the cell's own; `fit` still learns from its own alone."""
        ...


ARMS: Mapping[str, Arm] = MappingProxyType(
    {
        arm.name: arm
        for arm in (
            Arm("majority", None, None, False, True, "always the most frequent label or answer of the training rows"),
            Arm(
                "linear",
                None,
                None,
                False,
                True,
                "TF-IDF with logistic regression for labels; words tagged by a linear classifier for extraction",
                (CLASSIFICATION, EXTRACTION),
            ),
            Arm(
                "nearest",
                None,
                None,
                False,
                True,
                "the answer of the training row whose text is most alike",
                (EXTRACTION, *TEXT_KINDS),
            ),
            Arm("zero_shot", "prompting", "zero_shot", True, True, "instruction only; labels scored, answers written"),
            Arm("few_shot", "prompting", "few_shot", True, True, "instruction and solved examples in the prompt"),
            Arm(
                "retrieved_few_shot",
                "prompting",
                "retrieved_few_shot",
                True,
                True,
                "instruction, and for every text the solved examples that are most like it",
                (CLASSIFICATION,),
                needs_encoder=True,
                by_name=True,
            ),
            Arm(
                "optimised_prompt",
                "prompting",
                "optimised_prompt",
                True,
                True,
                "instruction and solved examples searched for, with as much effort as a tuning gets",
                (CLASSIFICATION,),
                by_name=True,
            ),
            Arm(
                "encoder_head",
                "fine_tuning",
                "encoder_head",
                False,
                True,
                "logistic regression on a sentence encoder's vectors",
                (CLASSIFICATION,),
                needs_encoder=True,
                by_name=True,
            ),
            Arm(
                "encoder_contrastive",
                "fine_tuning",
                "encoder_head",
                False,
                True,
                "the same after the encoder has learnt by contrast which texts share a label",
                (CLASSIFICATION,),
                needs_encoder=True,
                by_name=True,
            ),
            Arm("lora", "fine_tuning", "lora", True, True, "low-rank adapters trained on the zero-shot prompt"),
            Arm(
                "full",
                "fine_tuning",
                "full",
                True,
                True,
                "every matrix of the model trained on the zero-shot prompt",
                (CLASSIFICATION,),
                by_name=True,
            ),
            Arm("hybrid", "hybrid", "tuned_with_prompt", True, True, "low-rank adapters trained on a few-shot prompt"),
            Arm(
                "lora_upper",
                "fine_tuning",
                "lora",
                True,
                True,
                "lora on the upper layers alone, where a look at training rows finds that as good; else on all",
                (CLASSIFICATION,),
                by_name=True,
            ),
            Arm(
                "hybrid_upper",
                "hybrid",
                "tuned_with_prompt",
                True,
                True,
                "hybrid on the upper layers alone, where a look at training rows finds that as good; else on all",
                (CLASSIFICATION,),
                by_name=True,
            ),
        )
    }
)

WITH_SHOTS = ("few_shot", "hybrid", "hybrid_upper")
UPPER = ("lora_upper", "hybrid_upper")


def make(
    arm: str, card: TaskCard, seed: int, model: LoadedModel | None, encoder: EncoderChoice | None = None
) -> Contestant:
    """A fresh contestant; `encoder` None stands for the known one.

    Raises BenchmarkError for an arm that is unknown, does not fit the task or has no model.
    """
    entry = fitting(arm, card.kind)
    if entry.technique == "encoder_head":
        from ..models.encoder import resident
        from .encoder_head import EncoderHead

        return EncoderHead(card, seed, resident(encoder), moved=entry.name == "encoder_contrastive")
    if not entry.needs_model:
        return _baseline(entry.name, card, seed)
    if model is None:
        raise BenchmarkError(f"arm {arm!r} needs a language model; name one with --model")
    shots = entry.name in WITH_SHOTS
    if card.kind != CLASSIFICATION:
        from .prompted_writing import PromptedWriting
        from .tuned_writing import TunedWriting

        kind = PromptedWriting if entry.approach == "prompting" else TunedWriting
        return kind(card, seed, model, shots=shots)
    if entry.name == "retrieved_few_shot":
        from ..models.encoder import resident
        from .retrieved import Retrieved

        return Retrieved(card, seed, model, resident(encoder))
    if entry.name == "optimised_prompt":
        from .optimised import Optimised

        return Optimised(card, seed, model)
    if entry.name == "full":
        from .whole import Whole

        return Whole(card, seed, model)
    if entry.approach == "prompting":
        from .prompting import Prompting

        return Prompting(card, seed, model, shots=shots)
    if entry.name in UPPER:
        from .upper_tuning import UpperTuning

        return UpperTuning(card, seed, model, shots=shots)
    from .tuning import Tuning

    return Tuning(card, seed, model, shots=shots)


def _baseline(name: str, card: TaskCard, seed: int) -> Contestant:
    if card.kind == CLASSIFICATION:
        from .baselines import Linear, Majority

        return Majority(card) if name == "majority" else Linear(card, seed)
    if name == "linear":
        from .tagging import Tagger

        return Tagger(card, seed)
    from .copying import MostFrequent, Nearest

    return Nearest() if name == "nearest" else MostFrequent()


def settings(arm: str, kind: str = CLASSIFICATION, encoder: EncoderChoice | None = None) -> dict[str, Any]:
    """What enters the identity of a cell: the arm's hyper-parameters, its template texts, its code's version."""
    entry = fitting(arm, kind)
    shots = entry.name in WITH_SHOTS
    if entry.technique == "encoder_head":
        from .encoder_head import settings as of_head

        return of_head(moved=entry.name == "encoder_contrastive", encoder=encoder)
    if not entry.needs_model:
        return _baseline_settings(entry.name, kind)
    if kind != CLASSIFICATION:
        from .prompted_writing import settings as of_prompted
        from .tuned_writing import settings as of_tuned

        return (of_prompted if entry.approach == "prompting" else of_tuned)(kind, shots=shots)
    if entry.name == "retrieved_few_shot":
        from .retrieved import settings as of_retrieved

        return of_retrieved(encoder)
    if entry.name == "optimised_prompt":
        from .optimised import settings as of_optimised

        return of_optimised()
    if entry.name == "full":
        from .whole import settings as of_whole

        return of_whole()
    if entry.approach == "prompting":
        from .prompting import settings as of_prompting

        return of_prompting(shots=shots)
    if entry.name in UPPER:
        from .upper_tuning import settings as of_upper

        return of_upper(shots=shots)
    from .tuning import settings as of_tuning

    return of_tuning(shots=shots)


def _baseline_settings(name: str, kind: str) -> dict[str, Any]:
    if kind == CLASSIFICATION:
        from .baselines import settings as of_baseline

        return of_baseline(name)
    if name == "linear":
        from .tagging import settings as of_tagger

        return of_tagger()
    from .copying import settings as of_copying

    return of_copying(name)


def fitting(arm: str, kind: str) -> Arm:
    """The arm of that name, if it can do tasks of that kind. Raises BenchmarkError that lists those that can."""
    entry = find(arm)
    if kind not in entry.kinds:
        able = ", ".join(name for name, one in ARMS.items() if kind in one.kinds)
        raise BenchmarkError(f"arm {arm!r}: cannot do a task of the kind {kind!r}; allowed: {able}")
    return entry


def arms_for(kind: str) -> tuple[str, ...]:
    """The names of the arms that can do tasks of a kind, in the order of the table."""
    return tuple(name for name, entry in ARMS.items() if kind in entry.kinds)


def usual(arms: Sequence[str]) -> tuple[str, ...]:
    """Those of the arms that `all` stands for."""
    return tuple(name for name in arms if not ARMS[name].by_name)


def find(arm: str) -> Arm:
    """The arm of that name. Raises BenchmarkError that lists the names there are."""
    if arm not in ARMS:
        raise BenchmarkError(f"arm {arm!r}: there is no such arm; allowed: {', '.join(ARMS)}")
    return ARMS[arm]
