"""Rows of a small made-up support desk, and files made of them, for the tests of a user's own data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

ANIMALS = ("otter", "heron", "badger", "lynx", "stoat", "marten", "curlew", "plover", "newt", "shrew")
PLACES = ("in the attic", "behind the mill", "near the quay", "under the bridge", "at the depot", "by the orchard")
LABELS = ("complaint", "praise")


def rows(count: int = 60, start: int = 0) -> list[tuple[str, str]]:
    """Texts that are all far from each other, with two labels in turn."""
    found = []
    for number in range(start, start + count):
        animal, place = ANIMALS[number % 10], PLACES[number // 10 % 6]
        verb = ("broke", "fixed")[number % 2]
        tail = f"{chr(97 + number % 26)}{number} and {chr(97 + number // 26 % 26)}{number * 7} were seen"
        found.append((f"The {animal} {verb} item {number} {place}, where {tail}", LABELS[number % 2]))
    return found


def as_csv(pairs: Sequence[tuple[str, str]], header: Sequence[str] = ("text", "label"), delimiter: str = ",") -> str:
    """The rows as CSV."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(pairs)
    return stream.getvalue()


def as_jsonl(pairs: Sequence[tuple[str, str]]) -> str:
    """The rows as JSONL."""
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in pairs)


def write_file(path: Path, content: str | bytes) -> Path:
    """A file with that content, in UTF-8 if it is a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def write_parquet(
    path: Path, pairs: Sequence[tuple[object, object]], columns: Sequence[str] = ("text", "label")
) -> Path:
    """The rows as Parquet."""
    import pyarrow
    import pyarrow.parquet

    texts, labels = zip(*pairs, strict=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table({columns[0]: list(texts), columns[1]: list(labels)}), path)
    return path
