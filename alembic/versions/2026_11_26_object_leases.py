"""Leases on Stripe's objects, for workers that apply their events."""

import sqlalchemy as sa
from alembic import op

revision = "a93e5d17c0b4"
down_revision = "9d1c5b7e2f40"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "object_leases",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_object_leases")),
    )
    with op.batch_alter_table("object_leases") as batch_op:
        batch_op.create_index(batch_op.f("ix_object_leases_holder"), ["holder"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("object_leases") as batch_op:
        batch_op.drop_index(batch_op.f("ix_object_leases_holder"))
    op.drop_table("object_leases")
