"""Opening a hosted page, while the consent stands.

https://docs.stripe.com/payments/amazon-pay/set-up-future-payments, with `allowed_payment_method_types` where that page
still has `payment_method_types`, which the pinned API version refuses.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import limits, mirror, operations
from billing.anchors import anchor
from billing.callers import Caller
from billing.consents import coverage
from billing.customers import get_live
from billing.errors import ConsentRequired, NotFound, Problem, StripeRejected
from billing.errors import load as load_error
from billing.input import check_currency, check_key, raise_problems
from billing.metrics import METHOD_TYPE_NOT_OFFERED
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, ours
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request
from billing.tables import Operation, Subscription

log = structlog.get_logger()

# Stripe wants 30 minutes to 24 hours, by its own clock: a minute more at the short end, one less at the long one.
SHORTEST_MINUTES, LONGEST_MINUTES = 31, 24 * 60 - 1
LOCALE = re.compile(r"auto|[a-z]{2,3}(-[A-Za-z0-9]{2,4})?")


@dataclass(frozen=True)
class Wish:
    """What a setup session is to be. `types` in Stripe's words; `required` ones must be offered."""

    customer_id: UUID | None
    consent_id: UUID | None
    success_url: str
    cancel_url: str
    types: list[str]
    required: list[str]
    currency: str
    subscription_id: UUID | None = None
    expires_in_minutes: int | None = None
    locale: str | None = None


async def create(runtime: Runtime, caller: Caller, wish: Wish, *, idempotency_key: str) -> UUID:
    """A hosted page on which the customer saves a method.

    Stripe is not called before consent and addresses are found right.

    Raises InvalidInput, NotFound, ConsentRequired, TermsSuperseded, PaymentMethodLimit (of a required type),
    IdempotencyMismatch, Conflict, StripeUnavailable, and StripeRejected, also where Stripe does not offer a required
    type; no session is left open then.
    """
    raise_problems(_problems(runtime, wish) + check_key(idempotency_key))
    for required in wish.required:
        limits.require_currency(runtime.limits, required, wish.currency)
    async with runtime.database.read() as session:
        customer = await get_live(session, caller, wish.customer_id)
        if wish.subscription_id is not None:
            await _check_subscription(session, customer.id, wish.subscription_id)
    call = Call("createSetupSession", caller, idempotency_key, _intent(wish), customer.id)
    operation = await operations.run(runtime, CREATE, call)
    if error := operations.failure(operation):
        raise error
    return _node(operation)


def _node(operation: Operation) -> UUID:
    if operation.node_id is None:
        raise ValueError(f"operation {operation.id} has no setup session")
    return operation.node_id


async def _check_subscription(session: AsyncSession, customer_id: UUID, subscription_id: UUID) -> None:
    found = await session.get(Subscription, subscription_id)
    if found is None or found.customer_id != customer_id:
        raise NotFound("This customer has no such subscription.", ("input", "subscriptionId"))


def _intent(wish: Wish) -> dict[str, Any]:
    return {
        "customer_id": str(wish.customer_id),
        "consent_id": str(wish.consent_id) if wish.consent_id else None,
        "success_url": wish.success_url,
        "cancel_url": wish.cancel_url,
        "types": wish.types,
        "required": wish.required,
        "currency": wish.currency,
        "subscription_id": str(wish.subscription_id) if wish.subscription_id else None,
        "expires_in_minutes": wish.expires_in_minutes,
        "locale": wish.locale,
    }


