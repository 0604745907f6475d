"""Every figure and every word of the ledger: what a run, a comparison and a case become, and how they are counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from advisor.errors import InputError
from advisor.intake.answers import Answers, parse
from advisor.knowledge.domain import Quantity
from advisor.knowledge.record_summary import Count, RecordSummary
from advisor.reasoning import learning, ledger, record_words, tally
from advisor.reasoning.engine import Engine
from advisor.reasoning.judgement import Blame, Judgement
from advisor.reasoning.ledger import Entry
from advisor.reasoning.locked import Lock, Prediction
from advisor.reasoning.quality.fit import Trials
from advisor.reasoning.record import Judged, Record, RecordedCase, lines, wilson
from advisor.reasoning.record_sentence import sentence
from advisor.reasoning.regions import exact
from advisor.reasoning.studies_record import StudyRecord, examples_group
from advisor.reasoning.validation import Validation


def entry(name: str, outcome: str = "hit", **changes: Any) -> Entry:
    """An entry of a run."""
    given: dict[str, Any] = {
        **{"id": f"run:{name}:64:aa", "origin": "run", "group": name, "title": f"{name}, 64 examples", "source": "own"},
        **{"at": "2026-11-23T00:00:00Z", "rulebook_version": "1", "forecast_model": "f", "task_kind": "code"},
        **{"examples": 64, "pick": "hybrid", "best": "hybrid", "chance": 0.8, "margin": 2.0, "outcome": outcome},
        **{"scores": {"prompting": 60.0, "fine_tuning": 70.0, "hybrid": 75.0}},
        **{"regret": 0.0, "regret_low": 0.0, "regret_high": 1.0},
    }
    return Entry(**{**given, **changes})


def points(value: float, low: float | None = None, high: float | None = None) -> Quantity:
    """A measured number of points."""
    return Quantity(value, "points of 100", "measured", "run", low, high, 300)


def prediction(**changes: Any) -> Prediction:
    """A locked prediction for tuning."""
    given: dict[str, Any] = {
        **{"train_size": 1600, "verdict_id": "0" * 16, "recommendation": "fine_tuning", "technique": "lora"},
        **{"status": "advice", "pick": "fine_tuning", "chance": 0.61, "chances": {}, "scores": {}, "points": {}},
        **{"leads": {}, "studies": [], "answers": {"task_kind": "extraction"}, "derived": {}},
    }
    return Prediction(**{**given, **changes})


def judgement(verdict: str, **changes: Any) -> Judgement:
    """What became of it."""
    given: dict[str, Any] = {
        **{"prediction": prediction(), "verdict": verdict, "margin": 0.015, "best": "hybrid"},
        **{"scores": {"fine_tuning": points(70.123449), "hybrid": points(75.55556)}},
        **{"arms": {"fine_tuning": "lora"}, "rivals": (), "regret": points(5.43216, 1.00004, 9.87654)},
        **{"regret_usd": None, "losses": {}, "equivalent": False, "more_items": None, "more_seeds": None},
        **{"blame": (Blame("few_labels", 1.239), Blame("house_style", 0.5)), "misled_by": (), "reason": "why"},
    }
    return Judgement(**{**given, **changes})


def validation(*judgements: Judgement, locked_before: bool = True) -> Validation:
    """A validated run on a task called desk."""
    lock = Lock({"task": {"name": "desk"}}, (), "2026-11-22T09:00:00Z", "pack", "0.9.0", "e" * 20, "2.0")
    measured: Any = SimpleNamespace(model="small", digest="d" * 20)
    return Validation("out/desk", lock, measured, locked_before, judgements, {})


@pytest.mark.parametrize(
    ("verdict", "outcome"), [("confirmed", "hit"), ("tie", "tie"), ("refuted", "miss"), ("undecided", "undecided")]
)
def test_a_run_becomes_an_entry_with_every_figure_to_four_digits(verdict: str, outcome: str) -> None:
    """Ids hold task, size and twelve digits of the lock; points are of 100, and a rule that misled has its points."""
    found = validation(judgement(verdict))
    digest = found.lock.digest
    (one,) = ledger.of_run(found)
    assert one == Entry(
        id=f"run:desk:1600:{digest[:12]}",
        origin="run",
        group="desk",
        title="desk with 1,600 examples, small",
        source="own run, measurement " + "d" * 12,
        at="2026-11-22T09:00:00Z",
        rulebook_version="0.9.0",
        forecast_model="e" * 12,
        task_kind="extraction",
        examples=1600,
        pick="fine_tuning",
        best="hybrid",
        chance=0.61,
        scores={"fine_tuning": 70.1234, "hybrid": 75.5556},
        margin=1.5,
        regret=5.4322,
        regret_low=1.0,
        regret_high=9.8765,
        outcome=outcome,
        why="few_labels +1.24, house_style +0.50",
        verdict_id="0" * 16,
        model="small",
        lock=digest,
        n=300,
        arms={"fine_tuning": "lora"},
        answers={"task_kind": "extraction"},
    )


def test_only_what_was_judged_and_locked_before_enters() -> None:
    """A prediction that was not judged is no entry; a run older than its lock is refused, but may be looked at."""
    judged = validation(judgement("tie"), judgement("not_judged", regret=None), judgement("confirmed"))
    assert [one.outcome for one in ledger.of_run(judged)] == ["tie", "hit"]
    late = validation(judgement("tie"), locked_before=False)
    with pytest.raises(InputError, match="advice that was not locked before the run"):
        ledger.of_run(late)
    assert [one.outcome for one in ledger.judged(late)] == ["tie"]
    blank = judgement("tie", prediction=prediction(answers={}), regret=points(0.0))
    (one,) = ledger.of_run(validation(blank))
    assert (one.task_kind, one.regret_low, one.regret_high) == ("", 0.0, 0.0)


def studies(regret: list[float], said: list[float], ids: list[str]) -> StudyRecord:
    """Comparisons in which prompting was chosen and tuning was better by so much."""
    rows = [
        SimpleNamespace(
            **{"id": name, "group": "s", "task_name": f"task {name}", "source_url": "https://a.example"},
            **{"task_kind": "code", "examples": 30, "points": lambda k=k: {"prompting": 60, "fine_tuning": 60 + k}},
        )
        for name, k in zip(ids, regret, strict=True)
    ]
    table = np.array([[60.0, 60.0 + k, np.nan] for k in regret])
    data = cast(Trials, SimpleNamespace(rows=rows, points=table, studies=np.zeros(len(rows), int)))
    return StudyRecord(data, np.zeros(len(rows), int), np.array(said), left_out=True)


def test_a_comparison_is_a_hit_a_tie_within_a_point_or_a_miss() -> None:
    """The edge of a point belongs to the tie; why is told of misses alone, and our own runs are no comparison."""
    ids = ["s-1", "s-2", "s-3", "s-4", "run:t-1"]
    record = studies([0.0, 1.0, 1.001, 20.00004, 9.0], [0.51234567, np.nan, 0.2, 0.9, 0.9], ids)
    made = ledger.of_studies(record, {"s-1": "no", "s-4": "moon"}, "day", "0.9", "m" * 20)
    assert [one.outcome for one in made] == ["hit", "tie", "miss", "miss"]
    assert [one.why for one in made] == ["", "", "", "moon"]
    assert [one.chance for one in made] == [0.512346, None, 0.2, 0.9]
    assert [one.regret for one in made] == [0.0, 1.0, 1.001, 20.0]
    assert [one.id for one in made] == ["study:s-1", "study:s-2", "study:s-3", "study:s-4"]
    last = made[3]
    assert last.scores == {"prompting": 60.0, "fine_tuning": 80.0}
    assert (last.pick, last.best, last.margin, last.forecast_model) == ("prompting", "fine_tuning", 1.0, "m" * 12)
    assert (last.origin, last.group, last.title, last.source) == ("study", "s", "task s-4", "https://a.example")
    assert (last.at, last.rulebook_version, last.task_kind, last.examples) == ("day", "0.9", "code", 30)
    assert (last.regret_low, last.regret_high) == (None, None)
    with pytest.raises(ValueError, match="no prediction"):
        ledger.of_studies(replace(record, left_out=False), {}, "day", "0.9", "m")


def test_a_case_counts_where_it_decides_something() -> None:
    """What was expected is told with an or between; the status is told of a miss alone."""

    def judged(advised: str | None, decidable: bool = True, **answers: Any) -> Judged:
        stated = Answers(given={name: exact(value) for name, value in answers.items()})
        case = RecordedCase("c", "A case", stated, ("hybrid", "prompting"), decidable, "https://c.example", "B")
        return Judged(case, advised, "tie", {"prompting": 1.0})

    found = ledger.of_cases(
        Record((judged("hybrid", labelled_examples=250.0), judged(None), judged("fine_tuning", False))),
        "day",
        "0.9",
        "m" * 20,
    )
    assert [one.outcome for one in found] == ["hit", "miss", "not_counted"]
    assert [one.why for one in found] == ["", "the advice was tie", ""]
    assert [one.examples for one in found] == [250, None, None]
    first = found[0]
    assert (first.id, first.origin, first.best, first.pick) == ("case:c", "case", "hybrid or prompting", "hybrid")
    assert (first.forecast_model, first.task_kind, first.scores) == ("m" * 12, "", {})
    assert [one.counts for one in found] == [True, True, False]


@pytest.mark.parametrize(
    ("regret", "held"), [(0.0, True), (1.0, True), (1.0 + 2e-9, False), (1.2, False), (None, False)]
)
def test_a_pick_held_within_one_point(regret: float | None, held: bool) -> None:
    """What a percentage is the probability of: a point lost is within, a little more is not."""
    assert entry("a", regret=regret).held == held


def test_a_ledger_is_written_line_by_line_without_what_is_empty(tmp_path: Path) -> None:
    """Letters stay as they are, nothing empty is written, and every line is read as it was."""
    one = entry("Büro", why="Rückstand", regret=0.0, scores={}, regret_low=None)
    ledger.write(tmp_path / "deep" / "record", "run", [one, entry("b")])
    text = (tmp_path / "deep" / "record" / "runs.jsonl").read_text(encoding="utf-8")
    assert "Büro" in text
    first, second = (json.loads(line) for line in text.splitlines())
    assert not {"scores", "regret_low", "arms", "model", "lock"} & set(first)
    assert first["regret"] == 0.0
    assert second["scores"] == {"prompting": 60.0, "fine_tuning": 70.0, "hybrid": 75.0}
    assert ledger.read(tmp_path / "deep" / "record") == (one, entry("b"))
    assert not list((tmp_path / "deep" / "record").glob("*.part"))


def test_a_prediction_told_twice_or_of_another_origin_is_refused(tmp_path: Path) -> None:
    """Every such line is named, and the files are read runs first."""
    ledger.write(tmp_path, "run", [entry("a"), entry("a"), entry("b")])
    with pytest.raises(InputError, match="the same prediction twice"):
        ledger.read(tmp_path)
    ledger.write(tmp_path, "run", [entry("a")])
    ledger.write(tmp_path, "study", [entry("c", origin="study", id="study:c")])
    ledger.write(tmp_path, "case", [entry("d", origin="case", id="case:d")])
    assert [one.origin for one in ledger.read(tmp_path)] == ["run", "study", "case"]
    ledger.write(tmp_path, "study", [entry("c", origin="run", id="study:c"), entry("e", outcome="won")])
    with pytest.raises(InputError) as caught:
        ledger.read(tmp_path)
    assert [problem.field for problem in caught.value.problems if hasattr(problem, "field")] == ["line 1", "line 2"]


def test_remarks_are_ids_and_sentences_or_nothing(tmp_path: Path) -> None:
    """Without the file there are none; what is no object is refused by its file."""
    assert ledger.remarks(tmp_path) == {}
    (tmp_path / ledger.REMARKS).write_text('{"run:a": "Wrong labels."}')
    assert ledger.remarks(tmp_path) == {"run:a": "Wrong labels."}
    for spoilt in ("[1]", "{"):
        (tmp_path / ledger.REMARKS).write_text(spoilt)
        with pytest.raises(InputError, match=r"remarks\.json"):
            ledger.remarks(tmp_path)


def test_the_counts_of_a_tally_to_four_digits() -> None:
    """Wilson's interval of 2 in 3, the mean of what was lost, and what each constant policy would have lost."""
    lost = [entry("a", regret=0.0), entry("b", "tie", regret=1.0), entry("c", "miss", regret=10.11111)]
    found = tally.tally([*lost, entry("a", "not_counted", regret=99.0)])
    low, high = wilson(2, 3)
    assert found == {
        **{"n": 3, "groups": 3, "hits": 1, "ties": 1, "misses": 1, "undecided": 0},
        "interval": [round(low, 4), round(high, 4)],
        "regret": 3.7037,
        "policies": {"always_prompting": 15.0, "always_fine_tuning": 5.0, "always_hybrid": 0.0},
    }
    blank = tally.tally([entry("a", regret=None, scores={})])
    assert (blank["n"], blank["regret"], blank["policies"]) == (1, None, {})
    assert tally.tally([])["interval"] == [0.0, 1.0]


