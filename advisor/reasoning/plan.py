"""The plan: which stages in which order, and the number that ends each."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.reasoning.advice import Stage
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.explain import in_words


def stages(engine: Engine, outcome: Outcome, approach: str | None) -> tuple[Stage, ...]:
    """The stages for the recommended approach; those up to a measured prompt where there is none."""
    return tuple(_stages(engine, outcome, approach))


def _stages(engine: Engine, outcome: Outcome, approach: str | None) -> Iterator[Stage]:
    facts = outcome.facts
    target = facts.numbers("target_quality")
    goal = f"{in_words(100 * float(target.likely[0]))} %" if target.known[0] else "the quality that you need"
    yield Stage(
        "evaluate",
        "Build an evaluation set",
        "Collect real inputs with the answers you would accept, apart from anything used in prompts or training.",
        f"Move on when at least {in_words(engine.parameter('evaluation_items'))} items are checked by an expert.",
    )
    yield Stage(
        "prompt",
        "Measure the best prompt",
        "Write a clear instruction with examples and measure it on the evaluation set.",
        f"Stop here if it reaches {goal}; else look at the failures: missing facts or unsteady behaviour?",
    )
    knowledge = facts.words("knowledge_need").is_any(("stable", "changing"))[0]
    if approach in {"prompting", "hybrid"} and knowledge:
        yield Stage(
            "retrieve",
            "Supply the missing knowledge",
            "Put the knowledge into the prompt, or retrieve the relevant part of it for each request.",
            "Move on when the answers to questions about facts stop improving.",
        )
    if approach in {"fine_tuning", "hybrid"}:
        yield from _tuning(engine, outcome, approach, goal)
    yield Stage(
        "review",
        "Decide again",
        "Repeat the evaluation when a model, a price or the requirement changes, and at the review date.",
        "Go back a stage if the measured quality falls below what was accepted at launch.",
    )


def _tuning(engine: Engine, outcome: Outcome, approach: str | None, goal: str) -> Iterator[Stage]:
    facts = outcome.facts
    kinds = facts.words("task_kind")
    needed = engine.book.parameters["examples_needed"].on(engine.day)
    word = kinds.values[int(kinds.codes[0])] if kinds.codes[0] >= 0 else ""
    amount = in_words(float(needed[word])) if word in needed else "enough"
    ratio = facts.numbers("examples_ratio")
    if not (ratio.known[0] and ratio.low[0] >= 1):
        yield Stage(
            "collect",
            "Collect and check labels",
            "Label real inputs by written rules, have a second person check a sample, keep the evaluation set apart.",
            f"Move on at {amount} labelled examples of good quality.",
        )
    yield Stage(
        "tune",
        "Tune and compare",
        "Tune on the labelled examples and compare with the best prompt on the same evaluation items.",
        f"Keep the tuned model only if the paired difference is above zero and it reaches {goal}.",
    )
    if approach == "hybrid":
        yield Stage(
            "combine",
            "Combine",
            "Ask the tuned model with the prompt (and the retrieved knowledge), trained in the very same format.",
            "Keep the combination only if it beats both of its parts on the same items.",
        )
