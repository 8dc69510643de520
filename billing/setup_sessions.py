"""Setup sessions: Stripe Checkout in setup mode, only with an active consent to current terms.

https://docs.stripe.com/payments/amazon-pay/set-up-future-payments, with `allowed_payment_method_types` where that
page still has `payment_method_types`, which the pinned API version refuses.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.anchors import anchor
from billing.callers import Caller
from billing.consents import coverage
from billing.customers import get_live
from billing.errors import InvalidTransition, NotFound, Problem, StripeRejected
from billing.input import check_currency, check_key, raise_problems
from billing.metrics import METHOD_TYPE_NOT_OFFERED
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, ours, unkeyed
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request
from billing.tables import Mandate, Operation, PaymentMethod, SetupIntent, SetupSession, Subscription

log = structlog.get_logger()

# Stripe wants 30 minutes to 24 hours, by its own clock: a minute more at the short end, one less at the long one.
SHORTEST_MINUTES, LONGEST_MINUTES = 31, 24 * 60 - 1
LOCALE = re.compile(r"auto|[a-z]{2,3}(-[A-Za-z0-9]{2,4})?")
OPEN, COMPLETE, EXPIRED = "open", "complete", "expired"


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


async def get(session: AsyncSession, caller: Caller, session_id: UUID | None, *path: str) -> SetupSession:
    """The caller's setup session. Raises NotFound at `path`."""
    found = await session.get(SetupSession, session_id) if session_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such setup session.", path or ("input", "setupSessionId"))
    return found


async def state(session: AsyncSession, found: SetupSession) -> tuple[object, ...]:
    """Everything that a session shows; two states that are equal look the same."""
    intent = select(SetupIntent).where(SetupIntent.stripe_id == found.setup_intent_stripe_id)
    attempt = (await session.exec(intent)).first()
    method_id = attempt.payment_method_stripe_id if attempt else None
    method = (await session.exec(select(PaymentMethod).where(PaymentMethod.stripe_id == method_id))).first()
    mandates = (await session.exec(select(Mandate).where(Mandate.payment_method_stripe_id == method_id))).all()
    return tuple(each.model_dump_json() for each in (found, attempt, method, *mandates) if each is not None)


async def create(runtime: Runtime, caller: Caller, wish: Wish, *, idempotency_key: str) -> UUID:
    """A hosted page on which the customer saves a method.

    Stripe is not called before consent and addresses are found right.

    Raises InvalidInput, NotFound, ConsentRequired, TermsSuperseded, IdempotencyMismatch, Conflict, StripeUnavailable,
    and StripeRejected, also where Stripe does not offer a required type; no session is left open then.
    """
    raise_problems(_problems(runtime, wish) + check_key(idempotency_key))
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
    await mirror.record(session, answer, now=now)
    missing = [each for each in operation.intent["types"] if each not in answer.data["payment_method_types"]]
    for each in missing:
        METHOD_TYPE_NOT_OFFERED.labels(each).inc()
        log.warning("stripe does not offer a payment method type", type=each, session=answer.data["id"])
    if set(missing) & set(operation.intent["required"]):
        return Send("withdraw", Request("post", f"/v1/checkout/sessions/{answer.data['id']}/expire", {}))
    return Finish()


async def _record_withdrawn(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, Answer):
        await mirror.record(session, outcome, now=now)
    listed = ", ".join(operation.intent["required"])
    message = (
        f"Stripe does not offer every required type ({listed}) here. Enable it in the Dashboard under Payment methods, "
        "and check that it takes this currency and this account's country."
    )
    return Finish(error=StripeRejected(message, 400, "payment_method_type_not_offered", "requireTypes"))


CREATE = Procedure("createSetupSession", _begin, {"create": _record_created, "withdraw": _record_withdrawn})


async def expire(runtime: Runtime, caller: Caller, session_id: UUID | None) -> UUID:
    """Closes the page. A session that has expired already is a success that calls nothing.

    Raises NotFound, InvalidTransition (it is complete), Conflict, StripeRejected, StripeUnavailable.
    """
    async with runtime.database.read() as session:
        found = await get(session, caller, session_id)
    if found.status != EXPIRED:
        operation = await operations.run(runtime, EXPIRE, expiry(caller, found))
        if error := operations.failure(operation):
            raise error
    return found.id


def expiry(caller: Caller, setup_session: SetupSession, *, key: str | None = None) -> Call:
    """The call that expires a session; `key` where it is ordered and must be ordered once."""
    intent = {"setup_session_id": str(setup_session.id)}
    if key is None:
        return unkeyed("expireSetupSession", caller, intent, setup_session.customer_id)
    return Call("expireSetupSession", caller, key, intent, setup_session.customer_id)


async def _begin_expire(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    found = await session.get_one(SetupSession, UUID(operation.intent["setup_session_id"]))
    operation.node_id = found.id
    if found.status != OPEN:
        return _over(found)
    operation.subject = found.stripe_id
    return Send("expire", Request("post", f"/v1/checkout/sessions/{found.stripe_id}/expire", {}))


def _over(found: SetupSession) -> Finish:
    if found.status == COMPLETE:
        return Finish(error=InvalidTransition("This setup session is complete.", "setup_session", found.id))
    return Finish()


async def _record_expired(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400:
        # No longer open: whatever ended it came first.
        return Send("look", Request("get", f"/v1/checkout/sessions/{operation.subject}", {}))
    await mirror.record(session, answered(outcome), now=now)
    found = (await session.exec(select(SetupSession).where(SetupSession.id == operation.node_id))).one()
    return _over(found)


EXPIRE = Procedure("expireSetupSession", _begin_expire, {"expire": _record_expired, "look": _record_expired})
