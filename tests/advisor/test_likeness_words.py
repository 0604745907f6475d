"""How likeness is measured and said: each condition's gap and words, and what is told of studies made up here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from advisor.intake.answers import parse
from advisor.knowledge.studies import Comparison
from advisor.knowledge.study_registry import READ, Study
from advisor.reasoning.advice import LikeEvidence, LikeStudy
from advisor.reasoning.engine import Engine
from advisor.reasoning.like_evidence import evidence, winner_of
from advisor.reasoning.likeness import FEATURES, Library, distance, nearest, of_case, of_row

BY_NAME = {feature.name: feature for feature in FEATURES}
CASE: dict[str, Any] = {
    "task_kind": "classification",
    "classes": 8.0,
    "examples": 1000.0,
    "grade": "frontier",
    "tuned_size": 10.0,
    "specialised": True,
    "knowledge": False,
    "effort": "optimised",
    "measure": "label_match",
    "material": "task_examples",
    "same_base": False,
}
WEIGHTS = {
    **{"task_kind": 4.0, "classes": 1.5, "examples": 2.0, "grade": 1.5, "tuned_size": 1.0, "specialised": 1.0},
    **{"knowledge": 2.5, "effort": 1.0, "measure": 1.0, "material": 1.5, "same_base": 0.5},
}
ALL = 17.5
READ_HOW = next(iter(READ))


def row(
    name: str, prompt: float | None, tuned: float | None, hybrid: float | None = None, **changes: Any
) -> Comparison:
    """A comparison with scores in points of 100."""
    return Comparison(
        **{
            **{"id": name, "paper": "P", "authors_year": "A 2024", "source_url": "https://a.example/p"},
            **{"task_name": f"task {name}", "task_kind": "classification", "domain": "news", "language": "en"},
            **{"class_count": 8, "examples": 1000, "prompt_model": "m", "prompt_size_b": None},
            **{"prompt_method": "few_shot", "shots": None, "tuned_model": "t", "tuned_size_b": None},
            **{"tuning_method": "full", "same_base": False, "hybrid_description": "", "metric": "accuracy"},
            **{"metric_max": 100.0, "higher_is_better": True, "needs_knowledge": False, "note": "", "line": 1},
            **{"prompt_score": prompt, "tuned_score": tuned, "hybrid_score": hybrid, **changes},
        }
    )


def study(name: str, *rows: Comparison) -> Study:
    """A study of some comparisons."""
    return Study(name, f"Study {name}", "A 2024", 2024, "https://a.example/p", READ_HOW, f"It says {name}.", "", rows)


def library(*studies: Study, **conditions: Mapping[str, Any]) -> Library:
    """A collection in which a comparison has the conditions of the case but for those named by its id."""
    known = {one.id: {**CASE, **conditions.get(one.id, {})} for two in studies for one in two.comparisons}
    return cast(Library, SimpleNamespace(studies=studies, conditions=known))


def found(given: Library, case: dict[str, Any] | None = None, k: int = 5) -> LikeEvidence:
    """The evidence for the case."""
    like = evidence(case or CASE, given, k)
    assert like is not None
    return like


def only(*rows: Comparison, **conditions: Mapping[str, Any]) -> LikeStudy:
    """What is told of the one study of these comparisons."""
    (one,) = found(library(study("s", *rows), **conditions)).studies
    return one


def test_every_condition_has_its_weight() -> None:
    """The kind of task weighs most, whether one model is prompted and tuned least; together they weigh 17.5."""
    assert {feature.name: feature.weight for feature in FEATURES} == WEIGHTS
    assert sum(WEIGHTS.values()) == ALL


@pytest.mark.parametrize(
    ("name", "one", "two", "gap"),
    [
        ("task_kind", "code", "code", 0.0),
        ("task_kind", "code", "reasoning", 0.6),
        ("task_kind", "reasoning", "question_answering", 0.6),
        ("task_kind", "extraction", "classification", 0.6),
        ("task_kind", "question_answering", "extraction", 0.6),
        ("task_kind", "question_answering", "conversation", 0.6),
        ("task_kind", "summarization", "generation", 0.6),
        ("task_kind", "translation", "generation", 0.6),
        ("task_kind", "conversation", "generation", 0.6),
        ("task_kind", "classification", "code", 1.0),
        ("classes", 2.0, 4.0, 0.2),
        ("classes", 4.0, 2.0, 0.2),
        ("classes", 2.0, 64.0, 1.0),
        ("classes", 2.0, 500.0, 1.0),
        ("examples", 10.0, 100.0, 1 / 3),
        ("examples", 0.0, 1.0, 0.0),
        ("examples", 0.0, 0.5, 0.0),
        ("examples", 1.0, 1e6, 1.0),
        ("grade", "small", "mid_range", 0.5),
        ("grade", "frontier", "small", 1.0),
        ("grade", "unheard of", "small", 1.0),
        ("grade", "unheard of", "unheard of", 0.0),
        ("tuned_size", 1.0, 10.0, 0.5),
        ("tuned_size", 1e-3, 1e-4, 0.0),
        ("tuned_size", 0.001, 0.01, 0.5),
        ("specialised", True, False, 1.0),
        ("knowledge", False, False, 0.0),
        ("effort", "zero_shot", "few_shot", 0.5),
        ("effort", "zero_shot", "optimised", 1.0),
        ("effort", "zero_shot", "retrieval", 1.0),
        ("effort", "retrieval", "optimised", 1.0),
        ("effort", "retrieval", "retrieval", 0.0),
        ("measure", "judged", "label_match", 1.0),
        ("material", "raw_documents", "raw_documents", 0.0),
        ("same_base", True, False, 1.0),
    ],
)
def test_the_gap_of_a_condition(name: str, one: Any, two: Any, gap: float) -> None:
    """Kinds of task are related or not; numbers are apart by their ratio, up to 32 to 1,000 times; words by steps."""
    assert BY_NAME[name].gap(one, two) == pytest.approx(gap)
    assert BY_NAME[name].gap(two, one) == pytest.approx(gap)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("task_kind", "question_answering", "question answering"),
        ("classes", 1200.0, "1,200 classes"),
        ("examples", 25_000.4, "25,000 examples"),
        ("grade", "frontier", "a leading one"),
        ("grade", "mid_range", "a mid-range one"),
        ("grade", "small", "a small one"),
        ("tuned_size", 0.3, "0.3 billion parameters"),
        ("specialised", True, "a special field"),
        ("specialised", False, "a general one"),
        ("knowledge", True, "facts missing"),
        ("knowledge", False, "no facts missing"),
        ("effort", "zero_shot", "zero shot"),
        ("measure", "text_overlap", "text overlap"),
        ("same_base", True, "yes"),
        ("same_base", False, "no"),
    ],
)
def test_a_condition_is_said_in_words(name: str, value: Any, words: str) -> None:
    """Counts have thousands separators, grades and fields words of their own."""
    assert BY_NAME[name].say(value) == words


def test_the_distance_is_the_weighted_share_of_gaps() -> None:
    """What is not known of the case does not count; what a comparison does not state is half off."""
    assert distance(CASE, CASE) == 0
    assert distance(CASE, {**CASE, "task_kind": "extraction"}) == pytest.approx(4.0 * 0.6 / ALL)
    assert distance(CASE, {**CASE, "effort": None}) == pytest.approx(0.5 / ALL)
    both = {**CASE, "grade": "mid_range", "knowledge": True}
    assert distance(CASE, both) == pytest.approx((1.5 * 0.5 + 2.5) / ALL)
    assert distance({**CASE, "task_kind": None}, both) == pytest.approx((1.5 * 0.5 + 2.5) / (ALL - 4))
    assert distance(dict.fromkeys(CASE), CASE) == 1.0


def test_of_a_study_the_rows_near_its_nearest_stand_for_it_eight_at_most() -> None:
    """A row 0.08 farther than the nearest still counts, one farther does not; studies come nearest first."""
    far: dict[str, Any] = {"specialised": False, "same_base": True}
    assert distance(CASE, {**CASE, **far}) == pytest.approx(1.5 / ALL)
    rows = [row("a-1", 50, 60), row("a-2", 50, 60), row("a-0", 50, 60)]
    given = library(study("a", *rows), **{"a-2": far, "a-0": {"grade": "mid_range"}})
    (near,) = nearest(CASE, given)
    assert [one.id for one in near.rows] == ["a-1", "a-0"]
    assert near.distance == 0
    edge = library(study("a", *rows), **{"a-2": {"tuned_size": 10.0 * 100**0.4, "measure": "judged"}})
    assert distance(CASE, edge.conditions["a-2"]) == pytest.approx(0.08)
    many = [row(f"m-{k:02d}", 50, 60) for k in range(9)]
    given = library(study("z", *many), study("b", row("b-1", 1, 2)), study("c", row("c-1", 1, 2)), **{"c-1": far})
    assert [(near.study.id, len(near.rows)) for near in nearest(CASE, given)] == [("b", 1), ("z", 8), ("c", 1)]
    assert [near.study.id for near in nearest(CASE, given, 2)] == ["b", "z"]


def test_what_was_trained_on_alone_makes_nothing_near() -> None:
    """The usual material is no knowledge of the case; any other condition is."""
    given = library(study("a", row("a-1", 50, 60)))
    blank: dict[str, Any] = {**dict.fromkeys(CASE), "material": "task_examples"}
    assert nearest(blank, given) == ()
    assert evidence(blank, given) is None
    assert len(nearest({**blank, "same_base": False}, given)) == 1


@pytest.mark.parametrize(
    ("scores", "winner"),
    [
        ([(80, 60)], "prompting"),
        ([(80, 60), (80, 60), (80, 60), (60, 80)], "prompting"),
        ([(80, 60), (80, 60), (60, 80)], "mixed"),
        ([(80, 80.5)] * 3 + [(60, 80)], "tie"),
        ([(60, 80)] * 4 + [(80, 60)], "fine_tuning"),
        ([(80, None)] * 4, "mixed"),
        ([(60, 80), (80, 60)], "mixed"),
    ],
)
def test_a_study_has_one_winner_from_three_of_four_on(scores: list[Any], winner: str) -> None:
    """Three of four are enough and two of three are not; level ones win as a tie."""
    assert winner_of([row(f"a-{k}", *pair) for k, pair in enumerate(scores)]) == winner


def test_the_lead_is_the_middle_one_with_the_least_and_the_most() -> None:
    """It is held against the next best; a row that does not report the winner has none."""
    rows = [row("s-1", 60, 90, 70), row("s-2", 60, 62.5, 61), row("s-3", 60, 64), row("s-4", 50, None, 70)]
    one = only(*rows)
    assert (one.winner, one.rows, one.tasks) == ("fine_tuning", 4, ("task s-1", "task s-2", "task s-3", "task s-4"))
    assert one.lead is not None
    assert (one.lead.low, one.lead.value, one.lead.high, one.lead.n) == (1.5, 4.0, 20.0, 3)
    assert (one.lead.unit, one.lead.origin, one.lead.source) == ("points of 100", "published", "https://a.example/p")


def test_the_lead_of_level_ones_is_their_distance() -> None:
    """Of three approaches the two best are compared."""
    one = only(row("s-1", 80, 80.5), row("s-2", 80, 79.75), row("s-3", 10, 79, 80))
    assert (one.winner, one.outcome) == ("tie", "level in 3 near comparisons")
    assert one.lead is not None
    assert (one.lead.low, one.lead.value, one.lead.high) == (0.25, 0.5, 1.0)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row("s-1", 80, 60)], "prompting ahead in one near comparison"),
        ([row("s-1", 80, 60, 90)], "the hybrid ahead in one near comparison"),
        ([row("s-1", 80, 80)], "level in one near comparison"),
        (
            [row("s-1", 60, 80), row("s-2", 60, 80), row("s-3", 60, 80), row("s-4", 80, 60)],
            "fine-tuning ahead in 3 of 4 near comparisons",
        ),
        (
            [row("s-1", 60, 80), row("s-2", 80, 60), row("s-3", 70, 70)],
            "mixed: prompting 1, fine-tuning 1, level 1 of 3 near comparisons",
        ),
        ([row("s-1", 60, 80), row("s-2", 80, 60)], "mixed: prompting 1, fine-tuning 1 of 2 near comparisons"),
    ],
)
def test_an_outcome_is_counted_in_words(rows: list[Comparison], words: str) -> None:
    """One comparison is not counted, several are; a mixed outcome names every side that won one."""
    one = only(*rows)
    assert one.outcome == words
    assert (one.lead is None) == words.startswith("mixed")


def test_what_a_study_is_told_with() -> None:
    """Title, authors, year, address, summary and caveat are those of the registry, the distance an estimate."""
    made = replace(study("s", row("s-1", 80, 60)), caveat="Old models.")
    like = found(library(made, **{"s-1": {"grade": "mid_range"}}))
    (one,) = like.studies
    assert (one.study, one.title, one.authors_year, one.year) == ("s", "Study s", "A 2024", 2024)
    assert (one.source, one.summary, one.caveat) == ("https://a.example/p", "It says s.", "Old models.")
    assert one.read == READ[READ_HOW]
    assert one.distance.value == pytest.approx(0.75 / ALL)
    assert (one.distance.unit, one.distance.origin) == ("of 1", "estimated")
    assert (like.searched, like.conflicts) == (1, ())
    assert like.gaps == ("No study in the collection has a leading prompted model.",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ()),
        ({"effort": "few_shot"}, ("the effort put into the prompt: few shot, yours optimised",)),
        ({"effort": None}, ("the effort put into the prompt: not stated, yours optimised",)),
        ({"tuned_size": 20.0}, ("the size of the tuned model: 20 billion parameters, yours 10 billion parameters",)),
        ({"tuned_size": 19.0}, ()),
        (
            {"grade": "small", "examples": 10.0, "knowledge": True},
            (
                "missing knowledge: facts missing, yours no facts missing",
                "the prompted model: a small one, yours a leading one",
            ),
        ),
    ],
)
def test_the_two_greatest_differences_are_told(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    """By weight times gap, from 0.15 on; ln 2 / ln 100 is 0.1505 and ln 1.9 / ln 100 is 0.139."""
    assert only(row("s-1", 80, 60), **{"s-1": changes}).differs == words


def test_a_study_that_disagrees_with_itself_is_a_conflict_with_its_cause() -> None:
    """More classes where prompting won explain it; fewer explain nothing."""
    rows = [row("s-1", 80, 60), row("s-2", 80, 60), row("s-3", 60, 80)]
    many = {"s-1": {"classes": 150.0}, "s-2": {"classes": 68.0}, "s-3": {"classes": 10.0}}
    (conflict,) = found(library(study("s", *rows), **many), {**CASE, "classes": None}).conflicts
    assert (conflict.prompting, conflict.tuning, conflict.condition) == ("s", "s", "classes")
    assert conflict.text == (
        "Within Study s prompting won 2 of the near comparisons and a tuned model 1. The likely reason is the "
        "number of classes: 68 to 150 classes where prompting won, 10 classes where tuning did."
    )
    few = {"s-1": {"classes": 2.0}, "s-2": {"classes": 2.0}, "s-3": {"classes": 10.0}}
    (conflict,) = found(library(study("s", *rows), **few), {**CASE, "classes": None}).conflicts
    assert conflict.condition == ""
    assert conflict.text == (
        "Within Study s prompting won 2 of the near comparisons and a tuned model 1. "
        "No condition that was recorded explains it."
    )


@pytest.mark.parametrize(
    ("name", "prompted", "tuned", "said"),
    [
        ("examples", 100.0, 5000.0, "100 examples where prompting won, 5,000 examples where tuning did"),
        ("tuned_size", 1.0, 70.0, "1 billion parameters where prompting won, 70 billion parameters where tuning did"),
        ("grade", "frontier", "small", "a leading one where prompting won, a small one where tuning did"),
        ("grade", "mid_range", "small", "a mid-range one where prompting won, a small one where tuning did"),
        ("effort", "retrieval", "zero_shot", "retrieval where prompting won, zero shot where tuning did"),
        ("effort", "optimised", "few_shot", "optimised where prompting won, few shot where tuning did"),
        ("measure", "judged", "text_overlap", "judged where prompting won, text overlap where tuning did"),
        ("measure", "label_match", "text_overlap", "label match where prompting won, text overlap where tuning did"),
        (
            "material",
            "raw_documents",
            "task_examples",
            "raw documents where prompting won, task examples where tuning did",
        ),
        ("material", "domain_mix", "task_examples", "domain mix where prompting won, task examples where tuning did"),
        ("same_base", False, True, "no where prompting won, yes where tuning did"),
        ("knowledge", True, False, "facts missing where prompting won, no facts missing where tuning did"),
    ],
)
def test_a_cause_speaks_in_one_direction_only(name: str, prompted: Any, tuned: Any, said: str) -> None:
    """Each condition explains opposite winners one way round, and the other way round it explains nothing."""
    two = (study("p", row("p-1", 80, 60)), study("t", row("t-1", 60, 80)))
    case = {**CASE, name: None}
    (conflict,) = found(library(*two, **{"p-1": {name: prompted}, "t-1": {name: tuned}}), case).conflicts
    assert (conflict.prompting, conflict.tuning, conflict.condition) == ("p", "t", name)
    assert conflict.text == (
        "Study p mostly saw prompting ahead, Study t a tuned model. "
        f"The likely reason is {BY_NAME[name].title}: {said}."
    )
    assert not found(library(*two, **{"p-1": {name: tuned}, "t-1": {name: prompted}}), case).conflicts
    assert not found(library(*two, **{"p-1": {name: prompted}, "t-1": {name: prompted}}), case).conflicts


def test_a_word_that_parts_most_of_the_rows_is_told_with_its_counts() -> None:
    """Two of two against one of two part them; one of one against one of two is chance."""
    prompted = [row("p-1", 80, 60), row("p-2", 80, 60)]
    tuned = [row("t-1", 60, 80), row("t-2", 60, 80)]
    words = {"p-1": "judged", "p-2": "judged", "t-1": "judged", "t-2": "label_match"}
    conditions = {name: {"measure": word} for name, word in words.items()}
    case = {**CASE, "measure": None}
    (conflict,) = found(library(study("p", *prompted), study("t", *tuned), **conditions), case).conflicts
    assert conflict.text.endswith(
        "The likely reason is how quality is measured: judged in 2 of 2 that prompting won, in 1 of 2 that tuning did."
    )
    assert not found(library(study("p", prompted[0]), study("t", *tuned), **conditions), case).conflicts


@pytest.mark.parametrize("turned", [False, True], ids=["prompting", "tuning"])
@pytest.mark.parametrize(("won", "leans"), [((1, 0), True), ((2, 1), True), ((3, 2), False), ((5, 3), False)])
def test_a_study_leans_from_65_of_100_decided_ones_on(won: tuple[int, int], leans: bool, turned: bool) -> None:
    """Two of three lean, three of five and five of eight do not; level ones do not count."""
    scores = [(80, 60)] * won[0] + [(60, 80)] * won[1] + [(70, 70)]
    scores = [pair[::-1] for pair in scores] if turned else scores
    rows = [row(f"p-{k:02d}", *pair) for k, pair in enumerate(scores)]
    two = (study("p", *rows), study("t", row("t-1", *((80, 60) if turned else (60, 80)))))
    sides = ("small", "frontier") if turned else ("frontier", "small")
    conditions = {one.id: {"grade": sides[0]} for one in rows} | {"t-1": {"grade": sides[1]}}
    conflicts = found(library(*two, **conditions), {**CASE, "grade": None}).conflicts
    assert any(one.prompting != one.tuning for one in conflicts) == leans


def test_of_several_conflicts_the_nearest_study_and_the_nearest_two_are_told() -> None:
    """One within a study and one between two, even where more contradict each other."""
    split = [study(name, row(f"{name}-1", 80, 60), row(f"{name}-2", 60, 80)) for name in "ab"]
    pairs = [study("p", row("p-1", 80, 60)), study("q", row("q-1", 60, 80)), study("r", row("r-1", 60, 80))]
    grades = {"p-1": {"grade": "frontier"}, "q-1": {"grade": "small"}, "r-1": {"grade": "small"}}
    conflicts = found(library(*split, *pairs, **grades), {**CASE, "grade": None}).conflicts
    assert [(one.prompting, one.tuning) for one in conflicts] == [("a", "a"), ("p", "q")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"examples": 0.0}, "fewer than 50 examples"),
        ({"examples": 49.0}, "fewer than 50 examples"),
        ({"examples": 50.0}, "50 to 500 examples"),
        ({"examples": 499.0}, "50 to 500 examples"),
        ({"examples": 500.0}, "500 to 5,000 examples"),
        ({"examples": 4999.0}, "500 to 5,000 examples"),
        ({"examples": 5000.0}, "5,000 examples or more"),
        ({"classes": 20.0}, "20 to 100 classes"),
        ({"classes": 99.0}, "20 to 100 classes"),
        ({"classes": 100.0}, "100 classes or more"),
        ({"tuned_size": 0.0}, "a tuned model below 1 billion parameters"),
        ({"tuned_size": 0.99}, "a tuned model below 1 billion parameters"),
        ({"tuned_size": 13.5}, "a tuned model above 13 billion parameters"),
        ({"task_kind": "question_answering"}, "question answering as its task"),
        ({"grade": "frontier"}, "a leading prompted model"),
        ({"grade": "mid_range"}, "a mid-range prompted model"),
        ({"grade": "small"}, "a small prompted model"),
        ({"knowledge": True}, "facts missing from the model"),
        ({"specialised": True}, "a special field"),
        ({"effort": "optimised"}, "an optimised prompt"),
        ({"effort": "retrieval"}, "a prompt with retrieval"),
        ({"measure": "judged"}, "quality judged by people or models"),
        ({"measure": "text_overlap"}, "quality measured by overlap"),
        ({"material": "raw_documents"}, "tuning on raw documents"),
        ({"material": "domain_mix"}, "tuning on a mix of the field"),
    ],
)
def test_what_no_study_has_is_told(changes: dict[str, Any], words: str) -> None:
    """A condition of the case that no comparison shares is a gap, at both edges of each band; a shared one is none."""
    bare = {**dict.fromkeys(CASE), "same_base": False}
    gap = f"No study in the collection has {words}."
    empty = library(study("s", row("s-1", 80, 60)), **{"s-1": dict.fromkeys(CASE)})
    assert found(empty, {**bare, **changes}).gaps == (gap,)
    there = library(study("s", row("s-1", 80, 60)), **{"s-1": {**dict.fromkeys(CASE), **changes}})
    assert found(there, {**bare, **changes}).gaps == ()


@pytest.mark.parametrize(
    "changes",
    [
        *({"classes": 19.0}, {"tuned_size": 1.0}, {"tuned_size": 13.4}, {"knowledge": False}, {"specialised": False}),
        *({"effort": "few_shot"}, {"measure": "label_match"}, {"material": "task_examples"}),
    ],
)
def test_what_is_common_is_no_gap(changes: dict[str, Any]) -> None:
    """Between the bands, and for the usual words, nothing is missed."""
    bare = {**dict.fromkeys(CASE), "same_base": False}
    empty = library(study("s", row("s-1", 80, 60)), **{"s-1": dict.fromkeys(CASE)})
    assert found(empty, {**bare, **changes}).gaps == ()


def test_gaps_of_one_condition_come_before_those_of_two_and_three_are_told() -> None:
    """Pairs are told of conditions that occur alone, the rarest first."""
    case = {**dict.fromkeys(CASE), "grade": "small", "effort": "retrieval", "measure": "judged", "specialised": True}
    blank = dict.fromkeys(CASE)
    rows = [row(f"s-{k}", 80, 60) for k in range(6)]
    conditions = {
        "s-0": {**blank, "grade": "small"},
        "s-1": {**blank, "grade": "small"},
        "s-2": {**blank, "grade": "small", "specialised": True},
        "s-3": {**blank, "specialised": True},
        "s-4": {**blank, "measure": "judged"},
        "s-5": blank,
    }
    assert found(library(study("s", *rows), **conditions), case).gaps == (
        "No study in the collection has a prompt with retrieval.",
        "No study in the collection has quality judged by people or models and a special field.",
        "No study in the collection has quality judged by people or models and a small prompted model.",
    )


def test_the_text_counts_what_was_searched_and_warns_of_what_is_far() -> None:
    """From a distance of 0.35 on the nearest study says little; the comparisons of all studies are counted."""
    rows = [row(f"a-{k:04d}", 80, 60) for k in range(1234)]
    near = library(study("a", *rows), study("b", row("b-1", 80, 60)))
    like = found(near, k=1)
    assert like.text == "The nearest 1 of 2 studies (1,235 comparisons), by what you stated."
    assert like.searched == 1235
    bare = {**dict.fromkeys(CASE), "knowledge": False, "specialised": True}
    for changes, far in (({"knowledge": True}, True), ({"specialised": False}, False)):
        text = found(library(study("s", row("s-1", 80, 60)), **{"s-1": changes}), bare).text
        assert text.startswith("The nearest 1 of 1 studies (1 comparisons), by what you stated.")
        assert text.endswith("None is close, so that they say little about your case.") == far
    edge = {**dict.fromkeys(CASE), "effort": "zero_shot", "measure": "judged", "task_kind": "code"}
    weights = {"effort": "optimised", "measure": "text_overlap"}
    text = found(library(study("s", row("s-1", 80, 60)), **{"s-1": {**edge, **weights}}), edge).text
    assert "None is close" not in text  # 2 of 6
    assert (
        "None is close"
        in found(library(study("s", row("s-1", 80, 60)), **{"s-1": {**edge, "task_kind": "reasoning"}}), edge).text
    )


def of(engine: Engine, **raw: Any) -> dict[str, Any]:
    """The conditions of a case."""
    outcome = engine.decide_answers([parse(raw, engine.book)])
    return dict(of_case(outcome.facts, engine.situation(outcome.facts)))


def test_of_an_empty_case_only_the_usual_material_is_known(shipped: Engine) -> None:
    """Everything else is open, the grade too."""
    assert of(shipped) == {**dict.fromkeys(CASE), "material": "task_examples"}


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"task_kind": "code"}, "task_kind", "code"),
        ({"task_kind": "classification", "class_count": 9}, "classes", 9.0),
        ({"task_kind": "code", "labelled_examples": {"low": 1, "likely": 7, "high": 9}}, "examples", 7.0),
        ({"base_model_grade": "frontier"}, "grade", "frontier"),
        ({"base_model_grade": "mid_range"}, "grade", "mid_range"),
        ({"base_model_grade": "small"}, "grade", "small"),
        ({"base_model_size_b": 7}, "grade", "small"),
        ({"base_model": "openai/gpt-6.1-terra"}, "grade", "mid_range"),
        ({"tunable_model_size_b": 3}, "tuned_size", 3.0),
        ({"domain_specialization": "highly_specialized"}, "specialised", True),
        ({"domain_specialization": "general"}, "specialised", False),
        ({"knowledge_need": "none"}, "knowledge", False),
        ({"knowledge_need": "stable"}, "knowledge", True),
        ({"prompt_effort": "optimised"}, "effort", "optimised"),
        ({"quality_measure": "judged"}, "measure", "judged"),
        ({"training_material": "raw_documents"}, "material", "raw_documents"),
        ({"model_access": "open_weights", "base_model_size_b": 7, "tunable_model_size_b": 7}, "same_base", True),
        (
            {"model_access": "hosted_api_with_tuning", "base_model_size_b": 7, "tunable_model_size_b": 7},
            "same_base",
            False,
        ),
        ({"base_model_size_b": 7, "tunable_model_size_b": 7}, "same_base", None),
        ({"model_access": "open_weights", "tunable_model_size_b": 7}, "same_base", None),
    ],
)
def test_a_condition_of_a_case_is_what_was_answered(
    shipped: Engine, raw: dict[str, Any], name: str, value: Any
) -> None:
    """One answer at a time; whether one model is prompted and tuned needs the access and both sizes."""
    assert of(shipped, **raw)[name] == value


def test_the_number_of_classes_counts_for_labels_alone(shipped: Engine) -> None:
    """Where the kind of task is another one it is no condition."""
    outcome = shipped.decide_answers([parse({"task_kind": "classification", "class_count": 9}, shipped.book)])
    facts = outcome.facts
    codes = facts.words("task_kind")
    other = facts.with_columns({"task_kind": replace(codes, codes=codes.codes * 0 + codes.values.index("code"))})
    assert of_case(other, shipped.situation(other))["classes"] is None
    open_ = facts.with_columns({"task_kind": replace(codes, codes=codes.codes * 0 - 1)})
    assert of_case(open_, shipped.situation(open_))["classes"] == 9.0


def test_the_conditions_of_a_comparison(shipped: Engine) -> None:
    """As its source states them, in the words of the questionnaire."""
    assert shipped.library is not None
    plain = row(
        "s-1", 80, 60, prompt_model="GPT-4o", tuned_size_b=0.3, prompt_method="few_shot", class_count=8, examples=64
    )
    found = of_row(plain, shipped.library.names)
    assert found == {
        **{"task_kind": "classification", "classes": 8, "examples": 64, "grade": "frontier", "tuned_size": 0.3},
        **{"specialised": False, "knowledge": False, "effort": "few_shot", "measure": "label_match"},
        **{"material": "task_examples", "same_base": False},
    }
    other = of_row(
        replace(plain, task_kind="code", examples=None, same_base=True, needs_knowledge=True, prompt_method="odd"),
        shipped.library.names,
    )
    assert {name: other[name] for name in ("classes", "examples", "same_base", "knowledge", "effort")} == {
        **{"classes": None, "examples": None, "same_base": True, "knowledge": True, "effort": None},
    }
    assert set(shipped.library.conditions) == {one.id for two in shipped.library.studies for one in two.comparisons}
