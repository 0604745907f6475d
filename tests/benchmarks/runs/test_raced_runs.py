"""Raced runs ask fewer items, reach the same verdicts and keep which were asked; budgets run what decides most."""

from __future__ import annotations

import json
import re

import pytest
from ring_fakes import ARMS, Failing, Keywords, executions, fake_ring, write_task

from benchmarks.errors import JobFailed
from benchmarks.runs import RacePlan, compare, read_wish, resume, run
from benchmarks.runs.budget import Budget, decisive_first
from benchmarks.runs.progress import Bars
from benchmarks.runs.table import table
from benchmarks.statistics.race import FEWEST_TO_GIVE_UP

RACE = RacePlan(batch=40)


@pytest.fixture
def runs(tmp_path):
    """Runs fakes on the keyword task with 400 test rows, raced unless told otherwise."""
    task = write_task(tmp_path / "desk", test=400)

    def go(behaviour=None, name="run", race=RACE, budget_minutes=None, **words):
        wish = read_wish(tuple(ARMS), model="tiny", race=race, **words)
        ring = fake_ring(tmp_path / f"{name}.log", behaviour)
        return run(str(task), wish, out=tmp_path / name, ring=ring, budget_minutes=budget_minutes)

    return go


def cells_of(finished) -> dict[tuple[str, int, int], dict]:
    """The records of a run by arm, train size and seed."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (finished.path / "cells").glob("*.json")]
    return {(one["arm"], one["cell"]["train_size"], one["cell"]["seed"]): one for one in found}


def words_of(finished) -> dict[tuple[str, str], str]:
    """The conclusions of a run."""
    return {(one["a"], one["b"]): one["conclusion"]["word"] for one in finished.result["comparisons"]}


def test_a_race_asks_fewer_items_and_reaches_the_same_verdicts(runs):
    """What the whole test set decides of approaches the race decides too, on the first items of the same order."""
    raced = runs(train_sizes="40")
    whole = runs(name="whole", race=None, train_sizes="40")
    asked = {key: len(cell["predictions"]) for key, cell in cells_of(raced).items()}
    assert sum(asked.values()) < 0.7 * 400 * len(asked)
    order = cells_of(whole)["linear", 40, 0]["rows"]["test"]
    for key, cell in cells_of(raced).items():
        assert cell["rows"]["test"] == order[: asked[key]]
        assert cell["predictions"] == cells_of(whole)[key]["predictions"][: asked[key]]
    approaches = [pair for pair in words_of(whole) if not {"majority", "linear"} & set(pair)]
    assert {pair: words_of(raced)[pair] for pair in approaches} == {pair: words_of(whole)[pair] for pair in approaches}
    assert words_of(raced)["lora", "linear"] == words_of(whole)["lora", "linear"] == "better"


def test_over_seeds_the_race_never_contradicts_the_whole_run(runs):
    """With three seeds some pairs stay undecided and are given up; none is decided the other way than by all items."""
    raced = runs(train_sizes="40", seeds="0,1,2")
    whole = runs(name="whole", race=None, train_sizes="40", seeds="0,1,2")
    asked = [len(cell["predictions"]) for cell in cells_of(raced).values()]
    assert min(asked) < FEWEST_TO_GIVE_UP <= max(asked) < 400
    both = [{words_of(raced)[pair], words_of(whole)[pair]} for pair in words_of(whole)]
    assert not any({"better", "worse"} <= found for found in both)
    assert sum(len(found) == 1 for found in both) >= 5
    assert raced.result["comparisons"][0]["seed_degrees"] == 6.0


def test_seeds_of_an_arm_are_asked_the_same_items(runs):
    """Paired statistics over seeds need the same items; every number of items is a whole number of batches."""
    asked: dict[str, set[int]] = {}
    for (arm, _, _), cell in cells_of(runs(train_sizes="40", seeds="0,1")).items():
        asked.setdefault(arm, set()).add(len(cell["predictions"]))
    assert all(len(found) == 1 and next(iter(found)) % 40 == 0 for found in asked.values())


def test_early_stops_have_intervals_that_hold_at_any_time(runs):
    """Arms and comparisons that ended early say so, and their intervals are wider than fixed-size ones."""
    raced = runs(train_sizes="40")
    assert raced.result["race"] == {"batch": 40, "margin": 0.02}
    early = [one for one in raced.result["comparisons"] if one["n"] < 400]
    assert early
    assert all("stopped after" in one["method"] for one in early)
    arm = next(one for one in raced.result["arms"] if one["n"] < 400)
    assert "confidence sequence" in arm["metric"]["method"]
    record = cells_of(raced)[arm["arm"], 40, 0]["metrics"]["accuracy"]
    assert arm["metric"]["high"] - arm["metric"]["low"] > record["high"] - record["low"]
    assert " is better" in table(raced.result)


def test_a_raced_run_is_not_the_whole_run(runs):
    """The race is part of a cell's identity, so that cells of the two kinds are never mixed."""
    raced, whole = runs(train_sizes="16"), runs(name="whole", race=None, train_sizes="16")
    assert not {path.name for path in (raced.path / "cells").iterdir()} & {
        path.name for path in (whole.path / "cells").iterdir()
    }
    again = runs(train_sizes="16")
    assert again.ran == ()
    assert compare(raced.path)[0] == raced.result


