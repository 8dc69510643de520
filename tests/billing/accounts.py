"""An account at Stripe from before Assent."""

from billing.runtime import Runtime
from billing.tables import Customer
from tests.billing.life import Life
from tests.billing.ready import every


def an_account(life: Life, count: int = 3, **metadata: str) -> list[str]:
    """Customers from before Assent, each with a card and a subscription that is paid, and one refund."""
    client, made = life.sandbox.client(), []
    price = client.v1.prices.create(
        {"unit_amount": 1500, "currency": "usd", "recurring": {"interval": "month"}, "product_data": {"name": "Plan"}}
    )
    for number in range(count):
        more = {name: value.format(number) for name, value in metadata.items()}
        customer = client.v1.customers.create({"email": f"c{number}@example.com", "metadata": more})
        method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        client.v1.subscriptions.create(
            {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method.id}
        )
        made.append(customer.id)
    [paid] = client.v1.payment_intents.list({"customer": made[0]}).data
    client.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    return made


async def external_ids(runtime: Runtime) -> dict[str, str]:
    return {each.stripe_id: each.external_id for each in await every(runtime, Customer)}
