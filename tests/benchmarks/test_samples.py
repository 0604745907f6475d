"""The shipped sample task is what its card says it is."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from benchmarks import tasks

FOLDER = tasks.SAMPLES / "pennowick_support"
SPLITS = ("train", "test")


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    """The card as it stands in the file."""
    return dict(json.loads((FOLDER / "task.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, str]]]:
    """The rows of both splits, read without the loader under test elsewhere."""
    return {
        split: [json.loads(line) for line in _path(split).read_text(encoding="utf-8").split("\n") if line]
        for split in SPLITS
    }


def _path(split: str) -> Path:
    return FOLDER / f"{split}.jsonl"


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def test_the_loader_accepts_the_sample_by_its_name() -> None:
    """A newcomer can name the sample without knowing where it lies, and it loads without a complaint."""
    assert FOLDER in tasks.discover()
    task = tasks.load(tasks.find("pennowick_support"))
    assert task.card.name == FOLDER.name
    assert task.card.metric == "accuracy"


def test_the_sample_is_large_enough_to_be_run(card: dict[str, Any], rows: dict[str, list[dict[str, str]]]) -> None:
    """There are at least 300 messages and at least eight queues, as many as the card says."""
    assert sum(len(split) for split in rows.values()) >= 300
    assert len(card["labels"]) >= 8
    assert card["n_classes"] == len(card["labels"])
    assert card["n_rows"] == {split: len(rows[split]) for split in SPLITS}


@pytest.mark.parametrize("split", SPLITS)
def test_the_card_pins_the_files(card: dict[str, Any], split: str) -> None:
    """Rows, bytes and SHA-256 in the card are those of the files."""
    content = _path(split).read_bytes()
    pinned = card["files"][f"{split}.jsonl"]
    found = {"rows": content.count(b"\n"), "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert pinned == found


def test_no_message_occurs_twice(rows: dict[str, list[dict[str, str]]]) -> None:
    """Ignoring case, spacing and punctuation, no text repeats, within a split or across the two."""
    seen = Counter(" ".join(_words(row["text"])) for split in SPLITS for row in rows[split])
    assert [text for text, times in seen.items() if times > 1] == []


def test_no_training_message_gives_a_test_message_away(rows: dict[str, list[dict[str, str]]]) -> None:
    """No training message shares 80 % or more of its words with a test message."""
    train, test = ([set(_words(row["text"])) for row in rows[split]] for split in SPLITS)
    near = [(a, b) for a, b in product(train, test) if len(a & b) >= 0.8 * len(a | b)]
    assert near == []


@pytest.mark.parametrize("split", SPLITS)
def test_every_queue_is_in_both_splits(card: dict[str, Any], rows: dict[str, list[dict[str, str]]], split: str) -> None:
    """Each queue has between 6 and 15 % of a split, and no row has a label that the card does not know."""
    shares = {label: times / len(rows[split]) for label, times in Counter(r["label"] for r in rows[split]).items()}
    assert set(shares) == set(card["labels"])
    assert min(shares.values()) >= 0.06
    assert max(shares.values()) <= 0.15


def test_the_messages_differ_in_length(rows: dict[str, list[dict[str, str]]]) -> None:
    """Messages run from a few words to sixty, as people write them."""
    lengths = sorted(len(row["text"].split()) for split in SPLITS for row in rows[split])
    assert lengths[0] >= 4
    assert lengths[-1] <= 60
    assert lengths[len(lengths) // 10] <= 10
    assert lengths[-len(lengths) // 20] >= 30


def test_the_description_defines_every_queue(card: dict[str, Any]) -> None:
    """What a model is shown names and defines all queues, in the words of the card's list."""
    assert list(card["label_descriptions"]) == card["labels"]
    for label, definition in card["label_descriptions"].items():
        assert f"{label}: {definition}" in card["description"]


def test_the_card_says_how_the_sample_was_made(card: dict[str, Any]) -> None:
    """The licence is CC0, and the card owns up to the help of a language model."""
    assert card["licence"] == "CC0-1.0"
    assert "language model" in card["source"]["how_made"]
    assert "CC0" in (FOLDER / "README.md").read_text(encoding="utf-8")