def test_a_policy_takes_the_first_approach_that_was_offered() -> None:
    """Where its own is not reported: tuning before a hybrid, and after prompting the tuned one first."""
    pair = [
        entry("a", scores={"prompting": 50.0, "hybrid": 80.0}),
        entry("b", scores={"fine_tuning": 70.0, "hybrid": 60.0}),
    ]
    assert tally.policies(pair) == {"always_prompting": 15.0, "always_fine_tuning": 0.0, "always_hybrid": 5.0}


def test_a_calibration_counts_by_kind_and_to_four_digits() -> None:
    """Of 30 said 0.8 with 20 held, the error is 0.1333 and the Brier score 2/3 of 0.04 and 1/3 of 0.64."""
    many = [entry(f"t{k}", regret=0.0 if k < 20 else 5.0, task_kind="code" if k % 2 else "") for k in range(30)]
    found = tally.calibration([*many, entry("no chance", chance=None), entry("x", "not_counted")])
    assert found == {
        "n": 30,
        "ece": 0.1333,
        "brier": round(2 / 3 * 0.04 + 1 / 3 * 0.64, 4),
        "reliability": [{"said": 0.8, "held": 0.6667, "n": 30}],
        "by_task_kind": {"": 15, "code": 15},
    }
    few = tally.calibration(many[:29])
    assert (few["n"], few["ece"], few["brier"], few["reliability"]) == (29, None, None, [])