def _problems(runtime: Runtime, wish: Wish) -> list[Problem]:
    problems = check_currency("currency", wish.currency)
    for field, url in (("successUrl", wish.success_url), ("cancelUrl", wish.cancel_url)):
        if not runtime.allows_redirect(url.replace("{CHECKOUT_SESSION_ID}", "x")):
            allowed = "This address is not of an allowed origin; add its origin to ALLOWED_REDIRECT_ORIGINS."
            problems.append(Problem(("input", field), allowed))
    if not wish.types:
        problems.append(Problem(("input", "types"), "Name at least one type."))
    if not set(wish.required) <= set(wish.types):
        problems.append(Problem(("input", "requireTypes"), "What is required must be among `types`."))
    minutes = wish.expires_in_minutes
    if minutes is not None and not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        span = f"Stripe keeps a session open for {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes."
        problems.append(Problem(("input", "expiresInMinutes"), span))
    if wish.locale is not None and not LOCALE.fullmatch(wish.locale):
        problems.append(Problem(("input", "locale"), "A locale reads en, fr-CA, or auto."))
    return problems


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    intent = operation.intent
    customer = await get_live(session, Caller.assent(), operation.customer_id)
    consent = await coverage.require_for_setup(
        session,
        customer_id=customer.id,
        consent_id=UUID(intent["consent_id"]) if intent["consent_id"] else None,
        # A customer who replaces a failing method keeps the consent that the subscription already rests on.
        current=intent["subscription_id"] is None,
        now=now,
    )
    operation.consent_id = consent.id
    ties = ours(operation, assent_setup_session=str(operation.node_id), **await anchor(session, consent))
    params: dict[str, Any] = {
        "mode": "setup",
        "customer": customer.stripe_id,
        "currency": intent["currency"].lower(),
        "allowed_payment_method_types": intent["types"],
        "success_url": intent["success_url"],
        "cancel_url": intent["cancel_url"],
        "client_reference_id": str(operation.node_id),
        "metadata": ties,
        # The session's metadata is not copied to its SetupIntent.
        "setup_intent_data": {"metadata": ties},
        "expand": ["setup_intent"],
    }
    if intent["expires_in_minutes"]:
        params["expires_at"] = int((now + timedelta(minutes=intent["expires_in_minutes"])).timestamp())
    if intent["locale"]:
        params["locale"] = intent["locale"]
    return Send("create", Request("post", "/v1/checkout/sessions", params))


async def _record_created(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer = answered(outcome)
    refusal = await _no_longer_allowed(session, operation, now)
    await mirror.record(session, answer, now=now)
    operation.result = {"session": answer.data["id"], "refusal": refusal.dump() if refusal else None}
    missing = [each for each in operation.intent["types"] if each not in answer.data["payment_method_types"]]
    for each in missing:
        METHOD_TYPE_NOT_OFFERED.labels(each).inc()
        log.warning("stripe does not offer a payment method type", type=each, session=answer.data["id"])
    if refusal or set(missing) & set(operation.intent["required"]):
        return Send("withdraw", Request("post", f"/v1/checkout/sessions/{answer.data['id']}/expire", {}))
    return Finish()


async def _no_longer_allowed(session: AsyncSession, operation: Operation, now: datetime) -> ConsentRequired | None:
    """Whether the consent ended while Stripe was being asked; then nobody else knows of the page that was opened."""
    customer_id = UUID(operation.intent["customer_id"])
    try:
        await coverage.require_for_setup(
            session, customer_id=customer_id, consent_id=operation.consent_id, current=False, now=now
        )
    except ConsentRequired as refusal:
        return refusal
    return None


async def _record_withdrawn(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and outcome.http_status in (401, 403):
        raise outcome
    if isinstance(outcome, Answer):
        await mirror.record(session, outcome, now=now)
    if refusal := operation.result["refusal"]:
        return Finish(error=load_error(refusal))
    listed = ", ".join(operation.intent["required"])
    message = (
        f"Stripe does not offer every required type ({listed}) here. Enable it in the Dashboard under Payment methods, "
        "and check that it takes this currency and this account's country."
    )
    return Finish(error=StripeRejected(message, 400, "payment_method_type_not_offered", "requireTypes"))


CREATE = Procedure("createSetupSession", _begin, {"create": _record_created, "withdraw": _record_withdrawn})
