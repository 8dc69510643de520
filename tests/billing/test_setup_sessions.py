"""Setup sessions: no consent, no page; and never two for one key."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from billing import consents, operations, setup_sessions, stopping
from billing.callers import Caller
from billing.errors import (
    ConsentRequired,
    IdempotencyMismatch,
    InvalidInput,
    InvalidTransition,
    NotFound,
    StripeRejected,
    TermsSuperseded,
)
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import Operation, PaymentMethod, SetupIntent, SetupSession
from tests.billing.conftest import MERCHANT
from tests.billing.journey import (
    a_consent,
    a_customer,
    a_saved_method,
    a_wish,
    an_open_session,
    caught_up,
    published_terms,
    unique,
)
from tests.running_sandbox import RunningSandbox


async def every(runtime: Runtime, table: Any) -> list[Any]:
    async with runtime.database.read() as session:
        return list((await session.exec(select(table))).all())


async def test_a_session_ties_consent_stripe_and_customer_together(runtime: Runtime) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    opened = await an_open_session(runtime, customer, consent.id)
    at_stripe = (await runtime.gateway.get(f"/v1/checkout/sessions/{opened.stripe_id}", expand=["setup_intent"])).data
    assert (opened.status, opened.offered_types, opened.consent_id) == ("open", ["card", "amazon_pay"], consent.id)
    assert at_stripe["mode"] == "setup"
    assert at_stripe["metadata"]["assent_consent"] == str(consent.id)
    assert at_stripe["setup_intent"]["metadata"]["assent_consent_digest"]
    assert opened.setup_intent_stripe_id == at_stripe["setup_intent"]["id"]
    assert opened.url == at_stripe["url"]


async def test_without_an_active_consent_to_current_terms_stripe_is_not_called(runtime: Runtime) -> None:
    customer = await a_customer(runtime)
    agreed = await published_terms(runtime)
    older = await a_consent(runtime, customer, agreed=agreed)
    revoked = await a_consent(runtime, customer)
    async with runtime.database.transaction() as session:
        await consents.revoke(session, MERCHANT, consent_id=revoked.id, now=runtime.clock())
    await published_terms(runtime, agreed.slug, timing="Every month, on the first.")
    with pytest.raises(ConsentRequired):
        await setup_sessions.create(runtime, MERCHANT, a_wish(customer, revoked.id), idempotency_key="1")
    with pytest.raises(TermsSuperseded):
        await setup_sessions.create(runtime, MERCHANT, a_wish(customer, older.id), idempotency_key="2")
    with pytest.raises(NotFound):
        await setup_sessions.create(runtime, MERCHANT, a_wish(customer, uuid4()), idempotency_key="3")
    assert await every(runtime, SetupSession) == []
    assert [each for each in await every(runtime, Operation) if each.mutation == "createSetupSession"] == []


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("success_url", "https://evil.example/", "successUrl"),
        ("success_url", "https://shop.example.evil.example/", "successUrl"),
        ("cancel_url", "javascript:alert(1)", "cancelUrl"),
        ("currency", "usd", "currency"),
        ("types", [], "types"),
        ("required", ["link"], "requireTypes"),
        ("expires_in_minutes", 5, "expiresInMinutes"),
        ("expires_in_minutes", 5000, "expiresInMinutes"),
        ("locale", "en_US!", "locale"),
    ],
)
async def test_bad_input_names_its_field(runtime: Runtime, field: str, value: Any, path: str) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    wish = replace(a_wish(customer, consent.id), **{field: value})
    with pytest.raises(InvalidInput) as caught:
        await setup_sessions.create(runtime, MERCHANT, wish, idempotency_key="1")
    assert caught.value.problems[0].path == ("input", path)


async def test_twenty_at_once_with_one_key_open_one_page(runtime: Runtime) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    wish, key = a_wish(customer, consent.id), unique("key")
    made = await asyncio.gather(
        *(setup_sessions.create(runtime, MERCHANT, wish, idempotency_key=key) for _ in range(20))
    )
    [row] = await every(runtime, SetupSession)
    assert set(made) == {row.id}
    stripe_customer = (await runtime.gateway.get(f"/v1/checkout/sessions/{row.stripe_id}")).data["customer"]
    assert len(await runtime.gateway.list_all("/v1/checkout/sessions", customer=stripe_customer)) == 1


async def test_one_key_with_another_input_is_a_mismatch(runtime: Runtime) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    wish, key = a_wish(customer, consent.id), unique("key")
    await setup_sessions.create(runtime, MERCHANT, wish, idempotency_key=key)
    for other in (replace(wish, locale="de"), replace(wish, customer_id=await a_customer(runtime))):
        with pytest.raises(IdempotencyMismatch):
            await setup_sessions.create(runtime, MERCHANT, other, idempotency_key=key)


async def test_a_required_type_that_stripe_does_not_offer_leaves_no_session_open(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    wish, key = replace(a_wish(customer, consent.id), required=["amazon_pay"]), unique("key")
    sandbox.enable("card")
    try:
        for _ in range(2):
            with pytest.raises(StripeRejected, match="amazon_pay"):
                await setup_sessions.create(runtime, MERCHANT, wish, idempotency_key=key)
    finally:
        sandbox.enable("card", "amazon_pay")
    assert [each.status for each in await every(runtime, SetupSession)] == ["expired"]


async def test_an_unrequired_type_that_is_missing_is_shown(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    sandbox.enable("card")
    try:
        opened = await an_open_session(runtime, customer, consent.id)
    finally:
        sandbox.enable("card", "amazon_pay")
    assert (opened.status, opened.offered_types) == ("open", ["card"])


async def test_expiring_twice_is_a_success_and_a_complete_one_cannot_be(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    first = await an_open_session(runtime, customer, consent.id)
    for _ in range(2):
        await setup_sessions.expire(runtime, MERCHANT, first.id)
    second = await an_open_session(runtime, customer, consent.id)
    sandbox.authorize_amazon_pay(second.stripe_id)
    # We have not heard of it yet: Stripe refuses, and what it is is read.
    with pytest.raises(InvalidTransition):
        await setup_sessions.expire(runtime, MERCHANT, second.id)
    assert sorted(each.status for each in await every(runtime, SetupSession)) == ["complete", "expired"]


async def test_a_saved_amazon_pay_account_is_known_with_its_consent(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    method = await a_saved_method(runtime, sandbox, customer, consent.id)
    [intent] = await every(runtime, SetupIntent)
    assert (method.stripe_type, method.customer_id) == ("amazon_pay", customer)
    assert (intent.status, intent.consent_id, intent.payment_method_stripe_id) == (
        "succeeded",
        consent.id,
        method.stripe_id,
    )


async def test_failing_at_amazon_leaves_the_page_open_for_another_try(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    opened = await an_open_session(runtime, customer, consent.id)
    sandbox.fail_amazon_pay(opened.stripe_id)
    await caught_up(runtime, opened)
    [intent] = await every(runtime, SetupIntent)
    assert (intent.status, intent.failure_code) == ("requires_payment_method", "setup_intent_authentication_failure")
    sandbox.authorize_amazon_pay(opened.stripe_id)
    await caught_up(runtime, opened)
    assert len(await every(runtime, PaymentMethod)) == 1
    assert [each.status for each in await every(runtime, SetupSession)] == ["complete"]


async def test_the_end_of_a_consent_closes_its_open_pages(runtime: Runtime) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    opened = await an_open_session(runtime, customer, consent.id)
    now = runtime.clock()
    async with runtime.database.transaction() as session:
        revoked = await consents.revoke(session, MERCHANT, consent_id=consent.id, now=now)
        await stopping.order(
            session, consent.id, stopped=revoked.subscriptions, expired=revoked.setup_sessions, now=now
        )
    # The process that revoked dies here; the sweep of another one does what was ordered.
    await operations.sweep(runtime, PROCEDURES)
    assert (await runtime.gateway.get(f"/v1/checkout/sessions/{opened.stripe_id}")).data["status"] == "expired"
    assert [each.status for each in await every(runtime, SetupSession)] == ["expired"]


async def test_another_customers_session_does_not_exist(runtime: Runtime) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    opened = await an_open_session(runtime, customer, consent.id)
    other = Caller("CUSTOMER", customer_id=await a_customer(runtime))
    with pytest.raises(NotFound):
        await setup_sessions.expire(runtime, other, opened.id)
    with pytest.raises(NotFound):
        await setup_sessions.create(runtime, other, a_wish(customer, consent.id), idempotency_key="1")
