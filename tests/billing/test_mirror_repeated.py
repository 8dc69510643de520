"""An answer that Stripe repeats for an idempotency key is as old as its first sending, whatever its `Date` says."""

from billing import mirror
from billing.applier import apply_due
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Product, StripeObject
from tests.billing.applying import a_product_at_stripe, name_of, soon
from tests.billing.journey import unique
from tests.billing.ready import every


async def test_a_repeated_answer_is_not_taken_for_the_newest(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "first")
    rename, key = Request("post", f"/v1/products/{product['id']}", {"name": "second"}), unique("key")
    answer = await runtime.gateway.send(rename, idempotency_key=key)
    again = await runtime.gateway.send(rename, idempotency_key=key)
    assert again.data == answer.data
    assert (again.known_from, again.known_until >= answer.known_until > 0) == (0, True)


async def test_a_repeated_answer_about_a_known_object_makes_us_look(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "first")
    path, key = f"/v1/products/{product['id']}", unique("key")
    await runtime.gateway.send(Request("post", path, {"name": "second"}), idempotency_key=key)
    latest = await runtime.gateway.send(Request("post", path, {"name": "third"}))
    again = await runtime.gateway.send(Request("post", path, {"name": "second"}), idempotency_key=key)
    for answer in (latest, again):
        async with runtime.database.transaction() as session:
            await mirror.record(session, answer, now=runtime.clock())
    [stored] = await every(runtime, StripeObject)
    assert stored.refresh_at is not None
    await apply_due(runtime, now=soon(runtime))
    assert await name_of(runtime, product["id"]) == "third"
    assert len(await every(runtime, Product)) == 1
