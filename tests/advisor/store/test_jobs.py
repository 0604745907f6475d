"""Jobs: one worker at a time, a lease that must be renewed, and a cancel flag."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from advisor.errors import InputError
from advisor.store import Store


class Clock:
    """A clock that a test turns."""

    now = 1000.0

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


def test_the_oldest_waiting_job_is_claimed_once(store: Store, clock: Clock) -> None:
    """Two workers get two jobs, a third gets none."""
    names = []
    for title in ("one", "two"):
        clock.now += 1
        names.append(store.submit_job("ann", title, {"task": title}).id)
    claimed = [store.claim(worker) for worker in ("w1", "w2", "w3")]
    assert [job and job.id for job in claimed] == [*names, None]
    assert claimed[0] is not None and claimed[0].spec == {"task": "one"}


def test_a_silent_worker_loses_its_job_and_may_not_finish_it(store: Store, clock: Clock) -> None:
    """After the lease another worker takes over; the first is told that the job is lost."""
    name = store.submit_job("", "x", {}).id
    store.claim("w1", lease=10)
    clock.now += 9
    assert store.renew(name, "w1", {"done": 1}, lease=10) == "go"
    clock.now += 9
    assert store.claim("w2") is None
    clock.now += 2
    again = store.claim("w2", lease=10)
    assert again is not None and (again.id, again.attempt, again.progress) == (name, 2, {"done": 1})
    assert store.renew(name, "w1") == "lost"
    assert not store.finish(name, "w1", "done")
    assert store.finish(name, "w2", "done")
    assert store.job(name).state == "done"


def test_a_job_that_kills_its_workers_is_given_up(store: Store, clock: Clock) -> None:
    """After three silent workers the job has failed, with the reason."""
    name = store.submit_job("", "x", {}).id
    for worker in ("w1", "w2", "w3"):
        assert store.claim(worker, lease=1) is not None
        clock.now += 2
    assert store.claim("w4") is None
    job = store.job(name)
    assert job.state == "failed" and "3 times" in job.error


def test_cancel_ends_a_waiting_job_at_once_and_tells_the_worker_of_a_running_one(store: Store) -> None:
    """The worker hears of it at its next heartbeat."""
    waiting, running = (store.submit_job("ann", title, {}).id for title in ("waiting", "running"))
    store.claim("w1", only=running)
    for name in (waiting, running):
        store.cancel(name, "ann")
    assert store.job(waiting).state == "cancelled"
    assert store.renew(running, "w1") == "cancel"
    assert store.finish(running, "w1", "cancelled")
    assert store.claim("w2") is None


def test_owners_see_and_cancel_only_their_own_jobs(store: Store) -> None:
    """Another's job does not exist for them."""
    name = store.submit_job("ann", "x", {}).id
    assert store.list_jobs("bob") == [] and [job.id for job in store.list_jobs("ann")] == [name]
    for attempt in (lambda: store.cancel(name, "bob"), lambda: store.job(name, "bob")):
        with pytest.raises(InputError):
            attempt()


def test_an_owner_may_have_only_so_many_jobs_at_work(store: Store) -> None:
    """The refusal says what to do; an ended job makes room."""
    first = store.submit_job("ann", "x", {}, limit=1).id
    with pytest.raises(InputError, match="cancel one"):
        store.submit_job("ann", "y", {}, limit=1)
    store.submit_job("bob", "z", {}, limit=1)
    store.cancel(first, "ann")
    store.submit_job("ann", "y", {}, limit=1)
