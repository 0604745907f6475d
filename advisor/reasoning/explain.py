"""Why: what each rule read, what it found, and which rules did not speak but nearly did. One scenario at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from advisor.intake.answers import Answers
from advisor.intake.columns import Facts, Numbers, Words
from advisor.intake.truth import FALSE, TRUE, UNKNOWN, bound_value, evaluate
from advisor.knowledge.conditions import Among, AtLeastK, Compare, Condition, Known, Not, facts_read
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rule
from advisor.knowledge.vocabulary import DERIVED_FACTS
from advisor.knowledge.wording import field_words, option, unit_of
from advisor.language import message, numeral, say
from advisor.reasoning.advice import FactRead, Finding, NearMiss, RuledOut, RuleState
from advisor.reasoning.engine import Engine, Outcome

CLOSE = 0.5  # a number within half of its bound is close


@dataclass(frozen=True)
class Explainer:
    """Explains row 0 of an outcome with N = 1."""

    engine: Engine
    outcome: Outcome
    answers: Answers

    def findings(self) -> Iterator[Finding]:
        """The score rules and gates that spoke: one finding per approach that the rule moves."""
        for rule in self._spoke():
            if rule.kind == "score":
                share = float(self.outcome.shares[0, CRITERIA.index(rule.criterion)])
                for approach, points in rule.points.items():
                    yield self._finding(rule, approach, points, points * share)
            elif rule.kind == "gate":
                for approach in rule.approaches:
                    yield self._finding(rule, approach, None, None)

    def notes(self) -> Iterator[Finding]:
        """The notes that spoke and concern a technique in question; those with an outcome of their own come first."""
        chosen = {
            self.engine.book.approaches[approach].techniques[index].id
            for approach, index in zip(APPROACHES, self.outcome.techniques[0].tolist(), strict=True)
            if index >= 0
        }
        spoke = [rule for rule in self._spoke() if rule.kind == "note"]
        concern = [rule for rule in spoke if not rule.techniques or chosen & set(rule.techniques)]
        for rule in sorted(concern, key=lambda rule: (not rule.outcome, rule.id)):
            yield self._finding(rule, None, None, None)

    def ruled_out(self) -> Iterator[RuledOut]:
        """Each approach that a gate closed, with what would lift it."""
        for rule in self._spoke():
            if rule.kind == "gate" and not rule.techniques:
                for approach in rule.approaches:
                    facts = self.facts_read(rule.when)
                    yield RuledOut(approach, rule.id, rule.title, rule.because, rule.lift, facts, rule.source)

    def trace(self) -> Iterator[RuleState]:
        """What became of every rule of the pack by id, expired and not yet valid ones included."""
        row = {rule.id: position for position, rule in enumerate(self.outcome.rules)}
        for rule in sorted(self.engine.book.rules, key=lambda rule: rule.id):
            if rule.id not in row:
                reason = (
                    say("not in force before {since}", since=rule.since)
                    if rule.since > self.engine.day
                    else say("ended {until}", until=rule.until)
                )
                yield RuleState(rule.id, rule.kind, "expired", reason)
                continue
            truth = self.outcome.truths[row[rule.id], 0]
            if truth == TRUE:
                yield RuleState(rule.id, rule.kind, "fired", "")
            elif truth == UNKNOWN:
                missing = ", ".join(field_words(name) for name in self._missing(rule.when))
                yield RuleState(
                    rule.id,
                    rule.kind,
                    "unknown",
                    say("waits for {missing}", missing=missing) if missing else say("undecided range"),
                )
            else:
                yield RuleState(rule.id, rule.kind, "failed", "; ".join(self._failed(rule.when)))

    def near_misses(self, limit: int = 8) -> tuple[NearMiss, ...]:
        """The gates that an open answer could close, then the rules that a small change would make speak."""
        misses: list[tuple[float, NearMiss]] = []
        for position, rule in enumerate(self.outcome.rules):
            truth = self.outcome.truths[position, 0]
            if rule.kind == "note" or truth == TRUE:
                continue
            moved = tuple(name for name in APPROACHES if name in (rule.points or rule.approaches))
            weight = max((abs(value) for value in rule.points.values()), default=3.0)
            if truth == UNKNOWN:
                missing = self._missing(rule.when)
                if missing and rule.kind == "gate":
                    asked = ", ".join(field_words(name) for name in missing)
                    detail = say("Not decided: it depends on {asked}.", asked=asked)
                    miss = NearMiss(rule.id, rule.kind, rule.title, moved, "unknown", detail, missing)
                    misses.append((weight, miss))
                elif rule.kind == "gate" and (wide := self._wide(rule.when)):
                    asked = ", ".join(field_words(name) for name in wide)
                    detail = say("Not decided within the range given for {asked}.", asked=asked)
                    misses.append((weight, NearMiss(rule.id, rule.kind, rule.title, moved, "unknown", detail, ())))
            else:
                detail = self._close(rule.when)
                if detail:
                    miss = NearMiss(rule.id, rule.kind, rule.title, moved, "close", detail, ())
                    misses.append((weight, miss))
        misses.sort(key=lambda pair: (-pair[0], pair[1].rule))
        return tuple(miss for _, miss in misses[:limit])

    def facts_read(self, condition: Condition) -> tuple[FactRead, ...]:
        """The facts that a condition reads, each with its value in words and its origin."""
        return tuple(self.fact(name) for name in facts_read(condition))

    def fact(self, name: str) -> FactRead:
        """One fact of the scenario in words."""
        derived = DERIVED_FACTS.get(name)
        question = self.engine.book.questions.get(name)
        title = say(derived.title) if derived else field_words(name)
        unit = derived.unit if derived else (question.unit if question else "")
        answer = self.answers.get(name)
        if derived:
            origin = "estimated"
        elif answer is None:
            origin = "default" if name in self.outcome.facts.defaulted else "not known"
        else:
            origin = answer.origin
        return FactRead(name, title, self._value(name, unit), origin)

    def _finding(self, rule: Rule, approach: str | None, points: float | None, weighted: float | None) -> Finding:
        facts = self.facts_read(rule.when)
        read: dict[str, None] = {}
        for fact in facts:
            for field in DERIVED_FACTS[fact.name].reads if fact.name in DERIVED_FACTS else (fact.name,):
                if self.answers.get(field) is not None:
                    read[field] = None
        return Finding(
            rule=rule.id,
            kind=rule.kind,
            title=rule.title,
            approach=approach,
            criterion=rule.criterion or None,
            points=points,
            weighted=weighted,
            facts=facts,
            answers=tuple(read),
            because=rule.because,
            source=rule.source,
            contested_by=rule.contested_by,
        )

    def _spoke(self) -> Iterator[Rule]:
        for position, rule in enumerate(self.outcome.rules):
            if self.outcome.truths[position, 0] == TRUE:
                yield rule

    def _value(self, name: str, unit: str) -> str:
        return value_in_words(self.outcome.facts, name, unit)

    def _truth(self, condition: Condition) -> int:
        return int(evaluate(condition, self.outcome.facts, self.engine.book, self.engine.day)[0])

    def _missing(self, condition: Condition) -> tuple[str, ...]:
        """The open answers on which it hangs whether the condition holds."""
        return tuple(name for name in self._undecided(condition) if not self.outcome.facts.known(name)[0])

    def _wide(self, condition: Condition) -> tuple[str, ...]:
        """The answers given as a range, of which a part makes the condition hold and a part does not."""
        columns = {name: self.outcome.facts.numbers(name) for name in self._undecided(condition)}
        return tuple(name for name, one in columns.items() if one.known[0] and one.low[0] < one.high[0])

    def _undecided(self, condition: Condition) -> dict[str, None]:
        """The answers that the undecided parts of a condition read, each once."""
        fields: dict[str, None] = {}
        for leaf in _leaves(condition):
            if self._truth(leaf) == UNKNOWN:
                for name in facts_read(leaf):
                    fields.update(dict.fromkeys(DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,)))
        return fields

    def _failed(self, condition: Condition) -> Iterator[str]:
        """The parts of a condition that do not hold, each with what it asks for and by how much it fails."""
        for leaf, wanted in _required(condition):
            if self._truth(leaf) != (FALSE if wanted else TRUE):
                continue
            fact = self.fact(leaf.fact)
            if fact.value == say("does not apply"):
                yield say("{title} does not apply", title=fact.title)
            elif isinstance(leaf, Compare):
                bound = bound_value(leaf.bound, self.engine.book, self.engine.day)
                column = self.outcome.facts.numbers(leaf.fact)
                if isinstance(bound, dict) or not column.known[0]:
                    yield say("{title} is {value}", title=fact.title, value=fact.value)
                    continue
                off = abs(float(column.likely[0]) - float(bound))
                ask = say(_WORDS[leaf.op]) if wanted else say("not {word}", word=say(_WORDS[leaf.op]))
                yield say(
                    "{title} is {value}, needs {ask} {bound} (off by {off})",
                    title=fact.title,
                    value=fact.value,
                    ask=ask,
                    bound=in_words(bound),
                    off=in_words(off),
                )
            elif isinstance(leaf, Among):
                words = say(" or ").join(option(value) for value in leaf.values)
                yield say(
                    "{title} is {value}, needs {words}",
                    title=fact.title,
                    value=option(fact.value),
                    words=words if wanted else say("not {word}", word=words),
                )
            else:
                yield say("{title} is {value}", title=fact.title, value=option(fact.value))

    def _close(self, condition: Condition) -> str:
        """What a small change of one number would have to be for the condition to hold; empty if none would do."""
        parts = condition.parts if isinstance(condition, AtLeastK) else (condition,)
        needed = condition.k if isinstance(condition, AtLeastK) else 1
        held = sum(self._truth(part) == TRUE for part in parts)
        if held != needed - 1:
            return ""
        for part in parts:
            if isinstance(part, Compare) and self._truth(part) == FALSE:
                column = self.outcome.facts.numbers(part.fact)
                bound = bound_value(part.bound, self.engine.book, self.engine.day)
                if isinstance(bound, dict) or not column.known[0] or not bound:
                    continue
                if abs(column.likely[0] - bound) <= CLOSE * abs(bound):
                    fact = self.fact(part.fact)
                    return say(
                        "{title} is {value}; the rule asks for {op} {bound}.",
                        title=fact.title,
                        value=fact.value,
                        op=say(_WORDS[part.op]),
                        bound=in_words(bound),
                    )
        return ""


_WORDS = {">=": message("at least"), ">": message("more than"), "<=": message("at most"), "<": message("less than")}


def _leaves(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, Not):
        yield from _leaves(condition.part)
    elif isinstance(condition, AtLeastK):
        for part in condition.parts:
            yield from _leaves(part)
    elif isinstance(condition, Compare | Among | Known):
        yield condition


def _required(condition: Condition, wanted: bool = True) -> Iterator[tuple[Compare | Among | Known, bool]]:
    """The leaves of a condition, each with whether it should hold."""
    if isinstance(condition, Not):
        yield from _required(condition.part, not wanted)
    elif isinstance(condition, AtLeastK):
        for part in condition.parts:
            yield from _required(part, wanted)
    elif isinstance(condition, Compare | Among | Known):
        yield condition, wanted


def value_in_words(facts: Facts, name: str, unit: str) -> str:
    """The value of a fact in row 0 as a reader would write it."""
    column = facts.columns.get(name)
    if isinstance(column, Words):
        code = int(column.codes[0])
        if code >= 0:
            return column.values[code]
        return say("not known") if code == -1 else say("does not apply")
    if not isinstance(column, Numbers) or column.absent[0]:
        return say("does not apply")
    if not column.known[0]:
        return say("not known")
    low, high = float(column.low[0]), float(column.high[0])
    text = in_words(low) if low == high else say("{low} to {high}", low=in_words(low), high=in_words(high))
    return f"{text} {unit_of(text, unit)}".strip() if unit not in {"", "share"} else text


def in_words(number: float) -> str:
    """A number with at most three significant decimals and thousands separators."""
    if abs(number) >= 100 or float(number).is_integer():
        return numeral(f"{number:,.0f}")
    return numeral(f"{number:.3g}")


def approach_index(approach: str) -> int:
    """The position of an approach in every array of an outcome."""
    return APPROACHES.index(approach)
