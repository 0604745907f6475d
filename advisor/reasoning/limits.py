"""What an advice cannot know or rests on thinly, computed from the case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.intake.answers import Answers
from advisor.reasoning.advice import Finding, Limit
from advisor.reasoning.engine import Engine, Outcome, unknown_gates

FEW_ANSWERS = 8


def limits(engine: Engine, outcome: Outcome, answers: Answers, findings: Sequence[Finding]) -> tuple[Limit, ...]:
    """The limits of one advice, most important first."""
    return tuple(_limits(engine, outcome, answers, findings))


def _limits(engine: Engine, outcome: Outcome, answers: Answers, findings: Sequence[Finding]) -> Iterator[Limit]:
    known = [name for name in engine.informative if answers.get(name) is not None]
    if len(known) < FEW_ANSWERS:
        text = f"{len(known)} of {len(engine.informative)} questions that the rules read are answered."
        yield Limit("few_answers", text)
    gates = unknown_gates(outcome, 0)
    if gates:
        titles = "; ".join(gate.title for gate in gates[:3])
        yield Limit("open_gates", f"{len(gates)} conditions that could rule an approach out are undecided: {titles}.")
    if not outcome.costs.volume_known[0]:
        text = "The number of requests a month is not known; the costs use a default volume and did not affect ranking."
        yield Limit("volume_unknown", text)
    aside = [name for name in answers if name in outcome.facts.columns and not outcome.facts.known(name)[0]]
    aside = [name for name in aside if (answer := answers.get(name)) is not None and answer.kind != "does_not_apply"]
    if aside:
        yield Limit("set_aside", "Answers that do not apply here were set aside: " + ", ".join(aside) + ".")
    contested = {finding.rule for finding in findings if finding.contested_by}
    if contested:
        yield Limit("contested", f"{len(contested)} of the reasons are contested by other evidence, shown beside them.")
    stale = {finding.rule: engine.stale[finding.rule] for finding in findings if finding.rule in engine.stale}
    if stale:
        reasons = "; ".join(f"{rule}: {reason}" for rule, reason in sorted(stale.items()))
        yield Limit("stale", f"Some reasons have aged and count {engine.parameter('stale_weight'):g} times. {reasons}.")
    for override in engine.book.overrides:
        yield Limit("override", str(override))
    yield from _measurement(engine, answers)
    text = (
        "The points of the rules are judgement, informed by the sources cited; they are not yet calibrated on outcomes."
    )
    yield Limit("judgement", text)


def _measurement(engine: Engine, answers: Answers) -> Iterator[Limit]:
    measurement = engine.measurement
    if measurement is None:
        text = "Nothing was measured on your data. Run the benchmark on a sample of it to check this advice."
        yield Limit("not_measured", text)
        return
    base = answers.get("base_model")
    wanted = base.word if base is not None else "the model that you would prompt"
    text = f"Measured with {measurement.model or 'no language model'}; {wanted} may behave differently."
    yield Limit("measured_model", text)
    if measurement.status != "complete":
        yield Limit(
            "measured_incomplete", "The benchmark run is not complete; its missing cells may change the result."
        )
    if any(arm.seeds < 3 for arm in measurement.best.values()):
        text = "Fewer than three seeds were measured, so the intervals leave out the luck of the training draw."
        yield Limit("measured_seeds", text)