def test_groups_stand_in_order_and_hold_their_own() -> None:
    """Kinds by name, examples from few to many, unstated last; what does not count makes no group."""
    made = [
        entry("a", examples=None, task_kind=""),
        entry("b", examples=5000, task_kind="translation"),
        entry("c", "miss", examples=30, task_kind="code"),
        entry("d", "not_counted", examples=1, task_kind="reasoning"),
    ]
    part = tally.whole(made, {})["run"]
    assert list(part["by_task_kind"]) == ["code", "not stated", "translation"]
    assert list(part["by_examples"]) == [examples_group(30), examples_group(5000), "not stated"]
    assert part["by_task_kind"]["code"]["misses"] == 1
    assert [part["by_examples"][name]["n"] for name in part["by_examples"]] == [1, 1, 1]
    assert (part["n"], part["title"]) == (3, "own runs, locked before")
    assert set(tally.whole(made, {})) == {"run"}


def test_a_line_of_the_record_has_the_remark_on_it_or_on_its_group() -> None:
    """A remark on the prediction goes before one on its task; without bounds there is no interval."""
    one = entry("a", "miss", why="w")
    assert tally.line_of(one, {})["remark"] == ""
    assert tally.line_of(one, {"run:a": "group"})["remark"] == "group"
    assert tally.line_of(one, {"run:a": "group", one.id: "own"})["remark"] == "own"
    assert tally.line_of(one, {})["interval"] == [0.0, 1.0]
    assert tally.line_of(replace(one, regret_high=None), {})["interval"] is None
    assert {k: v for k, v in tally.line_of(one, {}).items() if k not in {"remark", "interval"}} == {
        **{"id": one.id, "title": one.title, "pick": "hybrid", "best": "hybrid", "outcome": "miss", "chance": 0.8},
        **{"regret": 0.0, "scores": dict(one.scores), "why": "w", "source": "own"},
    }


