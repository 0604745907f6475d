"""The tables as they are now. What leads here from earlier ones stands in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

drafts = Table(
    "drafts",
    metadata,
    Column("key_hash", String(64), primary_key=True),  # of the cookie: who reads the file cannot take a session over
    Column("answers", JSON, nullable=False),
    Column("updated", Double, nullable=False),
)

assessments = Table(
    "assessments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(320), nullable=False, server_default=""),
    Column("name", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Index("assessments_by_owner", "owner", "updated"),
)

versions = Table(
    "versions",
    metadata,
    Column("assessment", String(32), ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("answers", JSON, nullable=False),
    Column("verdict", Text, nullable=False, server_default=""),
    Column("advice", JSON),
    Column("created", Double, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("assessment", String(32), ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True),
    Column("with_whom", String(320), primary_key=True),
    Column("created", Double, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(320), nullable=False, server_default=""),
    Column("title", Text, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("worker", String(200), nullable=False, server_default=""),
    Column("lease_until", Double),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("cancel", Boolean, nullable=False),
    Column("progress", JSON),
    Column("error", Text, nullable=False, server_default=""),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Index("jobs_by_state", "state", "created"),
    Index("jobs_by_owner", "owner", "created"),
)
