"""The documented format is the written format."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ring_fakes import ARMS, Failing, fake_ring, write_task

from benchmarks.runs import read_wish, run

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "measurement-format.md"


def keys_of(value: object) -> set[str]:
    """The keys of an object and of the objects in it, without those that are data (files, packages)."""
    if isinstance(value, list):
        return set().union(*(keys_of(item) for item in value))
    if not isinstance(value, dict):
        return set()
    closed = {"data", "settings", "fit", "facts", "packages", "variables", "thread_pools"}
    inner = {key: item for key, item in value.items() if key not in closed}
    return set(value) | set().union(*(keys_of(item) for item in inner.values()), set())


def test_every_written_key_is_documented(tmp_path):
    """No key of plan.json, result.json or a cell is missing from docs/measurement-format.md."""
    task = write_task(tmp_path / "desk")
    wish = read_wish(tuple(ARMS), train_sizes="40", model="tiny")
    finished = run(str(task), wish, out=tmp_path / "r", ring=fake_ring(tmp_path / "log", {"hybrid": Failing}))
    files = [finished.path / "plan.json", finished.path / "result.json", *(finished.path / "cells").glob("*.json")]
    written = set().union(*(keys_of(json.loads(file.read_text(encoding="utf-8"))) for file in files))
    text = re.sub(r"```.*?```", "", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)
    documented = set(re.findall(r"[A-Za-z_0-9]+", " ".join(re.findall(r"`([^`]+)`", text))))
    assert written - documented == set()
