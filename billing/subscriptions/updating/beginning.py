"""Asking for a change."""

from dataclasses import dataclass
from uuid import UUID

from billing import operations
from billing.callers import Caller
from billing.errors import AuthenticationRequired, BillingError, InvalidInput, PreviewStale
from billing.operations import Call
from billing.runtime import Runtime
from billing.subscriptions.previewing import fill_current
from billing.subscriptions.pricing import require_takes
from billing.subscriptions.reading import get
from billing.subscriptions.revision import currency_of
from billing.subscriptions.updating.procedure import UPDATE
from billing.subscriptions.wishes import SubscriptionChange, check, require_merchant
from billing.tables import Operation


@dataclass(frozen=True)
class Updated:
    """What came of it. An error with a subscription means that the change waits for the customer."""

    subscription_id: UUID | None
    payment_id: UUID | None
    error: BillingError | None


async def update(runtime: Runtime, caller: Caller, wanted: SubscriptionChange, *, idempotency_key: str) -> Updated:
    """One change and at most one payment for the key, however often it is called.

    Another method is in place before anything is charged, and stays where the rest is refused. In `Updated.error`:
    PaymentDeclined, after which what is billed is as before; AuthenticationRequired, after which the change is made
    once the customer has confirmed its payment, within 23 hours. Raises InvalidInput, NotFound, NotAllowed,
    ConsentRequired, ConsentScopeExceeded, PreviewStale, PaymentMethodUnusable, PaymentMethodLimit, InvalidTransition,
    IdempotencyMismatch, Conflict, StripeRejected, and then nothing was charged; StripeUnavailable, after which the same
    key continues.
    """
    _check(caller, wanted, idempotency_key)
    async with runtime.database.read() as session:
        subscription = await get(session, caller, wanted.subscription_id)
        _require_something(wanted)
        call = Call("updateSubscription", caller, idempotency_key, wanted.intent(), subscription.customer_id)
        if not await operations.is_begun(session, call):
            currency, owner = await currency_of(session, subscription), subscription.customer_id
            await require_takes(session, runtime.limits, owner, wanted.payment_method_id, currency)
    try:
        return _updated(await operations.run(runtime, UPDATE, call))
    except PreviewStale as stale:
        raise await fill_current(runtime, caller, wanted, stale) from stale


def _check(caller: Caller, wanted: SubscriptionChange, key: str) -> None:
    check(key=key, metadata=wanted.metadata, coupon=wanted.coupon)
    if caller.is_customer:
        by_token = wanted.preview_token is not None
        require_merchant(wanted.metadata, None if by_token else wanted.coupon, prorate=by_token or wanted.prorate)


def _require_something(wanted: SubscriptionChange) -> None:
    given = (wanted.payment_method_id, wanted.consent_id, wanted.coupon, wanted.metadata, wanted.preview_token)
    if wanted.items is None and not any(given):
        nothing = "Say what is to change: items, paymentMethodId, consentId, coupon or metadata."
        raise InvalidInput.at("input", message=nothing)


def _updated(operation: Operation) -> Updated:
    payment = operation.result.get("payment_id")
    error = operations.failure(operation)
    kept = error is None or isinstance(error, AuthenticationRequired)
    return Updated(operation.node_id if kept else None, UUID(payment) if payment else None, error)
