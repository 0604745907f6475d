"""Assessments that were saved: every saving is a version, and none is ever changed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.errors import InputError, Problem
from advisor.store.engine import READING

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine

EVERYONE = "*"
NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Assessment:
    """A saved assessment: its name, its owner (empty without sign-in), times in seconds since 1970, newest version."""

    id: str
    owner: str
    name: str
    created: float
    updated: float
    number: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Version:
    """One saving: the answers, the verdict's id, and the advice as JSON where it was kept."""

    assessment: str
    number: int
    answers: Mapping[str, Any]
    verdict: str
    advice: Mapping[str, Any] | None
    created: float


def difference(before: Version, after: Version) -> dict[str, tuple[Any, Any]]:
    """The answers that differ, field to (before, after); None stands for no answer."""
    fields = dict.fromkeys((*before.answers, *after.answers))
    pairs = {field: (before.answers.get(field), after.answers.get(field)) for field in fields}
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


class Assessments:
    """The part of the store that keeps assessments."""

    engine: Engine
    _clock: Callable[[], float]

    def save_assessment(
        self,
        owner: str,
        name: str,
        answers: Mapping[str, Any],
        *,
        verdict: str = "",
        advice: Mapping[str, Any] | None = None,
        assessment: str | None = None,
    ) -> Version:
        """Saves a new assessment, or a new version of the owner's `assessment`; the same answers again save nothing.

        Raises InputError for a name that is empty or too long, and for an assessment that the owner does not have.
        """
        from sqlalchemy import insert, update

        from advisor.store.schema import assessments, versions

        name = name.strip()
        if not 1 <= len(name) <= NAME_LIMIT:
            raise InputError([Problem("assessment", "name", repr(name[:40]), f"1 to {NAME_LIMIT} characters")])
        now = self._clock()
        with self.engine.begin() as connection:
            last = 0
            if assessment is None:
                assessment = uuid.uuid4().hex
                new = insert(assessments).values(id=assessment, owner=owner, name=name, created=now, updated=now)
                connection.execute(new)
            else:
                self._owned(connection, assessment, owner)
                changed = update(assessments).where(assessments.c.id == assessment).values(name=name, updated=now)
                connection.execute(changed)  # locks the row, so that two savings get two numbers
                newest = self._version(connection, assessment, None)
                if dict(newest.answers) == dict(answers) and newest.verdict == verdict:
                    return newest
                last = newest.number
            values = {"answers": dict(answers), "verdict": verdict, "advice": dict(advice) if advice else None}
            connection.execute(insert(versions).values(assessment=assessment, number=last + 1, created=now, **values))
        return Version(assessment, last + 1, dict(answers), verdict, advice, now)

    def search(self, owner: str, text: str = "", limit: int = 200) -> list[Assessment]:
        """The assessments that the owner may see, newest first, whose name or answers contain the text."""
        from sqlalchemy import Text, and_, cast, func, or_, select

        from advisor.store.schema import assessments, versions

        each = versions.alias()
        newest = select(func.max(each.c.number)).where(each.c.assessment == assessments.c.id).scalar_subquery()
        joined = and_(versions.c.assessment == assessments.c.id, versions.c.number == newest)
        words = (*assessments.c, versions.c.number, versions.c.verdict)
        query = select(*words).select_from(assessments).join(versions, joined).where(_visible(owner))
        for word in text.split():
            inside = cast(versions.c.answers, Text).icontains(word, autoescape=True)
            named = assessments.c.name.icontains(word, autoescape=True)
            query = query.where(or_(named, versions.c.verdict.icontains(word, autoescape=True), inside))
        with self.engine.connect().execution_options(**READING) as connection:
            rows = connection.execute(query.order_by(assessments.c.updated.desc()).limit(limit)).mappings().all()
        return [Assessment(**row) for row in rows]

    def versions(self, assessment: str, owner: str) -> list[Version]:
        """All versions, first to last; none for an assessment that the owner may not see."""
        from sqlalchemy import select

        from advisor.store.schema import assessments, versions

        query = (
            select(versions)
            .join(assessments, assessments.c.id == versions.c.assessment)
            .where(versions.c.assessment == assessment, _visible(owner))
            .order_by(versions.c.number)
        )
        with self.engine.connect().execution_options(**READING) as connection:
            return [Version(**row) for row in connection.execute(query).mappings()]

    def get(self, assessment: str, owner: str, number: int | None = None) -> Version:
        """One version, the newest if no number is given. Raises InputError where the owner can see none."""
        found = [each for each in self.versions(assessment, owner) if number in {None, each.number}]
        if not found:
            raise _unknown(assessment)
        return found[-1]

    def diff(self, assessment: str, owner: str, first: int, second: int) -> dict[str, tuple[Any, Any]]:
        """What differs between two versions, field to (before, after). Raises InputError as `get` does."""
        return difference(self.get(assessment, owner, first), self.get(assessment, owner, second))

    def delete_assessment(self, assessment: str, owner: str) -> None:
        """Deletes the owner's assessment with its versions and shares. Raises InputError if it is not the owner's."""
        from sqlalchemy import delete

        from advisor.store.schema import assessments

        with self.engine.begin() as connection:
            self._owned(connection, assessment, owner)
            connection.execute(delete(assessments).where(assessments.c.id == assessment))

    def share(self, assessment: str, owner: str, with_whom: str) -> None:
        """Lets someone (or EVERYONE who is signed in) see the owner's assessment. Raises InputError if not theirs."""
        from sqlalchemy import insert, select

        from advisor.store.schema import shares

        with self.engine.begin() as connection:
            self._owned(connection, assessment, owner)
            there = (shares.c.assessment == assessment) & (shares.c.with_whom == with_whom)
            if connection.execute(select(shares.c.created).where(there)).first() is None:
                new = insert(shares).values(assessment=assessment, with_whom=with_whom, created=self._clock())
                connection.execute(new)

    def unshare(self, assessment: str, owner: str, with_whom: str) -> None:
        """Takes a share back. Raises InputError if the assessment is not the owner's."""
        from sqlalchemy import delete

        from advisor.store.schema import shares

        with self.engine.begin() as connection:
            self._owned(connection, assessment, owner)
            there = (shares.c.assessment == assessment) & (shares.c.with_whom == with_whom)
            connection.execute(delete(shares).where(there))

    def _owned(self, connection: Connection, assessment: str, owner: str) -> None:
        from sqlalchemy import select

        from advisor.store.schema import assessments

        mine = (assessments.c.id == assessment) & (assessments.c.owner == owner)
        if connection.execute(select(assessments.c.id).where(mine)).first() is None:
            raise _unknown(assessment)

    def _version(self, connection: Connection, assessment: str, number: int | None) -> Version:
        from sqlalchemy import select

        from advisor.store.schema import versions

        query = select(versions).where(versions.c.assessment == assessment).order_by(versions.c.number.desc())
        if number is not None:
            query = query.where(versions.c.number == number)
        return Version(**connection.execute(query.limit(1)).mappings().one())


def _visible(owner: str) -> ColumnElement[bool]:
    """Whether the owner may see an assessment: it is theirs, or it was shared with them or with everyone."""
    from sqlalchemy import exists, or_

    from advisor.store.schema import assessments, shares

    shared = exists().where(shares.c.assessment == assessments.c.id, shares.c.with_whom.in_([owner, EVERYONE]))
    return or_(assessments.c.owner == owner, shared)


def _unknown(assessment: str) -> InputError:
    return InputError([Problem("assessment", "", repr(assessment[:40]), "one of yours")])
