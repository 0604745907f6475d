"""The lines of the cost estimate: each a sum of money in N scenarios, with the formula and terms that it comes from.

Estimate and itemised list are made from the same lines, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from advisor.intake.columns import Bools
from advisor.language import say
from advisor.reasoning.costs.inputs import Band, Rows, Term
from advisor.reasoning.costs.situation import HOURS_PER_MONTH, MILLION, SECONDS_PER_HOUR, Situation, combined


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its amount in USD as a band, and how it depends on the volume.

    Monthly amounts are `fixed` + `per_request` × requests + `copy` × max(0, `load` × requests − 1), where `load` is
    the share of one copy of the model that one request a month occupies. Those bands are zero where they play no part.
    `stage` is the stage of the plan that a set-up line belongs to; monthly lines have none.
    """

    approach: str
    phase: Literal["setup", "monthly"]
    title: str
    formula: str
    amount: Band
    terms: tuple[Term, ...]
    per_request: Band | None = None
    copy: Band | None = None
    load: Band | None = None
    stage: str = ""


def all_lines(case: Situation) -> tuple[Line, ...]:
    """Every line of the three approaches, set-up first."""
    return (*prompting(case), *fine_tuning(case), *hybrid(case))


def prompting(case: Situation) -> Iterator[Line]:
    """The lines of prompting."""
    name, inputs, volume = "prompting", case.inputs, case.volume
    hours = inputs.assumed("prompt_hours")
    yield _work(case, name, "prompt", say("Write and try the prompt"), hours, case.prompting_breadth)
    yield from _retrieval_setup(case, name)
    yield from _evaluation(case, name)
    hosted = ~case.machines.own_prompted
    price, share = case.machines.price, volume.paid_prompt_share
    yield _tokens(
        case,
        name,
        say("Read the requests"),
        hosted,
        say("(request + passages) × price"),
        (volume.input.values + volume.context.values) * price.input.values,
        (volume.input, volume.context, price.input),
    )
    yield _tokens(
        case,
        name,
        say("Read the prompt, partly from the cache"),
        hosted,
        say("prompt × (share paid in full × price + rest × price from the cache)"),
        volume.prompt.values * (share.values * price.input.values + (1 - share.values) * price.cached.values),
        (volume.prompt, share, price.input, price.cached),
    )
    yield _tokens(
        case,
        name,
        say("Write the answers"),
        hosted,
        say("answer × price"),
        volume.output.values * price.output.values,
        (volume.output, price.output),
    )
    paid = combined(
        say("tokens read anew"),
        "tokens",
        volume.input.values + volume.context.values + volume.prompt.values * share.values,
        say("request + passages + prompt × share read anew"),
        volume.input,
        volume.context,
        volume.prompt,
        share,
    )
    yield _cards(case, name, ~hosted, case.machines.base_size, paid)
    yield from _retrieval_monthly(case, name)
    yield _upkeep(case, name, "prompting_upkeep_hours")
    yield _prompt_changes(case, name)


def fine_tuning(case: Situation) -> Iterator[Line]:
    """The lines of fine-tuning: no retrieval, a short prompt."""
    name, volume = "fine_tuning", case.volume
    yield from _tuning_setup(case, name)
    plain = case.inputs.assumed("prompt_hours", word="zero_shot")
    yield _work(case, name, "prompt", say("Try a plain prompt to compare with"), plain)
    read = combined(
        say("tokens read"),
        "tokens",
        volume.input.values + volume.tuned_prompt.values,
        say("request + short prompt"),
        volume.input,
        volume.tuned_prompt,
    )
    yield from _tuned_serving(case, name, read)
    yield _upkeep(case, name, "tuning_upkeep_hours")
    yield from _retraining(case, name)


def hybrid(case: Situation) -> Iterator[Line]:
    """The lines of a tuned model with a prompt: both set-ups, a longer prompt, retrieval where it is needed."""
    name, inputs, volume = "hybrid", case.inputs, case.volume
    share = inputs.assumed("hybrid_prompt_share")
    yield from _tuning_setup(case, name)
    prompt = inputs.assumed("prompt_hours")
    part = combined(say("hours"), "hours", prompt.values * share.values, say("prompt hours × share"), prompt, share)
    yield _work(case, name, "prompt", say("Write and try the prompt"), part, case.prompting_breadth)
    joining = inputs.assumed("hybrid_hours")
    yield _work(case, name, "combine", say("Bring model and prompt together"), joining, case.prompting_breadth)
    yield from _retrieval_setup(case, name)
    read = combined(
        say("tokens read"),
        "tokens",
        volume.input.values + volume.context.values + volume.hybrid_prompt.values,
        say("request + passages + prompt"),
        volume.input,
        volume.context,
        volume.hybrid_prompt,
    )
    yield from _tuned_serving(case, name, read)
    yield from _retrieval_monthly(case, name)
    yield _upkeep(case, name, "tuning_upkeep_hours")
    yield _prompt_changes(case, name)
    yield from _retraining(case, name)


