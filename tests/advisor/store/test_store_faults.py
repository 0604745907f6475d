"""Faults that really happen to the store: a clock set back, a disk that takes no more, a folder nobody may write."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.store import Store
from advisor.store.checkup import examine
from advisor.store.jobs import LEASE_SECONDS

ROOT = Path(__file__).resolve().parents[3]
NOON = 1_700_000_000.0
SAVING = """
import sys
from advisor.store import Store
store = Store.open(sys.argv[1])
for number in range(10_000):
    store.save_assessment("ann", f"n{number}", {"note": "x" * 4000, "labelled_examples": number})
    print(number, flush=True)
"""

# Whoever may do all gives it up, once the packages are read: another user may not see where they lie.
WITHOUT_RIGHTS = """
import os, sys
from advisor.cli import commands, main
from advisor.store import Store, worker
Store.open(sys.argv[1]).close()
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
sys.argv = ["advisor", "worker", "--once"]
main()
"""


class Clock:
    """A clock that a test sets."""

    now = NOON

    def __call__(self) -> float:
        """The seconds that it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    opened = Store.open(url, clock=clock)
    yield opened
    opened.close()


def test_a_clock_set_back_steals_no_running_job(store: Store, clock: Clock) -> None:
    """Nobody else gets it; its worker goes on, and its next heartbeat makes the lease an honest one again."""
    job = store.submit_job("ann", "x", {"task": "x"})
    assert store.claim("first") is not None
    clock.now -= 7200
    assert store.claim("second") is None
    assert store.renew(job.id, "first", {"done": 1}) == "go"
    clock.now += LEASE_SECONDS / 2
    assert store.claim("second") is None
    clock.now += LEASE_SECONDS
    taken = store.claim("second")
    assert taken is not None and taken.attempt == 2 and store.renew(job.id, "first") == "lost"
    assert not store.finish(job.id, "first", "done") and store.finish(job.id, "second", "done")


def test_a_clock_set_forward_gives_a_job_to_one_worker_and_counts_it_once(store: Store, clock: Clock) -> None:
    """The first worker learns that it lost the job before it may finish it."""
    job = store.submit_job("ann", "x", {"task": "x"})
    store.claim("first")
    clock.now += 7200
    assert store.claim("second") is not None
    clock.now -= 7200
    assert store.renew(job.id, "first") == "lost" and not store.finish(job.id, "first", "failed")
    assert store.renew(job.id, "second") == "go" and store.finish(job.id, "second", "done")
    assert store.job(job.id).state == "done"


def test_a_clock_set_back_loses_no_version_and_no_draft(store: Store, clock: Clock) -> None:
    """Versions go by their number: what was saved last is the newest, whatever the clock said."""
    first = store.save_assessment("ann", "Triage", {"labelled_examples": 1})
    store.save_draft("k" * 20, {"labelled_examples": 1})
    clock.now -= 86_400 * 400
    second = store.save_assessment("ann", "Triage", {"labelled_examples": 2}, assessment=first.assessment)
    assert (second.number, store.get(first.assessment, "ann").answers) == (2, {"labelled_examples": 2})
    assert [each.number for each in store.versions(first.assessment, "ann")] == [1, 2]
    assert [(each.name, each.number) for each in store.search("ann")] == [("Triage", 2)]
    assert store.forget_drafts(1) == 0
    store.save_draft("k" * 20, {"labelled_examples": 2})
    assert store.load_draft("k" * 20) == {"labelled_examples": 2}


def test_a_disk_that_takes_no_more_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    """The system refuses to let the file grow; every saving that was acknowledged is there, and the file is whole."""
    path = tmp_path / "advisor.db"
    Store.open(f"sqlite:///{path}").close()
    limit = path.stat().st_size + 200_000

    def no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = _child(["-c", SAVING, f"sqlite:///{path}"], preexec_fn=no_more)
    saved = [int(line) for line in done.stdout.split()]
    assert done.returncode != 0 and len(saved) > 5
    assert "disk" in done.stderr.splitlines()[-1] or "full" in done.stderr or "I/O" in done.stderr
    assert [finding.what for finding in examine(f"sqlite:///{path}") if not finding.well] == []
    store = Store.open(f"sqlite:///{path}")
    assert sorted(each.name for each in store.search("ann", limit=10_000)) == sorted(f"n{number}" for number in saved)
    store.save_assessment("ann", "with room again", {"labelled_examples": 1})
    store.close()


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_nobody_may_write_is_told_in_a_line(there: bool, tmp_path: Path) -> None:
    """Neither a fresh database nor an existing one is opened there; the message names it, without a traceback."""
    with tempfile.TemporaryDirectory() as outside:  # the folders of pytest are closed to other users
        Path(outside).chmod(0o755)
        folder = Path(outside) / "locked"
        folder.mkdir()
        if there:
            Store.open(f"sqlite:///{folder / 'advisor.db'}").close()
        before = sorted(folder.iterdir())
        for path in [*folder.iterdir(), folder]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        done = _child(["-c", WITHOUT_RIGHTS, f"sqlite:///{tmp_path / 'other.db'}"], ADVISOR_DATA_DIR=str(folder))
        after = sorted(folder.iterdir())
        folder.chmod(0o755)
    assert done.returncode in {2, 4}, done.stderr
    assert done.stderr.startswith("advisor: ") and "Traceback" not in done.stderr
    assert "advisor.db" in done.stderr or "the database" in done.stderr
    assert after == before


def test_a_damaged_database_is_not_opened_and_not_made_anew(tmp_path: Path) -> None:
    """The app says that it cannot be read and what says more; the bytes stay for whoever can save them."""
    path = tmp_path / "advisor.db"
    Store.open(f"sqlite:///{path}").close()
    path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])
    before = path.read_bytes()
    with pytest.raises(InputError, match="advisor doctor"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_two_who_save_one_assessment_at_once_make_two_versions(url: str) -> None:
    """Both savings are there under numbers of their own."""
    store = Store.open(url)
    first = store.save_assessment("ann", "Triage", {"labelled_examples": 0})
    code = "import sys; from advisor.store import Store; s = Store.open(sys.argv[1])\n"
    code += "for n in range(10): s.save_assessment('ann', 'T', {'by': sys.argv[3], 'n': n}, assessment=sys.argv[2])"
    words = [sys.executable, "-c", code, url, first.assessment]
    both = [subprocess.Popen([*words, name], cwd=ROOT) for name in ("a", "b")]
    assert [one.wait(60) for one in both] == [0, 0]
    versions = store.versions(first.assessment, "ann")
    assert [each.number for each in versions] == list(range(1, 22))
    assert {(each.answers["by"], each.answers["n"]) for each in versions[1:]} == {
        (name, number) for name in "ab" for number in range(10)
    }
    store.close()


def _child(
    words: list[str], *, preexec_fn: Callable[[], None] | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ADVISOR_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        preexec_fn=preexec_fn,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
