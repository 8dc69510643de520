"""Which operation a preview has served: its token is of no use to another."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c3a81f6e4b70"
down_revision = "5e0b9a7c2d14"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscription_previews") as batch:
        identifier = sa.String(length=36).with_variant(postgresql.UUID(), "postgresql")
        batch.add_column(sa.Column("used_by_id", identifier, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("subscription_previews") as batch:
        batch.drop_column("used_by_id")
