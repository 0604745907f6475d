"""A task as a folder: `task.json`, `train.jsonl` and `test.jsonl`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..records import Example, Task
from .card import CARD_FILE, CardFile, read_card
from .intake.hints import hints
from .intake.report import REPORT_FILE
from .intake.table import MOST_BYTES
from .json_text import decode, lines, parse
from .kinds import CLASSIFICATION
from .problems import Problems
from .rows import examples

ROW_FILES = ("train.jsonl", "test.jsonl")


def load(folder: str | Path) -> Task:
    """The task in `folder`, checked throughout. Raises BenchmarkError with every problem found."""
    folder = Path(folder)
    problems = Problems()
    contents = {name: _read(folder / name, name, problems) for name in (CARD_FILE, *ROW_FILES)}
    content = contents[CARD_FILE]
    found = CardFile() if content is None else read_card(content, folder.name, problems)
    fingerprint: dict[str, str] = {}
    splits: dict[str, tuple[Example, ...]] = {}
    for name in ROW_FILES:
        content = contents[name]
        if content is None:
            continue
        fingerprint[name] = hashlib.sha256(content).hexdigest()
        _compare_hash(name, fingerprint[name], found.pinned, problems)
        if found.card is not None:
            splits[name] = examples(name, lines(name, content, problems), found.card, found.extra, problems)
    blocked = _blocked(folder / REPORT_FILE, problems)
    if len(splits) == len(ROW_FILES) and not blocked:
        _compare_splits(splits, problems)
    problems.raise_if_any(folder.name)
    assert found.card is not None
    train, test = (splits[name] for name in ROW_FILES)
    if found.card.kind == CLASSIFICATION and not blocked:
        blocked = hints(*([(row.text, row.label) for row in rows] for rows in (train, test)))
    return Task(card=found.card, train=train, test=test, fingerprint=fingerprint, blocked=blocked)


def _blocked(path: Path, problems: Problems) -> tuple[str, ...]:
    """Why no verdict may rest on imported data, as its report says; nothing where there is no report."""
    if not path.is_file():
        return ()
    try:
        found = parse(decode(path.read_bytes()))["blocked"]
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    if isinstance(found, list) and all(isinstance(reason, str) for reason in found):
        return tuple(found)
    problems.add(REPORT_FILE, "is no data report of this version; import the data again")
    return ()


def _read(path: Path, name: str, problems: Problems) -> bytes | None:
    try:
        if path.exists() and not path.is_file():
            problems.add(name, "is no file; a device, a pipe or a folder is not read")
            return None
        if path.exists() and path.stat().st_size > MOST_BYTES:
            problems.add(name, f"holds {path.stat().st_size:,} bytes; allowed: at most {MOST_BYTES:,}")
            return None
        return path.read_bytes()
    except FileNotFoundError:
        problems.add(name, f"the file is missing; a task folder holds {CARD_FILE}, {ROW_FILES[0]} and {ROW_FILES[1]}")
    except OSError as error:
        problems.add(name, f"cannot be read: {error.strerror or error}")
    return None


def _compare_hash(name: str, found: str, pinned: Mapping[str, Any], problems: Problems) -> None:
    expected = pinned.get(name)
    if expected is not None and expected != found:
        problems.add(
            name,
            f"the file has changed: its SHA-256 is {found}, {CARD_FILE} pins {expected}; "
            f"restore the file, or update 'files' in {CARD_FILE} if the change is meant",
        )


def _compare_splits(splits: Mapping[str, Sequence[Example]], problems: Problems) -> None:
    train, test = (splits[name] for name in ROW_FILES)
    known = {row.id: row for row in train}
    for row in test:
        if row.id in known:
            shown = row.text if len(row.text) <= 60 else row.text[:57] + "..."
            problems.add(
                ROW_FILES[1], f"field 'text': {shown!r} is also in {ROW_FILES[0]}; remove it from one of the two"
            )
