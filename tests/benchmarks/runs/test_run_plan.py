"""The grid, its rows and its ids: the same for every arm, and changed by nothing that does not matter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ring_fakes import ARMS, fake_ring, write_task

from benchmarks import approaches, tasks
from benchmarks.errors import BenchmarkError
from benchmarks.records import Example, Task
from benchmarks.runs.plan import Wish, make_plan, power_note, read_wish, split_rows, test_rows

rows_for_test = test_rows
del test_rows


@pytest.fixture
def task(tmp_path) -> Task:
    """The keyword task with 80 training rows."""
    return tasks.load(write_task(tmp_path / "desk"))


@pytest.fixture
def ring(tmp_path):
    """A ring of fakes."""
    return fake_ring(tmp_path / "log")


def skewed(counts: dict[str, int]) -> Task:
    """A task with so many training rows per label."""
    rows = [Example(f"{label}{i}", f"{label} {i}", label) for label, count in counts.items() for i in range(count)]
    card = replace(_card(), labels=tuple(counts))
    return Task(card, tuple(rows), tuple(rows))


def _card():
    from benchmarks.records import TaskCard

    return TaskCard("t", "classification", "en", "", "d", ("a", "b"), "accuracy")


def test_the_grid_has_one_cell_per_arm_size_and_seed(task, ring):
    """Six arms, two sizes and two seeds are 24 different cells, small sizes first; baselines have no model."""
    wish = read_wish(tuple(ARMS), train_sizes="40, 16", seeds="0,7", model="tiny")
    plan = make_plan(task, wish, ring, ring.resolve("tiny"))
    assert len({planned.id for planned in plan.cells}) == len(plan.cells) == 24
    assert [planned.cell.train_size for planned in plan.cells] == [16] * 12 + [40] * 12
    assert {planned.cell.model for planned in plan.cells if not ARMS[planned.cell.arm].needs_model} == {None}
    assert {planned.cell.model for planned in plan.cells if ARMS[planned.cell.arm].needs_model} == {"tiny"}


def test_ids_change_with_what_matters(task, ring, tmp_path):
    """Another model content changes the ids of model arms only; another data hash changes all."""
    wish = read_wish(tuple(ARMS), model="tiny")
    plan = make_plan(task, wish, ring, ring.resolve("tiny"))
    other = fake_ring(tmp_path / "log", model_hash="cd" * 32)
    swapped = make_plan(task, wish, other, other.resolve("tiny"))
    for before, after in zip(plan.cells, swapped.cells, strict=True):
        assert (before.id != after.id) == ARMS[before.cell.arm].needs_model
    changed = make_plan(
        replace(task, fingerprint={**task.fingerprint, "test.jsonl": "0"}), wish, ring, ring.resolve("tiny")
    )
    assert not {planned.id for planned in plan.cells} & {planned.id for planned in changed.cells}


def test_a_limit_beyond_the_test_set_is_no_limit(task, ring):
    """Asking for more test rows than there are is the same run as asking for all."""
    plans = [
        make_plan(task, read_wish(("majority",), test_limit=limit), ring, None) for limit in (None, "80", "500", "10")
    ]
    assert plans[0].digest == plans[1].digest == plans[2].digest != plans[3].digest
    assert plans[3].description["task"]["n_test"] == 10
    assert plans[0].folder_name.startswith("desk-")
    assert len(plans[0].folder_name) == len("desk-") + 12


def test_test_rows_are_nested_and_the_same_for_all(task):
    """A smaller limit takes a beginning of the larger one, whatever the order of the file."""
    few, many = rows_for_test(task, 10), rows_for_test(task, None)
    assert many[:10] == few
    shuffled = replace(task, test=tuple(reversed(task.test)))
    assert rows_for_test(shuffled, 10) == few
    assert {row.label for row in few} == set(task.card.labels)


@pytest.mark.parametrize(("size", "dev"), [(16, 0), (31, 0), (32, 6), (60, 12)])
def test_development_rows_are_a_fifth_from_32_examples(task, size, dev):
    """Train and dev together are the asked-for examples, without overlap and in the label mix."""
    split = split_rows(task, size, 0)
    assert (len(split.dev), len(split.train)) == (dev, size - dev)
    assert not {row.id for row in split.train} & {row.id for row in split.dev}
    assert split == split_rows(task, size, 0)
    if dev:
        bugs = sum(row.label == "bug" for row in split.dev)
        assert bugs == dev / 2
        assert split != split_rows(task, size, 1)


def test_development_rows_are_at_most_64():
    """A thousand examples give 64 development rows."""
    assert len(split_rows(skewed({"a": 600, "b": 400}), 1000, 0).dev) == 64


def test_every_label_stays_in_training():
    """A label with a single row is not moved to the development rows."""
    task = skewed({"a": 40, "b": 1, "c": 1})
    split = split_rows(task, 42, 0)
    assert {row.label for row in split.train} == {"a", "b", "c"}
    alone = split_rows(skewed({f"l{i}": 1 for i in range(40)}), 40, 0)
    assert (len(alone.train), len(alone.dev)) == (40, 0)


def test_all_stands_for_the_usual_arms_and_every_for_all_of_them():
    """What costs more or wants the encoder runs where it is named, and with `every`."""
    known = approaches.arms_for("classification")
    usual = approaches.usual(known)
    assert read_wish(known, usual=usual).arms == ("majority", "linear", "zero_shot", "few_shot", "lora", "hybrid")
    assert read_wish(known, usual=usual, arms="every").arms == known
    assert read_wish(known, usual=usual, arms="full").arms == ("full",)


def test_all_wrong_words_are_reported_together():
    """Unknown and repeated arms, odd sizes, seeds and limits: one error with a line for each."""
    with pytest.raises(BenchmarkError) as caught:
        read_wish(
            tuple(ARMS), arms="lorra,linear,linear", train_sizes="0,x,16,16,999", seeds="-1", test_limit="0", most=80
        )
    assert list(caught.value.problems) == [
        "--arms: unknown arm 'lorra'; allowed: all, every, majority, linear, zero_shot, few_shot, lora, hybrid; "
        "did you mean 'lora'?",
        "--arms: 'linear' is named 2 times; allowed: once",
        "--train-sizes: found '0'; allowed: whole numbers from 2",
        "--train-sizes: found 'x'; allowed: whole numbers from 2",
        "--train-sizes: 16 is given twice; allowed: once",
        "--train-sizes: found 999; allowed: at most 80, the task's training rows",
        "--seeds: found '-1'; allowed: whole numbers from 0",
        "--test-limit: found '0'; allowed: whole numbers from 1",
    ]


@pytest.mark.parametrize("words", [{"arms": ""}, {"train_sizes": " , "}, {"seeds": ""}, {"test_limit": "5,6"}])
def test_empty_and_double_words_are_refused(words):
    """Nothing is not a choice, and one limit is one number."""
    with pytest.raises(BenchmarkError):
        read_wish(tuple(ARMS), **words)


def test_a_plan_refuses_what_the_task_cannot_give(task, ring):
    """A library caller gets the same protection as the command line."""
    with pytest.raises(BenchmarkError, match="at most 80"):
        make_plan(task, Wish(("majority",), (81,), (0,)), ring, None)
    with pytest.raises(BenchmarkError, match="unknown arm 'magic'"):
        make_plan(task, Wish(("magic",), (16,), (0,)), ring, None)


def test_the_power_note_names_the_smallest_difference():
    """Five hundred items show 5.6 points; two seeds draw a warning."""
    assert "below 5.6 points" in power_note(500, 1)
    assert "2 seeds" not in power_note(500, 1)
    assert "2 seeds" in power_note(500, 2)
