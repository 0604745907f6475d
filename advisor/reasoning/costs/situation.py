"""What is the same for all cost lines of N scenarios: volume, prompt, sizes, who runs the models, labels, people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from advisor.intake.columns import UNKNOWN_CODE, Bools
from advisor.language import say
from advisor.reasoning.costs.inputs import LOW, Band, Inputs, ModelPrice, Rows, Term

MILLION = 1e6
SECONDS_PER_HOUR = 3600.0
HOURS_PER_MONTH = 730.0


@dataclass(frozen=True, slots=True)
class Volume:
    """Requests a month and the tokens of one: the text itself, the answer, the prompt around it."""

    requests: Term
    input: Term
    output: Term
    prompt: Term
    paid_prompt_share: Term
    tuned_prompt: Term
    hybrid_prompt: Term
    context: Term


@dataclass(frozen=True, slots=True)
class Machines:
    """Who runs the models: masks of the scenarios on own or rented cards, sizes, and what a card's hour costs."""

    own_prompted: Bools
    own_tuned: Bools
    base_size: Rows
    tuned_size: Rows
    card_share: Term
    price: ModelPrice


@dataclass(frozen=True, slots=True)
class Labels:
    """What one label costs, and how many are needed, missing and trained on.

    Labels at hand go into the evaluation first and then into training.
    """

    each: Term
    needed: Term
    missing_for_evaluation: Term
    missing_for_training: Term
    trained_on: Term


@dataclass(frozen=True)
class Situation:
    """Everything that the cost lines share."""

    inputs: Inputs
    retrieval: Bools
    volume: Volume
    machines: Machines
    labels: Labels
    rate: Term
    prompting_breadth: Term
    tuning_breadth: Term

    @cached_property
    def training_run(self) -> Term:
        """What one training run costs: by the token at a service, by the hour on a card."""
        inputs, machines, volume = self.inputs, self.machines, self.volume
        examples, epochs = self.labels.trained_on, inputs.assumed("epochs")
        tokens = (
            examples.values * epochs.values * (volume.input.values + volume.output.values + volume.tuned_prompt.values)
        )
        service = inputs.tuned_service(machines.tuned_size, "tuning_training", say("price of training"))
        card = inputs.gpu_hour(machines.tuned_size, "training")
        cards = inputs.assumed("training_gpus", size=machines.tuned_size)
        speed = inputs.assumed("training_speed", falling=True, size=machines.tuned_size)
        by_hour = tokens / speed.values / SECONDS_PER_HOUR * cards.values * card.values * machines.card_share.values
        values = np.where(machines.own_tuned, by_hour, tokens * service.values / MILLION)
        shared = (examples, epochs, volume.input, volume.output, volume.tuned_prompt)

        def cite() -> str:
            formula = say("tokens / speed × cards × hour") if machines.own_tuned[0] else say("tokens × price")
            more = (speed, cards, card, machines.card_share) if machines.own_tuned[0] else (service,)
            words = "; ".join(term.text() for term in (*shared, *more))
            return say(
                "tokens = examples × passes × (request + answer + prompt); {formula}: {words}",
                formula=formula,
                words=words,
            )

        return Term(say("one run"), "USD", values, cite)


def read(inputs: Inputs) -> Situation:
    """The situation of the scenarios behind `inputs`."""
    retrieval = _retrieval(inputs)
    prompting_breadth = _breadth(inputs, "prompting_use_case_exponent")
    tuning_breadth = _breadth(inputs, "tuning_use_case_exponent")
    return Situation(
        inputs=inputs,
        retrieval=retrieval,
        volume=_volume(inputs, retrieval),
        machines=_machines(inputs),
        labels=_labels(inputs, tuning_breadth),
        rate=inputs.assumed("hourly_rate"),
        prompting_breadth=prompting_breadth,
        tuning_breadth=tuning_breadth,
    )


def combined(title: str, unit: str, values: Band, formula: str, *parts: Term) -> Term:
    """A term worked out from others; its origin is the formula with the parts in words."""
    return Term(title, unit, values, lambda: f"{formula}: " + "; ".join(part.text() for part in parts))


def _retrieval(inputs: Inputs) -> Bools:
    """Where knowledge is looked up: it is missing; or that is open, and prompts lack it or may go so far."""
    need = inputs.facts.words("knowledge_need")
    as_far = inputs.word_is("prompt_effort", "retrieval") | inputs.word_is("quality_gap", "missing_knowledge", "both")
    wanted: Bools = inputs.word_is("knowledge_need", "stable", "changing") | ((need.codes == UNKNOWN_CODE) & as_far)
    return wanted


