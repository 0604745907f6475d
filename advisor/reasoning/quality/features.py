"""The features of a situation that the quality forecast reads, as columns over N scenarios.

Each feature is a plain function of answers; an answer that is not known takes a middling value, and the doubt that this
leaves is returned as a variance of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from advisor.intake.columns import Bools, Facts, Floats
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.quality_model import ANSWERS

# What a rule may read and still say nothing that the forecast does not know.
COVERED = ANSWERS | {"examples_per_class", "examples_ratio", "size_ratio"}

AMPLE = 1000.0  # examples (of a two-class task) from which scarcity ends and abundance begins
UNKNOWN_EXAMPLES = (20.0, 300.0, 5000.0)
MIX_EXAMPLES = 2000.0  # what a mix from the field, or documents, count for
UNKNOWN_CLASSES = 4.0
GRADE_SIZES = {"frontier": 400.0, "mid_range": 80.0, "small": 10.0}  # billions, where no size is stated
UNKNOWN_TUNED_SIZE = 3.0
REFERENCE_SIZE = 8.0
FRONTIER_USD, MID_RANGE_USD = 8.0, 0.8  # per million output tokens: the price as a stand-in for the grade
# Variance in z that an open answer adds: its spread over plausible values times what it moves.
OPEN_VARIANCE = {"task_kind": 0.1, "grade": 0.3, "prompt_effort": 0.08, "tunable_model_size_b": 0.03}
WITHIN_90 = 3.29  # width of a normal's central 90 % in standard deviations
KINDS = (
    *("classification", "extraction", "summarization", "generation", "question_answering", "conversation"),
    *("translation", "code", "reasoning"),
)
SCARCE_HEAD = "scarcity_classifier_head"
TINY = 1.0  # billions of parameters, below which a prompted model counts as tiny, by powers of ten
TINIEST = 1.5
UNLIKE = 4.0  # how many times as large a model is that has nothing of the other any more; in between it fades
VARYING = (
    "scarcity",
    "scarcity_few_shot_tuner",
    "scarcity_strong_prompt",
    "scarcity_tiny",
    "abundance",
)  # with the examples


@dataclass(frozen=True, slots=True)
class Situation:
    """What the features are computed from, over N scenarios: examples in three quantiles, sizes, shares of grades."""

    examples: tuple[Floats, Floats, Floats]
    pairs: Floats
    few_shot_tuner: Floats
    classifier_head: Floats
    strong: Floats
    columns: Mapping[str, Floats]
    open_variance: Floats

    def take(self, rows: NDArray[np.intp]) -> Situation:
        """The scenarios of the given indices, possibly repeated."""
        low, likely, high = self.examples
        return Situation(
            (low[rows], likely[rows], high[rows]),
            self.pairs[rows],
            self.few_shot_tuner[rows],
            self.classifier_head[rows],
            self.strong[rows],
            {name: column[rows] for name, column in self.columns.items()},
            self.open_variance[rows],
        )

    def scarcity(self, examples: Floats) -> Floats:
        """Halvings below `AMPLE`, in threes; `examples` counts for `pairs` classes taken two by two."""
        return np.clip(np.log2(AMPLE / np.maximum(examples / self.pairs, 1.0)), 0, 8) / 3

    def abundance(self, examples: Floats) -> Floats:
        """Powers of ten above `AMPLE`, at most two."""
        return np.clip(np.log10(np.maximum(examples / self.pairs, 1.0) / AMPLE), 0, 2)

    def values(self, name: str, examples: Floats) -> Floats:
        """The feature of that name at that many examples, shape (N,)."""
        varying: Mapping[str, Callable[[], Floats]] = {
            "scarcity": lambda: self.scarcity(examples) * (1 - self.few_shot_tuner),
            "scarcity_few_shot_tuner": lambda: self.scarcity(examples) * self.few_shot_tuner,
            "scarcity_strong_prompt": lambda: self.scarcity(examples) * (1 - self.few_shot_tuner) * self.strong,
            "scarcity_tiny": lambda: self.scarcity(examples) * (1 - self.few_shot_tuner) * self.columns["prompt_tiny"],
            "abundance": lambda: self.abundance(examples),
        }
        return varying[name]() if name in varying else self.columns[name]

    def design(self, names: tuple[str, ...], quantile: int = 1) -> Floats:
        """The features as a matrix (N, K) at the low, likely or high number of examples."""
        return np.stack([self.values(name, self.examples[quantile]) for name in names], axis=1)

    def hybrid_design(self, names: tuple[str, ...]) -> Floats:
        """The same for the lead of a hybrid, where scarcity counts for a bare classifier, which no prompt words."""
        scarce = self.scarcity(self.examples[1]) * self.classifier_head
        return np.stack([scarce if name == SCARCE_HEAD else self.columns[name] for name in names], axis=1)


def situation(facts: Facts, prices: PriceTable, day: date) -> Situation:
    """The situation of N scenarios, from their answers."""
    is_any = {name: facts.words(name).is_any for name in ANSWERS}
    kinds = {kind: is_any["task_kind"]([kind]).astype(float) for kind in KINDS}
    classes = facts.numbers("class_count")
    labels = kinds["classification"] > 0
    counted = classes.known & labels
    pairs = np.where(labels, np.where(counted, np.maximum(classes.likely, 2), UNKNOWN_CLASSES) / 2, 1.0)
    grades, grade_open = _grades(facts, prices, day)
    frontier, mid = grades["frontier"], grades["mid_range"]
    base, base_known = _sizes(facts, grades)
    tuned = facts.numbers("tunable_model_size_b")
    tuned_size = np.where(tuned.known, np.maximum(tuned.likely, 1e-3), UNKNOWN_TUNED_SIZE)
    mix = is_any["training_material"](["domain_mix"])
    raw = is_any["training_material"](["raw_documents"])
    effort_open = ~facts.known("prompt_effort")
    material = is_any["training_material"](["domain_mix", "raw_documents"])
    alike = np.clip(1 - np.abs(np.log(base / tuned_size)) / np.log(UNLIKE), 0, 1)
    same = np.where(is_any["model_access"](["open_weights"]) & base_known & tuned.known, alike, 0.0)
    knowledge_open = ~facts.known("knowledge_need")
    needed = np.where(knowledge_open, 0.2, is_any["knowledge_need"](["stable", "changing"]))
    tiny = np.where(base_known, np.clip(np.log10(TINY / base), 0, TINIEST), 0.0)
    head = is_any["tuning_method"](["classifier_head"]).astype(float)
    plain = effort_open | is_any["prompt_effort"](["zero_shot", "few_shot"])
    columns = {
        "start": np.ones(facts.n),
        "many_classes": np.where(counted, np.log2(np.maximum(classes.likely, 2) / 4) / 3, 0.0),
        "prompt_few_shot": np.where(effort_open, 1.0, is_any["prompt_effort"](["few_shot"])),
        "prompt_optimised": is_any["prompt_effort"](["optimised"]).astype(float),
        "prompt_retrieval": is_any["prompt_effort"](["retrieval"]).astype(float),
        "knowledge_needed": needed,
        "prompt_frontier": frontier,
        "prompt_mid_range": mid,
        "prompt_tiny": tiny,
        "tuned_size": np.log10(tuned_size / REFERENCE_SIZE) * (1 - same),
        "same_base": same,
        "domain_mix": mix.astype(float),
        "domain_mix_hosted": mix * (frontier + mid),
        "raw_documents": raw.astype(float),
        "labels_shown_to_tiny": kinds["classification"] * plain * ~material * (1 - needed) * (1 - head) * tiny,
        "text_overlap": is_any["quality_measure"](["text_overlap"]).astype(float),
        "judged": is_any["quality_measure"](["judged"]).astype(float),
        "specialised": is_any["domain_specialization"](["highly_specialized"]).astype(float),
        "reasoning_size_gap": np.log10(base / tuned_size) * kinds["reasoning"],
        "questions_frontier": frontier * kinds["question_answering"],
        **{f"kind_{kind}": column for kind, column in kinds.items()},
    }
    open_variance = (
        OPEN_VARIANCE["task_kind"] * ~facts.known("task_kind")
        + OPEN_VARIANCE["grade"] * grade_open
        + OPEN_VARIANCE["prompt_effort"] * effort_open
        + OPEN_VARIANCE["tunable_model_size_b"] * ~tuned.known
    )
    return Situation(
        examples=_examples(facts, material),
        pairs=pairs,
        few_shot_tuner=_few_shot_tuner(facts, labels),
        classifier_head=head,
        strong=frontier + 0.6 * mid,
        columns=columns,
        open_variance=open_variance,
    )


def unknown_features(tuning: Sequence[str], hybrid: Sequence[str], prices: PriceTable, day: date) -> tuple[str, ...]:
    """The names among the features of a model or of beliefs that no situation has."""
    columns = situation(Facts(1, {}, np.ones((1, 1))), prices, day).columns
    return (
        *(name for name in tuning if name not in columns and name not in VARYING),
        *(name for name in hybrid if name not in columns and name != SCARCE_HEAD),
    )


def _few_shot_tuner(facts: Facts, labels: Bools) -> Floats:
    """How far the tuner is one made for few labels: for labels, where the method is open, such a one is half likely."""
    chosen = facts.words("tuning_method").is_any(["few_shot_tuner"])
    return np.where(labels & ~facts.known("tuning_method"), 0.5, chosen)


def _examples(facts: Facts, material: Bools) -> tuple[Floats, Floats, Floats]:
    stated = facts.numbers("labelled_examples")
    low, likely, high = (
        np.where(material, MIX_EXAMPLES, np.where(stated.known, value, unknown))
        for value, unknown in zip((stated.low, stated.likely, stated.high), UNKNOWN_EXAMPLES, strict=True)
    )
    return low, likely, high


def _grades(facts: Facts, prices: PriceTable, day: date) -> tuple[dict[str, Floats], Bools]:
    """How far the prompted model is of each grade (a share), and where nothing tells."""
    stated = facts.words("base_model_grade")
    shares = {grade: stated.is_any([grade]).astype(float) for grade in GRADE_SIZES}
    open_ = stated.codes < 0
    models = facts.words("base_model")
    for code, model in enumerate(models.values):
        usd = prices.token_price(model, day).output.value
        grade = "frontier" if usd >= FRONTIER_USD else "mid_range" if usd >= MID_RANGE_USD else "small"
        named = open_ & (models.codes == code)
        shares[grade][named] = 1.0
        open_ = open_ & ~named
    sized = open_ & facts.known("base_model_size_b")
    shares["small"][sized] = 1.0
    open_ = open_ & ~sized
    shares["frontier"][open_] = shares["mid_range"][open_] = 0.5
    return shares, open_


def _sizes(facts: Facts, grades: Mapping[str, Floats]) -> tuple[Floats, Bools]:
    """The size of the prompted model in billions, as stated or as its grade has it, and where it is stated."""
    stated = facts.numbers("base_model_size_b")
    usual = np.exp(sum(share * np.log(GRADE_SIZES[grade]) for grade, share in grades.items()))
    return np.where(stated.known, np.maximum(stated.likely, 1e-3), usual), stated.known
