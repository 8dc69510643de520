"""The tables, by noun."""

from billing.tables.base import JSON, Identifier, Row, new_id
from billing.tables.catalogue import Price, Product
from billing.tables.consents import (
    Consent,
    ConsentChannel,
    ConsentProduct,
    ConsentRecord,
    ConsentUsage,
    IntervalUnit,
    LedgerAction,
    Terms,
)
from billing.tables.customers import Customer
from billing.tables.holds import Hold
from billing.tables.invoices import Invoice, InvoiceLine, InvoicePayment, Payment
from billing.tables.journal import Change, JournalHead
from billing.tables.operations import ApiKey, Installation, KeyScope, Operation, OperationStatus
from billing.tables.payment_methods import Mandate, PaymentMethod, SetupIntent, SetupSession
from billing.tables.previews import SubscriptionPreview
from billing.tables.rates import RequestCount
from billing.tables.refunds import UNDONE, Dispute, Refund
from billing.tables.stripe import EventSource, EventStatus, ObjectLease, StripeEvent, StripeObject
from billing.tables.subscriptions import ENDED, Subscription, SubscriptionItem
from billing.tables.trusted_documents import TrustedDocument
from billing.tables.walks import Sighting, Walk

__all__ = [
    "ENDED",
    "JSON",
    "UNDONE",
    "ApiKey",
    "Change",
    "Consent",
    "ConsentChannel",
    "ConsentProduct",
    "ConsentRecord",
    "ConsentUsage",
    "Customer",
    "Dispute",
    "EventSource",
    "EventStatus",
    "Hold",
    "Identifier",
    "Installation",
    "IntervalUnit",
    "Invoice",
    "InvoiceLine",
    "InvoicePayment",
    "JournalHead",
    "KeyScope",
    "LedgerAction",
    "Mandate",
    "ObjectLease",
    "Operation",
    "OperationStatus",
    "Payment",
    "PaymentMethod",
    "Price",
    "Product",
    "Refund",
    "RequestCount",
    "Row",
    "SetupIntent",
    "SetupSession",
    "Sighting",
    "StripeEvent",
    "StripeObject",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionPreview",
    "Terms",
    "TrustedDocument",
    "Walk",
    "new_id",
]
