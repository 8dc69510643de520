"""Initial tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3804c1c268b7"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write', 'admin')", name=op.f("ck_api_keys_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_keys_sha256")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("stripe_metadata", sa.JSON(), nullable=False),
        sa.Column("default_payment_method_stripe_id", sa.String(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("external_id", name=op.f("uq_customers_external_id")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_customers_stripe_id")),
    )
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customers_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_customers_default_payment_method_stripe_id"),
            ["default_payment_method_stripe_id"],
            unique=False,
        )

    op.create_table(
        "installation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("stripe_account", sa.String(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id IN ('1')", name=op.f("ck_installation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "invoice_payments",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("invoice_stripe_id", sa.String(), nullable=False),
        sa.Column("payment_intent_stripe_id", sa.String(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_payments")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_invoice_payments_stripe_id")),
    )
    with op.batch_alter_table("invoice_payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_payments_invoice_stripe_id"), ["invoice_stripe_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_invoice_payments_payment_intent_stripe_id"), ["payment_intent_stripe_id"], unique=False
        )

    op.create_table(
        "mandates",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("payment_method_stripe_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_mandates_stripe_id")),
    )
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_mandates_payment_method_stripe_id"), ["payment_method_stripe_id"], unique=False
        )

    op.create_table(
        "operations",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mutation", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("input_hash", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("consent_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("intent", sa.JSON(), nullable=False),
        sa.Column("node_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("request", sa.JSON(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('PENDING', 'SUCCEEDED', 'FAILED', 'RELEASED', 'UNKNOWN')", name=op.f("ck_operations_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
        sa.UniqueConstraint("party", "mutation", "key", name=op.f("uq_operations_party_mutation_key")),
    )
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operations_consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_operations_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_operations_due", ["status", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_operations_node_id"), ["node_id"], unique=False)
        batch_op.create_index(
            "uq_operations_subject_pending",
            ["subject"],
            unique=True,
            sqlite_where=sa.text("status = 'PENDING'"),
            postgresql_where=sa.text("status = 'PENDING'"),
        )

    op.create_table(
        "products",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_products_stripe_id")),
    )
    op.create_table(
        "stripe_events",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_stripe_id", sa.String(), nullable=False),
        sa.Column("api_version", sa.String(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('WEBHOOK', 'SWEEP', 'REPLAY')", name=op.f("ck_stripe_events_source")),
        sa.CheckConstraint(
            "status IN ('RECEIVED', 'APPLIED', 'SKIPPED', 'FAILED')", name=op.f("ck_stripe_events_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_events")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_stripe_events_stripe_id")),
    )
    with op.batch_alter_table("stripe_events", schema=None) as batch_op:
        batch_op.create_index("ix_stripe_events_due", ["status", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_stripe_events_object_stripe_id"), ["object_stripe_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stripe_events_type"), ["type"], unique=False)

    op.create_table(
        "stripe_objects",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("customer_stripe_id", sa.String(), nullable=True),
        sa.Column("known_from", sa.Integer(), nullable=False),
        sa.Column("known_until", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_stripe_objects")),
    )
    with op.batch_alter_table("stripe_objects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stripe_objects_customer_stripe_id"), ["customer_stripe_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stripe_objects_refresh_at"), ["refresh_at"], unique=False)

    op.create_table(
        "terms",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("permission", sa.String(), nullable=False),
        sa.Column("timing", sa.String(), nullable=False),
        sa.Column("amount_determination", sa.String(), nullable=False),
        sa.Column("cancellation_policy", sa.String(), nullable=True),
        sa.Column("usage", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.CheckConstraint(
            "usage <> 'RECURRING' OR cancellation_policy IS NOT NULL", name=op.f("ck_terms_cancellation_policy")
        ),
        sa.CheckConstraint("usage IN ('ONE_TIME', 'RECURRING', 'UNSCHEDULED')", name=op.f("ck_terms_usage")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_terms_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("slug", "locale", "version", name=op.f("uq_terms_slug_locale_version")),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("terms_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("terms_sha256", sa.String(), nullable=False),
        sa.Column("usage", sa.String(), nullable=False),
        sa.Column("interval_unit", sa.String(), nullable=True),
        sa.Column("interval_count", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("maximum_amount", sa.BigInteger(), nullable=True),
        sa.Column("monthly_maximum", sa.BigInteger(), nullable=True),
        sa.Column("maximum_subscriptions", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("ip_address", sa.String(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("observed", sa.Boolean(), nullable=False),
        sa.Column("salts", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.String(), nullable=True),
        sa.Column(
            "superseded_by_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True
        ),
        sa.CheckConstraint("(usage = 'RECURRING') = (interval_unit IS NOT NULL)", name=op.f("ck_consents_interval")),
        sa.CheckConstraint(
            "channel IN ('WEB', 'MOBILE_APP', 'EMAIL', 'PHONE', 'IN_PERSON', 'OTHER')", name=op.f("ck_consents_channel")
        ),
        sa.CheckConstraint("usage IN ('ONE_TIME', 'RECURRING', 'UNSCHEDULED')", name=op.f("ck_consents_usage")),
        sa.CheckConstraint("maximum_amount > 0 AND monthly_maximum > 0", name=op.f("ck_consents_maxima")),
        sa.CheckConstraint("maximum_subscriptions >= 1", name=op.f("ck_consents_maximum_subscriptions")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_consents_customer_id")),
        sa.ForeignKeyConstraint(["superseded_by_id"], ["consents.id"], name=op.f("fk_consents_superseded_by_id")),
        sa.ForeignKeyConstraint(["terms_id"], ["terms.id"], name=op.f("fk_consents_terms_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_consents_customer_id_created_at_id"), ["customer_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_consents_subscription_id"), ["subscription_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_consents_terms_id"), ["terms_id"], unique=False)

    op.create_table(
        "invoices",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("subscription_stripe_id", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("billing_reason", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("amount_due", sa.BigInteger(), nullable=False),
        sa.Column("amount_paid", sa.BigInteger(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_payment_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hosted_url", sa.String(), nullable=True),
        sa.Column("pdf_url", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_invoices_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_invoices_stripe_id")),
    )
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_invoices_customer_id_created_at_id"), ["customer_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_invoices_subscription_stripe_id"), ["subscription_stripe_id"], unique=False
        )

    op.create_table(
        "payment_methods",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("stripe_type", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=True),
        sa.Column("last4", sa.String(), nullable=True),
        sa.Column("exp_month", sa.Integer(), nullable=True),
        sa.Column("exp_year", sa.Integer(), nullable=True),
        sa.Column("billing_email", sa.String(), nullable=True),
        sa.Column("billing_name", sa.String(), nullable=True),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_payment_methods_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_methods")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_payment_methods_stripe_id")),
    )
    with op.batch_alter_table("payment_methods", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_payment_methods_customer_id_created_at_id"),
            ["customer_id", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "prices",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("lookup_key", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=True),
        sa.Column("interval_unit", sa.String(), nullable=True),
        sa.Column("interval_count", sa.Integer(), nullable=True),
        sa.Column("trial_days", sa.Integer(), nullable=True),
        sa.Column("self_service", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(interval_unit IS NULL) = (interval_count IS NULL)", name=op.f("ck_prices_interval")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_prices_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_prices_stripe_id")),
    )
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prices_lookup_key"), ["lookup_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_prices_product_id"), ["product_id"], unique=False)

    op.create_table(
        "consent_products",
        sa.Column("consent_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("product_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_consent_products_consent_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_consent_products_product_id")),
        sa.PrimaryKeyConstraint("consent_id", "product_id", name=op.f("pk_consent_products")),
    )
    op.create_table(
        "consent_records",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("consent_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("previous_digest", sa.String(), nullable=True),
        sa.CheckConstraint("action IN ('GRANTED', 'REVOKED', 'REDACTED')", name=op.f("ck_consent_records_action")),
        sa.CheckConstraint(
            "(sequence = 1) = (previous_digest IS NULL)", name=op.f("ck_consent_records_previous_digest")
        ),
        sa.CheckConstraint("sequence >= 1", name=op.f("ck_consent_records_sequence")),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_consent_records_consent_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_consent_records_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_records")),
        sa.UniqueConstraint("customer_id", "sequence", name=op.f("uq_consent_records_customer_id_sequence")),
        sa.UniqueConstraint("digest", name=op.f("uq_consent_records_digest")),
    )
    with op.batch_alter_table("consent_records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_records_consent_id"), ["consent_id"], unique=False)

    op.create_table(
        "invoice_lines",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proration", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_lines_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines")),
        sa.UniqueConstraint("invoice_id", "position", name=op.f("uq_invoice_lines_invoice_id_position")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_invoice_lines_stripe_id")),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("consent_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("payment_method_stripe_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("failure_code", sa.String(), nullable=True),
        sa.Column("failure_decline_code", sa.String(), nullable=True),
        sa.Column("failure_message", sa.String(), nullable=True),
        sa.Column("next_action_url", sa.String(), nullable=True),
        sa.Column("client_secret", sa.String(), nullable=True),
        sa.Column("stripe_metadata", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_payments_consent_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_payments_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_payments_stripe_id")),
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payments_consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_payments_customer_id_created_at_id"), ["customer_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_payments_payment_method_stripe_id"), ["payment_method_stripe_id"], unique=False
        )

    op.create_table(
        "setup_intents",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("consent_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("payment_method_stripe_id", sa.String(), nullable=True),
        sa.Column("mandate_stripe_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("failure_code", sa.String(), nullable=True),
        sa.Column("failure_message", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_setup_intents_consent_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_setup_intents_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_intents")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_setup_intents_stripe_id")),
    )
    with op.batch_alter_table("setup_intents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_setup_intents_customer_id_created_at_id"), ["customer_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_setup_intents_mandate_stripe_id"), ["mandate_stripe_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_setup_intents_payment_method_stripe_id"), ["payment_method_stripe_id"], unique=False
        )

    op.create_table(
        "setup_sessions",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("consent_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("subscription_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("setup_intent_stripe_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("offered_types", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_setup_sessions_consent_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_setup_sessions_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_sessions")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_setup_sessions_stripe_id")),
    )
    with op.batch_alter_table("setup_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_setup_sessions_consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_setup_sessions_customer_id_created_at_id"), ["customer_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_setup_sessions_setup_intent_stripe_id"), ["setup_intent_stripe_id"], unique=False
        )

    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("consent_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=True),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("payment_method_stripe_id", sa.String(), nullable=True),
        sa.Column("latest_invoice_stripe_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("current_period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("cancel_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_collection_only", sa.Boolean(), nullable=True),
        sa.Column("stripe_metadata", sa.JSON(), nullable=False),
        sa.CheckConstraint("managed = (consent_id IS NOT NULL)", name=op.f("ck_subscriptions_managed")),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_subscriptions_consent_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_subscriptions_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_subscriptions_stripe_id")),
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriptions_consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_subscriptions_customer_id_created_at_id"), ["customer_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_subscriptions_payment_method_stripe_id"), ["payment_method_stripe_id"], unique=False
        )

    op.create_table(
        "subscription_items",
        sa.Column("id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column(
            "subscription_id", sa.String(length=36).with_variant(postgresql.UUID(), "postgresql"), nullable=False
        ),
        sa.Column("price_stripe_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("current_period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_period_end", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_subscription_items_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_items")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_subscription_items_stripe_id")),
    )
    with op.batch_alter_table("subscription_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscription_items_price_stripe_id"), ["price_stripe_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscription_items_subscription_id"), ["subscription_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("subscription_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscription_items_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_subscription_items_price_stripe_id"))

    op.drop_table("subscription_items")
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_payment_method_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_customer_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_consent_id"))

    op.drop_table("subscriptions")
    with op.batch_alter_table("setup_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_setup_sessions_setup_intent_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_setup_sessions_customer_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_setup_sessions_consent_id"))

    op.drop_table("setup_sessions")
    with op.batch_alter_table("setup_intents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_setup_intents_payment_method_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_setup_intents_mandate_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_setup_intents_customer_id_created_at_id"))

    op.drop_table("setup_intents")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payments_payment_method_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_payments_customer_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_payments_consent_id"))

    op.drop_table("payments")
    op.drop_table("invoice_lines")
    with op.batch_alter_table("consent_records", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_records_consent_id"))

    op.drop_table("consent_records")
    op.drop_table("consent_products")
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prices_product_id"))
        batch_op.drop_index(batch_op.f("ix_prices_lookup_key"))

    op.drop_table("prices")
    with op.batch_alter_table("payment_methods", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_methods_customer_id_created_at_id"))

    op.drop_table("payment_methods")
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoices_subscription_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_invoices_customer_id_created_at_id"))

    op.drop_table("invoices")
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consents_terms_id"))
        batch_op.drop_index(batch_op.f("ix_consents_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_consents_customer_id_created_at_id"))

    op.drop_table("consents")
    op.drop_table("terms")
    with op.batch_alter_table("stripe_objects", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stripe_objects_refresh_at"))
        batch_op.drop_index(batch_op.f("ix_stripe_objects_customer_stripe_id"))

    op.drop_table("stripe_objects")
    with op.batch_alter_table("stripe_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stripe_events_type"))
        batch_op.drop_index(batch_op.f("ix_stripe_events_object_stripe_id"))
        batch_op.drop_index("ix_stripe_events_due")

    op.drop_table("stripe_events")
    op.drop_table("products")
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_operations_subject_pending",
            sqlite_where=sa.text("status = 'PENDING'"),
            postgresql_where=sa.text("status = 'PENDING'"),
        )
        batch_op.drop_index(batch_op.f("ix_operations_node_id"))
        batch_op.drop_index("ix_operations_due")
        batch_op.drop_index(batch_op.f("ix_operations_customer_id"))
        batch_op.drop_index(batch_op.f("ix_operations_consent_id"))

    op.drop_table("operations")
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mandates_payment_method_stripe_id"))

    op.drop_table("mandates")
    with op.batch_alter_table("invoice_payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoice_payments_payment_intent_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_invoice_payments_invoice_stripe_id"))

    op.drop_table("invoice_payments")
    op.drop_table("installation")
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customers_default_payment_method_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_customers_created_at_id"))

    op.drop_table("customers")
    op.drop_table("api_keys")
