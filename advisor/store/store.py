"""One open store: drafts, assessments and jobs of one database."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from advisor.errors import InputError, Problem
from advisor.store.assessments import Assessments
from advisor.store.engine import READING, connect, journal_mode, upgrade
from advisor.store.jobs import Jobs
from advisor.store.place import default_url

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Store(Assessments, Jobs):
    """Drafts, assessments and jobs; safe for threads and for several processes on one database."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._clock = clock

    @classmethod
    def open(cls, url: str | None = None, *, clock: Callable[[], float] = time.time) -> Store:
        """Opens the database at `url` (the installation's, if None) and brings it to the present schema.

        Raises InputError for a wrong address, a database of a newer program and one that cannot be read or written,
        MissingExtra without the packages.
        """
        engine = connect(url or default_url())
        from sqlalchemy.exc import DBAPIError

        try:
            upgrade(engine)
        except DBAPIError as error:
            found = " ".join(str(error.orig).split()) or type(error).__name__
            remedy = "advisor doctor says more"
            raise InputError([Problem("the database", "", found, "one that can be read and written", remedy)]) from None
        return cls(engine, clock)

    @property
    def url(self) -> str:
        """The address as it was opened, password included: for the worker's environment, never to be shown."""
        return self.engine.url.render_as_string(hide_password=False)

    def describe(self) -> str:
        """The kind of database in words, without anything secret."""
        if self.engine.dialect.name == "sqlite":
            return f"SQLite file {self.engine.url.database}, journal {journal_mode()}"
        return f"PostgreSQL at {self.engine.url.host or 'localhost'}"

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    def save_draft(self, key: str, answers: Mapping[str, Any]) -> None:
        """Keeps the answers of a browser under its cookie, in place of those kept before."""
        from sqlalchemy import delete, insert

        from advisor.store.schema import drafts

        held = _hashed(key)
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.execute(delete(drafts).where(drafts.c.key_hash == held))
                connection.execute(insert(drafts).values(key_hash=held, answers=dict(answers), updated=self._clock()))
                return
            from sqlalchemy.dialects.postgresql import insert as upsert

            new = upsert(drafts).values(key_hash=held, answers=dict(answers), updated=self._clock())
            changed = {"answers": new.excluded.answers, "updated": new.excluded.updated}
            connection.execute(new.on_conflict_do_update(index_elements=["key_hash"], set_=changed))

    def load_draft(self, key: str) -> dict[str, Any] | None:
        """The answers kept under a cookie; None where there are none."""
        from sqlalchemy import select

        from advisor.store.schema import drafts

        with self.engine.connect().execution_options(**READING) as connection:
            found = connection.execute(select(drafts.c.answers).where(drafts.c.key_hash == _hashed(key))).scalar()
        return None if found is None else dict(found)

    def forget_drafts(self, older_than_days: float) -> int:
        """Deletes drafts that nobody has touched for so many days; returns how many."""
        from sqlalchemy import delete

        from advisor.store.schema import drafts

        before = self._clock() - older_than_days * 86400
        with self.engine.begin() as connection:
            return int(connection.execute(delete(drafts).where(drafts.c.updated < before)).rowcount)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