def test_the_summary_is_of_the_comparisons_and_names_what_counts() -> None:
    """An origin without a counted entry is left out; version and model are those of the comparisons."""
    made = [
        entry("a"),
        entry("c", "not_counted", origin="case", id="case:c"),
        entry("s", origin="study", id="study:s", rulebook_version="0.2", forecast_model="mm"),
        entry("t", origin="study", id="study:t", rulebook_version="0.3", forecast_model="mm"),
    ]
    found = tally.summary(made)
    assert (found["rulebook_version"], found["forecast_model"]) == ("0.3", "mm")
    assert list(found["counts"]) == ["run", "study"]
    assert found["counts"]["study"]["n"] == 2
    assert found["calibration"] == {"n": 2, "ece": None, "by_task_kind": {"code": 2}}
    bare = tally.summary([])
    assert (bare["rulebook_version"], bare["forecast_model"], bare["counts"]) == ("", "", {})


def words(*entries: Entry, **remarks: str) -> list[str]:
    """The record for the terminal."""
    return record_words.lines(tally.whole(entries, remarks))


def test_the_record_on_the_terminal_line_by_line() -> None:
    """Counts with their interval, points beside the policies, groups where there are two, all runs, all wrong ones."""
    low, high = wilson(1, 2)
    scores = "(prompting 60.0, fine_tuning 70.0, hybrid 75.0)"
    wrong = entry("b", "miss", pick=None, regret=4.25, examples=600, task_kind="reasoning", regret_high=None)
    assert words(entry("a"), wrong)[2:] == [
        "",
        "own runs, locked before: 2 predictions from 2 tasks",
        f"  1 hits, 0 ties, 1 misses; share of hits or ties, Wilson 95 %: {low:.2f} to {high:.2f}",
        "  points of 100 lost on average: 2.12; always prompting 15.00, always fine tuning 5.00, always hybrid 0.00",
        "  calibration: none shown, 2 predictions with a probability are too few (from 30 on)",
        "  by task kind",
        "    code                 1 of 1, 0.00 points lost",
        "    reasoning            0 of 1, 4.25 points lost",
        "  by labelled examples",
        "    20 to 99             1 of 1, 0.00 points lost",
        "    500 to 1,999         0 of 1, 4.25 points lost",
        "  every prediction",
        f"    a, 64 examples: hit, advised hybrid, best hybrid, 0.0 lost {scores}",
        f"    b, 64 examples: miss, advised None, best hybrid, 4.2 lost {scores}",
        "  wrong or undecided: 1",
        "    run:b:64:aa: advised nothing, hybrid was 4.2 points better; b, 64 examples",
    ]


