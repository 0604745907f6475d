"""The derived facts that conditions may name, beside the answers. The arithmetic is in `intake` and `reasoning`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.language import message


@dataclass(frozen=True, slots=True)
class DerivedFact:
    """A named number computed from answers; `reads` are the question fields that it depends on."""

    name: str
    title: str
    unit: str
    reads: tuple[str, ...]


def _per_approach(name: str, title: str, unit: str, reads: tuple[str, ...]) -> list[DerivedFact]:
    return [
        DerivedFact(f"{name}_{approach}", f"{title} ({approach.replace('_', '-')})", unit, reads)
        for approach in ("prompting", "fine_tuning", "hybrid")
    ]


_FACTS = [
    DerivedFact(
        "examples_per_class", message("labelled examples per class"), "examples", ("labelled_examples", "class_count")
    ),
    DerivedFact(
        "examples_ratio",
        message("labelled examples, weighted by label quality, as a multiple of what this kind of task needs"),
        "×",
        ("labelled_examples", "label_quality", "task_kind"),
    ),
    DerivedFact(
        "examples_by_deadline",
        message("labelled examples that will be at hand two weeks before the deadline"),
        "examples",
        ("labelled_examples", "new_labels_per_week", "deadline_weeks"),
    ),
    DerivedFact(
        "quality_shortfall",
        message("quality that the best prompt lacks"),
        "share",
        ("target_quality", "prompt_quality"),
    ),
    DerivedFact(
        "break_even_quality",
        message("share of right answers from which the use pays"),
        "share",
        ("error_cost_usd", "success_value_usd"),
    ),
    DerivedFact(
        "tokens_per_month", message("tokens a month"), "tokens", ("requests_per_month", "input_tokens", "output_tokens")
    ),
    DerivedFact(
        "size_ratio",
        message("size of the prompted model as a multiple of the largest tunable one"),
        "×",
        ("base_model_size_b", "tunable_model_size_b"),
    ),
    *_per_approach("setup_over_budget", "set-up cost above the budget", "USD", ("setup_budget_usd",)),
    *_per_approach("monthly_over_budget", "monthly cost above the budget", "USD", ("monthly_budget_usd",)),
    *_per_approach("weeks_over_deadline", "lead time beyond the deadline", "weeks", ("deadline_weeks",)),
    DerivedFact(
        "tuning_cost_ratio",
        message("cost of fine-tuning over the horizon as a multiple of prompting"),
        "×",
        ("requests_per_month",),
    ),
    DerivedFact(
        "break_even_requests",
        message("requests a month from which fine-tuning costs less than prompting over the horizon"),
        "requests",
        ("requests_per_month",),
    ),
]

DERIVED_FACTS: Mapping[str, DerivedFact] = {fact.name: fact for fact in _FACTS}
