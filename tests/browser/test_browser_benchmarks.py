"""Benchmarks in a real browser: started, watched over a reload, cancelled."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
MINUTE = 60_000


def _look_and_start(visitor: Any, seeds: str) -> None:
    visitor.open("benchmarks")
    visitor.arrive("Benchmarks")
    visitor.page.get_by_role("textbox", name="Seeds").fill(seeds)
    visitor.page.get_by_role("textbox", name="Seeds").press("Tab")
    visitor.settle()
    visitor.page.get_by_role("button", name="Look before starting").click()
    visitor.page.get_by_text("will probably not show").wait_for(timeout=MINUTE)
    visitor.page.get_by_role("button", name="Start the benchmark").click()


@pytest.mark.slow
def test_a_benchmark_goes_on_over_a_reload_and_its_result_is_seen(visitor: Any) -> None:
    """The smallest difference stands there before the start; after a reload the run is still there and ends."""
    _look_and_start(visitor, "0")
    visitor.page.get_by_text("cells done").first.wait_for(timeout=MINUTE)
    visitor.page.reload()
    visitor.settle()
    expect(visitor.page.get_by_text("4 of 4 cells done")).to_be_visible(timeout=2 * MINUTE)
    visitor.page.get_by_role("heading", name="Results").wait_for(timeout=2 * MINUTE)
    frame = visitor.page.frame_locator("iframe").last
    frame.get_by_text("linear").first.wait_for(timeout=MINUTE)
    assert visitor.strangers() == [] and visitor.errors == []


@pytest.mark.slow
def test_a_running_benchmark_is_cancelled(visitor: Any) -> None:
    """It stops short of its plan and says that it was cancelled."""
    _look_and_start(visitor, ",".join(str(seed) for seed in range(30)))
    visitor.page.get_by_text(re.compile(r"of 120 cells done")).wait_for(timeout=2 * MINUTE)
    visitor.page.get_by_role("button", name="Cancel", exact=True).click()
    visitor.page.get_by_text("cancelled").wait_for(timeout=2 * MINUTE)
