"""Beside the verdict: shifted texts, what tuning forgot, and what a month takes at a stated volume."""

from __future__ import annotations

import json

import pytest
from ring_fakes import ARMS, Keywords, fake_ring, write_task

from benchmarks.errors import BenchmarkError
from benchmarks.runs import read_wish, resume, run
from benchmarks.runs.bill import Volume, bill, read_volume
from benchmarks.runs.page import write_page
from benchmarks.runs.shifts import SHIFTS, shifted
from benchmarks.runs.table import table


class Forgetful(Keywords):
    """A tuned arm that says what it still knows."""

    def remembered(self):
        """Half of what it knew."""
        return {"n": 8, "base": {"matched": 1.0, "nats": -2.0}, "tuned": {"matched": 0.5, "nats": -4.0}}


@pytest.fixture
def checked(tmp_path):
    """A run with checks, on a task whose labels hang on words in small letters."""
    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny", checks=True)
    ring = fake_ring(tmp_path / "log", {"lora": Forgetful})
    return run(str(write_task(tmp_path / "desk")), wish, out=tmp_path / "run", ring=ring), ring


def test_a_shift_keeps_the_words_that_carry_meaning_and_is_the_same_every_time():
    """Each shift changes the text, twice in the same way; casing and length keep every word of it."""
    text = "The replacement battery stopped charging yesterday evening after twenty minutes"
    for shift in SHIFTS:
        changed = shifted(text, shift, "a")
        assert changed == shifted(text, shift, "a")
        assert changed != text
    assert shifted(text, "casing", "a").lower() == text.lower()
    assert text in shifted(text, "length", "a")
    assert sum(a != b for a, b in zip(shifted(text, "typos", "a").split(), text.split(), strict=True)) <= 4


def test_checks_are_recorded_per_cell_and_shown(checked, tmp_path):
    """Keyword arms lose on shouted texts and nowhere else; the forgetful arm's loss stands in table and page."""
    finished, _ = checked
    entries = {entry["arm"]: entry for entry in finished.result["arms"]}
    linear = entries["linear"]["shift"]
    assert linear["casing"] < min(linear["plain"], linear["length"])
    assert linear["n"] == 48
    assert entries["lora"]["memory"]["tuned"]["matched"] == 0.5
    assert "memory" not in entries["linear"]
    assert "lora, 16 examples: 50% matched instead of 100%" in table(finished.result)
    write_page(tmp_path / "page.html", [(str(finished.path), finished.result)], Volume(1000, 2.0))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Shifted texts and forgetting" in page and "A month of 1,000 requests" in page


def test_a_run_with_checks_is_another_run_and_resumes_as_itself(checked, tmp_path):
    """Cells with checks have ids of their own; resuming needs no word about checks and runs nothing again."""
    finished, ring = checked
    plain = run(
        str(tmp_path / "desk"), read_wish(tuple(ARMS), train_sizes="16", model="tiny"), out=tmp_path / "p", ring=ring
    )
    assert not set(plain.ran) & set(finished.ran)
    assert "shift" not in json.dumps(plain.result)
    assert resume(finished.path, ring=ring).ran == ()


def test_a_months_bill_is_arithmetic_on_what_was_measured():
    """Hours are seconds times requests, training once; a price that was not stated leaves no dollars."""
    entry = {"seconds_per_item": 0.036, "fit_seconds": 1800, "tokens_per_item": 50}
    assert bill(entry, Volume(100_000, 2.0)) == {
        "hours": pytest.approx(1.0),
        "fit_hours": 0.5,
        "million_tokens": 5.0,
        "usd_by_hours": pytest.approx(3.0),
        "usd_by_tokens": None,
    }
    assert read_volume(None, None, None) is None
    with pytest.raises(BenchmarkError) as raised:
        read_volume(None, "cheap", None)
    assert len(raised.value.problems) == 2
