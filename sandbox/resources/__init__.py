"""Stripe's objects, one noun a file: how each is made, shown and changed."""

from collections.abc import Mapping, Sequence

from sandbox.kinds import Kind
from sandbox.resources import (
    accounts,
    balance_transactions,
    capabilities,
    charges,
    coupons,
    customer_balance,
    customers,
    discounts,
    early_fraud_warnings,
    events,
    file_links,
    files,
    invoice_payments,
    mandates,
    payment_method_configurations,
    payment_methods,
    prices,
    products,
    promotion_codes,
    refunds,
    setup_attempts,
    setup_intents,
    webhook_endpoints,
)
from sandbox.resources.checkout_sessions import endpoints as checkout_sessions
from sandbox.resources.disputes import endpoints as disputes
from sandbox.resources.invoice_items import endpoints as invoice_items
from sandbox.resources.invoices import endpoints as invoices
from sandbox.resources.payment_intents import endpoints as payment_intents
from sandbox.resources.portal import configurations as portal_configurations
from sandbox.resources.portal import sessions as portal_sessions
from sandbox.resources.subscriptions import endpoints as subscriptions
from sandbox.resources.test_clocks import endpoints as test_clocks
from sandbox.wire.endpoints import Endpoint

NOUNS = (
    accounts,
    balance_transactions,
    capabilities,
    charges,
    checkout_sessions,
    coupons,
    customer_balance,
    customers,
    discounts,
    disputes,
    early_fraud_warnings,
    events,
    file_links,
    files,
    invoice_items,
    invoice_payments,
    invoices,
    mandates,
    payment_intents,
    payment_method_configurations,
    payment_methods,
    portal_configurations,
    portal_sessions,
    prices,
    products,
    promotion_codes,
    refunds,
    setup_attempts,
    setup_intents,
    subscriptions,
    test_clocks,
    webhook_endpoints,
)

INNER = (Kind("line_item", expands=invoices.LINE_EXPANDS), Kind("subscription_item", expands={"discounts": "discount"}))
"""Objects that live inside another one."""

ENDPOINTS: Sequence[Endpoint] = [endpoint for noun in NOUNS for endpoint in noun.ENDPOINTS]
"""Everything that the sandbox serves under /v1."""

KINDS: Mapping[str, Kind] = {kind.object: kind for kind in (*(noun.KIND for noun in NOUNS), *INNER)}
"""What can be expanded in each kind of object."""
