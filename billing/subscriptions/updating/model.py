"""What the steps of a change share: the wish, where it stands, and whether Stripe has carried it out."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import previews
from billing.callers import MERCHANT
from billing.operations import Send
from billing.stripe_gateway import JSONObject, Request
from billing.subscriptions.changes import Billed, previewed
from billing.subscriptions.paying import INVOICE_EXPAND, SUBSCRIPTION_EXPAND
from billing.subscriptions.revision import Revision, check_revision
from billing.subscriptions.wishes import require_merchant
from billing.tables import Operation, Subscription


async def wish_of(
    session: AsyncSession, operation: Operation, subscription: Subscription, now: datetime
) -> dict[str, Any]:
    """The input, with what its preview had in place of what was left out. Raises as `previews.find` and `bind` do."""
    found = await previews.find(session, operation, subscription_id=subscription.id, now=now)
    if found is None:
        return operation.intent
    if operation.party != MERCHANT != found.party:
        require_merchant(found.wish["coupon"], prorate=found.wish["prorate"])
    return {**previews.bind(operation.intent, found.wish), "at": found.wish["at"]}


def note(operation: Operation, **more: Any) -> None:
    """Keeps these beside what is known of the change so far."""
    operation.result = {**operation.result, **more}


def wish(operation: Operation) -> dict[str, Any]:
    """The input as it was taken at the beginning."""
    found: dict[str, Any] = operation.result["wish"]
    return found


def changes_billing(operation: Operation) -> bool:
    """Whether anything that is billed is to change."""
    return wish(operation)["items"] is not None or wish(operation)["coupon"] is not None


async def row_of(session: AsyncSession, operation: Operation) -> Subscription:
    """The subscription as it is known now."""
    return await session.get_one(Subscription, operation.node_id, populate_existing=True)


async def revision_of(session: AsyncSession, operation: Operation) -> Revision:
    """The change of what is billed, checked again. Raises as `check_revision` does."""
    subscription = await row_of(session, operation)
    by_customer = operation.party != MERCHANT
    return await check_revision(session, subscription, wish(operation), by_customer=by_customer)


def path_of(operation: Operation) -> str:
    """Where Stripe has the subscription."""
    return f"/v1/subscriptions/{operation.subject}"


def look(operation: Operation, step: str = "look") -> Send:
    """Reads the subscription as Stripe has it now, with what was invoiced last."""
    return Send(step, Request("get", path_of(operation), {"expand": SUBSCRIPTION_EXPAND}))


def settle(operation: Operation) -> Send:
    """Reads the invoice of the change, and what is to pay it."""
    return Send("settle", Request("get", f"/v1/invoices/{operation.result['invoice']}", {"expand": INVOICE_EXPAND}))


def quote(operation: Operation, step: str, *, recurring: bool, discounted: bool = True) -> Send:
    """Asks Stripe what the change would be billed as; not `discounted`: without its coupon."""
    made, wanted = operation.result, wish(operation)
    request = previewed(
        str(operation.subject),
        made["items"],
        coupon=wanted["coupon"] if discounted else None,
        prorate=wanted["prorate"],
        at=made["at"],
        recurring=recurring,
    )
    return Send(step, request)


def cleared(metadata: dict[str, Any]) -> dict[str, Any]:
    """Stripe removes a key that is sent as an empty string."""
    return {key: "" if value is None else value for key, value in metadata.items()}


def id_of(value: Any) -> str | None:
    """Of something that may be expanded."""
    found: str | None = value["id"] if isinstance(value, dict) else value
    return found


def is_done(operation: Operation, subscription: JSONObject) -> bool:
    """Whether the change is in force, or waits at Stripe for its payment.

    It is leased, and was not so before: then it is this very change. Of a coupon beside other items nothing may be
    left, where the payment for them has used it up.
    """
    made, pending = operation.result, subscription.get("pending_update") or {}
    if not made["items"]:
        return bool([id_of(each) for each in subscription["discounts"]] != made["discounts"])
    items = pending.get("subscription_items") or subscription["items"]["data"]
    current = sorted((each.price, each.quantity) for each in Billed.of({"items": {"data": items}}))
    return bool(current == sorted((price, many) for price, many in made["wanted"]))
