"""The record: what enters the ledger, how it is counted, what reports say of it, and that nothing learns in silence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from advisor import locate
from advisor.errors import InputError
from advisor.intake.answers import parse
from advisor.knowledge.quality_model import NAMES, PRIORS, model_file, read_model, read_priors, studies_folder
from advisor.knowledge.record_summary import FOLDER, SUMMARY, THIN, read_summary
from advisor.knowledge.study_registry import FOLDER as PAPERS
from advisor.knowledge.study_registry import read_registry
from advisor.reasoning import learning, ledger, record_words, tally
from advisor.reasoning.advise import advise, engine
from advisor.reasoning.engine import Engine
from advisor.reasoning.ledger import Entry

Cli = Callable[..., Any]
SHIPPED = locate.rules_dir() / FOLDER
README = Path(__file__).resolve().parents[2] / "README.md"


def entry(name: str, outcome: str = "hit", **changes: Any) -> Entry:
    """An entry of a run on the task `name`."""
    given: dict[str, Any] = {
        "id": f"run:{name}:64:{'a' * 12}",
        "origin": "run",
        "group": name,
        "title": f"{name} with 64 examples",
        "source": "own run",
        "at": "2026-11-23T00:00:00Z",
        "rulebook_version": "0.3.0",
        "forecast_model": "f" * 12,
        "task_kind": "classification",
        "examples": 64,
        "pick": "hybrid",
        "best": "hybrid",
        "chance": 0.8,
        "scores": {"prompting": 60.0, "fine_tuning": 70.0, "hybrid": 75.0},
        "margin": 2.0,
        "regret": 0.0,
        "regret_low": 0.0,
        "regret_high": 1.0,
        "outcome": outcome,
        "lock": "b" * 64,
        "answers": {"task_kind": "classification", "class_count": 2, "labelled_examples": 64, "priorities": {}},
    }
    return Entry(**{**given, **changes})


def test_the_summary_is_that_of_the_ledger() -> None:
    """What every report reads is what the ledger counts, to the last digit."""
    assert json.loads((SHIPPED / SUMMARY).read_text()) == tally.summary(ledger.read(SHIPPED))


def test_the_ledger_holds_every_published_comparison_judged_by_the_model_in_force(shipped: Engine) -> None:
    """No comparison is left out, and none was judged by another forecast than the one that advises."""
    rows = [row for study in read_registry(studies_folder(shipped.book) / PAPERS) for row in study.comparisons]
    wanted = {f"study:{row.id}" for row in rows if len(row.points()) > 1}
    found = [one for one in ledger.read(SHIPPED) if one.origin == "study"]
    assert {one.id for one in found} == wanted
    file = model_file(shipped.book)
    assert file is not None
    stale = "the ledger is older than rules or forecast; renew it with: advisor record add --studies --cases FILE"
    assert {one.forecast_model for one in found} == {read_model(file).digest[:12]}, stale
    assert {one.rulebook_version for one in found} == {shipped.book.version}, stale


def test_the_table_of_the_readme_is_current() -> None:
    """The README's record is what `advisor record table` prints today."""
    page = README.read_text(encoding="utf-8")
    made = record_words.table(tally.of_folder(SHIPPED))
    assert record_words.placed(page, made) == page


def test_every_wrong_one_has_a_reason() -> None:
    """No prediction of the shipped ledger is wrong without a word on why."""
    for part in tally.whole(ledger.read(SHIPPED), ledger.remarks(SHIPPED)).values():
        for miss in part["wrong"]:
            assert miss["why"] or miss["remark"], miss["id"]


