"""Walks through Stripe's lists, and what they have met."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d41c7e60b2a8"
down_revision = "b7d2f0a4c915"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSON(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "walks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("place", JSON, nullable=False),
        sa.Column("report", JSON, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_walks")),
    )
    op.create_table(
        "sightings",
        sa.Column("walk", sa.String(), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("walk", "stripe_id", name=op.f("pk_sightings")),
    )


def downgrade() -> None:
    op.drop_table("sightings")
    op.drop_table("walks")
