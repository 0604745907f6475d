"""The page of a comparison stands alone, escapes everything, and says what the table says; experiments are files."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from ring_fakes import ARMS, fake_ring, write_task

from benchmarks import cli
from benchmarks.cli import wishes
from benchmarks.errors import BenchmarkError
from benchmarks.models import registry
from benchmarks.runs import compare, experiment, read_wish, ring, run
from benchmarks.runs.charts import curve_chart, pareto_front
from benchmarks.runs.items import changed_items
from benchmarks.runs.page import write_page
from benchmarks.runs.store import RunDirectory

EVIL = '<script>alert("x")</script> & </td>'


@pytest.fixture
def desk(tmp_path):
    """A task whose first test rows carry markup in their texts."""
    task = write_task(tmp_path / "desk", test=120)
    rows = [json.loads(line) for line in (task / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows[:60]:
        row["text"] += f" {EVIL}"
    (task / "test.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return task


@pytest.fixture
def finished(tmp_path, desk):
    """A run of all fakes at two sizes."""
    wish = read_wish(tuple(ARMS), train_sizes="16,40", seeds="0,1", model="tiny")
    return run(str(desk), wish, out=tmp_path / "run", ring=fake_ring(tmp_path / "log"))


class Tags(HTMLParser):
    """Collects tags, and addresses in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        """Notes the tag."""
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]


def test_the_page_needs_nothing_and_escapes_everything(tmp_path, finished):
    """No script, no address, markup of texts shown as text; both charts and the changed items are there."""
    write_page(tmp_path / "page.html", [(str(finished.path), finished.result)])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    parser = Tags()
    parser.feed(text)
    assert "script" not in parser.tags
    assert parser.addresses == []
    assert parser.tags.count("svg") == 2
    assert "&lt;script&gt;" in text
    assert not re.search(r"url\(|@import", text)
    assert "fixed</span>" in text
    assert finished.result["crossovers"][0]["sentence"] in text


def test_the_page_says_what_the_table_says(tmp_path, finished):
    """Every comparison's verdict stands on the page in the same words."""
    from benchmarks.runs.table import verdict_words

    write_page(tmp_path / "page.html", [(str(finished.path), finished.result)])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    for entry in finished.result["comparisons"]:
        assert f"<strong>{verdict_words(entry)}</strong>" in text


def test_changed_items_are_those_that_the_arms_answer_differently(finished):
    """Fixed minus broken, over the seeds, makes up the difference of the scores."""
    plan, cells, _ = RunDirectory(finished.path).read_cells()
    found = changed_items(plan, cells, finished.result)
    assert (found["tuned"], found["prompt"], found["n"]) == ("lora", finished.result["best"]["prompting"]["arm"], 120)
    assert len(found["fixed"]) > len(found["broken"])
    assert all(row["change"] >= 0.5 and row["tuned"] == row["gold"] for row in found["fixed"] if row["change"] == 1)
    assert all(row["text"] for row in found["fixed"])
    moved = {**plan, "source": {"task_folder": "/nowhere", "task": "nowhere"}}
    assert changed_items(moved, cells, finished.result)["fixed"][0]["text"] is None
    assert changed_items(plan, cells, {**finished.result, "best": {}}) is None


def test_charts_stay_away_where_there_is_nothing_to_draw(tmp_path, desk):
    """One train size has no curve and no crossover; the page says what is missing, also without any cell."""
    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny")
    finished = run(str(desk), wish, out=tmp_path / "one", ring=fake_ring(tmp_path / "log"))
    assert curve_chart(finished.result, {}) is None
    assert finished.result["crossovers"] == []
    for cell in (finished.path / "cells").iterdir():
        cell.unlink()
    result, _ = compare(finished.path)
    write_page(tmp_path / "page.html", [(str(finished.path), result)])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "There is nothing to compare yet" in text
    assert "6 cells are missing" in text