def test_the_command_prints_what_the_ledger_counts(advisor_cli: Cli) -> None:
    """`advisor record --json` holds the counts of the summary, and every wrong one of them."""
    done = advisor_cli("record", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    summary = json.loads((SHIPPED / SUMMARY).read_text())
    for origin, count in summary["counts"].items():
        assert {name: printed[origin][name] for name in count} == count
        assert len(printed[origin]["wrong"]) == count["misses"] + count["undecided"]


def test_undecided_counts_as_no_hit_and_regret_stands_beside_the_constant_policies() -> None:
    """Of a hit, a tie, a miss and an undecided one half are good; policies lose what their approach scored less."""
    entries = [entry("a"), entry("b", "tie"), entry("c", "miss", pick="prompting", regret=15.0)]
    entries += [entry("d", "undecided", pick="fine_tuning", regret=5.0), entry("e", "not_counted")]
    found = tally.tally(entries)
    assert [found[name] for name in ("n", "hits", "ties", "misses", "undecided")] == [4, 1, 1, 1, 1]
    low, high = found["interval"]
    assert low < 0.5 < high
    assert found["regret"] == pytest.approx(5.0)
    assert found["policies"] == {"always_prompting": 15.0, "always_fine_tuning": 5.0, "always_hybrid": 0.0}


def test_a_calibration_needs_thirty_predictions() -> None:
    """With 29 there is no error and no curve, with 30 both, and they say what held."""
    few = [entry(f"t{number}") for number in range(THIN - 1)]
    assert tally.calibration(few)["ece"] is None
    assert tally.calibration(few)["reliability"] == []
    many = [*few, entry("last", "miss", regret=9.0)]
    found = tally.calibration(many)
    assert found["n"] == THIN
    assert found["ece"] == pytest.approx(29 / 30 - 0.8, abs=1e-3)
    words = "\n".join(record_words.lines(tally.whole(few, {})))
    assert "%" not in words.replace("Wilson 95 %", "")


def test_a_wrong_one_is_told_with_its_remark_or_else_its_reason() -> None:
    """What a person wrote stands in place of what the advisor found; points and their interval stand before both."""
    lost = {"pick": "prompting", "regret": 15.0, "regret_low": 9.0, "regret_high": 21.0, "why": "few_labels"}
    entries = [entry("a", "miss", **lost), entry("b", "undecided", **lost), entry("c")]
    text = record_words.lines(tally.whole(entries, {entries[1].id: "The labels were wrong."}))
    begin = text.index("  wrong or undecided: 2") + 1
    assert [line.strip() for line in text[begin:]] == [
        f"{entries[0].id}: advised prompting, hybrid was 15.0 points better (9.0 to 21.0); a with 64 examples",
        "Put first by: few_labels.",
        f"{entries[1].id}: advised prompting, hybrid was 15.0 points better (9.0 to 21.0; undecided); "
        "b with 64 examples",
        "The labels were wrong.",
    ]


def test_every_run_is_listed_and_of_other_origins_the_wrong_ones_only() -> None:
    """There are few runs, which a reader may check one by one; comparisons and cases are counted."""
    entries = [entry("a"), entry("b", "miss", regret=3.0)]
    for origin in ("study", "case"):
        entries += [
            entry(f"{origin}-{one.outcome}", one.outcome, origin=origin, regret=one.regret) for one in entries[:2]
        ]
    record = tally.whole(entries, {})
    assert [one["title"] for one in record["run"]["predictions"]] == ["a with 64 examples", "b with 64 examples"]
    for origin in ("study", "case"):
        assert record[origin]["predictions"] == []
        assert [one["title"] for one in record[origin]["wrong"]] == [f"{origin}-miss with 64 examples"]


def test_outcomes_are_added_once_and_never_changed(tmp_path: Path) -> None:
    """The same judgement twice is one entry; another outcome for the same lock is refused, and nothing is written."""
    assert ledger.add_runs(tmp_path, [entry("a"), entry("b", "tie")]) == (2, 0)
    assert ledger.add_runs(tmp_path, [entry("a")]) == (0, 1)
    before = (tmp_path / "runs.jsonl").read_bytes()
    with pytest.raises(InputError, match="differs from 'hit'"):
        ledger.add_runs(tmp_path, [entry("a", "miss"), entry("c")])
    assert (tmp_path / "runs.jsonl").read_bytes() == before
    assert ledger.read(tmp_path) == (entry("a"), entry("b", "tie"))


@pytest.mark.parametrize("spoilt", [b'{"id": "x", "outcome": "won"}', b"\xac", b"[" * 100_000, b"7", b"{}"])
def test_a_spoilt_line_is_refused_with_its_place(tmp_path: Path, spoilt: bytes) -> None:
    """A ledger with a line that is none is told of by file and line."""
    ledger.add_runs(tmp_path, [entry("a")])
    with (tmp_path / "runs.jsonl").open("ab") as file:
        file.write(spoilt + b"\n")
    with pytest.raises(InputError, match=r"runs\.jsonl: line 2"):
        ledger.read(tmp_path)


def test_reports_tell_the_record_and_percentages_name_their_ledger(shipped: Engine) -> None:
    """The limits hold the counts; a percentage names the ledger; a kind of task with a thin one gets none."""
    raw = {"task_kind": "classification", "class_count": 12, "labelled_examples": 2500}
    advice = advise(parse(raw, shipped.book), shipped)
    record = shipped.record
    assert record is not None
    said = next(limit.text for limit in advice.limits if limit.id == "record")
    study = record.counts["study"]
    assert f"{study.good} of {study.n} published comparisons" in said
    assert advice.confidence.value is not None
    assert f"{record.calibrated} forecasts judged without their paper" in advice.confidence.basis
    assert record.behind("conversation") < THIN
    thin = advise(parse(raw | {"task_kind": "conversation"}, shipped.book), shipped)
    assert thin.confidence.value is None
    assert "fewer than 30" in thin.confidence.basis
    assert thin.evidence.forecast is not None
    assert thin.evidence.forecast.levels == ()


def test_the_verdict_does_not_depend_on_the_record(shipped: Engine) -> None:
    """The record tells how sure one may be; it changes neither the verdict nor its id."""
    answers = parse({"task_kind": "classification", "class_count": 12, "labelled_examples": 2500}, shipped.book)
    one, other = advise(answers, shipped), advise(answers, replace(shipped, record=None))
    assert (one.verdict_id, one.recommendation, one.ranking) == (other.verdict_id, other.recommendation, other.ranking)


def test_an_advice_reads_a_page_of_counts_and_not_the_ledger(tmp_path: Path) -> None:
    """The summary alone is enough for what a report tells, and stays short however long the ledger grows."""
    shutil.copy(SHIPPED / "summary.json", tmp_path)
    assert read_summary(tmp_path) == read_summary(SHIPPED)
    assert (tmp_path / "summary.json").stat().st_size < 20_000


def runs_of(tasks: int) -> list[Entry]:
    """Runs in which tuning is far ahead of prompting from the first examples on."""
    return [
        entry(
            f"task{task}",
            id=f"run:task{task}:{size}:{'a' * 12}",
            examples=size,
            scores={"prompting": 40.0, "fine_tuning": 80.0, "hybrid": 80.0},
            answers={
                **{"task_kind": "classification", "class_count": 2, "labelled_examples": size},
                **{"base_model_size_b": 0.135, "tunable_model_size_b": 0.135, "model_access": "open_weights"},
            },
        )
        for task in range(tasks)
        for size in (16, 64)
    ]


def test_a_fit_is_tried_on_tasks_left_out_and_forgets_nothing_by_itself(shipped: Engine) -> None:
    """With consistent runs in, leads on an unseen task come out nearer; the model in force is not touched."""
    folder = studies_folder(shipped.book)
    rows = [row for study in read_registry(folder / PAPERS) for row in study.comparisons]
    from advisor.knowledge.model_names import read_model_names

    names = read_model_names(folder / NAMES)
    data = learning.joined(rows, runs_of(4), names, shipped.book, shipped.prices, shipped.day)
    assert int(data.own.sum()) == 8
    trial = learning.on_tasks(data, read_priors(folder / PRIORS))
    assert [fold.group for fold in trial.before] == [f"run:task{task}" for task in range(4)]
    before, after = trial.lead_error()
    assert after < before
    lone = learning.joined(rows, runs_of(1), names, shipped.book, shipped.prices, shipped.day)
    with pytest.raises(InputError, match="at least 2 tasks"):
        learning.on_tasks(lone, read_priors(folder / PRIORS))


def test_a_fit_that_would_get_worse_on_unseen_tasks_or_papers_is_none() -> None:
    """Neither the points lost on tasks or papers nor the error on tasks may grow; equal is good enough."""
    fold = learning.Fold("task", 2, regret=3.0, hits=1, lead_error=10.0)
    same = learning.Trial((fold,), (fold,))
    good = learning.Trial((fold,), (replace(fold, regret=2.0, lead_error=9.0),))
    worse = learning.Trial((fold,), (replace(fold, regret=3.1),))
    off = learning.Trial((fold,), (replace(fold, lead_error=10.1),))
    assert learning.better(same, same)
    assert learning.better(good, same)
    assert not learning.better(good, worse)
    assert not learning.better(worse, same)
    assert not learning.better(off, same)
    assert learning.better(good, off)


def test_a_written_fit_is_a_version_beside_the_shipped_forecast(shipped: Engine, tmp_path: Path) -> None:
    """A pack with a model in its record advises by that one and says how many runs are in it; the other file stays."""
    pack = tmp_path / "pack"
    shutil.copytree(locate.rules_dir(), pack)
    model = shipped.model
    assert model is not None
    replace(model, own_runs=8, own_tasks=4).write(pack / FOLDER / "model.json")
    other = engine(pack, shipped.day)
    assert other.model is not None
    assert (other.model.own_runs, other.model.own_tasks) == (8, 4)
    advice = advise(parse({"task_kind": "classification", "class_count": 12}, other.book), other)
    assert advice.evidence.forecast is not None
    assert "and 8 own runs on 4 tasks" in advice.evidence.forecast.leads[0].points.source
    assert (
        advice.verdict_id
        != advise(parse({"task_kind": "classification", "class_count": 12}, other.book), shipped).verdict_id
    )
    (pack / FOLDER / learning.FITS).unlink()
    assert learning.keep(pack / FOLDER, {"runs": ["run:a"]}) == 1
    assert learning.keep(pack / FOLDER, {"runs": ["run:a", "run:b"]}) == 2
    assert learning.last_fit(pack / FOLDER) == {"run:a", "run:b"}
    assert (pack / "studies" / "model.json").read_bytes() == (
        locate.rules_dir() / "studies" / "model.json"
    ).read_bytes()


def test_a_pack_that_lets_nothing_learn_gets_no_empty_version(advisor_cli: Cli, tmp_path: Path) -> None:
    """Where no coefficient is marked, `record fit --write` says so and names the file; nothing changes."""
    pack = tmp_path / "pack"
    shutil.copytree(locate.rules_dir(), pack)
    beliefs = pack / "studies" / PRIORS
    beliefs.write_text(beliefs.read_text(encoding="utf-8").replace(" learns_from_runs: true,", ""), encoding="utf-8")
    before = {path: path.read_bytes() for path in (pack / FOLDER).iterdir()}
    done = advisor_cli("record", "fit", "--write", "--rules", str(pack))
    assert done.returncode == 1
    assert "nothing written" in done.stderr
    assert str(beliefs) in done.stderr
    assert {path: path.read_bytes() for path in (pack / FOLDER).iterdir()} == before
