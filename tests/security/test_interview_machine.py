"""Any order of answering, changing and taking back leads to the advice of the answers that stand."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from advisor import locate
from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.knowledge.domain import Question
from advisor.reasoning.advise import engine, verdict_id
from advisor.reasoning.probe import Probe

ENGINE = engine(locate.rules_dir(), date(2026, 11, 22))
QUESTIONS = [question for question in ENGINE.book.questions.values() if question.kind in {"choice", "integer"}]


class Interview(RuleBasedStateMachine):
    """A user who answers, changes their mind and takes answers back."""

    def __init__(self) -> None:
        super().__init__()
        self.given, self.model = Answers(), dict[str, object]()
        self.asked = False

    @rule(question=st.sampled_from(QUESTIONS), data=st.data())
    def answer(self, question: Question, data: st.DataObject) -> None:
        """Answers a question, or answers it anew."""
        low = int(question.min or 0)
        numbers = st.integers(low, int(min(question.max or 1e6, 1e6)))
        value = data.draw(st.sampled_from(question.values) if question.kind == "choice" else numbers)
        answer = intake.parse_one(question, value, "test", problems := [])
        assert not problems
        self.given = self.given.changed({question.field: answer})
        self.model[question.field] = value

    @rule(question=st.sampled_from(QUESTIONS))
    def take_back(self, question: Question) -> None:
        """Takes an answer back, given or not."""
        self.given = self.given.changed({question.field: None})
        self.model.pop(question.field, None)

    @precondition(lambda self: not self.asked)
    @rule()
    def ask(self) -> None:
        """What is asked next is open; once a user, for it is slow."""
        self.asked = True
        assert not {item.field for item in Probe(ENGINE, self.given).next_questions(3)} & set(self.model)

    @invariant()
    def stands_for_what_was_said(self) -> None:
        """The same verdict id as a file with the same answers, whichever way led there."""
        assert self.given.plain() == {name: self.model[name] for name in sorted(self.model)}
        fresh = intake.parse(dict(reversed(self.model.items())), ENGINE.book)
        assert verdict_id(fresh, ENGINE) == verdict_id(self.given, ENGINE)


def test_any_way_through_the_interview_leads_to_the_advice_of_its_answers() -> None:
    """Twelve steps of three users each."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    some = settings(
        max_examples=3, stateful_step_count=12, deadline=None, derandomize=True, suppress_health_check=quiet
    )
    run_state_machine_as_test(Interview, settings=some)
