"""Invoice items for the part of a period that a change leaves or takes."""

from dataclasses import dataclass
from typing import Any

from sandbox import shares
from sandbox.ids import new_id
from sandbox.resources import discounts
from sandbox.resources.invoice_items import items as invoice_items
from sandbox.resources.invoices import discounting, lines
from sandbox.resources.subscriptions import periods
from sandbox.resources.subscriptions.prorating import debits
from sandbox.work import Object, Work


@dataclass(frozen=True)
class Part:
    """Some seconds of a time that costs an amount: from `at` to `until`, of all from `start` to `end`."""

    start: int
    at: int
    until: int
    end: int

    def of(self, amount: int) -> int:
        """The share of an amount that falls to them."""
        return shares.share(amount, self.until - self.at, self.end - self.start)


def credit(work: Work, subscription: Object, item: Object, at: int) -> list[Object]:
    """Give back what an item will not be used for any more from that second on: new invoice items, stored.

    One for each debit in flexible billing mode; in classic mode one, of what the item costs now.
    """
    if is_classic(subscription):
        return _classic_credit(work, subscription, item, at)
    made = []
    for debit in debits.outstanding(work, subscription, item, at):
        part = Part(debit.start, max(at, debit.start), debit.until, debit.end)
        taken = {id: -part.of(amount) for id, amount in debit.taken.items()} or dict.fromkeys(debit.discounts, 0)
        item_made = _proration(
            work,
            subscription,
            item,
            _shown(subscription, -part.of(debit.amount), taken),
            description=f"Unused time on {_label(work, debit.pricing, debit.quantity)} after {lines.day(part.at)}",
            period=part,
            pricing=debit.pricing,
            quantity=debit.quantity,
            credited=debit.reference,
        )
        made += [item_made] if item_made else []
    return made


def charge(work: Work, subscription: Object, item: Object, at: int, *, once: bool) -> list[Object]:
    """Charge an item of the subscription, as it is after the change, for the rest of its period.

    Discounts for one invoice count only with `once`: if these items come on an invoice of their own right now.
    """
    part = _rest(subscription, item, at)
    line = _priced(work, subscription, item, None, once=once)
    taken = {each["discount"]: part.of(each["amount"]) for each in line["discount_amounts"]}
    made = _proration(
        work,
        subscription,
        item,
        _shown(subscription, part.of(line["amount"]), taken),
        description=f"Remaining time on {_label(work, line['pricing'], line['quantity'])} after {lines.day(at)}",
        period=part,
        pricing=line["pricing"],
        quantity=line["quantity"],
        credited=None,
    )
    return [made] if made else []


def is_classic(subscription: Object) -> bool:
    """Whether the subscription is billed as all were before flexible billing mode."""
    return bool(subscription["billing_mode"]["type"] == "classic")


def _classic_credit(work: Work, subscription: Object, item: Object, at: int) -> list[Object]:
    """The current price and quantity with the discounts that were used last, whatever was debited."""
    part = _rest(subscription, item, at)
    used = debits.last(work, subscription, item)
    line = _priced(work, subscription, item, used.discounts if used else [], once=False)
    taken = {each["discount"]: -part.of(each["amount"]) for each in line["discount_amounts"]}
    made = _proration(
        work,
        subscription,
        item,
        _shown(subscription, -part.of(line["amount"]), taken),
        description=f"Unused time on {_label(work, line['pricing'], line['quantity'])} after {lines.day(at)}",
        period=part,
        pricing=line["pricing"],
        quantity=line["quantity"],
        credited=None,
    )
    return [made] if made else []


def _rest(subscription: Object, item: Object, at: int) -> Part:
    """What is left of the item's period."""
    end = item["current_period_end"]
    return Part(periods.whole_start(subscription, item), at, end, end)


def _priced(work: Work, subscription: Object, item: Object, used: list[str] | None, *, once: bool) -> Object:
    """The item's line for its whole period, with its share of discounts on all items that are billed with it.

    The discounts are those that were `used`, or else those that apply now.
    """
    together = [
        each
        for each in subscription["items"]["data"]
        if each["current_period_end"] == item["current_period_end"] and each["id"] != item["id"]
    ]
    found = [lines.of_item(work, subscription, each) for each in (item, *together)]
    for line in found:
        line["discounts"] = _usable(work, line["discounts"], once=once)
    on_all = _usable(work, subscription["discounts"], once=once)
    if used is not None:
        own = [id for id in used if work.ever("discount", id)["subscription_item"]]
        found[0]["discounts"], on_all = own, [id for id in used if id not in own]
    discounting.apply(work, found, on_all, discounting.evenly if is_classic(subscription) else shares.spread)
    return found[0]


def _usable(work: Work, ids: list[str], *, once: bool) -> list[str]:
    return [id for id in discounts.active(work, ids) if once or not discounts.is_once(work, id)]


def _shown(subscription: Object, gross: int, taken: dict[str, int]) -> tuple[int, dict[str, int]]:
    """Amount and discounts as invoice items show them: discounts are part of the amount unless they are itemized.

    Included discounts are named with an amount of 0 (Stripe, "Adds the ability to itemize proration discount amounts").
    """
    if (subscription["billing_mode"].get("flexible") or {}).get("proration_discounts") == "itemized":
        return gross, taken
    return gross - sum(taken.values()), dict.fromkeys(taken, 0)


def _label(work: Work, pricing: Object, quantity: int) -> str:
    name = work.ever("product", pricing["price_details"]["product"])["name"]
    return f"{quantity} × {name}" if quantity != 1 else str(name)  # noqa: RUF001


def _proration(
    work: Work,
    subscription: Object,
    item: Object,
    shown: tuple[int, dict[str, int]],
    *,
    period: Part,
    credited: Object | None,
    **fields: Any,
) -> Object | None:
    amount, taken = shown
    if amount == 0:
        return None
    details = {"subscription": subscription["id"], "subscription_item": item["id"]}
    return work.add(
        {
            **invoice_items.blank(work, subscription["customer"], subscription["currency"]),
            "id": new_id("ii"),
            "amount": amount,
            "discountable": False,
            "discounts": list(taken),
            "metadata": subscription["metadata"],
            "net_amount": amount - sum(taken.values()),
            "parent": {"subscription_details": details, "type": "subscription_details"},
            "period": {"end": period.until, "start": period.at},
            "proration": True,
            "proration_details": {
                "credited_items": credited,
                "discount_amounts": [{"amount": each, "discount": id} for id, each in taken.items()],
            },
            "quantity_decimal": str(fields["quantity"]),
            **fields,
        }
    )
