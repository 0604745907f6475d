"""Evidence like yours: near studies share the conditions, conflicts are told with their cause, gaps are counted."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from advisor.intake import answers as intake
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning.advice import LikeEvidence
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine
from advisor.reasoning.like_evidence import evidence
from advisor.reasoning.likeness import FEATURES, Conditions, Library, distance, nearest, of_case
from advisor.reports import render

INTENTS = {
    "task_kind": "classification",
    "class_count": 77,
    "labelled_examples": 3000,
    "base_model_grade": "small",
    "base_model_size_b": 7,
    "tunable_model_size_b": 7,
    "model_access": "open_weights",
    "prompt_effort": "optimised",
}
FRESH = {
    "task_kind": "question_answering",
    "knowledge_need": "changing",
    "labelled_examples": 200,
    "model_access": "open_weights",
    "prompt_effort": "retrieval",
}
PAPERS = {
    "task_kind": "summarization",
    "domain_specialization": "highly_specialized",
    "labelled_examples": 5000,
    "base_model": "anthropic/claude-opus-5-5",
}
QUERIES = {"task_kind": "code", "labelled_examples": 7000, "tunable_model_size_b": 8, "base_model_grade": "frontier"}
PROFILES = (INTENTS, FRESH, PAPERS, QUERIES)


def conditions(engine: Engine, raw: dict[str, Any]) -> Conditions:
    """The conditions of one questionnaire."""
    outcome = engine.decide_answers([intake.parse(raw, engine.book)])
    return of_case(outcome.facts, engine.situation(outcome.facts))


def found(engine: Engine, raw: dict[str, Any]) -> LikeEvidence:
    """The evidence for one questionnaire."""
    like = evidence(conditions(engine, raw), library(engine))
    assert like is not None
    return like


def library(engine: Engine) -> Library:
    """The studies of an engine."""
    assert engine.library is not None
    return engine.library


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (INTENTS, {"longicl", "mmgrpo", "georgian"}),
        (FRESH, {"dspy", "selfrag", "ovadia"}),
        (PAPERS, {"scholarsum", "bionlp", "dischargeme"}),
        (QUERIES, {"dbgpt", "sqlcoder", "xsemplr"}),
    ],
    ids=["many intents", "fresh knowledge", "papers", "queries"],
)
def test_the_nearest_studies_are_those_that_a_reader_of_the_field_would_name(
    shipped: Engine, profile: dict[str, Any], expected: set[str]
) -> None:
    """Of the five nearest, three are the ones on that very matter, each with source, year, grade and outcome."""
    like = found(shipped, profile)
    assert len(like.studies) == 5
    assert expected <= {study.study for study in like.studies}
    assert [study.distance.value for study in like.studies] == sorted(study.distance.value for study in like.studies)
    for study in like.studies:
        assert study.source.startswith("https://")
        assert study.read
        assert study.outcome
        assert study.winner in {*APPROACHES, "tie", "mixed"}
        assert (study.lead is None) == (study.winner == "mixed")
        if study.lead is not None:
            assert study.lead.origin == "published"
            assert study.lead.n == study.rows


def test_two_profiles_show_a_conflict_with_its_likely_cause(shipped: Engine) -> None:
    """Intents conflict by the number of classes, within a study and between two; papers by how quality is measured."""
    within, between = found(shipped, INTENTS).conflicts
    assert within.prompting == within.tuning == "longicl"
    assert within.condition == "classes"
    assert "68 to 151 classes where prompting won, 50 classes where tuning did" in within.text
    assert (between.prompting, between.tuning, between.condition) == ("longicl", "loraland", "classes")
    (papers,) = found(shipped, PAPERS).conflicts
    assert (papers.prompting, papers.tuning, papers.condition) == ("scholarsum", "scholarsum", "measure")
    within, between = found(shipped, FRESH).conflicts
    assert (within.prompting, within.condition) == ("dspy", "effort")
    assert (between.prompting, between.tuning, between.condition) == ("dspy", "mmgrpo", "tuned_size")


@pytest.mark.parametrize("profile", PROFILES, ids=["many intents", "fresh knowledge", "papers", "queries"])
def test_what_is_said_of_a_study_is_counted_over_its_near_rows(shipped: Engine, profile: dict[str, Any]) -> None:
    """Winner, lead and sides are those of the comparisons that were found near, and of no others."""
    near = {one.study.id: one.rows for one in nearest(conditions(shipped, profile), library(shipped))}
    like = found(shipped, profile)
    assert [study.study for study in like.studies] == list(near)
    for study in like.studies:
        rows = near[study.study]
        won = [row.winner() for row in rows]
        assert study.rows == len(rows)
        assert (study.lead is None) == (study.winner == "mixed")
        if study.lead is None:
            continue
        assert won.count(study.winner) * 2 > len(rows)
        ahead = []
        for row in rows:
            best, *others = sorted(row.points().items(), key=lambda item: -item[1])
            if study.winner in ("tie", best[0]):
                ahead.append(best[1] - others[0][1])
            elif study.winner in row.points():
                ahead.append(row.points()[study.winner] - best[1])
        assert study.lead.value == pytest.approx(median(ahead))
        assert (study.lead.low, study.lead.high, study.lead.n) == (min(ahead), max(ahead), len(ahead))
    for conflict in like.conflicts:
        if conflict.prompting == conflict.tuning:
            won = [row.winner() for row in near[conflict.prompting]]
            tuned = won.count("fine_tuning") + won.count("hybrid")
            said = f"prompting won {won.count('prompting')} of the near comparisons and a tuned model {tuned}"
            assert said in conflict.text


def test_a_study_that_is_split_evenly_stands_against_no_other(shipped: Engine) -> None:
    """With as many wins on each side the study that tuning won leans nowhere, and the conflict with it is gone."""
    case, given = conditions(shipped, INTENTS), library(shipped)
    assert "loraland" in {conflict.tuning for conflict in found(shipped, INTENTS).conflicts}
    rows = next(near.rows for near in nearest(case, given) if near.study.id == "loraland")
    scores = {row.id: ((80.0, 60.0), (60.0, 80.0))[k] if k < 2 else (70.0, 70.0) for k, row in enumerate(rows)}
    split = tuple(
        replace(
            study,
            comparisons=tuple(
                replace(row, prompt_score=scores[row.id][0], tuned_score=scores[row.id][1], hybrid_score=None)
                if row.id in scores
                else row
                for row in study.comparisons
            ),
        )
        for study in given.studies
    )
    like = evidence(case, Library(split, given.names))
    assert like is not None
    between = [conflict for conflict in like.conflicts if conflict.prompting != conflict.tuning]
    assert "loraland" not in {name for conflict in between for name in (conflict.prompting, conflict.tuning)}


def test_a_conflict_without_a_recorded_cause_says_so(shipped: Engine) -> None:
    """Prompted models of one size on one set: nothing that was recorded parts the winners."""
    texts = [conflict.text for conflict in found(shipped, QUERIES).conflicts if not conflict.condition]
    assert texts
    assert "No condition that was recorded explains it." in texts[0]


def test_gaps_are_counted_over_the_collection(shipped: Engine) -> None:
    """What is said to be missing is missing, and goes away with a study that has it."""
    raw = {**FRESH, "task_kind": "question_answering"}
    (gap,) = found(shipped, raw).gaps
    assert gap == "No study in the collection has a prompt with retrieval and 50 to 500 examples."
    rows = library(shipped).conditions.values()
    assert not [row for row in rows if row["effort"] == "retrieval" and 50 <= (row["examples"] or 0) < 500]
    study = next(study for study in library(shipped).studies if study.id == "selfrag")
    filled = replace(study, comparisons=tuple(replace(row, examples=100) for row in study.comparisons))
    others = [other for other in library(shipped).studies if other is not study]
    more = Library((*others, filled), library(shipped).names)
    like = evidence(conditions(shipped, raw), more)
    assert like is not None
    assert like.gaps == ()


def test_a_comparison_with_the_same_conditions_is_at_distance_0(shipped: Engine) -> None:
    """Distance is 0 to itself, between 0 and 1 to all, and grows with a change of any condition that is known."""
    rows = list(library(shipped).conditions.values())
    for row in rows[::25]:
        assert distance(row, row) == 0
        assert distance(row, {feature.name: None for feature in FEATURES}) == pytest.approx(0.5)
        assert all(0 <= distance(row, other) <= 1 for other in rows)
    mine = conditions(shipped, INTENTS)
    near = library(shipped).conditions["longicl-004"]
    for change in ({"examples": 50}, {"classes": 2}, {"task_kind": "code"}, {"grade": "frontier"}, {"effort": None}):
        assert distance(mine, {**near, **change}) > distance(mine, near), change


def test_results_play_no_part_in_likeness(shipped: Engine) -> None:
    """With all scores turned round the same studies are near, and the winners are the others."""
    turned = tuple(
        replace(
            study,
            comparisons=tuple(
                replace(row, prompt_score=row.tuned_score, tuned_score=row.prompt_score) for row in study.comparisons
            ),
        )
        for study in library(shipped).studies
    )
    case = conditions(shipped, QUERIES)
    before, after = nearest(case, library(shipped)), nearest(case, Library(turned, library(shipped).names))
    assert [near.study.id for near in before] == [near.study.id for near in after]
    like = evidence(case, Library(turned, library(shipped).names))
    assert like is not None
    assert next(s.winner for s in like.studies if s.study == "dbgpt") == "fine_tuning"
    assert next(s.winner for s in found(shipped, QUERIES).studies if s.study == "dbgpt") == "prompting"


def test_nothing_is_near_where_nothing_is_known(shipped: Engine) -> None:
    """An empty questionnaire gets no studies, and an advice without them still renders."""
    assert evidence(conditions(shipped, {}), library(shipped)) is None
    advice = advise(intake.parse({}, shipped.book), shipped)
    assert advice.evidence.like is None
    assert "judged by their nearest comparisons" not in render(advice, "md").decode()


@pytest.mark.parametrize("profile", PROFILES)
def test_the_reports_show_the_studies_with_source_and_how_they_were_read(
    shipped: Engine, profile: dict[str, Any]
) -> None:
    """Every near study stands in the report with its title, its address, its summary and its caveat."""
    advice = advise(intake.parse(profile, shipped.book), shipped)
    like = advice.evidence.like
    assert like is not None
    page = render(advice, "html").decode()
    assert "Studies like yours" in page
    for study in like.studies:
        assert study.source in page
        assert study.read in page
    text = " ".join(render(advice, "text").decode().split())
    for conflict in like.conflicts:
        assert conflict.text[:40] in text
