"""The country of the account, for a start while Stripe does not answer."""

import sqlalchemy as sa
from alembic import op

revision = "5c0e9a7d31f4"
down_revision = "8c1f53e0a7d4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("installation") as table:
        table.add_column(sa.Column("country", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("installation") as table:
        table.drop_column("country")
