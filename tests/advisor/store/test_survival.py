"""The store survives: earlier schemas, processes that start and write at once, kill -9 while saving."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import MetaData, inspect, text

from advisor.errors import InputError
from advisor.store import Store
from advisor.store.engine import VERSION_TABLE, connect, newest, present_revision, revisions, upgrade
from advisor.store.schema import metadata

ROOT = Path(__file__).resolve().parents[3]
PAST = revisions()[:-1]
SAVING = """
import sys
from advisor.store import Store
store, who = Store.open(sys.argv[1]), sys.argv[2]
found = [each for each in store.search("") if each.name == who]
name = found[0].id if found else None
for count in range(int(sys.argv[3])):
    saved = store.save_assessment("", who, {"count": count, "pid_start": sys.argv[4]}, assessment=name)
    name = saved.assessment
    print(saved.number, flush=True)
"""


def _start(url: str, who: str, count: int, mark: str = "") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SAVING, url, who, str(count), mark],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize("revision", PAST)
def test_data_of_every_earlier_schema_are_there_after_the_migration(url: str, revision: str) -> None:
    """Rows written under an old schema, in all its tables, are read by today's functions."""
    engine = connect(url)
    upgrade(engine, revision)
    old = MetaData()
    old.reflect(engine)
    values = {
        "drafts": {"key_hash": "0" * 64, "answers": {"a": 1}, "updated": 1.0},
        "assessments": {"id": "a" * 32, "name": "Old one", "created": 1.0, "updated": 2.0},
        "versions": {"assessment": "a" * 32, "number": 1, "answers": {"a": 1}, "created": 1.0},
        "shares": {"assessment": "a" * 32, "with_whom": "bob", "created": 1.0},
    }
    with engine.begin() as connection:
        for table in old.sorted_tables:
            if table.name != VERSION_TABLE:
                row = {name: value for name, value in values[table.name].items() if name in table.c}
                now = metadata.tables[table.name]  # reflection does not know JSON columns of SQLite as such
                connection.execute(now.insert().values(row).inline())
    engine.dispose()
    store = Store.open(url)
    found = store.search("")
    assert [(each.name, each.number, each.owner) for each in found] == [("Old one", 1, "")]
    assert store.get("a" * 32, "").answers == {"a": 1}
    assert [each.name for each in store.search("bob")] == (["Old one"] if "shares" in old.tables else [])
    store.submit_job("", "new table", {})
    store.close()


def test_the_migrations_end_in_the_tables_that_the_code_reads(url: str) -> None:
    """Every table, column and nullability of the code is that of the migrated database."""
    store = Store.open(url)
    seen = inspect(store.engine)
    assert set(seen.get_table_names()) == {*metadata.tables, VERSION_TABLE}
    for name, table in metadata.tables.items():
        real = {column["name"]: column["nullable"] for column in seen.get_columns(name)}
        assert real == {column.name: column.nullable for column in table.columns}, name
        assert {index["name"] for index in seen.get_indexes(name)} == {index.name for index in table.indexes}, name
    store.close()


def test_an_sqlite_file_is_copied_aside_before_it_is_migrated(tmp_path: Path) -> None:
    """The copy stands at the revision before."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    upgrade(connect(url), "0001")
    Store.open(url).close()
    kept = connect(f"sqlite:///{tmp_path / 'store.db.before-0001'}")
    with kept.connect() as connection:
        assert present_revision(connection) == "0001"


def test_a_database_of_a_newer_program_is_refused_and_left_alone(url: str) -> None:
    """An old program does not write into what it does not know."""
    store = Store.open(url)
    with store.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    store.close()
    with pytest.raises(InputError, match="9999"):
        Store.open(url)


def test_processes_that_open_and_write_at_once_lose_nothing(url: str) -> None:
    """Three processes start on an empty database, migrate it once, and each of their savings is there."""
    writers = [_start(url, f"w{number}", 10) for number in range(3)]
    assert [writer.communicate(timeout=60) and writer.returncode for writer in writers] == [0, 0, 0]
    store = Store.open(url)
    found = store.search("")
    assert sorted((each.name, each.number) for each in found) == [("w0", 10), ("w1", 10), ("w2", 10)]
    assert all(len(store.versions(each.id, "")) == 10 for each in found)
    store.close()


def test_what_was_saved_survives_kill_9_and_nothing_is_half_saved(url: str) -> None:
    """After each of four kills every acknowledged version is there, numbered without a gap, and the file is sound."""
    Store.open(url).close()
    acknowledged = 0
    for turn in range(4):
        writer = _start(url, "w", 100_000, mark=str(turn))
        assert writer.stdout is not None
        first = int(writer.stdout.readline())
        time.sleep(0.05 + 0.07 * turn)
        writer.send_signal(signal.SIGKILL)
        numbers = [int(line) for line in writer.stdout.read().splitlines() if line.isdigit()]
        writer.wait(timeout=10)
        acknowledged = max([acknowledged, first, *numbers])
        store = Store.open(url)
        (found,) = store.search("")
        versions = store.versions(found.id, "")
        assert [version.number for version in versions] == list(range(1, len(versions) + 1))
        assert len(versions) >= acknowledged > turn
        if store.engine.dialect.name == "sqlite":
            with store.engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        store.close()


def test_a_database_of_the_newest_schema_is_opened_without_the_tools_of_migration(tmp_path: Path) -> None:
    """Only a database that has to change makes a start wait for alembic; the newest file is the newest revision."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    Store.open(url).close()
    code = f"import sys; from advisor.store import Store; Store.open({url!r}); print('alembic' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
    assert newest() == revisions()[-1]
