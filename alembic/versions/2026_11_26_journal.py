"""The journal, and how far it has come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8c1f53e0a7d4"
down_revision = "a93e5d17c0b4"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSON(), "postgresql")
IDENTIFIER = sa.String(36).with_variant(postgresql.UUID(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("noun", sa.String(), nullable=False),
        sa.Column("node_id", IDENTIFIER, nullable=False),
        sa.Column("customer_id", IDENTIFIER, nullable=True),
        sa.Column("owner_id", IDENTIFIER, nullable=True),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("merchant_fields", JSON, nullable=False),
        sa.Column("cause_kind", sa.String(), nullable=False),
        sa.Column("cause_reference", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.CheckConstraint(
            "cause_kind IN ('MUTATION', 'STRIPE_EVENT', 'RECONCILIATION')", name=op.f("ck_changes_cause_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sa.UniqueConstraint("position", name=op.f("uq_changes_position")),
    )
    for column in ("customer_id", "node_id", "owner_id"):
        op.create_index(op.f(f"ix_changes_{column}_position"), "changes", [column, "position"])
    head = op.create_table(
        "journal_head",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("pruned_to", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id IN ('1')", name=op.f("ck_journal_head_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
    )
    op.bulk_insert(head, [{"id": "1", "position": 0, "pruned_to": 0}])


def downgrade() -> None:
    op.drop_table("journal_head")
    op.drop_table("changes")
