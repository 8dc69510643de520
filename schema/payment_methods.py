"""Saved payment methods."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func
from sqlmodel import col, select

from billing import tables
from billing.payment_methods import status_expression
from schema.enums import PaymentMethodStatus, PaymentMethodType
from schema.nodes import Node
from schema.nouns import Consent, Customer
from schema.reads import MONTH, among, column, constant, interface, node, one, variant

table: Any = tables.PaymentMethod
attempt: Any = tables.SetupIntent

IS_CARD, IS_AMAZON_PAY = table.stripe_type == "card", table.stripe_type == "amazon_pay"
TYPE = case((IS_CARD, constant("CARD")), (IS_AMAZON_PAY, constant("AMAZON_PAY")), else_=constant("OTHER"))
STATUS = status_expression(MONTH)

OF_TYPE = among("type", PaymentMethodType, TYPE, "Only those of these kinds.")
WITH_STATUS = among("status", PaymentMethodStatus, STATUS, "Only those of these statuses.")

# Stripe's words for the brands whose names are not that word with a capital.
BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
}
BRAND = case(
    *((table.brand == word, constant(name)) for word, name in BRANDS.items()),
    else_=func.upper(func.substr(table.brand, 1, 1)).concat(func.substr(table.brand, 2)),
)
LABEL = case(
    (IS_CARD, BRAND.concat(constant(" •••• ")).concat(table.last4)),
    (IS_AMAZON_PAY, constant("Amazon Pay")),
    else_=func.upper(func.substr(table.stripe_type, 1, 1)).concat(
        func.replace(func.substr(table.stripe_type, 2), constant("_"), constant(" "))
    ),
)
IS_DEFAULT = (
    select(tables.Customer.id)
    .where(tables.Customer.id == table.customer_id, tables.Customer.default_payment_method_stripe_id == table.stripe_id)
    .exists()
)
SAVED_UNDER = (
    select(attempt.consent_id)
    .where(attempt.payment_method_stripe_id == table.stripe_id, attempt.status == "succeeded")
    .order_by(col(attempt.created_at).desc(), col(attempt.id).desc())
    .limit(1)
    .scalar_subquery()
)


@interface
@node(table, "payment_method", owner="customer_id", stripe="pm_")
class PaymentMethod(Node):
    """A method of payment that the customer has saved."""

    customer: Customer = one("Whose it is.", on=tables.Customer.id == table.customer_id)
    type: PaymentMethodType = column(TYPE, "Its kind.")
    status: PaymentMethodStatus = column(STATUS, "Whether it can be charged.")
    is_default: bool = column(IS_DEFAULT, "Whether it is charged where nothing else is said.")
    label: str = column(LABEL, "One line for a person, e.g. `Visa •••• 4242` or `Amazon Pay`.")
    consent: Consent | None = one("The consent under which it was saved.", on=tables.Consent.id == SAVED_UNDER)
    stripe_id: str = column(table.stripe_id, "Stripe's id: pm_...")
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")


@variant(when=and_(IS_CARD, col(table.last4).is_not(None)))
class CardPaymentMethod(PaymentMethod):
    """A card."""

    brand: str = column(table.brand, "Stripe's word for the brand, e.g. visa.")
    last4: str = column(table.last4, "The last four digits.")
    exp_month: int = column(table.exp_month, "The last month in which it is valid, 1 to 12.")
    exp_year: int = column(table.exp_year, "The year of that month, four digits.")


@variant(when=IS_AMAZON_PAY)
class AmazonPayPaymentMethod(PaymentMethod):
    """An Amazon Pay account."""

    buyer_email: str | None = column(table.billing_email, "The account's e-mail address, where Amazon tells it.")
    buyer_name: str | None = column(table.billing_name, "The account holder's name, where Amazon tells it.")


@variant()
class OtherPaymentMethod(PaymentMethod):
    """A method of a kind that this version has no own type for; a later version may answer with a type of its own."""

    stripe_type: str = column(table.stripe_type, "Stripe's word for the kind, e.g. link.")