def _work(case: Situation, approach: str, stage: str, title: str, hours: Term, *factors: Term) -> Line:
    amount = hours.values * case.rate.values
    for factor in factors:
        amount = amount * factor.values
    formula = say("hours × rate") + "".join(f" × {factor.title}" for factor in factors)
    return Line(approach, "setup", title, formula, amount, (hours, case.rate, *factors), stage=stage)


def _labels(case: Situation, approach: str, stage: str, title: str, missing: Term) -> Line:
    each = case.labels.each
    amount = missing.values * each.values
    return Line(approach, "setup", title, say("missing × one label"), amount, (missing, each), stage=stage)


def _evaluation(case: Situation, approach: str) -> Iterator[Line]:
    missing = case.labels.missing_for_evaluation
    yield _labels(case, approach, "evaluate", say("Label examples for the evaluation"), missing)
    hours = case.inputs.assumed("evaluation_hours")
    yield _work(case, approach, "evaluate", say("Build the evaluation and study errors"), hours)


def _tuning_setup(case: Situation, approach: str) -> Iterator[Line]:
    inputs = case.inputs
    factors = (inputs.assumed("expertise_factor"), case.tuning_breadth)
    yield from _evaluation(case, approach)
    missing = case.labels.missing_for_training
    yield _labels(case, approach, "collect", say("Label examples for training"), missing)
    yield _work(case, approach, "collect", say("Prepare the training examples"), inputs.assumed("data_hours"), *factors)
    yield _work(
        case, approach, "tune", say("Set up training and compare runs"), inputs.assumed("tuning_hours"), *factors
    )
    run, runs = case.training_run, inputs.assumed("training_runs")
    amount = runs.values * run.values
    yield Line(approach, "setup", say("Training runs"), say("runs × one run"), amount, (runs, run), stage="tune")


def _retrieval_setup(case: Situation, approach: str) -> Iterator[Line]:
    hours, wanted = case.inputs.assumed("retrieval_hours"), case.retrieval
    build = np.where(wanted, hours.values * case.rate.values, 0.0)
    yield Line(
        approach, "setup", say("Build retrieval"), say("hours × rate"), build, (hours, case.rate), stage="retrieve"
    )
    knowledge = case.inputs.answered("knowledge_tokens", "knowledge_tokens")
    price = case.inputs.priced("knowledge_indexing", "embedding", say("price of indexing"))
    index = np.where(wanted, knowledge.values * price.values / MILLION, 0.0)
    terms = (knowledge, price)
    yield Line(approach, "setup", say("Index the knowledge"), say("tokens × price"), index, terms, stage="retrieve")


def _retrieval_monthly(case: Situation, approach: str) -> Iterator[Line]:
    requests, wanted = case.volume.requests, case.retrieval
    base = case.inputs.priced("retrieval_base", "retrieval_infrastructure", say("base price"))
    query = case.inputs.priced("retrieval_queries", "retrieval_queries", say("price of queries"))
    rate = np.where(wanted, query.values / MILLION, 0.0)
    amount = np.where(wanted, base.values, 0.0) + rate * requests.values
    formula = say("base price + requests × price of queries")
    terms = (base, requests, query)
    yield Line(approach, "monthly", say("Retrieval infrastructure"), formula, amount, terms, per_request=rate)
    hours = case.inputs.assumed("retrieval_upkeep_hours")
    upkeep = np.where(wanted, hours.values * case.rate.values, 0.0)
    yield Line(approach, "monthly", say("Keep the knowledge fresh"), say("hours × rate"), upkeep, (hours, case.rate))


def _tokens(
    case: Situation, approach: str, title: str, where: Bools, formula: str, price: Band, terms: tuple[Term, ...]
) -> Line:
    """A line that is paid by the token; `price` is that of a million requests, in USD per request × 1M."""
    requests, rate = case.volume.requests, np.where(where, price / MILLION, 0.0)
    amount = requests.values * rate
    return Line(
        approach,
        "monthly",
        title,
        say("requests × {formula}", formula=formula),
        amount,
        (requests, *terms),
        per_request=rate,
    )


