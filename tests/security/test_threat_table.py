"""The table of attacks names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def test_every_attack_and_fault_names_tests_that_exist() -> None:
    """A row without a test, or with one that was renamed or lost, is a claim without proof."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0].strip() not in {"attack", "fault"}]
    assert len(rows) > 45
    last = ""
    for attack, answer, test, result in rows:
        named = NAMED.findall(test) or ([(last, "")] if "the same" in test else [])
        assert named and answer.strip() and result.strip() == "passes", attack
        for name, function in named:
            found = [path for path in (ROOT / name, ROOT / "tests" / "security" / name) if path.is_file()]
            assert found, name
            assert f"def {function}(" in found[0].read_text(encoding="utf-8") or not function, f"{name}::{function}"
        last = named[0][0]
