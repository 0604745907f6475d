"""Tasks whose answers are objects or texts: their cards, schemas and rows are checked like those of labels."""

from __future__ import annotations

import json

import pytest

from benchmarks import tasks
from benchmarks.errors import BenchmarkError
from benchmarks.records import nested_subset
from benchmarks.runs.plan import split_rows
from benchmarks.tasks.schema import bounded, choices, form, read_schema, texts, written

SLOTS = {"slots": ["name", "time"]}
INTENTS = {"intent": ["book", "cancel"], "slots_by_intent": {"book": ["name", "time"], "cancel": ["name"]}}
DEEP = {
    "type": "object",
    "properties": {
        "total": {"type": "number"},
        "paid": {"type": "boolean"},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"what": {"type": "string"}}}},
    },
    "required": ["total"],
}


@pytest.fixture
def folder(tmp_path):
    """Writes a task folder of one kind with the given rows in train and one sound row in test."""

    def write(kind, train, test, **card):
        whole = {"kind": kind, "description": "Do it.", "metric": "exact_match", **card}
        (tmp_path / "task.json").write_text(json.dumps(whole), encoding="utf-8")
        for name, rows in (("train", train), ("test", test)):
            (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return tmp_path

    return write


def problems_of(path) -> list[str]:
    with pytest.raises(BenchmarkError) as caught:
        tasks.load(path)
    return [problem.split("/", 1)[1] for problem in caught.value.problems]


def test_every_shared_task_loads(shared_data):
    """All thirteen load, each with the rows that its card counts and answers in the form of its kind."""
    found = [tasks.load(path) for path in tasks.discover(shared_data)]
    assert len(found) == 13
    for task in found:
        for row in (*task.train, *task.test):
            assert bool(row.references) == (task.card.kind != "classification")
            assert not row.references or row.label == row.references[0]
            if task.card.kind == "extraction":
                assert isinstance(json.loads(row.label), dict)
    by_name = {task.card.name: task for task in found}
    assert by_name["snips_slots"].card.choices == ("intent",)
    assert max(len(row.references) for row in by_name["e2e_nlg"].test) > 2


def test_an_extraction_is_written_in_the_order_of_its_schema(folder):
    """However a target is ordered in its row, its answer is the one way to write it."""
    train = [{"text": "a", "target": {"time": "7 pm", "name": "Ünal"}}, {"text": "b", "target": {}}]
    task = tasks.load(folder("extraction", train, [{"text": "c", "target": {"name": "X"}}], schema=SLOTS))
    assert task.train[0].label == '{"name": "Ünal", "time": "7 pm"}'
    assert task.train[0].references == (task.train[0].label,)
    assert task.train[1].label == "{}"
    assert task.card.labels == ()


def test_schemas_in_short_form_become_json_schemas():
    """Slots are optional texts, intents decide which slots there are, and a schema itself is closed."""
    assert read_schema(SLOTS)["properties"] == {"name": {"type": "string"}, "time": {"type": "string"}}
    by_intent = read_schema(INTENTS)
    assert choices(by_intent) == ("intent",)
    assert [part["properties"]["intent"]["const"] for part in by_intent["anyOf"]] == ["book", "cancel"]
    deep = read_schema(DEEP)
    assert deep["additionalProperties"] is False
    assert deep["properties"]["lines"]["items"]["additionalProperties"] is False
    assert written({"lines": [{"what": "x"}], "total": 2}, deep) == '{"total": 2, "lines": [{"what": "x"}]}'
    assert form(by_intent) == (
        '{"intent": "book", "slots": {"name": ..., "time": ...}} or {"intent": "cancel", "slots": {"name": ...}}'
    )
    assert form(deep) == '{"total": 0.0, "paid": true | false, "lines": [{"what": ...}, ...]}'


def test_free_texts_of_a_schema_can_be_bounded():
    """Fields with fixed values and those with a length of their own stay as they are, at any depth."""
    schema = read_schema(
        {
            "type": "object",
            "properties": {
                "type": {"type": "string", "enum": ["a"]},
                "own": {"type": "string", "maxLength": 3},
                "deep": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "string"}}}},
            },
        }
    )
    found = bounded(schema, 9)["properties"]
    assert "maxLength" not in found["type"]
    assert found["own"]["maxLength"] == 3
    assert found["deep"]["items"]["properties"]["x"] == {"type": "string", "maxLength": 9}
    assert "maxLength" not in json.dumps(schema).replace('"maxLength": 3', "")
    assert list(texts({"a": ["x", {"b": "y"}], "c": 1})) == ["x", "y"]