def _tuned_serving(case: Situation, approach: str, read: Term) -> Iterator[Line]:
    """Hosted: tokens and the hours deployed. On cards: the cards."""
    inputs, machines, output = case.inputs, case.machines, case.volume.output
    hosted, size = ~machines.own_tuned, machines.tuned_size
    reading = inputs.tuned_service(size, "tuned_input", say("price of reading"))
    yield _tokens(
        case,
        approach,
        say("Read the requests"),
        hosted,
        say("tokens × price"),
        read.values * reading.values,
        (read, reading),
    )
    writing = inputs.tuned_service(size, "tuned_output", say("price of writing"))
    yield _tokens(
        case,
        approach,
        say("Write the answers"),
        hosted,
        say("answer × price"),
        output.values * writing.values,
        (output, writing),
    )
    hour, hours = inputs.tuned_service(size, "tuned_hosting", say("price of hosting")), inputs.assumed("hours_deployed")
    amount = np.where(hosted, hour.values * hours.values, 0.0)
    yield Line(approach, "monthly", say("Host the tuned model"), say("hours × price"), amount, (hours, hour))
    yield _cards(case, approach, machines.own_tuned, size, read)


def _cards(case: Situation, approach: str, where: Bools, size: Rows, read: Term) -> Line:
    """Cards that serve the model: one copy at least, more when the busiest hour needs them."""
    inputs, volume, machines = case.inputs, case.volume, case.machines
    if not where.any():
        zero = np.zeros((3, 1))
        return Line(approach, "monthly", say("Run the model on graphics cards"), "", zero, ())
    cards, card = inputs.assumed("serving_gpus", size=size), inputs.gpu_hour(size, "serving")
    online, peak = inputs.assumed("hours_online"), inputs.assumed("peak_factor")
    writes = inputs.assumed("writing_speed", falling=True, size=size)
    factor = inputs.assumed("reading_factor", falling=True)
    seconds = (read.values / factor.values + volume.output.values) / writes.values
    copy = np.where(where, cards.values * card.values * machines.card_share.values * online.values, 0.0)
    load = np.where(where, seconds * peak.values / (HOURS_PER_MONTH * SECONDS_PER_HOUR), 0.0)
    copies = np.maximum(load * volume.requests.values, 1.0)
    formula = say(
        "cards × hour × hours × copies; copies = busiest hour's seconds, requests × (tokens read / "
        "factor + answer) / speed × peak, over the seconds of a month, at least 1"
    )
    terms = (cards, card, machines.card_share, online, volume.requests, read, factor, volume.output, writes, peak)
    title = say("Run the model on graphics cards")
    return Line(approach, "monthly", title, formula, copy * copies, terms, copy=copy, load=load)


def _upkeep(case: Situation, approach: str, assumption: str) -> Line:
    hours = case.inputs.assumed(assumption)
    amount = hours.values * case.rate.values
    return Line(approach, "monthly", say("Watch and maintain"), say("hours × rate"), amount, (hours, case.rate))


def _prompt_changes(case: Situation, approach: str) -> Line:
    changes, hours = case.inputs.assumed("changes_per_month"), case.inputs.assumed("prompt_change_hours")
    amount = changes.values * hours.values * case.rate.values * case.prompting_breadth.values
    formula = say("changes × hours × rate × work for all use cases")
    terms = (changes, hours, case.rate, case.prompting_breadth)
    return Line(approach, "monthly", say("Adapt the prompt to changes"), formula, amount, terms)


def _retraining(case: Situation, approach: str) -> Iterator[Line]:
    """What changes cost a tuned model: work, new labels, and training runs."""
    inputs, labels = case.inputs, case.labels
    changes, share = inputs.assumed("changes_per_month"), inputs.assumed("retraining_share")
    times = combined(
        say("retrainings"), say("a month"), changes.values * share.values, say("changes × share"), changes, share
    )
    hours, skill = inputs.assumed("retraining_hours"), inputs.assumed("expertise_factor")
    work = times.values * hours.values * skill.values * case.rate.values
    terms = (times, hours, skill, case.rate)
    yield Line(approach, "monthly", say("Retrain: work"), say("retrainings × hours × time × rate"), work, terms)
    part, each, needed = inputs.assumed("retraining_label_share"), labels.each, labels.needed
    fresh = times.values * part.values * needed.values * each.values
    terms = (times, part, needed, each)
    yield Line(
        approach, "monthly", say("Retrain: new labels"), say("retrainings × share × needed × label"), fresh, terms
    )
    run, runs = case.training_run, inputs.assumed("retraining_runs")
    compute = times.values * runs.values * run.values
    yield Line(
        approach, "monthly", say("Retrain: training runs"), say("retrainings × runs × run"), compute, (times, runs, run)
    )