def test_a_failing_arm_leaves_the_race_to_the_others(runs):
    """An arm that breaks while fitting, or in its second batch, is recorded as failed; a resume completes the run."""

    class Tired(Keywords):
        def predict(self, texts, progress=None):
            if self.counts.get(("asked", "")):
                raise RuntimeError("tired")
            self.counts["asked", ""] = 1
            return super().predict(texts, progress)

    finished = runs({"zero_shot": Failing, "hybrid": Tired}, train_sizes="16")
    assert {entry["arm"] for entry in finished.result["missing"]} == {"zero_shot", "hybrid"}
    assert any("tired" in text for text in finished.failed.values())
    assert words_of(finished)["lora", "few_shot"] in ("better", "worse", "equivalent", "undecided")


def test_an_interrupted_race_is_resumed_with_what_is_there(runs, tmp_path):
    """Lost cells are run again against the answers of those that are kept; the rest is untouched."""
    finished = runs(train_sizes="16,40")
    kept = {path.name: path.read_bytes() for path in (finished.path / "cells").iterdir()}
    lost = [key for key, cell in cells_of(finished).items() if key[:2] == ("lora", 40)]
    name = f"{cells_of(finished)[lost[0]]['id']}.json"
    (finished.path / "cells" / name).unlink()
    again = resume(finished.path, ring=fake_ring(tmp_path / "again.log"))
    assert len(again.ran) == len(executions(tmp_path / "again.log")) == 1
    after = {path.name: path.read_bytes() for path in (finished.path / "cells").iterdir()}
    assert {key: text for key, text in after.items() if key != name} == {
        key: text for key, text in kept.items() if key != name
    }
    assert json.loads(after[name])["predictions"] == json.loads(kept[name])["predictions"]
    assert again.result["status"] == "complete"


def test_a_single_arm_is_asked_everything(runs):
    """Without a rival there is nothing to race for."""
    [cell] = cells_of(runs(arms="lora", train_sizes="16")).values()
    assert len(cell["predictions"]) == 400


def test_a_budget_runs_the_largest_size_first_and_leaves_the_rest(runs, tmp_path):
    """Cells that do not fit are named as not run, the command fails in the end, and a resume completes the run."""

    class Slow(Keywords):
        def fit(self, train, dev):
            import time

            time.sleep(0.25)
            return super().fit(train, dev)

    slow = dict.fromkeys(ARMS, Slow)
    finished = runs(slow, race=None, train_sizes="16,40", budget_minutes=0.02)
    sizes = [json.loads(line)[1] for line in executions(tmp_path / "run.log")]
    assert 0 < len(sizes) < 12
    assert set(sizes) == {40}
    assert {entry["reason"] for entry in finished.result["missing"]} == {"not run: the budget was spent"}
    with pytest.raises(JobFailed, match="because the budget was spent"):
        finished.raise_if_incomplete()
    assert resume(finished.path, ring=fake_ring(tmp_path / "log")).result["status"] == "complete"


def test_a_race_keeps_to_its_budget_too(runs):
    """A spent budget starts nothing, whatever was asked for."""
    finished = runs(train_sizes="16,40", budget_minutes=0.0)
    assert (len(finished.unaffordable), finished.ran) == (12, ())


def test_the_most_decisive_cells_are_the_first_seed_at_the_largest_size(runs):
    """Falling sizes, seeds in their order, arms in theirs; an arm that was never timed may start while time is left."""
    from benchmarks.runs import make_plan
    from benchmarks.tasks import load

    finished = runs(train_sizes="16,40", seeds="3,1")
    folder = json.loads((finished.path / "plan.json").read_text())["source"]["task_folder"]
    wish = read_wish(tuple(ARMS), model="tiny", train_sizes="16,40", seeds="3,1")
    ring = fake_ring(finished.path / "log")
    plan = make_plan(load(folder), wish, ring, ring.resolve("tiny"))
    ordered = decisive_first(plan.cells)
    assert [(one.cell.train_size, one.cell.seed) for one in ordered][::6] == [(40, 3), (40, 1), (16, 3), (16, 1)]
    budget = Budget.of(1.0)
    assert budget.allows(ordered[0], [])
    done = list(cells_of(finished).values())
    done[0]["timing"].update(fit_seconds=500.0)
    slow = next(one for one in ordered if one.cell.arm == done[0]["arm"])
    assert not budget.allows(slow, [done[0]])
    assert Budget.of(None) is None


def test_the_log_of_a_race_tells_what_is_being_fitted_and_what_is_still_open(tmp_path, capsys):
    """Where no bar can be drawn, each arm that joins is named before it is fitted, then what is still to be decided."""
    task = write_task(tmp_path / "desk", test=400)
    wish = read_wish(tuple(ARMS), model="tiny", race=RACE, train_sizes="16")
    run(str(task), wish, out=tmp_path / "run", ring=fake_ring(tmp_path / "log"), progress=Bars())
    told = capsys.readouterr().err
    assert "hybrid, 16 examples, seed 0: fitting" in told
    assert told.count(": fitting") == len(ARMS) - 1
    looks = re.findall(r"race at 16 examples: (\d+) of 400 items asked; still open: (.+)", told)
    assert looks[-1][1] == "nothing"
    assert all(" and " in still for _, still in looks[:-1])
    asked = [int(count) for count, _ in looks]
    assert asked == sorted(set(asked)) and asked[0] % 40 == 0
