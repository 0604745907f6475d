"""Task folders are read strictly, and every mistake in one is reported at once."""

from __future__ import annotations

import hashlib
import json

import pytest

from benchmarks import tasks
from benchmarks.errors import BenchmarkError
from benchmarks.records import example_id

CARD = {
    "name": "mail",
    "kind": "classification",
    "description": "Mails to a shop.",
    "labels": ["order", "complaint"],
    "metric": {"primary": "accuracy", "also": ["macro_f1"]},
}
TRAIN = [{"text": "I want two", "label": "order"}, {"text": "It is broken", "label": "complaint"}]
TEST = [{"text": "One more please", "label": "order"}, {"text": "It never came", "label": "complaint"}]


@pytest.fixture
def folder(tmp_path):
    """Writes a task folder whose parts a test may replace; content may be rows or raw bytes."""

    def write(train=TRAIN, test=TEST, **card):
        (tmp_path / "task.json").write_text(json.dumps({**CARD, **card}), encoding="utf-8")
        for name, rows in (("train", train), ("test", test)):
            content = rows if isinstance(rows, bytes) else "".join(json.dumps(row) + "\n" for row in rows).encode()
            (tmp_path / f"{name}.jsonl").write_bytes(content)
        return tmp_path

    return write


def problems_of(path) -> list[str]:
    """The problems that loading reports."""
    with pytest.raises(BenchmarkError) as caught:
        tasks.load(path)
    assert caught.value.exit_status == 2
    return [problem.split("/", 1)[1] for problem in caught.value.problems]


def test_a_sound_folder_becomes_a_task(folder):
    """Card, rows with ids, and the SHA-256 of both row files."""
    path = folder(language="de", licence="CC0-1.0")
    task = tasks.load(path)
    assert (task.card.name, task.card.language, task.card.metric) == ("mail", "de", "accuracy")
    assert task.card.labels == ("order", "complaint")
    assert [(row.text, row.label) for row in task.train] == [(row["text"], row["label"]) for row in TRAIN]
    assert task.test[0].id == example_id("One more please")
    expected = {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in ("train.jsonl", "test.jsonl")}
    assert task.fingerprint == expected


def test_every_mistake_is_reported_at_once(folder):
    """Bad JSON, a wrong label, an empty text, an unknown field and a text in both splits: five lines with places."""
    train = b"\n".join(
        [
            b'{"text": "I want two", "label": "order"}',
            b'{"text": "It is broken", "label": "complaint"',
            b'{"text": "Where is it", "label": "question"}',
            b'{"text": "  ", "label": "order"}',
            b'{"text": "Late again", "lable": "complaint", "label": "complaint"}',
        ]
    )
    test = [*TEST, {"text": "i  WANT two", "label": "order"}]
    found = problems_of(folder(train=train, test=test))
    assert len(found) == 5
    assert found[0].startswith("train.jsonl line 2: is not JSON")
    assert found[1] == "train.jsonl line 3: field 'label': found 'question'; allowed: 'order', 'complaint'"
    assert found[2].startswith("train.jsonl line 4: field 'text': found an empty text")
    assert found[3].startswith("train.jsonl line 5: unknown field 'lable'")
    assert found[4].startswith("test.jsonl: field 'text': 'i  WANT two' is also in train.jsonl")


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"kind": "poetry"}, "the kind 'poetry' is unknown; allowed: classification, extraction, generation, qa"),
        ({"labels": ["order"]}, "field 'labels': found 1 label(s)"),
        ({"labels": ["order", "complaint", "Order"]}, "'Order' occurs more than once"),
        ({"labels": "order"}, "field 'labels': found a text"),
        ({"labels": ["order", "complaint", " "]}, "is empty or has blanks"),
        ({"metric": {"primary": "rouge_l"}}, "field 'metric': found 'rouge_l'"),
        ({"metric": "f1_of_spam"}, "field 'metric': found 'f1_of_spam'"),
        ({"metric": None}, "field 'metric': found nothing"),
        ({"description": None}, "field 'description' is missing"),
        ({"description": 7}, "field 'description': found the number 7"),
        ({"files": {"train.jsonl": {"sha256": "00"}}}, "train.jsonl: the file has changed"),
        ({"files": ["train.jsonl"]}, "field 'files'"),
        ({"extra_fields": 3}, "field 'extra_fields'"),
    ],
)
def test_cards_are_checked(folder, card, words):
    """Each wrong field of the card is named with what was found and what is allowed."""
    assert any(words in problem for problem in problems_of(folder(**card)))


