"""The connection to the database and its way to the present schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import InputError, MissingExtra, Problem

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

VERSION_TABLE = "advisor_schema"  # our own: two tools that share `alembic_version` break each other
BUSY_SECONDS = 30
LOCK_NUMBER = 7_241_953  # PostgreSQL's advisory lock around migrations
READING = {"advisor_reading": True}
_MENDED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))  # SQLite: the first releases of their lines without the WAL-reset race


def journal_mode(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """WAL where the linked SQLite is free of the race that can lose commits in it, and TRUNCATE elsewhere."""
    mended = version >= (3, 51, 3) or any(fix[:2] == version[:2] and version >= fix for fix in _MENDED)
    return "WAL" if mended else "TRUNCATE"


def connect(url: str) -> Engine:
    """An engine for the address; SQLite gets full synchronisation and writers that wait for each other.

    Raises InputError for an address that is none or of another kind, MissingExtra without the packages.
    """
    try:
        from sqlalchemy import create_engine, event, make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise MissingExtra("app", "The store of the app") from None
    allowed = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError([Problem("ADVISOR_DATABASE_URL", "", "no address of a database", allowed)]) from None
    kind = parsed.get_backend_name()
    if kind == "postgresql":
        try:
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except ImportError:
            raise MissingExtra("postgres", "A store in PostgreSQL") from None
    if kind != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise InputError([Problem("ADVISOR_DATABASE_URL", "", f"a database of kind {kind}", allowed)])
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver at the first write
    for setting in (f"journal_mode={journal_mode()}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("advisor_reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Brings the schema to a revision, one process at a time; an SQLite file is copied aside before it changes.

    Raises InputError where the database is newer than this program.
    """
    with _one_at_a_time(engine), engine.connect() as connection:
        if revision == "head" and _is_newest(connection):
            return
        from alembic import command

        present = present_revision(connection)
        known = revisions()
        if present is not None and present not in known:
            remedy = "update advisor, or name another database by ADVISOR_DATABASE_URL"
            raise InputError([Problem("the database", "schema", present, f"one of {', '.join(known)}", remedy)])
        connection.rollback()
        if present == (known[-1] if revision == "head" else revision):
            return
        if present is not None and engine.dialect.name == "sqlite" and engine.url.database:
            _copy(engine.url.database, f"{engine.url.database}.before-{present}")
        with connection.begin():
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)


def newest() -> str:
    """The newest revision by the names of the files, `rNUMBER_WHAT.py`."""
    return max(path.name[1:5] for path in (Path(__file__).parent / "migrations" / "versions").glob("r*.py"))


def _is_newest(connection: Connection) -> bool:
    """Whether nothing is to be done, found without alembic: every start of the app would wait for its import."""
    from sqlalchemy import inspect, text

    there = inspect(connection).has_table(VERSION_TABLE)
    rows = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all() if there else ()
    connection.rollback()
    return list(rows) == [newest()]


def _copy(database: str, aside: str) -> None:
    """Copies through SQLite, so that commits which still lie in a WAL beside the file are in the copy."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(aside)) as target:
        source.backup(target)
    Path(aside).chmod(Path(database).stat().st_mode & 0o777)


def present_revision(connection: Connection) -> str | None:
    """The revision that the database is at; None before the first."""
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def revisions() -> tuple[str, ...]:
    """All revisions, first to last."""
    from alembic.script import ScriptDirectory

    return tuple(reversed([script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]))


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        from filelock import FileLock

        with FileLock(f"{engine.url.database}.lock", timeout=BUSY_SECONDS):
            yield
        return
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_NUMBER})")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK_NUMBER})")
