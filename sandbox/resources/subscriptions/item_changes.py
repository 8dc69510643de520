"""What an update makes of the items of a subscription: changed, added, taken away."""

from copy import deepcopy
from dataclasses import dataclass

from sandbox.errors import InvalidRequest, ResourceMissing
from sandbox.resources.subscriptions import items, periods
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work


@dataclass(frozen=True)
class ItemChange:
    """An item before and after; None where there is or was none."""

    before: Object | None
    after: Object | None

    def is_priced_anew(self) -> bool:
        """Whether it costs something else, or the same in other units."""
        return self._cost(self.before) != self._cost(self.after)

    def has_new_interval(self) -> bool:
        """Whether it stays and is billed at another interval."""
        if self.before is None or self.after is None:
            return False
        return items.interval_of(self.before) != items.interval_of(self.after)

    def _cost(self, item: Object | None) -> tuple[str, int] | None:
        return (item["price"]["id"], item["quantity"]) if item else None


def read(work: Work, subscription: Object, params: Params) -> list[ItemChange]:
    """Every item, with what `items` asks for; those that it does not name stay as they are.

    Nothing is stored and the subscription is not touched. Their periods are those of before.
    """
    current = {item["id"]: item for item in subscription["items"]["data"]}
    after: dict[str, Object | None] = {id: deepcopy(item) for id, item in current.items()}
    for index, each in enumerate(params.each("items")):
        path = f"items[{index}]"
        if (id := each.get("id")) is None:
            item = items.new(work, subscription, each, items.price_of(work, each, path), path)
            after[item["id"]] = item
        elif id not in current:
            raise ResourceMissing("subscription_item", id, f"{path}[id]")
        else:
            after[id] = _changed(work, subscription, current[id], each, path)
    kept = [item for item in after.values() if item]
    if not kept:
        raise InvalidRequest(
            "A subscription must have at least one item. To end the subscription, cancel it.", param="items"
        )
    items.check_alike(subscription, kept)
    return [ItemChange(current.get(id), item) for id, item in after.items()]


def place(subscription: Object, change: ItemChange, others: list[Object], at: int) -> None:
    """Give an item that is new, or has another interval, its period within the subscription's cycle."""
    item = change.after
    if item is None or (change.before is not None and not change.has_new_interval()):
        return
    alike = [each for each in others if items.interval_of(each) == items.interval_of(item)]
    if subscription["status"] == "trialing" or alike:
        start, end = _period(alike[0] if alike else others[0])
    else:
        start = max(periods.beginning(subscription, item, at), subscription["start_date"])
        end = periods.following(subscription, item, at)
    item.update(current_period_start=start, current_period_end=end)


def restart(subscription: Object, item: Object, now: int) -> None:
    """Begin the item's period anew; a trial is its first one."""
    trial_end = subscription["trial_end"]
    on_trial = trial_end is not None and trial_end > now
    end = trial_end if on_trial else periods.following(subscription, item, now)
    item.update(current_period_start=now, current_period_end=end)


def _changed(work: Work, subscription: Object, current: Object, params: Params, path: str) -> Object | None:
    if params.get("deleted", False):
        return None
    item = deepcopy(current)
    quantity = items.quantity_of(params, item["quantity"], path)
    moves = "price" in params or "price_data" in params
    item.update(items.priced(items.price_of(work, params, path) if moves else item["price"], quantity))
    if item["price"]["currency"] != subscription["currency"]:
        raise InvalidRequest(
            f"The price is in {item['price']['currency']}; this subscription is billed in {subscription['currency']}.",
            param=f"{path}[price]",
        )
    if "metadata" in params:
        item["metadata"] = merge(item["metadata"], params.get("metadata"))
    items.set_discounts(work, subscription, item, params, path)
    return item


def _period(item: Object) -> tuple[int, int]:
    return item["current_period_start"], item["current_period_end"]
