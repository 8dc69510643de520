"""The nouns by name, so that types can refer to each other across files in circles.

To the type checker these are the classes; at run time they are looked up when the schema is built.
"""

from typing import TYPE_CHECKING, Annotated, Any, ForwardRef

import strawberry

if TYPE_CHECKING:
    from schema.catalogue import Price, Product
    from schema.changes import Change
    from schema.consents import Consent
    from schema.customers import Customer
    from schema.disputes import Dispute
    from schema.invoices import Invoice
    from schema.ledger import ConsentLedger
    from schema.payment_methods import PaymentMethod
    from schema.payments import Payment
    from schema.refunds import Refund
    from schema.setup_sessions import SetupSession
    from schema.stripe_events import StripeEvent
    from schema.subscriptions import Subscription
    from schema.terms import Terms
else:

    def _later(name: str, module: str) -> Any:
        return Annotated[ForwardRef(name), strawberry.lazy(f"schema.{module}")]

    Change = _later("Change", "changes")
    Consent = _later("Consent", "consents")
    ConsentLedger = _later("ConsentLedger", "ledger")
    Customer = _later("Customer", "customers")
    Dispute = _later("Dispute", "disputes")
    Invoice = _later("Invoice", "invoices")
    Payment = _later("Payment", "payments")
    PaymentMethod = _later("PaymentMethod", "payment_methods")
    Price = _later("Price", "catalogue")
    Product = _later("Product", "catalogue")
    Refund = _later("Refund", "refunds")
    SetupSession = _later("SetupSession", "setup_sessions")
    StripeEvent = _later("StripeEvent", "stripe_events")
    Subscription = _later("Subscription", "subscriptions")
    Terms = _later("Terms", "terms")

__all__ = [
    "Change",
    "Consent",
    "ConsentLedger",
    "Customer",
    "Dispute",
    "Invoice",
    "Payment",
    "PaymentMethod",
    "Price",
    "Product",
    "Refund",
    "SetupSession",
    "StripeEvent",
    "Subscription",
    "Terms",
]
