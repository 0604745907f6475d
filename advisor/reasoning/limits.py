"""What an advice cannot know or rests on thinly, computed from the case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.intake.answers import Answers
from advisor.knowledge.domain import APPROACHES
from advisor.knowledge.wording import approach_words, field_words, measure
from advisor.language import numeral, say, say_many
from advisor.reasoning.advice import Finding, Limit
from advisor.reasoning.engine import Engine, Outcome, unknown_gates
from advisor.reasoning.explain import in_words
from advisor.reasoning.record_sentence import sentence

FEW_ANSWERS = 8
TOLD = 3  # undecided gates that are told by title
STRETCH = 5  # how far beyond the span of common answers is far
OPPOSED = 1.0  # points from which a rule pulls strongly


def limits(engine: Engine, outcome: Outcome, answers: Answers, findings: Sequence[Finding]) -> tuple[Limit, ...]:
    """The limits of one advice, most important first."""
    return tuple(_limits(engine, outcome, answers, findings))


def _limits(engine: Engine, outcome: Outcome, answers: Answers, findings: Sequence[Finding]) -> Iterator[Limit]:
    known = [name for name in engine.informative if answers.get(name) is not None]
    if len(known) < FEW_ANSWERS:
        text = say(
            "{known} of {informative} questions that the rules read are answered.",
            known=len(known),
            informative=len(engine.informative),
        )
        yield Limit("few_answers", text)
    gates = unknown_gates(outcome, 0)
    if gates:
        titles = "; ".join(gate.title for gate in gates[:TOLD])
        if len(gates) > TOLD:
            titles = say("{titles} and {count} more", titles=titles, count=len(gates) - TOLD)
        text = say_many(
            "{count} condition that could rule an approach out is undecided: {titles}.",
            "{count} conditions that could rule an approach out are undecided: {titles}.",
            len(gates),
            titles=titles,
        )
        yield Limit("open_gates", text)
    if not outcome.costs.volume_known[0]:
        text = say(
            "The number of requests a month is not known; the costs use a default volume and did not affect ranking."
        )
        yield Limit("volume_unknown", text)
    aside = [name for name in answers if name in outcome.facts.columns and not outcome.facts.known(name)[0]]
    aside = [name for name in aside if (answer := answers.get(name)) is not None and answer.kind != "does_not_apply"]
    if aside:
        words = ", ".join(field_words(name) for name in sorted(aside))
        yield Limit("set_aside", f"{say('Answers that do not apply here were set aside: ')}{words}.")
    yield from _beyond(engine, answers)
    yield from _opposed(findings)
    yield from _thin(engine, outcome, findings)
    contested = {finding.rule for finding in findings if finding.contested_by}
    if contested:
        text = say_many(
            "{count} of the reasons is contested by other evidence, shown beside it.",
            "{count} of the reasons are contested by other evidence, shown beside them.",
            len(contested),
        )
        yield Limit("contested", text)
    stale = {finding.rule: engine.stale[finding.rule] for finding in findings if finding.rule in engine.stale}
    if stale:
        reasons = "; ".join(f"{rule}: {reason}" for rule, reason in sorted(stale.items()))
        yield Limit(
            "stale",
            say(
                "Some reasons have aged and count {parameter} times. {reasons}.",
                parameter=numeral(f"{engine.parameter('stale_weight'):g}"),
                reasons=reasons,
            ),
        )
    for override in engine.book.overrides:
        yield Limit("override", str(override))
    yield from _measurement(engine, answers)
    told = sentence(engine.record) if engine.record is not None else ""
    if told:
        yield Limit("record", told)
    text = say(
        "The points of the rules are judgement, informed by the sources cited; they are not yet calibrated on outcomes."
    )
    yield Limit("judgement", text)


def _beyond(engine: Engine, answers: Answers) -> Iterator[Limit]:
    """Numbers far outside the span of common answers: the rules were not made with them in mind."""
    far = []
    for name, question in engine.book.questions.items():
        answer = answers.get(name)
        low, high = question.typical
        if not question.numeric or answer is None or answer.kind not in {"number", "range"}:
            continue
        if answer.high < low / STRETCH or answer.low > high * STRETCH:
            far.append(
                say(
                    "{name}: {likely}, where {low} to {high} are usual",
                    name=field_words(name),
                    likely=in_words(answer.likely),
                    low=in_words(low),
                    high=f"{in_words(high)} {measure(question.unit)}".strip(),
                )
            )
    if far:
        yield Limit("extrapolating", say("The rules are stretched beyond common answers: {far}.", far="; ".join(far)))


def _opposed(findings: Sequence[Finding]) -> Iterator[Limit]:
    """Answers that pull one approach strongly both ways on the same criterion: one of them may be wrong."""
    pulls: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.kind == "score" and finding.answers and abs(finding.points or 0) >= OPPOSED:
            pulls.setdefault((finding.approach or "", finding.criterion or ""), []).append(finding)
    for (approach, criterion), group in sorted(pulls.items()):
        strongest = max(group, key=lambda finding: finding.points or 0)
        weakest = min(group, key=lambda finding: finding.points or 0)
        if (strongest.points or 0) > 0 > (weakest.points or 0):
            text = say(
                "Answers pull {approach} both ways on {criterion}: “{title}” ({answers}) for it, "
                "“{title_two}” ({answers_two}) against it. Check that both are meant.",
                approach=approach_words(approach),
                criterion=say(criterion),
                title=strongest.title,
                answers=", ".join(field_words(name) for name in strongest.answers),
                title_two=weakest.title,
                answers_two=", ".join(field_words(name) for name in weakest.answers),
            )
            yield Limit(f"opposed_{approach}_{criterion}", text)


def _thin(engine: Engine, outcome: Outcome, findings: Sequence[Finding]) -> Iterator[Limit]:
    """A lead that rests mostly on reasons without a controlled study or vendor documentation behind them."""
    leader = APPROACHES[int(outcome.order[0, 0])]
    total = strong = 0.0
    for finding in findings:
        if finding.approach == leader and (finding.weighted or 0) > 0 and finding.kind == "score":
            grades = {engine.book.sources[name].grade for name in finding.source if name in engine.book.sources}
            total += finding.weighted or 0
            strong += (finding.weighted or 0) if "A" in grades else 0.0
    if total and strong < total / 2:
        text = say(
            "Less than half of what speaks for the first place rests on a controlled study or vendor documentation."
        )
        yield Limit("thin_evidence", text)


def _measurement(engine: Engine, answers: Answers) -> Iterator[Limit]:
    measurement = engine.measurement
    if measurement is None:
        text = say("Nothing was measured on your data. Run the benchmark on a sample of it to check this advice.")
        yield Limit("not_measured", text)
        return
    base = answers.get("base_model")
    wanted = base.word if base is not None else say("the model that you would prompt")
    text = say(
        "Measured with {model}; {wanted} may behave differently.",
        model=measurement.model or say("no language model"),
        wanted=wanted,
    )
    yield Limit("measured_model", text)
    if measurement.status != "complete":
        yield Limit(
            "measured_incomplete", say("The benchmark run is not complete; its missing cells may change the result.")
        )
    if any(arm.seeds < 3 for arm in measurement.best.values()):
        text = say("Fewer than three seeds were measured, so the intervals leave out the luck of the training draw.")
        yield Limit("measured_seeds", text)
