"""Assessments belong to who is signed in (nobody, on one's own machine) and can be shared."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds owners and shares."""
    op.add_column("assessments", sa.Column("owner", sa.String(320), nullable=False, server_default=""))
    op.create_index("assessments_by_owner", "assessments", ["owner", "updated"])
    op.create_table(
        "shares",
        sa.Column("assessment", sa.String(32), sa.ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("with_whom", sa.String(320), primary_key=True),
        sa.Column("created", sa.Double, nullable=False),
    )
