"""Refunds, disputes, holds, and what a payment and a consent keep of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b7d2f0a4c915"
down_revision = "3804c1c268b7"
branch_labels = None
depends_on = None

UNJUDGED = "status IN ('open', 'paid', 'uncollectible') AND (judged_as IS NULL OR judged_as <> status)"


def upgrade() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("payment_stripe_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("evidence_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_disputes_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_disputes_stripe_id")),
    )
    with op.batch_alter_table("disputes") as batch_op:
        batch_op.create_index(batch_op.f("ix_disputes_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disputes_evidence_due_at_id"), ["evidence_due_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disputes_payment_stripe_id"), ["payment_stripe_id"], unique=False)

    op.create_table(
        "refunds",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("payment_stripe_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("failure_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_refunds_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_refunds_stripe_id")),
    )
    with op.batch_alter_table("refunds") as batch_op:
        batch_op.create_index(batch_op.f("ix_refunds_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refunds_payment_stripe_id"), ["payment_stripe_id"], unique=False)

    op.create_table(
        "subscription_previews",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("subscription_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_subscription_previews_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_previews")),
        sa.UniqueConstraint("token", name=op.f("uq_subscription_previews_token")),
    )
    with op.batch_alter_table("subscription_previews") as batch_op:
        batch_op.create_index(batch_op.f("ix_subscription_previews_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_stripe_id", sa.String(), nullable=True),
        sa.Column(
            "subscription_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False
        ),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("required", sa.JSON(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_holds_customer_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name=op.f("fk_holds_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.UniqueConstraint("invoice_stripe_id", name=op.f("uq_holds_invoice_stripe_id")),
    )
    with op.batch_alter_table("holds") as batch_op:
        batch_op.create_index(batch_op.f("ix_holds_subscription_id"), ["subscription_id"], unique=False)

    with op.batch_alter_table("consents") as batch_op:
        batch_op.add_column(
            sa.Column("used_by_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True)
        )
        batch_op.create_index(batch_op.f("ix_consents_expires_at"), ["expires_at"], unique=False)

    with op.batch_alter_table("invoices") as batch_op:
        batch_op.add_column(sa.Column("judged_as", sa.String(), nullable=True))
    # What was finalized under earlier versions is not judged in hindsight.
    op.execute("UPDATE invoices SET judged_as = status WHERE status <> 'draft'")
    with op.batch_alter_table("invoices") as batch_op:
        batch_op.create_index(
            "ix_invoices_unjudged",
            ["subscription_stripe_id"],
            unique=False,
            sqlite_where=sa.text(UNJUDGED),
            postgresql_where=sa.text(UNJUDGED),
        )

    with op.batch_alter_table("subscriptions") as batch_op:
        batch_op.add_column(sa.Column("pause_behavior", sa.String(), nullable=True))

    with op.batch_alter_table("payments") as batch_op:
        batch_op.add_column(sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("confirm_by", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("payments") as batch_op:
        batch_op.drop_column("confirm_by")
        batch_op.drop_column("succeeded_at")

    with op.batch_alter_table("invoices") as batch_op:
        batch_op.drop_index("ix_invoices_unjudged")
        batch_op.drop_column("judged_as")

    with op.batch_alter_table("subscriptions") as batch_op:
        batch_op.drop_column("pause_behavior")

    with op.batch_alter_table("consents") as batch_op:
        batch_op.drop_index(batch_op.f("ix_consents_expires_at"))
        batch_op.drop_column("used_by_id")

    with op.batch_alter_table("subscription_previews") as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscription_previews_customer_id"))

    op.drop_table("subscription_previews")
    with op.batch_alter_table("holds") as batch_op:
        batch_op.drop_index(batch_op.f("ix_holds_subscription_id"))

    op.drop_table("holds")
    with op.batch_alter_table("refunds") as batch_op:
        batch_op.drop_index(batch_op.f("ix_refunds_payment_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_refunds_customer_id"))

    op.drop_table("refunds")
    with op.batch_alter_table("disputes") as batch_op:
        batch_op.drop_index(batch_op.f("ix_disputes_payment_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_disputes_evidence_due_at_id"))
        batch_op.drop_index(batch_op.f("ix_disputes_customer_id"))

    op.drop_table("disputes")
