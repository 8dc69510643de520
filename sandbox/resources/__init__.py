"""Stripe's objects, one noun a file: how each is made, shown and changed."""

from collections.abc import Mapping, Sequence

from sandbox.kinds import Kind
from sandbox.resources import (
    accounts,
    checkout_sessions,
    customers,
    events,
    mandates,
    payment_methods,
    prices,
    products,
    setup_attempts,
    setup_intents,
    webhook_endpoints,
)
from sandbox.wire.endpoints import Endpoint

NOUNS = (
    accounts,
    checkout_sessions,
    customers,
    events,
    mandates,
    payment_methods,
    prices,
    products,
    setup_attempts,
    setup_intents,
    webhook_endpoints,
)

ENDPOINTS: Sequence[Endpoint] = [endpoint for noun in NOUNS for endpoint in noun.ENDPOINTS]
"""Everything that the sandbox serves under /v1."""

KINDS: Mapping[str, Kind] = {noun.KIND.object: noun.KIND for noun in NOUNS}
"""What can be expanded in each kind of object."""
