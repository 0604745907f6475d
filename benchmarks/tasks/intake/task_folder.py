"""An imported task as a task folder, so that everything that reads tasks reads it too."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from ...records import Example, Task, digest
from ..card import CARD_FILE
from ..kinds import CLASSIFICATION, EXTRACTION
from .report import REPORT_FILE, DataReport


def write(task: Task, report: DataReport, under: Path) -> Path:
    """The folder `under`/NAME-DIGEST with card, rows and data report; the same data give the same folder.

    The folder appears whole or not at all. `task` needs no fingerprint.
    """
    splits = {"train.jsonl": task.train, "test.jsonl": task.test}
    contents = {name: _rows(rows, task.card.kind).encode("utf-8") for name, rows in splits.items()}
    card = _card(task, {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})
    contents[CARD_FILE] = _json(card)
    contents[REPORT_FILE] = _json(report.as_json())
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", task.card.name).strip("-.") or "data"
    name = f"{slug}-{digest([content.decode('utf-8') for content in contents.values()])[:12]}"
    folder = under / name
    if folder.is_dir() and all(_holds(folder / file, content) for file, content in contents.items()):
        return folder
    temporary = under / f".{name}.{os.getpid()}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for file, content in contents.items():
        (temporary / file).write_bytes(content)
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)
    return folder


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _rows(rows: tuple[Example, ...], kind: str) -> str:
    key = "label" if kind == CLASSIFICATION else "target"
    return "".join(
        json.dumps(
            {"text": row.text, key: json.loads(row.label) if kind == EXTRACTION else row.label}, ensure_ascii=False
        )
        + "\n"
        for row in rows
    )


def _card(task: Task, hashes: dict[str, str]) -> dict[str, Any]:
    card = task.card
    answers: dict[str, Any] = {"labels": list(card.labels)} if card.kind == CLASSIFICATION else {}
    if card.kind == EXTRACTION:
        answers = {"schema": card.schema}
    return {
        "name": card.name,
        "kind": card.kind,
        "language": card.language,
        "description": card.description,
        **answers,
        "metric": {"primary": card.metric},
        "files": {name: {"sha256": value} for name, value in hashes.items()},
    }