def _volume(inputs: Inputs, retrieval: Bools) -> Volume:
    text = inputs.answered("input_tokens", "input_tokens")
    answer = inputs.answered("output_tokens", "output_tokens")
    instruction, shown = inputs.assumed("instruction_tokens"), inputs.assumed("demonstrations")
    limit = inputs.assumed("demonstration_tokens_limit")
    prompt = combined(
        say("unchanging part of the prompt"),
        "tokens",
        instruction.values + np.minimum(shown.values * (text.values + answer.values), limit.values),
        say("instruction + smaller of examples × (request + answer) and limit"),
        instruction,
        shown,
        text,
        answer,
        limit,
    )
    passages, knowledge = inputs.assumed("context_tokens"), inputs.answered("knowledge_tokens", "knowledge_tokens")
    context = combined(
        say("looked-up passages"),
        "tokens",
        np.where(retrieval, np.minimum(passages.values, knowledge.values), 0.0),
        say("smaller of passages and the whole knowledge, none without retrieval"),
        passages,
        knowledge,
    )
    short, share = inputs.assumed("tuned_prompt_tokens"), inputs.assumed("hybrid_prompt_share")
    hybrid = combined(
        say("prompt of the tuned model"),
        "tokens",
        np.maximum(prompt.values * share.values, short.values),
        say("part of the unchanging prompt, at least the short one"),
        prompt,
        share,
        short,
    )
    requests = inputs.answered("requests_per_month", "requests_per_month")
    return Volume(requests, text, answer, prompt, inputs.assumed("uncached_share"), short, hybrid, context)


def _machines(inputs: Inputs) -> Machines:
    """Own cards serve open models where there are some, or where the data must not leave.

    A tuned model also runs on own cards where the vendor does not tune. Regulated data keeps a tuned model inside
    unless an access was named. Where no vendor tunes for somebody new any more, every tuned model runs on cards.
    """
    access = inputs.facts.words("model_access")
    open_weights = inputs.word_is("model_access", "open_weights")
    cards = inputs.word_is("compute", "single_gpu", "multi_gpu")
    guarded = inputs.word_is("data_sensitivity", "confidential", "regulated")
    regulated = inputs.word_is("data_sensitivity", "regulated")
    vendor_tunes = inputs.word_is("model_access", "hosted_api_with_tuning")
    own_prompted = open_weights & (cards | guarded)
    own_tuned = own_prompted | (cards & ~vendor_tunes) | (regulated & (access.codes == UNKNOWN_CODE))
    if not inputs.tuning_offered():
        own_tuned = np.ones_like(own_tuned)
    base = inputs.answered("base_model_size_b", "base_model_size")
    tuned = inputs.answered("tunable_model_size_b", "tunable_model_size")
    base_size, tuned_size = inputs.size_class(base), inputs.size_class(tuned)
    sized = inputs.facts.known("base_model_size_b") | open_weights
    share = inputs.assumed("own_gpu_share")

    def cite() -> str:
        return share.cite() if cards[0] else say("rented, so in full")

    card_share = Term(share.title, share.unit, np.where(cards, share.values, 1.0), cite)
    price = inputs.model_price(base_size, sized)
    return Machines(own_prompted, own_tuned, base_size, tuned_size, card_share, price)


def _labels(inputs: Inputs, breadth: Term) -> Labels:
    minutes = inputs.assumed("label_minutes")
    reviewer = inputs.priced("expert_reviewer", "label_hour", say("reviewer"))
    answer, known = inputs.stated("label_cost_usd", say("cost of one label"))
    by_time = minutes.values / 60 * reviewer.values

    def cite() -> str:
        return (
            say("your answer")
            if known[0]
            else say("minutes / 60 × hourly price: {said}; {said_two}", said=minutes.text(), said_two=reviewer.text())
        )

    each = Term(say("one label"), "USD", np.where(known, answer, by_time), cite)
    one_use = inputs.examples_needed()
    needed = combined(
        say("examples needed"),
        "examples",
        one_use.values * breadth.values,
        say("for one use × use cases"),
        one_use,
        breadth,
    )
    test = inputs.assumed("evaluation_examples")
    fewest = inputs.answered("labelled_examples", "labelled_examples", falling=True)
    most = inputs.answered("labelled_examples", "labelled_examples")
    beyond = np.maximum(fewest.values - test.values, 0.0)
    rest = say("at hand beyond the evaluation")
    spare = combined(rest, "examples", beyond, say("at hand − evaluation"), fewest, test)
    limit = inputs.assumed("training_examples_limit")
    # Nobody has to train on more than is needed, so more examples never make the lowest estimate dearer.
    at_hand = most.values.copy()
    if inputs.chance is None:
        at_hand[LOW] = 0.0
    return Labels(
        each,
        needed,
        _missing(say("labels missing for the evaluation"), say("needed − at hand, at least 0"), test, fewest),
        _missing(
            say("labels missing for training"), say("needed − at hand beyond the evaluation, at least 0"), needed, spare
        ),
        combined(
            say("examples trained on"),
            "examples",
            np.minimum(np.maximum(needed.values, at_hand), limit.values),
            say("those needed, or up to all that are at hand, up to the limit"),
            needed,
            most,
            limit,
        ),
    )


def _missing(title: str, formula: str, wanted: Term, at_hand: Term) -> Term:
    values = np.maximum(wanted.values - at_hand.values, 0.0)
    return combined(title, "examples", values, formula, wanted, at_hand)


def _breadth(inputs: Inputs, exponent_name: str) -> Term:
    cases, known = inputs.stated("use_case_count", say("number of use cases"))
    exponent = inputs.assumed(exponent_name)
    count = np.where(known, np.maximum(cases, 1.0), 1.0)
    stated: Callable[[], str] = lambda: say("your answer") if known[0] else say("taken as one")  # noqa: E731
    number = Term(say("use cases"), say("use cases"), count, stated)
    return combined(
        say("work for all use cases"), "×", count**exponent.values, say("use cases ^ power"), number, exponent
    )
