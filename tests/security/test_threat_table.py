"""The table of attacks names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_attack_of_the_table_names_a_test_that_exists() -> None:
    """A row without a test file, or with one that was renamed, is a claim without proof."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    last = ""
    for attack, _, test, _ in rows:
        named = re.findall(r"`([\w/]+\.py)`", test) or ([last] if "the same" in test else [])
        assert named, attack
        for name in named:
            assert (ROOT / name).is_file() or (ROOT / "tests" / "security" / name).is_file(), name
        last = named[0]
