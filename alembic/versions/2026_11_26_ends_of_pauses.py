"""Ends of pauses, kept while a subscription is stopped."""

import sqlalchemy as sa
from alembic import op

revision = "5e0b9a7c2d14"
down_revision = "e7f20c8b5d13"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("holds") as batch:
        batch.add_column(sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("holds") as batch:
        batch.drop_column("resumes_at")
