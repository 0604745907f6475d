"""Background jobs, with a lease for the worker that has one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds jobs."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(320), nullable=False, server_default=""),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("worker", sa.String(200), nullable=False, server_default=""),
        sa.Column("lease_until", sa.Double),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("progress", sa.JSON),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("ended", sa.Double),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "created"])
    op.create_index("jobs_by_owner", "jobs", ["owner", "created"])
