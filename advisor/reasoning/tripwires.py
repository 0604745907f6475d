"""The numbers that end the stages of a plan: each with its origin, and the stage that follows when it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from advisor.intake.columns import Numbers
from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reasoning.costs.simulation import rounded
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.explain import in_words

STOP = "stop"


@dataclass(frozen=True, slots=True)
class Tripwire:
    """A number that sends the plan on, back, or to an end: `to` is the id of a stage, or "stop"."""

    to: str
    text: str
    number: Quantity


@dataclass(frozen=True)
class Tripwires:
    """The tripwires of one scenario (row 0 of an outcome) for the approach that the plan is for."""

    engine: Engine
    outcome: Outcome
    approach: str | None

    def of(self, stage: str, following: str) -> tuple[Tripwire, ...]:
        """The tripwires of a stage; `following` is the id of the stage after it."""
        made = {
            "evaluate": self._evaluate,
            "prompt": self._prompt,
            "retrieve": self._retrieve,
            "collect": self._collect,
            "tune": self._tune,
            "combine": self._combine,
            "review": self._review,
        }
        return tuple(made[stage](following))

    @cached_property
    def target(self) -> Quantity | None:
        """The quality to be reached, in percent: as stated, else that at which the use pays; None if not known."""
        facts = self.outcome.facts
        for name, origin, source in (
            ("target_quality", "stated", say("your answer: target_quality")),
            ("break_even_quality", "estimated", say("cost of an error / (cost of an error + value of a success)")),
        ):
            column = facts.numbers(name)
            if column.known[0]:
                return Quantity(100 * float(column.likely[0]), "%", origin, source)  # type: ignore[arg-type]
        return None

    @cached_property
    def items(self) -> Quantity:
        """Items of the evaluation, as many as the costs count on."""
        assumption = self.engine.prices.assumed("evaluation_examples")
        return assumption.quantity(self._word(assumption.by))

    @cached_property
    def margin(self) -> Quantity:
        """A difference in quality that matters, in percentage points."""
        return self._parameter("material_shortfall", 100, "percentage points")

    @property
    def goal(self) -> str:
        """The target in words."""
        if self.target is None:
            return say("the quality that you need")
        return f"{in_words(self.target.value)} % ({self._said(self.target)})"

    def _evaluate(self, following: str) -> list[Tripwire]:
        count = self.items.value
        precision = say(
            "a measured share is then known to about ±{number} percentage points",
            number=in_words(round(100 / count**0.5)),
        )
        text = say(
            "Move on when {number} items are checked ({precision}; {said}).",
            number=in_words(count),
            precision=precision,
            said=self._said(self.items),
        )
        return [Tripwire(following, text, self.items)]

    def _prompt(self, following: str) -> list[Tripwire]:
        margin = in_words(self.margin.value)
        said = self._said(self.margin)
        if self.target is None:
            if following == "review":
                text = say(
                    "Agree on {goal} before you measure. Use the prompt once it reaches it; if it stays "
                    "more than {margin} percentage points below ({said}), answer the questionnaire again.",
                    goal=self.goal,
                    margin=margin,
                    said=said,
                )
            else:
                text = say(
                    "Agree on {goal} before you measure. Move on only if the best prompt stays more than "
                    "{margin} percentage points below it ({said}).",
                    goal=self.goal,
                    margin=margin,
                    said=said,
                )
            return [Tripwire(following, text, self.margin)]
        wires = [
            Tripwire(STOP, say("Stop here, with the prompt in use, if it reaches {goal}.", goal=self.goal), self.target)
        ]
        if following != "review":
            text = say(
                "Move on if it stays more than {margin} percentage points below that ({said}); closer "
                "than that, first mend the failures that you see.",
                margin=margin,
                said=said,
            )
            wires.append(Tripwire(following, text, self.margin))
        return wires

    def _retrieve(self, following: str) -> list[Tripwire]:
        text = say(
            "Move on when a further change of the search adds less than {value} percentage points of "
            "right answers ({said}).",
            value=in_words(self.margin.value),
            said=self._said(self.margin),
        )
        return [Tripwire(following, text, self.margin)]

    def _collect(self, following: str) -> list[Tripwire]:
        needed = self._needed()
        at_hand = self.outcome.facts.numbers("labelled_examples")
        have = say("; {float} are at hand", float=in_words(float(at_hand.likely[0]))) if at_hand.known[0] else ""
        half = Quantity(needed.value / 2, needed.unit, "estimated", say("half of: {source}", source=needed.source))
        return [
            Tripwire(
                following,
                say(
                    "Move on at {value} labelled examples of good quality ({said}{have}).",
                    value=in_words(needed.value),
                    said=self._said(needed),
                    have=have,
                ),
                needed,
            ),
            Tripwire(
                "prompt",
                say(
                    "Train once at {value}: go back to the prompt if that is more than {value_two} "
                    "percentage points worse than the prompt.",
                    value=in_words(half.value),
                    value_two=in_words(2 * self.margin.value),
                ),
                half,
            ),
        ]

    def _tune(self, following: str) -> list[Tripwire]:
        runs = self.engine.prices.assumed("training_runs").quantity()
        most = Quantity(runs.high or runs.value, runs.unit, runs.origin, runs.source)
        zero = Quantity(0.0, "percentage points", "default", say("no difference"))
        return [
            Tripwire(
                following,
                say(
                    "Keep the tuned model if it beats the best prompt on the same {value} items, with the "
                    "whole interval of the difference above 0, and reaches {goal}.",
                    value=in_words(self.items.value),
                    goal=self.goal,
                ),
                zero,
            ),
            Tripwire(
                "prompt",
                say(
                    "Go back to the prompt if {value} training runs have not brought that ({said}).",
                    value=in_words(most.value),
                    said=self._said(most),
                ),
                most,
            ),
        ]

    def _combine(self, following: str) -> list[Tripwire]:
        zero = Quantity(0.0, "percentage points", "default", say("no difference"))
        text = say(
            "Keep the combination if it beats the better of its parts on the same {value} items, with "
            "the whole interval of the difference above 0; else keep that part.",
            value=in_words(self.items.value),
        )
        return [Tripwire(following, text, zero)]

    def _review(self, following: str) -> list[Tripwire]:
        wires = [
            Tripwire(
                "evaluate",
                say(
                    "Go back to the evaluation if the measured quality falls by more than {value} percentage "
                    "points below that at launch ({said}).",
                    value=in_words(self.margin.value),
                    said=self._said(self.margin),
                ),
                self.margin,
            )
        ]
        if self.approach is not None:
            wires += [*self._volume(), self._bill(self.approach)]
        return wires

    def _volume(self) -> list[Tripwire]:
        """The volume beyond which another approach costs less; none where the costs are beyond it already."""
        column = self.outcome.costs.break_even
        if self.approach == "hybrid" or not column.known[0] or column.likely[0] < 1:
            return []
        number = float(column.likely[0])
        if (self._requests() < number) != (self.approach == "prompting"):
            return []
        source = say("volume at which fine-tuning and prompting cost the same over the horizon, at likely values")
        way = say("rise above") if self.approach == "prompting" else say("fall below")
        than = (
            say("fine-tuning costs less than prompting")
            if self.approach == "prompting"
            else say("prompting costs less")
        )
        text = say(
            "Decide again if requests {way} about {number} a month: there {than} (estimated, at likely values).",
            way=way,
            number=rounded(number),
            than=than,
        )
        return [Tripwire("evaluate", text, Quantity(number, "requests a month", "estimated", source))]

    def _requests(self) -> float:
        """The requests a month that the costs count on: as answered, else as assumed."""
        answered = self.outcome.facts.numbers("requests_per_month")
        if answered.known[0]:
            return float(answered.likely[0])
        return float(self.engine.prices.assumed("requests_per_month").on()[1])

    def _bill(self, approach: str) -> Tripwire:
        budget = self.outcome.facts.numbers("monthly_budget_usd")
        if budget.known[0]:
            limit = Quantity(float(budget.likely[0]), "USD per month", "stated", say("your answer: monthly_budget_usd"))
        else:
            high = float(self.outcome.costs.monthly[approach].high[0])
            limit = Quantity(high, "USD per month", "estimated", say("high estimate of the monthly cost"))
        amount = rounded(limit.value) if limit.origin == "estimated" else in_words(limit.value)
        text = say(
            "Decide again if a month costs more than {amount} USD ({said}).", amount=amount, said=self._said(limit)
        )
        return Tripwire("evaluate", text, limit)

    def _needed(self) -> Quantity:
        """Labelled examples that tuning needs, for the kind of task and the number of use cases."""
        own = self.engine.prices.assumed("examples_needed")
        if own.origin == "stated":
            return own.quantity()
        kind = self._word("task_kind")
        parameter = self.engine.book.parameters["examples_needed"]
        table = parameter.on(self.engine.day)
        if kind not in table:
            return own.quantity()
        cases: Numbers = self.outcome.facts.numbers("use_case_count")
        exponent = self.engine.prices.assumed("tuning_use_case_exponent").on()[1]
        breadth = max(float(cases.likely[0]), 1.0) ** exponent if cases.known[0] else 1.0
        value = float(round(float(table[kind]) * breadth))
        many = say(" × {breadth} for the number of use cases", breadth=in_words(breadth)) if breadth > 1 else ""
        return Quantity(
            value, "examples", "published", say("rule pack: examples_needed for {kind}{many}", kind=kind, many=many)
        )

    def _parameter(self, name: str, factor: float, unit: str) -> Quantity:
        parameter = self.engine.book.parameters[name]
        source = say("rule pack: {name} ({source})", name=name, source=", ".join(parameter.source))
        return Quantity(factor * float(parameter.on(self.engine.day)), unit, "published", source)

    def _word(self, field: str) -> str:
        words = self.outcome.facts.words(field)
        return words.values[int(words.codes[0])] if words.codes[0] >= 0 else ""

    def _said(self, number: Quantity) -> str:
        """The origin of a number in two or three words."""
        if number.origin == "stated":
            return say("your answer")
        if number.source.startswith(say("rule pack")):
            return say("rule pack")
        told = {"estimated": say("our estimate"), "default": say("a usual value")}
        return told.get(number.origin, say(number.origin))
