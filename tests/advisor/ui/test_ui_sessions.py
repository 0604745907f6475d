"""Two people at one server: what one of them says and loads reaches no page of the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

CANARY = "canary-of-ann-81c2"
PAGES = ("result", "check", "compare", "rules", "record", "portfolio")


def _shown(at: Any) -> str:
    """Everything that a page says, tables and error messages included."""
    return "\n".join(str(getattr(node, "proto", "")) for part in (at.main, at.sidebar) for node in part)


def test_one_session_shows_nothing_of_another(
    app: Any, shared_app: Any, measured: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann's answers and measurement fill the caches first; Bob's pages, opened afterwards, hold no word of them."""
    from advisor.ui.pages import rules

    counted = []
    monkeypatch.setattr(rules, "coverage", lambda engine, count: counted.append(engine) or _nothing(count))
    rules._covered.clear()
    ann, bob = app, shared_app
    ann.start_with({"task_kind": "classification", "labelled_examples": 4321})
    ann.go("result")
    told = json.dumps({**measured, "task": {"name": CANARY, "metric": "accuracy"}}).encode()
    ann.at.file_uploader(key="upload-measurement").upload("result.json", told).run()
    assert ann.at.session_state["measurement"].task == CANARY
    seen = "".join(_shown(ann.go(page)) for page in PAGES)
    assert CANARY in seen
    ann.go("rules").toggle(key="rules-coverage").set_value(True).run()
    bob.start_with({"task_kind": "classification"})
    for page in PAGES:
        at = bob.go(page)
        assert not at.exception
        assert CANARY not in _shown(at) and "4,321" not in _shown(at), page
    assert "measurement" not in bob.at.session_state
    bob.go("rules").toggle(key="rules-coverage").set_value(True).run()
    assert [engine.measurement for engine in counted] == [None]  # shared, so counted without anyone's measurement


def _nothing(count: int) -> Any:
    from advisor.reasoning.coverage import Coverage

    return Coverage(count, 0, {}, {}, {}, {}, {}, (), ())
