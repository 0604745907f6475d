"""What is wrong with a database, told without changing it; and the repair of what needs no guessing.

An SQLite file that was cut or overwritten is told by SQLite's own check. Nothing is ever deleted here.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from advisor.errors import JobFailed, MissingExtra
from advisor.store.engine import connect, journal_mode, present_revision, revisions, upgrade
from advisor.store.jobs import ATTEMPTS, FAILED, LEASE_SECONDS, RUNNING, WAITING

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MAGIC = b"SQLite format 3\x00"
SUFFIXES = (".db", ".sqlite", ".sqlite3")
CHECK_LINES = 5
COPY_REMEDY = "put the newest whole copy in its place"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at in a database, whether it is well, and what to do where it is not."""

    what: str
    found: str
    well: bool = True
    remedy: str = ""
    repairable: bool = False


def is_database(path: Path) -> bool:
    """Whether a file is an SQLite database, or was meant to be one."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC or path.suffix in SUFFIXES


def examine(url: str) -> tuple[Finding, ...]:
    """What was found in the database at an address, well or not; its content stays as it is.

    Raises InputError for an address of another kind, MissingExtra without the packages.
    """
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError
    except ImportError:
        raise MissingExtra("app", "A look at the database") from None
    try:
        parsed = make_url(url)
    except ArgumentError:
        connect(url)  # tells what is allowed
        raise
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return tuple(_file(Path(parsed.database)))
    engine = connect(url)
    name = f"PostgreSQL at {parsed.host or 'localhost'}"
    try:
        with engine.connect() as connection:
            return tuple(_content(connection, name))
    except SQLAlchemyError as error:
        remedy = "start it, or mend ADVISOR_DATABASE_URL"
        return (Finding(name, f"cannot be asked ({type(error).__name__})", False, remedy),)  # its text may hold the URL
    finally:
        engine.dispose()


def repair(url: str, clock: float | None = None) -> tuple[str, ...]:
    """Migrates an older schema, after a copy, and lets go of jobs whose worker is silent; says what was done.

    A database that is damaged, or of a newer or another program, is left alone.
    """
    from sqlalchemy.exc import SQLAlchemyError

    wrong = [finding for finding in examine(url) if not finding.well]
    if not any(finding.repairable for finding in wrong) or any(finding.what == "integrity" for finding in wrong):
        return ()
    engine, done = connect(url), []
    try:
        if any(finding.what == "schema" for finding in wrong):
            upgrade(engine)
            done.append(f"brought the schema to {revisions()[-1]}")
        count = _release(engine, time.time() if clock is None else clock)
        if count:
            done.append(f"let go of {count} jobs whose worker was silent")
        with engine.connect():
            pass  # SQLite's journal is set by connecting
    except (SQLAlchemyError, OSError) as error:
        raise JobFailed([f"the database could not be repaired: {type(error).__name__}"]) from error
    finally:
        engine.dispose()
    return tuple(done)


def _file(path: Path) -> Iterator[Finding]:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DatabaseError

    if not path.is_file():
        yield Finding(str(path), "not there; the app makes it")
        return
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    copies = sorted(path.parent.glob(f"{path.name}.before-*"))
    kept = f"copies beside it: {', '.join(copy.name for copy in copies)}" if copies else "there is no copy beside it"
    # Writing is allowed where it can be: SQLite itself takes a transaction back that a killed writer left half done.
    address = f"file:{quote(str(path.resolve()))}?mode={'rw' if writable else 'ro'}"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
    try:
        with engine.connect() as connection:
            lines = list(connection.exec_driver_sql(f"PRAGMA integrity_check({CHECK_LINES})").scalars())
            if lines != ["ok"]:
                found = "; ".join(str(line) for line in lines)
                yield Finding("integrity", " ".join(found.split()), False, f"{COPY_REMEDY} ({kept})")
                return
            yield Finding("integrity", f"whole, SQLite {sqlite3.sqlite_version}")
            yield from _journal(connection)
            yield from _content(connection, str(path))
    except DatabaseError as error:
        yield Finding("integrity", f"cannot be read ({error.orig})", False, f"{COPY_REMEDY} ({kept})")
        return
    finally:
        engine.dispose()
    if not writable:
        yield Finding(str(path), "cannot be written", False, "make the file and its folder writable")


def _journal(connection: Connection) -> Iterator[Finding]:
    """WAL in the file where the linked SQLite can lose commits in it is a fault; the app sets it on connecting."""
    mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar()).upper()
    if mode == "WAL" and journal_mode() != "WAL":
        found = f"WAL, in which SQLite {sqlite3.sqlite_version} can lose commits"
        yield Finding("journal", found, False, f"the app sets {journal_mode()} when it opens the file", True)
    else:
        yield Finding("journal", f"{journal_mode()} while the app has it open")


def _content(connection: Connection, name: str) -> Iterator[Finding]:
    from sqlalchemy import inspect

    from advisor.store.schema import metadata

    known, present = revisions(), present_revision(connection)
    tables = set(inspect(connection).get_table_names())
    if present is None:
        if tables:
            yield Finding("schema", "tables of another program", False, "name another database")
        else:
            yield Finding(name, "empty; the app makes its tables")
        return
    if present not in known:
        yield Finding("schema", f"{present}, newer than {known[-1]}", False, "update advisor, or name another database")
        return
    if present != known[-1]:
        yield Finding("schema", f"{present}, older than {known[-1]}", False, "the app migrates it when it starts", True)
        return
    if missing := set(metadata.tables) - tables:
        yield Finding("integrity", f"no table {', '.join(sorted(missing))}", False, COPY_REMEDY)
        return
    yield Finding("schema", present)
    yield from _rows(connection)
    yield from _jobs(connection, time.time())


def _rows(connection: Connection) -> Iterator[Finding]:
    """Rows that point at an assessment that is gone, assessments without a version, and gaps between versions."""
    from sqlalchemy import func, select

    from advisor.store.schema import assessments, shares, versions

    ids = select(assessments.c.id)
    counts = select(func.count()).select_from(versions).group_by(versions.c.assessment)
    gaps = counts.having(func.max(versions.c.number) != func.count()).subquery()
    asked = {
        "versions without their assessment": select(func.count()).where(versions.c.assessment.not_in(ids)),
        "shares without their assessment": select(func.count()).where(shares.c.assessment.not_in(ids)),
        "assessments without a version": select(func.count()).where(
            assessments.c.id.not_in(select(versions.c.assessment))
        ),
        "assessments that lost a version": select(func.count()).select_from(gaps),
    }
    total = connection.execute(select(func.count()).select_from(versions)).scalar_one()
    wrong = {what: count for what, query in asked.items() if (count := connection.execute(query).scalar_one())}
    for what, count in wrong.items():
        yield Finding(what, str(count), False, "they are left as they are: what belongs there cannot be known")
    if not wrong:
        yield Finding("assessments", f"{total:,} versions, each in its place")


def _jobs(connection: Connection, now: float) -> Iterator[Finding]:
    from sqlalchemy import func, select

    from advisor.store.schema import jobs

    running = select(func.count()).where(jobs.c.state == RUNNING)
    silent = connection.execute(running.where(_silent(now))).scalar_one()
    ahead = connection.execute(running.where(jobs.c.lease_until > now + 2 * LEASE_SECONDS)).scalar_one()
    if silent:
        remedy = "the next worker takes them over; --repair lets go of them now"
        yield Finding("jobs", f"{silent} whose worker is silent", False, remedy, True)
    if ahead:
        found = f"{ahead} with a lease from the future: a clock was set back, or two machines disagree"
        yield Finding("jobs", found, False, "set the clocks right; a worker that lives renews its lease every second")
    if not silent and not ahead:
        yield Finding("jobs", f"{connection.execute(running).scalar_one()} at work, none of them silent")


def _release(engine: Engine, now: float) -> int:
    """Puts silent jobs back to waiting, and those that lost all their workers to failed, as `claim` would."""
    from sqlalchemy import update

    from advisor.store.schema import jobs

    held = (jobs.c.state == RUNNING) & _silent(now)
    error = f"its worker ended {ATTEMPTS} times without a word"
    with engine.begin() as connection:
        over = update(jobs).where(held, jobs.c.attempt >= ATTEMPTS).values(state=FAILED, error=error, ended=now)
        free = update(jobs).where(held, jobs.c.attempt < ATTEMPTS).values(state=WAITING, worker="", lease_until=None)
        return int(connection.execute(over).rowcount) + int(connection.execute(free).rowcount)


def _silent(now: float) -> Any:
    from advisor.store.schema import jobs

    return jobs.c.lease_until < now
