"""The answers that someone would have given before a published comparison was made: conditions, never results."""

from __future__ import annotations

from typing import Any

from advisor.intake.answers import Answers, parse
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.model_names import ModelNames
from advisor.knowledge.studies import Comparison

# A paper that does not say how many examples it tuned on used its benchmark's training set, as a rule thousands.
UNSTATED_EXAMPLES = {"low": 1000, "likely": 5000, "high": 50000}
MIX_FROM_EXAMPLES = 50_000  # a large model tuned on as many was tuned on a mix of tasks, as a rule
MIX_FROM_SIZE_B = 5.0
SAME_SIZE_B = 7.0  # stands for both where one model is prompted and tuned and its size is not stated
EFFORTS = {
    "zero_shot": "zero_shot",
    "few_shot": "few_shot",
    "cot": "few_shot",
    "many_shot": "optimised",
    "optimised": "optimised",
    "rag": "retrieval",
}
METHODS = {
    "full": "full",
    "lora": "adapters",
    "qlora": "adapters",
    "head": "classifier_head",
    "setfit": "few_shot_tuner",
    "api_ft": "hosted",
    "other": "full",
}


def answers_of(row: Comparison, names: ModelNames, book: Rulebook) -> Answers:
    """What was known before the comparison `row` was made, as an answered questionnaire.

    Sizes and counts beyond what the questionnaire takes stand at its bounds.
    """
    raw = conditions(row, names)
    for name, value in raw.items():
        question = book.questions.get(name)
        if question is not None and question.numeric and isinstance(value, int | float):
            low, high = question.min, question.max
            raw[name] = min(max(value, value if low is None else low), value if high is None else high)
    return parse(raw, book, row.id)


def conditions(row: Comparison, names: ModelNames) -> dict[str, Any]:
    """The same as a plain mapping of fields to answers; what the source does not state is left out or a usual range."""
    tuned_size = row.tuned_size_b or names.tuned_size(row.tuned_model)
    raw: dict[str, Any] = {
        "task_kind": row.task_kind,
        "domain_specialization": _domain(row, names),
        "class_count": row.class_count if row.task_kind == "classification" and (row.class_count or 0) > 1 else None,
        "knowledge_need": "changing" if row.needs_knowledge else "none",
        "labelled_examples": UNSTATED_EXAMPLES if row.examples is None else row.examples,
        "training_material": _material(row, names, tuned_size),
        "tuning_method": _method(row, names),
        "quality_measure": _measure(row, names),
        "base_model_grade": names.grade(row.prompt_model),
        "base_model_size_b": row.prompt_size_b or names.prompted_size(row.prompt_model),
        "tunable_model_size_b": tuned_size,
        "prompt_effort": EFFORTS.get(row.prompt_method),
        "model_access": "hosted_api_with_tuning",
    }
    if row.same_base:
        size = raw["base_model_size_b"] or tuned_size or SAME_SIZE_B
        raw |= {"model_access": "open_weights", "base_model_size_b": size, "tunable_model_size_b": size}
    return {name: value for name, value in raw.items() if value is not None}


def _domain(row: Comparison, names: ModelNames) -> str:
    return "highly_specialized" if names.specialised_domains.search(row.domain.lower()) else "general"


def _material(row: Comparison, names: ModelNames, size: float | None) -> str:
    if names.raw_document_tuning.search(row.hybrid_description.lower()):
        return "raw_documents"
    if row.examples == 0:
        return "domain_mix"
    unstated = row.examples is None and row.tuning_method == "full"
    large = (size if size is not None else 8.0) >= MIX_FROM_SIZE_B
    many = (row.examples or 0) >= MIX_FROM_EXAMPLES
    return "domain_mix" if large and row.tuned_model and (unstated or many) else "task_examples"


def _method(row: Comparison, names: ModelNames) -> str | None:
    if names.few_shot_tuners.search(row.tuned_model.lower()):
        return "few_shot_tuner"
    return METHODS.get(row.tuning_method, "full" if row.tuned_model else None)


def _measure(row: Comparison, names: ModelNames) -> str:
    metric = row.metric.lower()
    if names.judged_metrics.search(metric):
        return "judged"
    return "text_overlap" if names.overlap_metrics.search(metric) else "label_match"