def test_cases_are_told_without_points_and_with_their_reason() -> None:
    """A case has no score, so that nothing is lost and nothing calibrated; its reason is a sentence of its own."""
    blank: dict[str, Any] = {"scores": {}, "regret": None, "regret_high": None, "chance": None, "origin": "case"}
    wrong = entry("c", "miss", **blank, id="case:c", best="prompting or hybrid", pick="fine_tuning", why="it was a tie")
    text = words(wrong)
    assert text[3] == "real choices, known to the makers of the rules: 1 predictions from 1 case"
    assert text[4].startswith("  0 hits, 0 ties, 1 misses; share of hits or ties, Wilson 95 %: 0.00 to 0.79")
    assert text[5:] == [
        "  wrong or undecided: 1",
        "    case:c: advised fine_tuning, expected prompting or hybrid; c, 64 examples",
        "      It was a tie.",
    ]


def test_a_reliability_shows_no_share_of_a_thin_tenth() -> None:
    """From 30 on a tenth has its share; a thinner one is only counted."""
    many = [entry(f"t{k}", regret=0.0 if k < 24 else 5.0) for k in range(30)] + [entry("u", chance=0.34)]
    text = "\n".join(words(*many))
    assert "    said 80 %, held 80 % (n = 30)" in text
    assert "    said about 0.3: n = 1" in text
    assert "n = 31 (a tenth with fewer than 30 shows no share)" in text


