"""What an uploaded file of examples answers by itself, and how a file that is none is refused."""

from __future__ import annotations

import json

import pytest

from advisor.errors import InputError
from advisor.intake.answers import parse
from advisor.intake.data_file import read_data
from advisor.knowledge.domain import Rulebook


def _lines(rows: list[dict[str, object]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_a_labelled_csv_answers_kind_classes_size_and_length(book: Rulebook) -> None:
    """Sixty rows with three labels are a classification; every answer is valid and says what it was derived from."""
    rows = "".join(f'"{"word " * 8}{i}";{"abc"[i % 3]}\r\n' for i in range(60))
    found = read_data(("Text;Label\r\n" + rows).encode("utf-8-sig"), "mine.csv")
    assert found.answers["task_kind"] == "classification"
    assert found.answers["class_count"] == 3
    assert found.answers["labelled_examples"] == found.rows == 60
    assert 9 <= found.answers["input_tokens"] <= 12
    assert set(found.derived) == set(found.answers)
    assert all(found.derived.values())
    assert set(parse(found.answers, book)) == set(found.answers)


def test_a_document_of_two_hundred_thousand_characters_is_read() -> None:
    """A long text is no fault of a file of examples, though the reader of project sheets refuses such a cell."""
    long = "word " * 40_000
    rows = "".join(f'"{long}{number}",{label}\n' for number, label in enumerate("ab" * 3))
    assert read_data(f"text,label\n{rows}".encode(), "long.csv").rows == 6


def test_objects_as_answers_are_an_extraction_and_free_texts_stay_open() -> None:
    """JSON lines with objects are an extraction; different free texts say nothing of the kind of task."""
    objects = read_data(_lines([{"text": f"t{i}", "target": {"day": i}} for i in range(30)]), "x.jsonl")
    assert objects.answers["task_kind"] == "extraction"
    texts = read_data(_lines([{"text": f"t{i}", "target": f"answer number {i}"} for i in range(30)]), "x.jsonl")
    assert "task_kind" not in texts.answers


def test_repeated_texts_tell_how_reliable_the_labels_are() -> None:
    """Texts that occur again with another label count against the labels; few repeats say nothing."""
    rows: list[dict[str, object]] = [
        {"text": f"t{i % 30}", "label": "a" if i < 30 or i % 2 else "b"} for i in range(60)
    ]
    assert read_data(_lines(rows), "x.jsonl").answers["label_quality"] == "poor"
    assert "label_quality" not in read_data(_lines(rows[:40]), "x.jsonl").answers


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b'{"text": "x"', b"\xff\xfe", b"text,label\n,\n", b'{"text": "x", "label": null}', b"[1]"],
)
def test_a_file_without_examples_is_refused(content: bytes) -> None:
    """Nothing that has no rows with a text and an answer is read as data."""
    with pytest.raises(InputError):
        read_data(content, "x")
