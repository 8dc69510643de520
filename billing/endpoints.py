"""Paths of Stripe's API without what differs from object to object: few enough to count calls by them."""

# Ids of products and coupons are free text, so an id is not told by its looks but by being none of these.
WORDS = frozenset(
    "v1 account accounts balance balance_transactions billing billing_portal cancel capabilities charges checkout "
    "close configurations confirm capture coupons "
    "create_preview credit_notes customers detach attach disputes events expire files finalize "
    "invoice_payments invoiceitems invoices line_items lines mandates mark_uncollectible pay payment_intents "
    "payment_method_configurations payment_methods prices products promotion_codes refunds release resume search send "
    "sessions setup_attempts setup_intents subscription_items subscriptions tax test_clocks void "
    "webhook_endpoints".split()
)


def endpoint(path: str) -> str:
    """`/v1/invoices/in_1/pay` as `/v1/invoices/{id}/pay`."""
    return "/".join(part if part in WORDS or not part else "{id}" for part in path.partition("?")[0].split("/"))
