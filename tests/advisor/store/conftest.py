"""Databases for the tests: an SQLite file, and a PostgreSQL that is really started where its programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.store import Store


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    there = shutil.which("initdb")
    return found[-1].parent if found else Path(there).parent if there else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a fresh PostgreSQL on a Unix socket, to be completed with a database's name."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="advisor-pg-"))
    before: list[str] = []
    user = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:  # initdb refuses root; Debian's package brings a user of its own
        user = "postgres"
        shutil.chown(folder, user, user)
        before = ["runuser", "-u", user, "--"]
    data = folder / "data"
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    subprocess.run([*before, programs / "initdb", "-A", "trust", "-D", data], check=True, capture_output=True, cwd="/")
    control = [*before, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    log = str(folder / "log")
    subprocess.run([*control, "-l", log, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        yield f"postgresql://{user}@/{{name}}?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    pattern: str = request.getfixturevalue("postgres")
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(pattern.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return pattern.format(name=name)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store, once on each kind of database."""
    opened = Store.open(url)
    yield opened
    opened.close()
