"""Drafts and saved assessments: versions, search, diff, owners and shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.store import Store, data_folder, default_url
from advisor.store.engine import journal_mode


def test_a_draft_comes_back_by_its_cookie_and_the_last_one_counts(store: Store) -> None:
    """What is saved under a key replaces what was there; another key finds nothing."""
    store.save_draft("cookie", {"task_kind": "classification"})
    store.save_draft("cookie", {"labelled_examples": {"low": 1, "likely": 2, "high": 3}})
    assert store.load_draft("cookie") == {"labelled_examples": {"low": 1, "likely": 2, "high": 3}}
    assert store.load_draft("another") is None


def test_the_file_does_not_hold_the_cookie_itself(tmp_path: Path) -> None:
    """Who reads the database cannot take over a session."""
    opened = Store.open(f"sqlite:///{tmp_path / 'a.db'}")
    opened.save_draft("secret-cookie-value", {"name": "x"})
    opened.close()
    assert b"secret-cookie-value" not in (tmp_path / "a.db").read_bytes()


def test_old_drafts_are_forgotten(url: str) -> None:
    """A draft that nobody touched for the days given goes; a younger one stays."""
    now = [0.0]
    opened = Store.open(url, clock=lambda: now[0])
    opened.save_draft("old", {"name": "a"})
    now[0] = 10 * 86400
    opened.save_draft("young", {"name": "b"})
    assert opened.forget_drafts(older_than_days=5) == 1
    assert (opened.load_draft("old"), opened.load_draft("young")) == (None, {"name": "b"})
    opened.close()


def test_every_saving_is_a_version_and_two_versions_can_be_compared(store: Store) -> None:
    """The first stays as it was; the diff names the fields that changed, came and went."""
    first = store.save_assessment("", "Triage", {"a": 1, "b": 2}, verdict="prompting", advice={"score": 1})
    second = store.save_assessment("", "Triage", {"a": 1, "b": 3, "c": 4}, assessment=first.assessment)
    assert [version.number for version in store.versions(first.assessment, "")] == [1, 2]
    assert store.get(first.assessment, "", 1).advice == {"score": 1}
    assert store.get(first.assessment, "").answers == dict(second.answers)
    assert store.diff(first.assessment, "", 1, 2) == {"b": (2, 3), "c": (None, 4)}


def test_the_same_answers_again_make_no_new_version(store: Store) -> None:
    """Saving twice is saving once."""
    first = store.save_assessment("", "Triage", {"a": 1})
    again = store.save_assessment("", "Triage", {"a": 1}, assessment=first.assessment)
    assert again.number == 1


def test_search_finds_by_name_answer_and_verdict_newest_first_and_takes_signs_literally(url: str) -> None:
    """All words must be found somewhere; a percent sign is a percent sign."""
    now = [0.0]
    opened = Store.open(url, clock=lambda: now[0])
    for name, answers, verdict in [
        ("Invoices", {"task_kind": "extraction"}, "prompting"),
        ("Triage 50%", {"task_kind": "classification"}, "hybrid"),
    ]:
        now[0] += 1
        opened.save_assessment("", name, answers, verdict=verdict)
    found = {text: [each.name for each in opened.search("", text)] for text in ("", "invo", "EXTRACT", "50%", "%")}
    assert found[""] == ["Triage 50%", "Invoices"]
    assert found["invo"] == found["EXTRACT"] == ["Invoices"]
    assert found["50%"] == found["%"] == ["Triage 50%"]
    assert opened.search("", "hybrid invoices") == []
    opened.close()


def test_owners_see_their_own_and_what_was_shared_and_only_owners_change(store: Store) -> None:
    """A share opens reading; it never opens writing, deleting or sharing on."""
    saved = store.save_assessment("ann", "Triage", {"a": 1})
    assert store.search("bob") == [] and store.versions(saved.assessment, "bob") == []
    store.share(saved.assessment, "ann", "bob")
    store.share(saved.assessment, "ann", "bob")
    assert [each.owner for each in store.search("bob")] == ["ann"]
    assert store.get(saved.assessment, "bob").answers == {"a": 1}
    assert store.search("eve") == []
    for attempt in (
        lambda: store.save_assessment("bob", "Mine now", {"a": 2}, assessment=saved.assessment),
        lambda: store.delete_assessment(saved.assessment, "bob"),
        lambda: store.share(saved.assessment, "bob", "eve"),
    ):
        with pytest.raises(InputError):
            attempt()
    store.unshare(saved.assessment, "ann", "bob")
    assert store.search("bob") == []


def test_deleting_takes_versions_and_shares_along(store: Store) -> None:
    """Nothing of a deleted assessment is left."""
    saved = store.save_assessment("ann", "Triage", {"a": 1})
    store.share(saved.assessment, "ann", "bob")
    store.delete_assessment(saved.assessment, "ann")
    with pytest.raises(InputError):
        store.get(saved.assessment, "ann")
    with store.engine.connect() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in ("versions", "shares")
        ]
    assert counts == [0, 0]


@pytest.mark.parametrize("url_", ["nonsense", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_an_address_of_another_kind_is_refused_with_what_is_allowed(url_: str) -> None:
    """Only a file of SQLite and PostgreSQL are allowed, and the message says so without repeating a password."""
    with pytest.raises(InputError, match="sqlite:///FILE or postgresql://"):
        Store.open(url_)


def test_the_journal_follows_the_linked_sqlite() -> None:
    """WAL only in releases that have the correction of its reset race."""
    assert [journal_mode(version) for version in [(3, 40, 1), (3, 44, 5), (3, 50, 6), (3, 51, 2)]] == ["TRUNCATE"] * 4
    assert [journal_mode(version) for version in [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 0)]] == ["WAL"] * 4


def test_the_folder_and_the_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ADVISOR_DATA_DIR moves the folder with the SQLite file in it; ADVISOR_DATABASE_URL names another database."""
    monkeypatch.setenv("ADVISOR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("ADVISOR_DATABASE_URL", raising=False)
    assert data_folder() == tmp_path / "data"
    assert default_url() == f"sqlite:///{tmp_path}/data/advisor.db"
    monkeypatch.setenv("ADVISOR_DATABASE_URL", "postgresql://db/advisor")
    assert default_url() == "postgresql://db/advisor"