def test_counts_in_brief() -> None:
    """Hits and ties of all, the number of tasks, then the counts; undecided is told where there is one."""
    found = tally.tally([entry("a"), entry("a", "tie"), entry("b", "undecided", regret=None, scores={})])
    brief = record_words.in_brief(found)
    assert brief[0] == "2 of 3 hits or ties; tasks: 2"
    assert brief[1].startswith("1 hits, 1 ties, 0 misses, 1 undecided; share")


def test_the_table_of_the_record() -> None:
    """A share from 30 predictions on, counts below; the wrong ones of runs and cases stand under it, of studies not."""
    study = [entry(f"s{k}", "hit" if k else "miss", origin="study", id=f"study:{k}", group="p") for k in range(30)]
    wrong = entry("b", "miss", pick="prompting", regret=15.0, why="few_labels")
    made = record_words.table(tally.whole([entry("a"), wrong, *study], {}))
    low, high = wilson(29, 30)
    few_low, few_high = wilson(1, 2)
    assert made.splitlines() == [
        "| predictions | n | hits | ties | misses | undecided | hits or ties | points lost | always prompting | "
        "always fine-tuning | always hybrid |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        f"| own runs, locked before (2 tasks) | 2 | 1 | 0 | 1 | 0 | 1 of 2 ({few_low:.2f} to {few_high:.2f}) | 7.5 | "
        "15.0 | 5.0 | 0.0 |",
        "| published comparisons, paper left out (1 paper) | 30 | 29 | 0 | 1 | 0 | "
        f"0.97 ({low:.2f} to {high:.2f}) | 0.0 | 15.0 | 5.0 | 0.0 |",
        "",
        "Wrong or undecided, of our own runs and the real cases:",
        "",
        "- **b, 64 examples**: advised prompting, hybrid was 15.0 points better (0.0 to 1.0). "
        "Put first by: few_labels.",
    ]
    assert record_words.table(tally.whole([entry("a")], {})).count("\n") == 2


def test_what_was_learnt_is_told_before_and_after() -> None:
    """Points lost on tasks to a tenth and on papers to a hundredth, hits of rows, the version and its day."""
    learnt = {
        **{"runs": ["a", "b", "c"], "version": 2, "at": "2026-11-23"},
        "tasks": {"regret": [4.26, 1.04], "hits": [5, 9], "rows": 12},
        "papers": {"regret": [2.356, 2.344]},
    }
    assert record_words.learnt({"learnt": learnt}) == (
        "The forecast has since learnt from 3 of them (version 2, 2026-11-23). With the runs of the task in question "
        "left out, it loses 1.0 points where it lost 4.3, and is within a point of the best in 9 of 12 "
        "where it was in 5; on published papers left out, 2.34 where it lost 2.36."
    )
    assert record_words.learnt({}) == ""


def test_a_table_is_placed_between_its_markers_or_not_at_all() -> None:
    """A page without both markers in their order has no place for it."""
    page = f"above\n{record_words.BEGIN}\nold\n{record_words.END}\nbelow"
    assert record_words.placed(page, "new") == f"above\n{record_words.BEGIN}\nnew\n{record_words.END}\nbelow"
    for missing in ("page", record_words.BEGIN, record_words.END, f"{record_words.END} {record_words.BEGIN}"):
        assert record_words.placed(missing, "new") is None


def count(n: int, good: int, groups: int) -> Count:
    """Counts of one origin."""
    return Count(
        n=n, groups=groups, hits=good, ties=0, misses=n - good, undecided=0, low=0, high=1, regret=0, policies={}
    )


