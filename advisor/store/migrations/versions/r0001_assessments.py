"""Drafts, assessments and their versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the first tables."""
    op.create_table(
        "drafts",
        sa.Column("key_hash", sa.String(64), primary_key=True),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
    )
    op.create_table(
        "assessments",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
    )
    op.create_table(
        "versions",
        sa.Column("assessment", sa.String(32), sa.ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False, server_default=""),
        sa.Column("advice", sa.JSON),
        sa.Column("created", sa.Double, nullable=False),
    )