def test_the_front_keeps_what_no_other_arm_beats_in_both():
    """Better or faster stays; worse and slower does not; twins both stay."""

    def entry(arm, value, seconds):
        return {"arm": arm, "metric": {"value": value}, "latency_seconds": {"p50": seconds}}

    entries = [entry("a", 0.9, 2.0), entry("b", 0.8, 1.0), entry("c", 0.7, 1.5), entry("d", 0.8, 1.0)]
    assert [one["arm"] for one in pareto_front(entries)] == ["a", "b", "d"]


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys, desk):
    """Runs `bench` with fakes in the ring, in the folder of the task."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "resolve", lambda name: SimpleNamespace(name=name, content_hash="ab" * 32))
    monkeypatch.setattr(wishes, "FOR_MODELS", ())
    monkeypatch.setattr(ring, "shipped", lambda _encoder=None: fake_ring(tmp_path / "log"))

    def call(*words):
        status = cli.main_bench([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_compare_writes_the_page_and_other_margins_write_nothing(bench, tmp_path):
    """--html writes beside the table; --margin changes the words on screen and leaves result.json alone."""
    assert bench("run", "desk", "--train-sizes", "16", "--out", "r", "--race")[0] == 0
    before = (tmp_path / "r" / "result.json").read_bytes()
    status, out, err = bench("compare", "r", "--html", "out/page.html", "--margin", "0.4")
    assert (status, "page.html written" in err) == (0, True)
    assert "equivalent: within 40 points" in out
    assert (tmp_path / "out" / "page.html").stat().st_size > 5000
    assert (tmp_path / "r" / "result.json").read_bytes() == before
    assert bench("compare", "r", "--html", "r/plan.json/x.html")[0] == 2


def test_an_experiment_is_a_file_and_the_command_line_wins(bench, tmp_path):
    """Fields are the options; a task and a directory are seen from the file; an option on the line overrides."""
    (tmp_path / "ex").mkdir()
    file = tmp_path / "ex" / "first.yaml"
    file.write_text(
        "task: ../desk\narms: [linear, lora]\ntrain_sizes: [16, 40]\nseeds: 3\nrace: true\nmargin: 0.05\nout: here\n"
    )
    status, out, _ = bench("run", "ex/first.yaml", "--train-sizes", "16", "--json")
    assert status == 0
    result = json.loads(out)
    assert {(one["arm"], one["train_size"], *one["seeds"]) for one in result["arms"]} == {
        ("linear", 16, 3),
        ("lora", 16, 3),
    }
    assert result["race"] == {"batch": 40, "margin": 0.05}
    assert (tmp_path / "ex" / "here" / "result.json").exists()


def test_every_fault_of_an_experiment_is_named(tmp_path):
    """Unknown fields, wrong kinds of values, a missing task: all at once, with file and field."""
    file = tmp_path / "e.yaml"
    file.write_text("arm: lora\nrace: maybe\nseeds: {a: 1}\n")
    with pytest.raises(BenchmarkError) as caught:
        experiment.read(str(file), {}, set())
    text = "\n".join(caught.value.problems)
    for words in ("unknown field 'arm'", "did you mean 'arms'", "race: found 'maybe'", "seeds: found", "task: found"):
        assert words in text
    for content, words in (("a: [", "is not YAML"), ("- 1\n", "found no fields")):
        file.write_text(content)
        with pytest.raises(BenchmarkError, match=words):
            experiment.read(str(file), {}, set())
    with pytest.raises(BenchmarkError, match="cannot be read"):
        experiment.read(str(tmp_path / "none.yaml"), {}, set())


@pytest.mark.parametrize("words", [["--margin", "2"], ["--margin", "0.02"], ["--budget-minutes", "-1"]])
def test_wrong_margins_and_budgets_are_refused(bench, words):
    """A margin is a share and belongs to a race, a budget is positive: status 2, and nothing is run."""
    status, out, err = bench("run", "desk", "--train-sizes", "16", *words)
    assert (status, out) == (2, "")
    assert words[0] in err
