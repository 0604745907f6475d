"""The app as Streamlit's own test runner runs it: no server, no browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = Path(__file__).resolve().parents[3] / "advisor" / "ui" / "entry" / "script.py"


class App:
    """One session of the app."""

    def __init__(self) -> None:
        self.at = AppTest.from_file(SCRIPT, default_timeout=60)
        self.at.run()

    @property
    def answers(self) -> dict[str, Any]:
        """The session's answers."""
        return dict(self.at.session_state["answers"])

    def start_with(self, answers: Mapping[str, Any]) -> App:
        """The same session with these answers."""
        self.at.session_state["answers"] = dict(answers)
        return self

    def go(self, slug: str) -> AppTest:
        """The page at an address."""
        found = [key for key, info in self.at._registered_pages.items() if info.get("url_pathname", "") == slug]
        self.at._page_hash = found[0]
        return self.at.run()

    def choose(self, field: str, value: Any) -> None:
        """Sets the widget of a question and lets the page run again."""
        self.at.get_by_key(f"w:{field}").set_value(value)
        self.at.run()


@pytest.fixture
def app() -> App:
    """A fresh session on the start page."""
    return App()


@pytest.fixture(scope="module")
def shared_app() -> App:
    """One session for many cases; each puts its own answers in."""
    return App()


def _arm(arm: str, approach: str, value: float) -> dict[str, Any]:
    metric = {
        "name": "accuracy",
        "value": value,
        "low": value - 0.04,
        "high": value + 0.04,
        "n": 300,
        "method": "wilson",
    }
    return {"arm": arm, "approach": approach, "train_size": 64, "n_seeds": 1, "metric": metric, "seconds_per_item": 0.1}


@pytest.fixture
def measured() -> dict[str, Any]:
    """The result of a benchmark run in which tuning won."""
    return {
        "schema": "advisor/measurement/1",
        "created_at": "2026-11-22T10:00:00Z",
        "status": "complete",
        "task": {"name": "harbour-mail", "metric": "accuracy"},
        "model": {"name": "a small model"},
        "arms": [_arm("few_shot", "prompting", 0.71), _arm("lora", "fine_tuning", 0.93)],
        "best": {
            "prompting": {"arm": "few_shot", "train_size": 64},
            "fine_tuning": {"arm": "lora", "train_size": 64},
        },
        "comparisons": [
            {
                "a": "lora",
                "b": "few_shot",
                "train_size": 64,
                "difference": 0.22,
                "low": 0.16,
                "high": 0.28,
                "n": 300,
                "method": "paired bootstrap",
            }
        ],
    }