def test_missing_files_are_all_named(tmp_path):
    """An empty folder lacks three files."""
    found = problems_of(tmp_path)
    assert [problem.split(":")[0] for problem in found] == ["task.json", "train.jsonl", "test.jsonl"]


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (b'{"text": "caf\xe9", "label": "order"}\n', "is not UTF-8: found byte 0xe9 in line 1"),
        (b'\xef\xbb\xbf{"text": "a", "label": "order"}\n', "byte order mark"),
        (b"", "holds no row"),
        (b'["I want two", "order"]\n', "line 1: found a list"),
        (b'{"text": "a", "text": "b", "label": "order"}\n', "the key 'text' occurs twice"),
        (b'{"text": "\\ud800 a", "label": "order"}\n', "half a surrogate pair"),
        (b'{"text": 5, "label": "order"}\n', "field 'text': found the number 5"),
        (b'{"label": "order"}\n', "field 'text': found no such field"),
        (b'{"text": "a", "label": ["order"]}\n', "field 'label': found ['order']"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"text": "a", "label": "order"}\n{"text": "b", "label": "order"}\n', "every row has the label 'order'"),
    ],
)
def test_rows_are_checked(folder, train, words):
    """Encodings, shapes, duplicates and one-sided files are refused with their place."""
    assert any(words in problem for problem in problems_of(folder(train=train)))


def test_repeated_and_contradicting_rows_name_both_lines(folder):
    """The same text twice is a repeat; with another label it is a contradiction."""
    train = [*TRAIN, {"text": "i want  TWO", "label": "order"}, {"text": "It is broken", "label": "order"}]
    found = problems_of(folder(train=train))
    assert "train.jsonl line 3: field 'text': repeats line 1" in found[0]
    assert "train.jsonl line 4: field 'text': contradicts line 2 (label 'complaint' there, 'order' here)" in found[1]


def test_a_flood_of_mistakes_is_counted_not_printed(folder):
    """Twenty lines of a file are shown, the rest is a number."""
    found = problems_of(folder(train=[{"text": f"text {index}", "label": "x"} for index in range(500)]))
    assert len(found) == 21
    assert "480 more problems" in found[-1]


def test_extra_fields_are_allowed_by_name(folder):
    """A field that the card names under extra_fields is ignored."""
    train = [{**row, "source": "web"} for row in TRAIN]
    assert len(tasks.load(folder(train=train, extra_fields=["source"])).train) == 2


def test_line_separators_inside_a_text_do_not_end_a_row(folder):
    """U+2028 and the next-line character are part of a text."""
    train = [*TRAIN, {"text": "first\u2028second\u0085third", "label": "order"}]
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in train).encode()
    assert len(tasks.load(folder(train=content)).train) == 3


def test_find_takes_a_folder_or_a_sample_name(folder, monkeypatch, tmp_path):
    """A folder path wins, a sample's name resolves beside the package, anything else lists the samples."""
    path = folder()
    assert tasks.find(str(path)) == path
    samples = tmp_path / "samples"
    (samples / "desk").mkdir(parents=True)
    (samples / "desk" / "task.json").write_text("{}")
    monkeypatch.setattr(tasks, "SAMPLES", samples)
    assert tasks.find("desk") == samples / "desk"
    assert tasks.discover() == [samples / "desk"]
    for wrong in ("dest", "../samples/nothing"):
        with pytest.raises(BenchmarkError, match="samples: desk"):
            tasks.find(wrong)
