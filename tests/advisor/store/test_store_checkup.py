"""`advisor doctor` on databases that were really damaged: it tells, and repairs only what needs no guessing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from advisor.store import Store
from advisor.store.checkup import examine, repair
from advisor.store.engine import VERSION_TABLE, connect, upgrade

Cli = Callable[..., subprocess.CompletedProcess[str]]
COUNT = 40


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite file of several pages, full of assessments."""
    path = tmp_path / "advisor.db"
    store = Store.open(f"sqlite:///{path}")
    for number in range(COUNT):
        store.save_assessment("ann", f"assessment {number}", {"note": "x" * 400, "labelled_examples": number})
    store.close()
    return path


def _wrong(url: str) -> list[str]:
    return [finding.what for finding in examine(url) if not finding.well]


def test_a_sound_database_is_called_sound_and_is_not_changed(file: Path, advisor_cli: Cli) -> None:
    """Exit status 0, and not a byte differs."""
    before = file.read_bytes()
    told = advisor_cli("doctor", str(file), "--repair")
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{COUNT} versions, each in its place" in told.stdout
    assert file.read_bytes() == before


@pytest.mark.parametrize("damage", ["page", "header", "cut", "noise"])
def test_a_damaged_file_is_told_and_left_as_it_is(file: Path, damage: str, advisor_cli: Cli) -> None:
    """Bytes overwritten in the middle or at the start, an end that is gone, a file of noise: no repair is tried."""
    whole = file.read_bytes()
    spoiled = {
        "page": whole[:8192] + b"\xa5" * 4096 + whole[12288:],
        "header": b"\x00" * 100 + whole[100:],
        "cut": whole[: len(whole) * 2 // 3 + 17],
        "noise": bytes(range(256)) * 64,
    }[damage]
    file.write_bytes(spoiled)
    told = advisor_cli("doctor", str(file), "--repair", "--json")
    assert told.returncode == 1, told.stdout + told.stderr
    (wrong,) = [look for look in json.loads(told.stdout) if not look["well"]]
    assert wrong["what"] == "integrity" and "copy" in wrong["remedy"]
    assert file.read_bytes() == spoiled


def test_an_older_schema_is_migrated_after_a_copy(tmp_path: Path, advisor_cli: Cli) -> None:
    """Told without --repair and unchanged; with it the file is new, and the old one lies beside it."""
    file = tmp_path / "old.db"
    engine = connect(f"sqlite:///{file}")
    upgrade(engine, "0001")
    engine.dispose()
    before = file.read_bytes()
    told = advisor_cli("doctor", str(file))
    assert told.returncode == 1 and "0001, older than" in told.stdout and "--repair" in told.stderr
    assert file.read_bytes() == before
    mended = advisor_cli("doctor", str(file), "--repair")
    assert mended.returncode == 0 and "brought the schema to" in mended.stderr
    assert _wrong(f"sqlite:///{file}.before-0001") == ["schema"]


def test_a_copy_holds_what_still_lies_in_the_log_of_another_process(tmp_path: Path) -> None:
    """Commits that SQLite keeps beside the file in WAL mode are in the copy made before a migration."""
    file = tmp_path / "old.db"
    engine = connect(f"sqlite:///{file}")
    upgrade(engine, "0001")
    engine.dispose()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("INSERT INTO drafts VALUES ('late', '{}', 1.0)")
    from advisor.store.engine import _copy

    _copy(str(file), str(tmp_path / "aside.db"))
    assert sqlite3.connect(tmp_path / "aside.db").execute("SELECT key_hash FROM drafts").fetchall() == [("late",)]
    other.close()


def test_newer_and_foreign_databases_are_left_alone(url: str) -> None:
    """A revision that is not known, and tables of another program, are told and never migrated."""
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (a INTEGER)"))
    assert _wrong(url) == ["schema"] and repair(url) == ()
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    (wrong,) = [finding for finding in examine(url) if not finding.well]
    assert "newer than" in wrong.found and repair(url) == ()


def test_rows_without_their_assessment_are_counted_and_kept(file: Path) -> None:
    """What another program took away is told by kind; nothing is deleted or made up."""
    with sqlite3.connect(file) as other:  # foreign keys are off here
        (first,) = other.execute("SELECT id FROM assessments LIMIT 1").fetchone()
        other.execute("DELETE FROM assessments WHERE id = ?", [first])
        other.execute("DELETE FROM versions WHERE assessment = (SELECT id FROM assessments LIMIT 1)")
    url = f"sqlite:///{file}"
    assert _wrong(url) == ["versions without their assessment", "assessments without a version"]
    before = file.read_bytes()
    assert repair(url) == () and file.read_bytes() == before


def test_silent_jobs_are_let_go_of_and_live_ones_are_not(url: str) -> None:
    """A job past its lease waits again, one that lost three workers has failed, one within its lease runs on."""
    long_ago = Store.open(url, clock=lambda: time.time() - 3600)
    for title in ("silent", "lost"):
        long_ago.submit_job("ann", title, {"task": "x"})
    for _ in range(3):
        long_ago.claim("gone", lease=-1.0, only=long_ago.list_jobs("ann")[0].id)
    spent = long_ago.list_jobs("ann")[0].title
    long_ago.claim("gone", only=long_ago.list_jobs("ann")[1].id)
    now = Store.open(url)
    live = now.submit_job("ann", "live", {"task": "x"})
    assert now.claim("here", only=live.id) is not None
    assert _wrong(url) == ["jobs"]
    assert repair(url) == ("let go of 2 jobs whose worker was silent",)
    states = {job.title: job.state for job in now.list_jobs("ann")}
    assert states == {"live": "running", spent: "failed", ({"silent", "lost"} - {spent}).pop(): "waiting"}
    assert _wrong(url) == [] and now.renew(live.id, "here") == "go"
    long_ago.close()
    now.close()


def test_a_lease_from_the_future_is_told_and_nobody_loses_it(tmp_path: Path) -> None:
    """After a clock was set back the doctor says so, and takes the job from no one."""
    url = f"sqlite:///{tmp_path / 'advisor.db'}"
    ahead = Store.open(url, clock=lambda: time.time() + 3600)
    job = ahead.submit_job("ann", "x", {"task": "x"})
    ahead.claim("here")
    (wrong,) = [finding for finding in examine(url) if not finding.well]
    assert "from the future" in wrong.found and repair(url) == ()
    assert ahead.job(job.id).worker == "here"
    ahead.close()


def test_a_server_that_is_not_there_is_told_without_its_password(
    advisor_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installation is looked at with its database; neither doctor nor worker repeats what stands in the address."""
    pytest.importorskip("psycopg")
    monkeypatch.setenv("ADVISOR_DATABASE_URL", "postgresql://advisor:hunter2-canary@127.0.0.1:1/advisor")
    for words, status in ((("doctor",), 1), (("worker", "--once"), 2)):
        told = advisor_cli(*words)
        assert told.returncode == status, told.stderr
        assert "127.0.0.1" in told.stdout + told.stderr
        assert "canary" not in told.stdout + told.stderr and "Traceback" not in told.stderr
