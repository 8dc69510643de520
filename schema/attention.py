"""Why a subscription's billing stands still or needs a person: what Assent decided, else what the mirror shows."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, String, Table, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from billing import tables
from billing.confirmation import waits_for_customer
from billing.payment_methods import PaymentMethodStatus, status_expression
from billing.renewals.holds import MESSAGES, Reason
from schema.catalogue import interval_of
from schema.consents import ConsentScope
from schema.enums import AttentionReason
from schema.nouns import Invoice
from schema.reads import MONTH, Argument, column, constant, described, many, money, node, one, part

# Aliases, because the types that are read beside it are read from the tables themselves.
it: Any = aliased(tables.Subscription)
hold: Any = aliased(tables.Hold)
other: Any = aliased(tables.Hold)
invoice: Any = aliased(tables.Invoice)
payment: Any = tables.Payment
link: Any = aliased(tables.InvoicePayment)
operation: Any = aliased(tables.Operation)
method: Any = tables.PaymentMethod

# ---------------------------------------------------------------------- what the mirror shows

_goes_on = it.status.not_in([constant(each) for each in tables.ENDED])
_open = and_(invoice.subscription_stripe_id == it.stripe_id, invoice.status == constant("open"))
_paying = (
    select(payment.id)
    .join(link, link.payment_intent_stripe_id == payment.stripe_id)
    .join(invoice, invoice.stripe_id == link.invoice_stripe_id)
    .where(_open)
)
_waits = _paying.where(waits_for_customer())
_declined = or_(
    exists(_paying.where(payment.failure_code.is_not(None))),
    exists(select(invoice.id).where(_open, invoice.attempt_count > constant(0))),
)
_unknown = and_(
    operation.status == constant("UNKNOWN"),
    or_(
        operation.node_id == it.id,
        operation.node_id.in_(select(invoice.id).where(invoice.subscription_stripe_id == it.stripe_id)),
    ),
)
_usable = select(method.id).where(
    method.stripe_id == it.payment_method_stripe_id,
    status_expression(MONTH) == constant(PaymentMethodStatus.USABLE.value),
)
_needs_method = and_(
    it.managed,
    it.status.in_([constant(each) for each in ("active", "past_due", "unpaid", "paused")]),
    ~it.cancel_at_period_end,
    ~exists(_usable),
)
_fails = it.status.in_([constant("past_due"), constant("unpaid")])

_reason = case(
    (hold.reason.is_not(None), hold.reason),
    (exists(select(operation.id).where(_unknown)), constant(AttentionReason.OUTCOME_UNKNOWN.value)),
    (and_(_goes_on, exists(_waits)), constant(AttentionReason.AUTHENTICATION_REQUIRED.value)),
    (and_(_goes_on, _declined), constant(AttentionReason.PAYMENT_DECLINED.value)),
    (_needs_method, constant(AttentionReason.PAYMENT_METHOD_UNUSABLE.value)),
    (_fails, constant(AttentionReason.OTHER.value)),
)


def _newest_open(value: Any) -> Any:
    return select(value).where(_open).order_by(invoice.created_at.desc(), invoice.id.desc()).limit(1).scalar_subquery()


_since = func.coalesce(
    hold.created_at,
    select(func.max(operation.updated_at)).where(_unknown).scalar_subquery(),
    _newest_open(invoice.created_at),
    select(method.detached_at).where(method.stripe_id == it.payment_method_stripe_id).scalar_subquery(),
    it.current_period_start,
    it.created_at,
)

# ---------------------------------------------------------------------- one row for each that needs attention

# Money that was taken goes before money that is not, an invoice before all that is to come.
_first = (
    select(other.id)
    .where(other.subscription_id == it.id, other.ended_at.is_(None))
    .order_by(
        case((other.reason == constant(Reason.CHARGED_OUTSIDE_CONSENT), constant(0)), else_=constant(1)),
        case((other.invoice_stripe_id.is_(None), constant(1)), else_=constant(0)),
        other.created_at.desc(),
        other.id.desc(),
    )
    .limit(1)
    .scalar_subquery()
)


def _required(name: str, type_: Any = String) -> Any:
    return cast(hold.required[name].as_string(), type_()).label(name)


ROWS = (
    select(
        it.id.label("id"),
        it.customer_id.label("customer_id"),
        _reason.label("reason"),
        hold.message.label("message"),
        _since.label("since"),
        case((hold.id.is_not(None), hold.invoice_stripe_id), else_=_newest_open(invoice.stripe_id)).label("invoice"),
        _required("usage"),
        _required("interval_unit"),
        _required("interval_count", BigInteger),
        _required("currency"),
        _required("maximum_amount", BigInteger),
        _required("monthly_maximum", BigInteger),
        _required("product_ids"),
        _required("maximum_subscriptions", BigInteger),
    )
    .select_from(it)
    .outerjoin(hold, hold.id == _first)
    .where(_reason.is_not(None))
)

# Only names for the columns of these rows.
table: Any = Table("attentions", MetaData(), *(Column(each.name, each.type) for each in ROWS.selected_columns))

NEEDS_ATTENTION = Argument(
    "needsAttention",
    bool | None,
    "Only those that do, or that do not.",
    lambda wanted: (
        case((col(tables.Subscription.id).in_(select(ROWS.subquery().c.id)), 1), else_=0) == case((wanted, 1), else_=0)
    ),
)

SAID = {
    AttentionReason.OUTCOME_UNKNOWN: "It is being found out what became of a payment of this subscription.",
    AttentionReason.AUTHENTICATION_REQUIRED: "The customer has to confirm a payment of this subscription.",
    AttentionReason.PAYMENT_DECLINED: "A payment of this subscription was declined; it needs another payment method.",
    AttentionReason.PAYMENT_METHOD_UNUSABLE: MESSAGES[Reason.PAYMENT_METHOD_UNUSABLE],
    AttentionReason.OTHER: "The latest invoice of this subscription is not paid.",
}
_message = case(*((table.c.reason == constant(reason.value), constant(said)) for reason, said in SAID.items()))


@described
@node(table, "attention", owner="customer_id", rows=ROWS)
class Attention:
    """Why billing stands still or needs a person, and what would move it."""

    reason: AttentionReason = column(table.c.reason, "The kind of trouble.")
    message: str = column(func.coalesce(table.c.message, _message), "One sentence for a person.")
    since: datetime = column(table.c.since, "Since when.")
    invoice: Invoice | None = one(
        "The invoice that it is about, if any.", on=tables.Invoice.stripe_id == table.c.invoice
    )
    required_consent: ConsentScope | None = part(
        "What a consent has to allow, where one would help.",
        when=table.c.usage.is_not(None),
        usage=table.c.usage,
        interval=interval_of(table.c, ""),
        currency=table.c.currency,
        maximum_amount=money(table.c.maximum_amount, table.c.currency, ""),
        monthly_maximum=money(table.c.monthly_maximum, table.c.currency, ""),
        products=many(
            "",
            on=table.c.product_ids.contains(cast(tables.Product.id, String)),
            order=(tables.Product.name, tables.Product.id),
            when=table.c.product_ids.is_not(None),
        ),
        maximum_subscriptions=table.c.maximum_subscriptions,
    )
