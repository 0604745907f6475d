"""The page of saved assessments, and what the page of benchmarks lets through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor.errors import InputError
from advisor.store import Store
from advisor.ui import account, benching

SPEC = {"arms": "majority", "train-sizes": "16", "seeds": "0"}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own."""
    monkeypatch.setenv("ADVISOR_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("ADVISOR_DATABASE_URL", raising=False)
    monkeypatch.delenv(benching.FOLDERS_VARIABLE, raising=False)
    monkeypatch.setattr(benching, "samples", lambda: ("pennowick_support",))
    account.store.clear()
    return tmp_path


def _page() -> None:
    from advisor.ui.pages import saved

    saved.draw({})


def test_saving_twice_makes_two_versions_whose_difference_is_shown(data: Path) -> None:
    """A changed answer is a second version; opening it shows the question with both answers."""
    from streamlit.testing.v1 import AppTest

    app: Any = AppTest.from_function(_page, default_timeout=60)
    app.session_state["answers"] = {"task_kind": "classification", "labelled_examples": 500}
    app.run()
    app.text_input(key="saved-name").input("Triage").run()
    app.button(key="saved-save").click().run()
    app.session_state["answers"] = {"task_kind": "classification", "labelled_examples": 900}
    app.run()
    app.button(key="saved-version").click().run()
    assert not app.exception and not app.error
    (each,) = Store.open().search("", "triage")
    assert (each.name, each.number) == ("Triage", 2)
    assert app.expander[0].label.startswith("Triage")
    assert "2 versions" in app.expander[0].label
    app.text_input(key="saved-search").input("nowhere").run()
    assert not app.expander and "No saved assessment contains this." in [note.value for note in app.info]


@pytest.mark.parametrize("task", ["../../etc", "/etc", "pennowick_support/..", "--endpoint=http://x", ""])
def test_only_samples_opened_folders_and_own_uploads_are_read(data: Path, task: str) -> None:
    """A path of another kind is refused before any command sees it."""
    with pytest.raises(InputError, match="your own upload"):
        benching.check({**SPEC, "task": task}, "ann")


def test_an_upload_is_its_owners_alone_and_its_name_leads_nowhere(data: Path) -> None:
    """The file lies under the data folder whatever it was called, and another owner cannot name it."""
    path = benching.keep_upload(b"text,label\na,b\n", "../../../evil.csv", "ann")
    assert path.is_relative_to(data / "uploads") and path.read_bytes() == b"text,label\na,b\n"
    benching.check({**SPEC, "task": str(path)}, "ann")
    with pytest.raises(InputError, match="your own upload"):
        benching.check({**SPEC, "task": str(path)}, "bob")


def test_uploads_of_other_kinds_and_sizes_are_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what is allowed, and nothing is written."""
    with pytest.raises(InputError, match=r"\.csv"):
        benching.keep_upload(b"x", "run.sh", "ann")
    monkeypatch.setattr(benching, "UPLOAD_BYTES", 3)
    with pytest.raises(InputError, match="up to 3"):
        benching.keep_upload(b"four", "a.csv", "ann")
    assert not (data / "uploads").exists()


def test_a_run_of_too_many_cells_is_refused(data: Path) -> None:
    """Approaches times sizes times seeds is bounded."""
    seeds = ",".join(str(seed) for seed in range(201))
    with pytest.raises(InputError, match="201"):
        benching.check({**SPEC, "task": "pennowick_support", "seeds": seeds}, "ann")


def test_folders_that_the_operator_opened_can_be_chosen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task folder in them is offered by name."""
    (data / "tasks" / "mine").mkdir(parents=True)
    (data / "tasks" / "mine" / "task.json").write_text("{}")
    monkeypatch.setenv(benching.FOLDERS_VARIABLE, str(data / "tasks"))
    assert benching.allowed_folders() == {"mine": data / "tasks" / "mine"}
    benching.check({**SPEC, "task": str(data / "tasks" / "mine")}, "ann")