def test_the_record_in_one_sentence() -> None:
    """Comparisons, runs and choices in that order, each where it was counted; nothing where nothing was."""
    whole = RecordSummary(
        {"run": count(9, 7, 3), "study": count(80, 60, 12), "case": count(5, 4, 5)}, 0, {}, None, "", "0.9"
    )
    studies, runs, cases = (
        "60 of 80 published comparisons from 12 papers, each forecast without its paper",
        "7 of 9 own runs on 3 tasks, locked before the benchmark",
        "4 of 5 real choices that the makers of the rules knew",
    )
    head = "The record of this advice, hits and ties (rules 0.9): "
    tail = ". Every miss is listed, with its reason, by: advisor record."
    assert sentence(whole) == f"{head}{studies}; {runs}; {cases}{tail}"
    for name, said in (("study", studies), ("run", runs), ("case", cases)):
        assert sentence(replace(whole, counts={name: whole.counts[name]})) == f"{head}{said}{tail}"
        none = {**whole.counts, name: count(0, 0, 0)}
        assert said not in sentence(replace(whole, counts=none))
    assert sentence(replace(whole, counts={})) == ""


def test_what_a_fit_gained_is_told_to_two_digits() -> None:
    """One line a task without the word run, then all tasks and all papers with their rows, means over groups."""
    fold = learning.Fold("run:desk", 2, regret=3.0, hits=1, lead_error=10.0002)
    other = learning.Fold("run:mail", 4, regret=1.0, hits=4, lead_error=2.5)
    tasks = learning.Trial((fold, other), (replace(fold, regret=2.0), replace(other, hits=3, lead_error=0.5)))
    papers = learning.Trial((replace(fold, group="p", rows=7),), (replace(fold, group="p", rows=7, regret=3.5),))
    assert learning.plain(tasks, papers) == {
        "tasks": {"regret": [2.0, 1.5], "lead_error": [6.2501, 5.2501], "groups": 2, "rows": 6, "hits": [5, 4]},
        "papers": {"regret": [3.0, 3.5], "lead_error": [10.0002, 10.0002], "groups": 1, "rows": 7, "hits": [1, 1]},
    }
    assert [line.split() for line in learning.lines(tasks, papers)[1:5]] == [
        ["desk", "2", "3.00", "2.00", "10.00", "10.00"],
        ["mail", "4", "1.00", "1.00", "2.50", "0.50"],
        ["all", "tasks,", "unseen", "6", "2.00", "1.50", "6.25", "5.25"],
        ["all", "papers,", "unseen", "7", "3.00", "3.50", "10.00", "10.00"],
    ]
    widths = {len(line) for line in learning.lines(tasks, papers)[:5]}
    assert len(widths) == 1


def test_a_case_record_in_json(shipped: Engine) -> None:
    """Shares over decidable cases, misses with their scores, and what decides nothing apart."""
    case = RecordedCase("c", "A case", parse({}, shipped.book), ("hybrid",), True, "https://c.example", "B")
    record = Record(
        (
            Judged(case, "hybrid", "advice", {}),
            Judged(replace(case, id="d"), "prompting", "tie", {"prompting": 1.5}),
            Judged(replace(case, id="e", decidable=False), "prompting", "tie", {}),
        )
    )
    low, high = wilson(1, 2)
    assert record.plain() == {
        **{"n": 2, "hits": 1, "hit_rate": 0.5, "interval": [low, high], "undecidable": 1},
        "misses": [
            {
                **{"id": "d", "title": "A case", "advised": "prompting", "status": "tie", "expect": ["hybrid"]},
                **{"scores": {"prompting": 1.5}, "source": "https://c.example"},
            }
        ],
    }
    assert lines(record)[1] == "miss d: advised prompting, expected hybrid (prompting 1.5)"
    assert Record(()).plain()["hit_rate"] is None


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_wilson_at_its_edges(hits: int, n: int, low: float, high: float) -> None:
    """None of ten is 0 to 27.75 %, all of ten 72.25 to 100 %; figures of published tables."""
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)
