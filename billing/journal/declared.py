"""Which tables are journaled. Events are not: they are the causes; of operations only that an outcome is unknown."""

from typing import Any

from billing.journal.agreements import (
    CONSENT,
    CUSTOMER,
    MANDATE,
    PAYMENT_METHOD,
    PRICE,
    PRODUCT,
    SETUP_INTENT,
    SETUP_SESSION,
    TERMS,
)
from billing.journal.bills import (
    DISPUTE,
    HOLD,
    INVOICE,
    INVOICE_LINE,
    INVOICE_PAYMENT,
    OPERATION,
    PAYMENT,
    REFUND,
    SUBSCRIPTION,
    SUBSCRIPTION_ITEM,
)
from billing.journal.words import Journaled
from billing.tables import (
    Consent,
    Customer,
    Dispute,
    Hold,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Mandate,
    Operation,
    Payment,
    PaymentMethod,
    Price,
    Product,
    Refund,
    SetupIntent,
    SetupSession,
    Subscription,
    SubscriptionItem,
    Terms,
)

JOURNALED: dict[type[Any], Journaled] = {
    Customer: CUSTOMER,
    Terms: TERMS,
    Consent: CONSENT,
    PaymentMethod: PAYMENT_METHOD,
    Mandate: MANDATE,
    SetupSession: SETUP_SESSION,
    SetupIntent: SETUP_INTENT,
    Product: PRODUCT,
    Price: PRICE,
    Subscription: SUBSCRIPTION,
    SubscriptionItem: SUBSCRIPTION_ITEM,
    Hold: HOLD,
    Operation: OPERATION,
    Invoice: INVOICE,
    InvoiceLine: INVOICE_LINE,
    InvoicePayment: INVOICE_PAYMENT,
    Payment: PAYMENT,
    Refund: REFUND,
    Dispute: DISPUTE,
}

NOUNS = tuple(dict.fromkeys(each.noun for each in JOURNALED.values()))
# By noun, the fields whose values a redaction takes away.
PERSONAL = {
    noun: frozenset(
        field.name for each in JOURNALED.values() if each.noun == noun for field in each.fields if field.personal
    )
    for noun in NOUNS
}
