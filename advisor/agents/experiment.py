"""Which benchmark would test an advice on the user's own data, and how many rows it needs."""

from __future__ import annotations

import math
from typing import Any

from advisor.knowledge.domain import Quantity
from advisor.reasoning.advice import Advice

KINDS = {"classification": "classification", "extraction": "extraction", "question_answering": "qa"}
SIZES = (16, 64, 256, 1024)
DIFFERENCE = 0.05
DISCORDANT = 0.2
Z_TWO_SIDED_5, Z_POWER_80 = 1.959964, 0.841621


def experiment(advice: Advice) -> dict[str, Any]:
    """The command that locks the advice, runs its approaches side by side and judges it, with the rows it needs."""
    kind = KINDS.get(str(advice.answers.get("task_kind")), "generation")
    sizes = _sizes(advice.answers.get("labelled_examples"))
    words = ["advisor validate DATA.csv --text-column TEXT --label-column LABEL"]
    words += [] if kind == "classification" else [f"--kind {kind}"]
    words += ["--answers ANSWERS.yaml", "--train-sizes " + ",".join(str(size) for size in sizes), "--seeds 0,1,2"]
    eligible = [item.approach for item in advice.ranking if item.eligible]
    return {
        "command": " ".join(words),
        "train_sizes": list(sizes),
        "test_items": _plain(rows_needed()),
        "compares": eligible,
        "decides": (
            "Which of the approaches is best on these rows, and from how many examples on tuning beats the best "
            "prompt; the measurement then enters the advice with --measured."
        ),
        "not_needed": len(eligible) < 2,
    }


def rows_needed() -> Quantity:
    """The test rows at which five points between two arms show: 80 % power at the 5 % level, paired.

    Source of the formula: the normal approximation of McNemar's test, n = (z_a + z_b)^2 d / difference^2 with d the
    share of rows on which exactly one of both arms is right.
    """
    needed = math.ceil((Z_TWO_SIDED_5 + Z_POWER_80) ** 2 * DISCORDANT / DIFFERENCE**2)
    basis = (
        f"(1.96 + 0.84)² × {DISCORDANT:g} / {DIFFERENCE:g}²: 80 % power at the 5 % level for {100 * DIFFERENCE:g} "
        f"points, if exactly one of two arms is right on {100 * DISCORDANT:g} % of the rows"
    )
    return Quantity(float(needed), "rows", "estimated", basis)


def _sizes(labelled: Any) -> tuple[int, ...]:
    """Sizes up to what is at hand, at least the two smallest; the usual three where that is not known."""
    if isinstance(labelled, dict):
        labelled = labelled.get("likely")
    if not isinstance(labelled, int | float):
        return SIZES[:3]
    return tuple(size for size in SIZES if size <= max(labelled, SIZES[1]))


def _plain(quantity: Quantity) -> dict[str, Any]:
    return {"value": quantity.value, "unit": quantity.unit, "origin": quantity.origin, "source": quantity.source}