def test_wrong_targets_are_named_with_their_lines(folder):
    """A field that the schema lacks, a wrong type, no object and no target at all: four lines."""
    train = [
        {"text": "a", "target": {"nmae": "x"}},
        {"text": "b", "target": {"name": 7}},
        {"text": "c", "target": "x"},
        {"text": "d"},
        {"text": "e", "target": {"name": "x"}},
        {"text": "E", "target": {"name": "y"}},
    ]
    found = problems_of(folder("extraction", train, [{"text": "f", "target": {}}], schema=SLOTS))
    assert len(found) == 5
    by_line = {problem.split(":")[0]: problem for problem in found}
    assert "'nmae' was unexpected" in by_line["train.jsonl line 1"]
    assert "7 is not of type 'string' (at $.name)" in by_line["train.jsonl line 2"]
    assert "field 'target': found a text; allowed: an object" in by_line["train.jsonl line 3"]
    assert "field 'target': found no such field" in by_line["train.jsonl line 4"]
    assert "contradicts line 5 (target" in by_line["train.jsonl line 6"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (None, "field 'schema' is not an object"),
        ({}, "has none of the forms that are known"),
        ({"slots": []}, "has none of the forms"),
        ({"type": "object"}, "names no field"),
        ({"type": "object", "properties": {"a": {"type": "strnig"}}}, "is not a JSON schema"),
        ({**INTENTS, "intent": ["book"]}, "'intent' and the keys of 'slots_by_intent' differ"),
        ({"slots_by_intent": {"book": "name"}}, "no list of names for 'book'"),
    ],
)
def test_wrong_schemas_are_named(folder, schema, words):
    """What is wrong with a card's schema stands in one line."""
    rows = [{"text": "a", "target": {}}]
    assert words in problems_of(folder("extraction", rows, [{"text": "b", "target": {}}], schema=schema))[0]


@pytest.mark.parametrize(
    ("kind", "metric", "card"),
    [
        ("extraction", "slot_micro_f1", {"schema": SLOTS}),
        ("extraction", "intent_accuracy", {"schema": INTENTS}),
        ("generation", "rouge_l", {}),
        ("qa", "exact_match_number", {}),
        ("summarization", "chrf", {}),
    ],
)
def test_metrics_belong_to_kinds(folder, kind, metric, card):
    """A kind takes its own metrics and refuses those of another."""
    target = {"intent": "book", "slots": {}} if metric == "intent_accuracy" else {} if card else "an answer"
    rows = [{"text": "a", "target": target}], [{"text": "b", "target": target}]
    assert tasks.load(folder(kind, *rows, metric=metric, **card)).card.metric == metric
    found = problems_of(folder(kind, *rows, metric="macro_f1", **card))
    assert "field 'metric': found 'macro_f1'" in found[0]
    assert metric in found[0]


def test_texts_may_have_several_references(folder):
    """The target comes first and once; an empty reference or target is a mistake."""
    train = [{"text": "a", "target": "x", "references": ["y", "x"]}, {"text": "b", "target": "z"}]
    task = tasks.load(folder("generation", train, [{"text": "c", "target": "z"}]))
    assert [row.references for row in task.train] == [("x", "y"), ("z",)]
    wrong = [{"text": "a", "target": " "}, {"text": "b", "target": "x", "references": ["y", ""]}]
    found = problems_of(folder("generation", wrong, [{"text": "c", "target": "z"}]))
    assert "field 'target': found an empty text" in found[0]
    assert "field 'references': allowed: a list of texts" in found[1]


def test_rows_with_their_own_answers_are_sampled_and_split(folder):
    """Subsets nest, and development rows are held out although no answer occurs twice."""
    train = [{"text": f"text {index}", "target": f"answer {index}"} for index in range(60)]
    task = tasks.load(folder("qa", train, [{"text": "c", "target": "z"}]))
    small, large = (nested_subset(task.train, size, 3) for size in (20, 50))
    assert large[:20] == small
    split = split_rows(task, 50, 0)
    assert (len(split.train), len(split.dev)) == (40, 10)
