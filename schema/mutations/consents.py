"""Recording and revoking consents."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import consents, operations, stopping
from billing.callers import Caller
from billing.consents import Amount, ScopeInput
from billing.input import check_key, raise_problems
from billing.operations import Call
from billing.tables import ConsentChannel, ConsentUsage
from schema.context import Info
from schema.inputs import BillingIntervalInput, MoneyInput, described_input
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, optional_id, produced
from schema.nouns import Consent, Payment
from schema.reads import described
from schema.reads.reading import reference
from schema.scalars import Currency


@described_input
class ConsentScopeInput:
    """What the customer allows. A limit that is left out is none."""

    usage: ConsentUsage = strawberry.field(description="What kind of payments; that of the terms.")
    interval: BillingIntervalInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="At most one scheduled payment in it. RECURRING needs it; others have none.",
    )
    currency: Currency | None = strawberry.field(
        default=strawberry.UNSET, description="The only currency of its payments; needed where a maximum is given."
    )
    maximum_amount: MoneyInput | None = strawberry.field(default=strawberry.UNSET, description="Of one payment.")
    monthly_maximum: MoneyInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of all payments of a calendar month (UTC) together."
    )
    product_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="What it is for; left out: any product."
    )
    maximum_subscriptions: int = strawberry.field(default=1, description="How many live subscriptions it carries.")


@described_input
class RecordConsentInput:
    """What a customer has agreed to, and how."""

    customer_id: strawberry.ID = strawberry.field(description="Whose.")
    terms_id: strawberry.ID = strawberry.field(description="The version that was shown.")
    scope: ConsentScopeInput = strawberry.field(description="What it allows.")
    accepted: bool = strawberry.field(description="Must be true: the customer's own opt-in.")
    terms_sha256: str | None = strawberry.field(
        name="termsSha256",
        default=strawberry.UNSET,
        description="The hash of what was shown; if given it must be that of the terms.",
    )
    subscription_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The one subscription that it is for; what is held of it, and covered, is released.",
    )
    ip_address: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What a merchant's server saw; taken from the request itself where the caller is the customer.",
    )
    user_agent: str | None = strawberry.field(default=strawberry.UNSET, description="As ipAddress.")
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="The language of the page.")
    channel: ConsentChannel = strawberry.field(default=ConsentChannel.WEB, description="Where the customer agreed.")
    expires_at: datetime | None = strawberry.field(default=strawberry.UNSET, description="When it ends by itself.")
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class RecordConsentPayload(Payload):
    """What came of recordConsent."""

    consent: Consent | None = produced("The consent.")


@described_input
class RevokeConsentInput:
    """Which consent ends."""

    consent_id: strawberry.ID = strawberry.field(description="Which.")
    reason: str | None = strawberry.field(default=strawberry.UNSET, description="In the customer's words.")


@described
class RevokeConsentPayload(Payload):
    """What came of revokeConsent."""

    consent: Consent | None = produced("The consent, ended.")
    under_way: list[Payment] | None = produced("Payments that were sent before the revocation and can still succeed.")


def _scope(given: ConsentScopeInput) -> ScopeInput:
    interval, products = left_in(given.interval), left_in(given.product_ids)
    return ScopeInput(
        usage=given.usage,
        interval_unit=interval.unit.value.lower() if interval else None,
        interval_count=interval.count if interval else None,
        currency=left_in(given.currency),
        maximum_amount=_amount(left_in(given.maximum_amount)),
        monthly_maximum=_amount(left_in(given.monthly_maximum)),
        product_ids=None if products is None else [_product(each, at) for at, each in enumerate(products)],
        maximum_subscriptions=given.maximum_subscriptions,
    )


def _product(global_id: str, at: int) -> UUID:
    return given_id(global_id, "product", "scope", "productIds", str(at))


def _amount(given: MoneyInput | None) -> Amount | None:
    return Amount(given.amount, given.currency) if given else None


@strawberry.type
class ConsentMutations:
    """What can be done with them."""

    @mutation(
        RecordConsentPayload,
        "Records what a customer agreed to, in the customer's ledger. An older one of the same kind gives way to it.",
        customers=True,
        errors="NotFound InvalidInput TermsSuperseded InvalidTransition IdempotencyMismatch Conflict",
    )
    async def record_consent(self, info: Info, input: RecordConsentInput) -> RecordConsentPayload:
        raise_problems(check_key(input.idempotency_key))
        runtime, caller = info.context.runtime, acting(info)
        wanted = _wanted(input)
        call = Call("recordConsent", caller, input.idempotency_key, _as_json(wanted), wanted["customer_id"])
        following: list[Call] = []
        body = partial(_record, caller, wanted, following)
        consent_id = await operations.run_once(runtime, call, body)
        await stopping.carry_out(runtime, following)
        return RecordConsentPayload(consent=reference(consent_id))

    @mutation(
        RevokeConsentPayload,
        "Ends a consent: nothing is charged under it any more, and what rests on it is stopped at Stripe.",
        customers=True,
        errors="NotFound InvalidInput",
    )
    async def revoke_consent(self, info: Info, input: RevokeConsentInput) -> RevokeConsentPayload:
        runtime, now = info.context.runtime, info.context.runtime.clock()
        consent_id = given_id(input.consent_id, "consent", "consentId")
        async with runtime.database.transaction() as session:
            revoked = await consents.revoke(
                session, acting(info), consent_id=consent_id, reason=left_in(input.reason), now=now
            )
            stops = await stopping.order(
                session, consent_id, stopped=revoked.subscriptions, expired=revoked.setup_sessions, now=now
            )
        await stopping.carry_out(runtime, stops)
        return RevokeConsentPayload(consent=reference(consent_id), under_way=reference(revoked.under_way))


def _wanted(input: RecordConsentInput) -> dict[str, Any]:
    """The input in the domain's words."""
    return {
        "customer_id": given_id(input.customer_id, "customer", "customerId"),
        "terms_id": given_id(input.terms_id, "terms", "termsId"),
        "scope": _scope(input.scope),
        "accepted": input.accepted,
        "terms_sha256": left_in(input.terms_sha256),
        "subscription_id": optional_id(input.subscription_id, "subscription", "subscriptionId"),
        "ip_address": left_in(input.ip_address),
        "user_agent": left_in(input.user_agent),
        "locale": left_in(input.locale),
        "channel": input.channel.value,
        "expires_at": left_in(input.expires_at),
    }


def _as_json(wanted: dict[str, Any]) -> dict[str, Any]:
    """What makes one input different from another, without the personal values themselves."""
    personal = ("ip_address", "user_agent")
    return {name: str(value) for name, value in wanted.items() if name not in personal}


async def _record(
    caller: Caller, wanted: dict[str, Any], following: list[Call], session: AsyncSession, now: datetime
) -> UUID:
    granted = await consents.record(session, caller, **wanted, now=now)
    following[:] = await stopping.order(
        session,
        granted.consent.id,
        stopped=granted.stopped,
        expired=granted.setup_sessions,
        passed=granted.passed,
        now=now,
    )
    return granted.consent.id
