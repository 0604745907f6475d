"""The kinds of task, and the metrics that each can be judged by. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence

CLASSIFICATION = "classification"
EXTRACTION = "extraction"
TEXT_KINDS = ("generation", "qa", "summarization")
KINDS = (CLASSIFICATION, EXTRACTION, *TEXT_KINDS)

TEXT_METRICS = ("exact_match_normalised", "token_f1", "rouge_l", "chrf", "exact_match", "exact_match_number")
EXTRACTION_METRICS = ("slot_micro_f1", "field_micro_f1", "exact_match")
# What every cell of a free text reports whatever its main metric is; the rest only where the card asks for it.
ALWAYS = ("exact_match_normalised", "token_f1", "rouge_l", "chrf")

_F1_OF = "f1_of_"
_CHOICE = "_accuracy"


def label_of_metric(metric: str, labels: Sequence[str]) -> str | None:
    """The label that a metric such as `f1_of_spam` speaks of, or None; blanks may be written as underscores."""
    if not metric.startswith(_F1_OF):
        return None
    wanted = metric.removeprefix(_F1_OF)
    return next((label for label in labels if wanted in (label, label.replace(" ", "_"))), None)


def choice_of_metric(metric: str, choices: Sequence[str]) -> str | None:
    """The field that a metric such as `intent_accuracy` speaks of, or None."""
    name = metric.removesuffix(_CHOICE)
    return name if metric.endswith(_CHOICE) and name in choices else None


def metrics_of(primary: str, kind: str = CLASSIFICATION, choices: Sequence[str] = ()) -> tuple[str, ...]:
    """The metrics that every cell of a task reports: the task's own first. `choices` are the fields with fixed values.

    Without a field of fixed values every field is a slot, and field_micro_f1 would repeat slot_micro_f1.
    """
    if kind == CLASSIFICATION:
        more: tuple[str, ...] = ("accuracy", "macro_f1")
    elif kind == EXTRACTION:
        more = ("slot_micro_f1", *(("field_micro_f1",) if choices else ()), "exact_match")
        more += tuple(f"{choice}{_CHOICE}" for choice in choices)
    else:
        more = ALWAYS
    return tuple(dict.fromkeys((primary, *more)))


def metric_is_known(metric: str, kind: str, labels: Sequence[str], choices: Sequence[str]) -> bool:
    """Whether a task of that kind can be judged by that metric."""
    if kind == CLASSIFICATION:
        return metric in ("accuracy", "macro_f1") or label_of_metric(metric, labels) is not None
    if kind == EXTRACTION:
        return metric in EXTRACTION_METRICS or choice_of_metric(metric, choices) is not None
    return metric in TEXT_METRICS


def metrics_in_words(kind: str, labels: Sequence[str], choices: Sequence[str]) -> str:
    """The metrics that a task of that kind can be judged by, for a message."""
    if kind == CLASSIFICATION:
        return f"allowed: 'accuracy', 'macro_f1' or 'f1_of_' and a label ({', '.join(labels[:8])})"
    if kind == EXTRACTION:
        return f"allowed: {', '.join([*EXTRACTION_METRICS, *(choice + _CHOICE for choice in choices)])}"
    return f"allowed: {', '.join(TEXT_METRICS)}"
