"""Three-valued conditions over columns, against a scalar oracle written the plain way."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.intake.answers import Answer, Answers
from advisor.intake.facts import derive, tabulate
from advisor.intake.truth import FALSE, TRUE, UNKNOWN, evaluate
from advisor.knowledge.conditions import Always, Among, AtLeastK, Bound, Compare, Condition, Known, Not
from advisor.knowledge.domain import Rulebook

DAY = date(2026, 11, 22)
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt,
}  # fmt: skip
NUMBERS = ("labelled_examples", "deadline_weeks")
WORDS = ("task_kind", "ml_expertise")


def oracle(condition: Condition, answers: Answers) -> int:
    """The truth of a condition for one questionnaire, read off the answers one by one."""
    if isinstance(condition, Not):
        return TRUE - oracle(condition.part, answers)
    if isinstance(condition, AtLeastK):
        parts = [oracle(part, answers) for part in condition.parts]
        if parts.count(TRUE) >= condition.k:
            return TRUE
        return UNKNOWN if parts.count(TRUE) + parts.count(UNKNOWN) >= condition.k else FALSE
    if isinstance(condition, Always):
        return TRUE
    assert isinstance(condition, Compare | Among | Known)
    answer = answers.get(condition.fact)
    if isinstance(condition, Known):
        return TRUE if answer is not None and answer.kind != "does_not_apply" else FALSE
    if answer is None:
        return UNKNOWN
    if answer.kind == "does_not_apply":
        return FALSE
    if isinstance(condition, Among):
        return TRUE if answer.word in condition.values else FALSE
    assert condition.bound.number is not None
    ends = {OPERATORS[condition.op](end, condition.bound.number) for end in (answer.low, answer.high)}
    return UNKNOWN if len(ends) == 2 else TRUE if ends == {True} else FALSE


NUMBER = st.sampled_from([0.0, 1.0, 5.0, 10.0, 50.0, 100.0])


@st.composite
def numeric_answers(draw: st.DrawFn) -> Answer | None:
    low, likely, high = sorted(draw(st.tuples(NUMBER, NUMBER, NUMBER)))
    return draw(
        st.sampled_from(
            [
                None,
                Answer("does_not_apply"),
                Answer("number", low=likely, likely=likely, high=likely),
                Answer("range", low=low, likely=likely, high=high),
            ]
        )
    )


def leaves(book_words: dict[str, tuple[str, ...]]) -> st.SearchStrategy[Condition]:
    compare = st.builds(
        Compare, st.sampled_from(NUMBERS), st.sampled_from(list(OPERATORS)), st.builds(Bound, number=NUMBER)
    )
    among = st.sampled_from(WORDS).flatmap(
        lambda name: st.builds(
            Among, st.just(name), st.lists(st.sampled_from(book_words[name]), min_size=1, max_size=3).map(tuple)
        )
    )
    return st.one_of(compare, among, st.builds(Known, st.sampled_from(NUMBERS + WORDS)), st.just(Always()))


def trees(base: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    def grow(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(inner, min_size=1, max_size=4).map(tuple)
        at_least = several.flatmap(lambda parts: st.builds(AtLeastK, st.integers(1, len(parts)), st.just(parts)))
        return st.one_of(st.builds(Not, inner), at_least)

    return st.recursive(base, grow, max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_columns_and_scalars_agree(book: Rulebook, data: st.DataObject) -> None:
    """For random conditions and answers with unknowns, ranges and inapplicable ones, batch and oracle agree."""
    words = {name: book.questions[name].values for name in WORDS}
    condition = data.draw(trees(leaves(words)))
    scenarios = []
    for _ in range(data.draw(st.integers(1, 4))):
        given_: dict[str, Answer] = {}
        for name in NUMBERS:
            answer = data.draw(numeric_answers())
            if answer is not None:
                given_[name] = answer
        for name in WORDS:
            word = data.draw(st.sampled_from([None, *words[name]]))
            if word is not None:
                given_[name] = Answer("word", word=word)
        scenarios.append(Answers(given=given_))
    truth = evaluate(condition, tabulate(scenarios, book), book, DAY)
    assert truth.tolist() == [oracle(condition, answers) for answers in scenarios]


def test_an_answer_that_does_not_apply_is_set_aside(book: Rulebook) -> None:
    """The number of classes of a task that is not classification counts as inapplicable, whatever was said."""
    scenario = Answers(given={
        "task_kind": Answer("word", word="generation"),
        "class_count": Answer("number", low=7, likely=7, high=7),
    })  # fmt: skip
    facts = derive(tabulate([scenario], book), book, DAY)
    assert facts.numbers("class_count").absent.tolist() == [True]
    condition = Compare("class_count", ">=", Bound(number=2))
    assert evaluate(condition, facts, book, DAY).tolist() == [FALSE]


def test_derived_facts_follow_from_the_answers(book: Rulebook) -> None:
    """Examples per class are a ratio of ranges: its low end is low over high."""
    scenario = Answers(given={
        "task_kind": Answer("word", word="classification"),
        "labelled_examples": Answer("range", low=100, likely=200, high=400),
        "class_count": Answer("number", low=10, likely=10, high=10),
    })  # fmt: skip
    column = derive(tabulate([scenario], book), book, DAY).numbers("examples_per_class")
    assert np.array([column.low, column.likely, column.high]).ravel().tolist() == [10, 20, 40]
