"""The published studies nearest to a case as evidence: what won, by how much, where they conflict, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from statistics import mean, median
from typing import Any

from advisor.knowledge.domain import Quantity
from advisor.knowledge.studies import Comparison
from advisor.knowledge.study_registry import READ
from advisor.language import message, numeral, say
from advisor.reasoning.advice import Conflict, LikeEvidence, LikeStudy
from advisor.reasoning.likeness import FEATURES, UNSTATED, Conditions, Feature, Library, Near, nearest

WORDS = {"prompting": message("prompting"), "fine_tuning": message("fine-tuning"), "hybrid": message("the hybrid")}
MAJORITY = 0.75  # share of the near comparisons from which a study is said to have one winner
LEANING = 0.65  # share of the decided comparisons from which a study leans to one side
TOLD = 0.15  # weighted gap below which a difference is not worth telling
DIFFERENCES = 2
APART = 0.5  # difference of shares from which a word is said to part two sides
FAR = 0.35  # distance from which a study is called unlike the case
# What can explain opposite winners, each as a number that is higher where prompting is favoured, in the directions of
# rules/studies/priors.yaml. A difference the other way round explains nothing.
CAUSES: Mapping[str, Callable[[Any], float]] = {
    "examples": lambda value: -value,
    "classes": float,
    "grade": ("small", "mid_range", "frontier").index,
    "tuned_size": lambda value: -value,
    "effort": ("zero_shot", "few_shot", "optimised", "retrieval").index,
    "measure": ("text_overlap", "label_match", "judged").index,
    "material": ("task_examples", "domain_mix", "raw_documents").index,
    "same_base": lambda value: -float(value),
    "knowledge": float,
}
GAPS = 3
BANDS: tuple[tuple[str, float, float, str], ...] = (
    ("examples", 0, 50, message("fewer than 50 examples")),
    ("examples", 50, 500, message("50 to 500 examples")),
    ("examples", 500, 5000, message("500 to 5,000 examples")),
    ("examples", 5000, float("inf"), message("5,000 examples or more")),
    ("classes", 20, 100, message("20 to 100 classes")),
    ("classes", 100, float("inf"), message("100 classes or more")),
    ("tuned_size", 0, 1, message("a tuned model below 1 billion parameters")),
    ("tuned_size", 13.5, float("inf"), message("a tuned model above 13 billion parameters")),
)
GRADES = {
    "frontier": message("a leading prompted model"),
    "mid_range": message("a mid-range prompted model"),
    "small": message("a small prompted model"),
}


def evidence(case: Conditions, library: Library, k: int = 5) -> LikeEvidence | None:
    """The k nearest studies for a case; None where nothing that makes studies alike is known."""
    found = nearest(case, library, k)
    if not found:
        return None
    searched = sum(len(study.comparisons) for study in library.studies)
    return LikeEvidence(
        studies=tuple(_study(near, case, library) for near in found),
        conflicts=tuple(_conflicts(found, library)),
        gaps=tuple(_gaps(case, library))[:GAPS],
        searched=searched,
        text=_text(found, len(library.studies), searched),
    )


def _study(near: Near, case: Conditions, library: Library) -> LikeStudy:
    study, winner = near.study, winner_of(near.rows)
    lead = None if winner == "mixed" else _lead(near.rows, winner, study.source)
    source = say("weighted share of the conditions known of the case in which the nearest comparison differs")
    return LikeStudy(
        study=study.id,
        title=study.title,
        authors_year=study.authors_year,
        year=study.year,
        source=study.source,
        read=say(READ[study.read]),
        summary=say(study.summary),
        caveat=say(study.caveat) if study.caveat else "",
        distance=Quantity(near.distance, "of 1", "estimated", source),
        rows=len(near.rows),
        tasks=tuple(dict.fromkeys(row.task_name for row in near.rows)),
        winner=winner,
        lead=lead,
        outcome=_outcome(near.rows, winner, lead),
        differs=tuple(_differences(case, library.conditions[near.rows[0].id])),
    )


def winner_of(rows: Sequence[Comparison]) -> str:
    """The approach that won most of the comparisons, `tie` where most were level, else `mixed`."""
    won = [row.winner() for row in rows]
    best = max(dict.fromkeys(won), key=won.count)
    return best if best is not None and won.count(best) >= MAJORITY * len(won) else "mixed"


def _lead(rows: Sequence[Comparison], winner: str, source: str) -> Quantity:
    """How far the winner was ahead of the next best in the middle of the rows, and the least and the most."""
    leads = []
    for row in rows:
        points = row.points()
        if winner == "tie":
            first, second = sorted(points.values())[-2:]
            leads.append(abs(first - second))
        elif winner in points:
            leads.append(points[winner] - max(value for name, value in points.items() if name != winner))
    return Quantity(median(leads), "points of 100", "published", source, min(leads), max(leads), len(leads))


def _outcome(rows: Sequence[Comparison], winner: str, lead: Quantity | None) -> str:
    count = say("{rows} near comparisons", rows=len(rows)) if len(rows) > 1 else say("one near comparison")
    if lead is None:
        won = [row.winner() for row in rows]
        parts = [f"{say(WORDS[name])} {won.count(name)}" for name in WORDS if name in won]
        parts += [say("level {number}", number=won.count("tie"))] if "tie" in won else []
        return say("mixed: {parts} of {number}", parts=", ".join(parts), number=count)
    if winner == "tie":
        return say("level in {number}", number=count)
    held = sum(row.winner() == winner for row in rows)
    share = say("in {held} of {number}", held=held, number=count) if len(rows) > 1 else say("in {number}", number=count)
    return say("{winner} ahead {share}", winner=say(WORDS[winner]), share=share)


def _differences(case: Conditions, row: Conditions) -> Iterator[str]:
    """The conditions in which a comparison is most unlike the case, in words."""
    known = [(feature, case[feature.name], row[feature.name]) for feature in FEATURES if case[feature.name] is not None]
    gaps = [
        (feature.weight * (UNSTATED if its is None else feature.gap(mine, its)), feature, mine, its)
        for feature, mine, its in known
    ]
    for gap, feature, mine, its in sorted(gaps, key=lambda item: -item[0])[:DIFFERENCES]:
        if gap >= TOLD:
            said = say("not stated") if its is None else feature.say(its)
            yield say("{title}: {said}, yours {say}", title=say(feature.title), said=said, say=feature.say(mine))


def _conflicts(found: Sequence[Near], library: Library) -> Iterator[Conflict]:
    """The nearest study that disagrees with itself, and the nearest two that do so for a reason that was recorded."""
    for near in found:
        sides = _sides(near.rows)
        if all(sides):
            yield _conflict(near, near, sides, library)
            break
    winners = {near.study.id: _leaning(near.rows) for near in found}
    opposed = [pair for pair in combinations(found, 2) if {winners[near.study.id] for near in pair} == {0, 1}]
    told = []
    for pair in opposed:
        prompted, tuned = sorted(pair, key=lambda near: winners[near.study.id] or 0)
        told.append(_conflict(prompted, tuned, (_sides(prompted.rows)[0], _sides(tuned.rows)[1]), library))
    yield from islice((conflict for conflict in told if conflict.condition), 1)


def _side(winner: str | None) -> int | None:
    return {"prompting": 0, "fine_tuning": 1, "hybrid": 1}.get(winner or "")


def _leaning(rows: Sequence[Comparison]) -> int | None:
    """The side that won most of the decided comparisons of a study; None where neither did."""
    prompted, tuned = (len(side) for side in _sides(rows))
    least = LEANING * (prompted + tuned)
    return 0 if prompted and prompted >= least else 1 if tuned and tuned >= least else None


def _sides(rows: Sequence[Comparison]) -> tuple[list[Comparison], list[Comparison]]:
    """The comparisons that prompting won, and those that a tuned model did, alone or as part of a hybrid."""
    return [row for row in rows if _side(row.winner()) == 0], [row for row in rows if _side(row.winner()) == 1]


def _conflict(
    prompted: Near, tuned: Near, sides: tuple[list[Comparison], list[Comparison]], library: Library
) -> Conflict:
    known = [[library.conditions[row.id] for row in side] for side in sides]
    cause = max(
        (feature for feature in FEATURES if feature.name in CAUSES), key=lambda feature: _apart(feature, *known)
    )
    one, two = prompted.study, tuned.study
    if one is two:
        won = say(
            "prompting won {sides} of the near comparisons and a tuned model {sides_two}",
            sides=len(sides[0]),
            sides_two=len(sides[1]),
        )
        names = say("Within {title} {won}", title=one.title, won=won)
    else:
        names = say(
            "{title} mostly saw prompting ahead, {title_two} a tuned model", title=one.title, title_two=two.title
        )
    if _apart(cause, *known) < TOLD:
        return Conflict(one.id, two.id, "", say("{names}. No condition that was recorded explains it.", names=names))
    said = _said(cause, *known)
    return Conflict(
        one.id,
        two.id,
        cause.name,
        say("{names}. The likely reason is {title}: {said}.", names=names, title=say(cause.title), said=said),
    )


def _apart(feature: Feature, left: Sequence[Conditions], right: Sequence[Conditions]) -> float:
    """How far the two sides differ in one condition, beyond how far each differs in itself; weighted, 0 if unknown."""
    one, two = _values(feature, left), _values(feature, right)
    if not one or not two or mean(map(CAUSES[feature.name], one)) <= mean(map(CAUSES[feature.name], two)):
        return 0.0
    if not _numeric(one + two):
        share = max(abs(one.count(value) / len(one) - two.count(value) / len(two)) for value in one + two)
        enough = share == 1 or (
            share >= APART and min(len(one), len(two)) > 1
        )  # one of one against one of two is chance
        return feature.weight * share if enough else 0.0

    inner = mean(feature.gap(a, b) for side in (one, two) for a, b in product(side, side))
    across = mean(feature.gap(a, b) for a, b in product(one, two))
    return feature.weight * (across - inner / 2)


def _said(feature: Feature, left: Sequence[Conditions], right: Sequence[Conditions]) -> str:
    """The values of both sides: numbers from the least to the most, else how often the word that parts them occurs."""
    one, two = _values(feature, left), _values(feature, right)
    if _numeric(one + two):
        return say(
            "{range} where prompting won, {range_two} where tuning did",
            range=_range(feature, one),
            range_two=_range(feature, two),
        )
    if len({*one}) == len({*two}) == 1:
        return say(
            "{say} where prompting won, {say_two} where tuning did",
            say=feature.say(one[0]),
            say_two=feature.say(two[0]),
        )
    word = max(dict.fromkeys(one + two), key=lambda word: abs(one.count(word) / len(one) - two.count(word) / len(two)))
    shares = say(
        "in {number} of {part} that prompting won, in {number_two} of {two} that tuning did",
        number=one.count(word),
        part=len(one),
        number_two=two.count(word),
        two=len(two),
    )
    return f"{feature.say(word)} {shares}"


def _values(feature: Feature, rows: Sequence[Conditions]) -> list[Any]:
    return [row[feature.name] for row in rows if row[feature.name] is not None]


def _numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _range(feature: Feature, values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return feature.say(low) if low == high else say("{low} to {say}", low=numeral(f"{low:,g}"), say=feature.say(high))


def _gaps(case: Conditions, library: Library) -> Iterator[str]:
    """What no comparison covers: conditions of the case alone, then in pairs, the rarest single ones first."""
    mine = [(name, test, words) for name, test, words in _tests(case)]
    rows = list(library.conditions.values())
    hits = {words: [row[name] is not None and test(row[name]) for row in rows] for name, test, words in mine}
    empty = [words for words, found in hits.items() if not any(found)]
    for words in empty:
        yield say("No study in the collection has {words}.", words=words)
    open_ = sorted((words for words in hits if words not in empty), key=lambda words: sum(hits[words]))
    for one, two in combinations(open_, 2):
        if not any(a and b for a, b in zip(hits[one], hits[two], strict=True)):
            yield say("No study in the collection has {part} and {two}.", part=one, two=two)


def _tests(case: Conditions) -> Iterator[tuple[str, Any, str]]:
    """The conditions of the case as tests on those of a comparison, each in words."""
    if case["task_kind"] is not None:
        kind = case["task_kind"]
        yield "task_kind", lambda value: value == kind, say("{kind} as its task", kind=say(str(kind).replace("_", " ")))
    for name, low, high, words in BANDS:
        if case[name] is not None and low <= case[name] < high:
            yield name, lambda value, low=low, high=high: low <= value < high, say(words)
    if case["grade"] is not None:
        grade = case["grade"]
        yield "grade", lambda value: value == grade, say(GRADES[grade])
    for name, said in (("knowledge", say("facts missing from the model")), ("specialised", say("a special field"))):
        if case[name]:
            yield name, bool, said
    for name, table in (
        ("effort", {"optimised": say("an optimised prompt"), "retrieval": say("a prompt with retrieval")}),
        (
            "measure",
            {"judged": say("quality judged by people or models"), "text_overlap": say("quality measured by overlap")},
        ),
        (
            "material",
            {"raw_documents": say("tuning on raw documents"), "domain_mix": say("tuning on a mix of the field")},
        ),
    ):
        if case[name] in table:
            wanted = case[name]
            yield name, lambda value, wanted=wanted: value == wanted, table[wanted]


def _text(found: Sequence[Near], studies: int, searched: int) -> str:
    text = say(
        "The nearest {found} of {studies} studies ({searched} comparisons), by what you stated.",
        found=len(found),
        studies=studies,
        searched=numeral(f"{searched:,}"),
    )
    if found[0].distance >= FAR:
        return say("{said} None is close, so that they say little about your case.", said=text)
    return text
