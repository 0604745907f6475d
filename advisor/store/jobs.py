"""Background jobs: submitted by the app, claimed under a lease by one worker, cancelled by a flag that it reads."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.errors import InputError, Problem
from advisor.store.engine import READING

if TYPE_CHECKING:
    from sqlalchemy import Engine

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
ACTIVE = (WAITING, RUNNING)
LEASE_SECONDS = 30.0  # twice the heartbeat, and then some for a machine under load
ATTEMPTS = 3
ACTIVE_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands; times in seconds since 1970."""

    id: str
    owner: str
    title: str
    spec: Mapping[str, Any]
    state: str
    worker: str
    lease_until: float | None
    attempt: int
    cancel: bool
    progress: Mapping[str, Any] | None
    error: str
    created: float
    started: float | None
    ended: float | None


class Jobs:
    """The part of the store that keeps jobs."""

    engine: Engine
    _clock: Callable[[], float]

    def submit_job(self, owner: str, title: str, spec: Mapping[str, Any], limit: int = ACTIVE_LIMIT) -> Job:
        """Adds a job that waits for a worker. Raises InputError where the owner has `limit` of them active."""
        from sqlalchemy import func, insert, select

        from advisor.store.schema import jobs

        name, now = uuid.uuid4().hex, self._clock()
        active = select(func.count()).where(jobs.c.owner == owner, jobs.c.state.in_(ACTIVE))
        with self.engine.begin() as connection:
            count = int(connection.execute(active).scalar_one())
            if count >= limit:
                remedy = "wait for one to end, or cancel one"
                raise InputError([Problem("benchmarks", "", f"{count} at work", f"{limit} at a time", remedy)])
            values = {"id": name, "owner": owner, "title": title, "spec": dict(spec), "created": now}
            connection.execute(insert(jobs).values(state=WAITING, cancel=False, attempt=0, **values))
        return self.job(name, owner)

    def job(self, name: str, owner: str | None = None) -> Job:
        """One job; with `owner`, only if it is theirs. Raises InputError where there is none."""
        from sqlalchemy import select

        from advisor.store.schema import jobs

        query = select(jobs).where(jobs.c.id == name)
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        with self.engine.connect().execution_options(**READING) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise InputError([Problem("benchmark", "", repr(name[:40]), "one of yours")])
        return Job(**row)

    def list_jobs(self, owner: str, limit: int = 100) -> list[Job]:
        """The owner's jobs, newest first."""
        from sqlalchemy import select

        from advisor.store.schema import jobs

        query = select(jobs).where(jobs.c.owner == owner).order_by(jobs.c.created.desc()).limit(limit)
        with self.engine.connect().execution_options(**READING) as connection:
            return [Job(**row) for row in connection.execute(query).mappings()]

    def claim(self, worker: str, lease: float = LEASE_SECONDS, only: str | None = None) -> Job | None:
        """Takes the oldest job that waits, or whose worker has been silent past its lease; None where there is none.

        A job that lost its worker ATTEMPTS times is marked failed instead.
        """
        from sqlalchemy import and_, or_, select, update

        from advisor.store.schema import jobs

        now = self._clock()
        silent = and_(jobs.c.state == RUNNING, jobs.c.lease_until < now)
        query = select(jobs).where(or_(jobs.c.state == WAITING, silent)).order_by(jobs.c.created)
        if only is not None:
            query = query.where(jobs.c.id == only)
        with self.engine.begin() as connection:
            for row in connection.execute(query.with_for_update(skip_locked=True)).mappings().all():
                here = jobs.c.id == row["id"]
                if row["cancel"]:
                    connection.execute(update(jobs).where(here).values(state=CANCELLED, ended=now))
                elif row["attempt"] >= ATTEMPTS:
                    error = f"its worker ended {row['attempt']} times without a word"
                    connection.execute(update(jobs).where(here).values(state=FAILED, error=error, ended=now))
                else:
                    taken = {"state": RUNNING, "worker": worker, "lease_until": now + lease}
                    taken |= {"attempt": row["attempt"] + 1, "started": row["started"] or now}
                    connection.execute(update(jobs).where(here).values(**taken))
                    return Job(**{**row, **taken})
        return None

    def renew(
        self, name: str, worker: str, progress: Mapping[str, Any] | None = None, lease: float = LEASE_SECONDS
    ) -> str:
        """The worker's heartbeat: `go`, `cancel` where that was asked for, or `lost` where another has the job."""
        from sqlalchemy import select, update

        from advisor.store.schema import jobs

        mine = (jobs.c.id == name) & (jobs.c.worker == worker) & (jobs.c.state == RUNNING)
        values: dict[str, Any] = {"lease_until": self._clock() + lease}
        if progress is not None:
            values["progress"] = dict(progress)
        with self.engine.begin() as connection:
            if not connection.execute(update(jobs).where(mine).values(**values)).rowcount:
                return "lost"
            return "cancel" if connection.execute(select(jobs.c.cancel).where(mine)).scalar() else "go"

    def cancel(self, name: str, owner: str) -> None:
        """Asks for the end of the owner's job; one that still waits ends at once. Raises InputError if not theirs."""
        from sqlalchemy import update

        from advisor.store.schema import jobs

        self.job(name, owner)
        here = (jobs.c.id == name) & (jobs.c.owner == owner)
        with self.engine.begin() as connection:
            over = {"state": CANCELLED, "ended": self._clock(), "cancel": True}
            if not connection.execute(update(jobs).where(here, jobs.c.state == WAITING).values(**over)).rowcount:
                connection.execute(update(jobs).where(here, jobs.c.state == RUNNING).values(cancel=True))

    def finish(
        self, name: str, worker: str, state: str, error: str = "", progress: Mapping[str, Any] | None = None
    ) -> bool:
        """Ends the worker's job as done, failed or cancelled; False where the worker no longer has it."""
        from sqlalchemy import update

        from advisor.store.schema import jobs

        mine = (jobs.c.id == name) & (jobs.c.worker == worker) & (jobs.c.state == RUNNING)
        values: dict[str, Any] = {"state": state, "error": error, "ended": self._clock(), "lease_until": None}
        if progress is not None:
            values["progress"] = dict(progress)
        with self.engine.begin() as connection:
            return bool(connection.execute(update(jobs).where(mine).values(**values)).rowcount)
