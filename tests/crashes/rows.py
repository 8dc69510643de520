"""All rows of the matrix, and the mutations that need none."""

from tests.crashes import declaring, rows_of_consents, rows_of_payments, rows_of_subscriptions

__all__ = ["CALLS_NOTHING", "ROWS", "rows_of_consents", "rows_of_payments", "rows_of_subscriptions"]

ROWS = declaring.ROWS

# Nothing of these is asked of Stripe, so nothing of it can be lost on the way.
CALLS_NOTHING = {"publishTerms", "redactCustomer", "createCustomerToken", "previewDisputeEvidence", "replayStripeEvent"}
