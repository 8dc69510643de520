"""What callers want of subscriptions, and as the data that operations and previews keep of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.errors import NotAllowed, Problem
from billing.input import check_key, check_metadata, check_text, check_trial, raise_problems
from billing.subscriptions.pricing import Item

# https://docs.stripe.com/api/coupons/create#create_coupon-id
LONGEST_COUPON = 200


@dataclass(frozen=True)
class NewSubscription:
    """What is wanted.

    Without a method it is the customer's default one, without a consent the one that covers it, without trial days
    those of its prices. With the token of a preview, everything else that it names must be as it was previewed.
    """

    customer_id: UUID | None
    items: list[Item]
    payment_method_id: UUID | None = None
    consent_id: UUID | None = None
    trial_days: int | None = None
    coupon: str | None = None
    metadata: dict[str, str] | None = None
    preview_token: str | None = None

    def intent(self) -> dict[str, Any]:
        """As JSON; what is new since the first version is there only where it is given, so that old keys match."""
        newer = {"coupon": self.coupon, "preview_token": self.preview_token}
        return {
            "customer_id": str(self.customer_id),
            "items": listed(self.items),
            "payment_method_id": text(self.payment_method_id),
            "consent_id": text(self.consent_id),
            "trial_days": self.trial_days,
            "metadata": self.metadata or {},
            **{name: value for name, value in newer.items() if value is not None},
        }


@dataclass(frozen=True)
class SubscriptionChange:
    """What is to become of a subscription; None leaves it as it is. `items` is the whole wanted set.

    `prorate` bills the rest of the period at once, or gives credit for it. A key of `metadata` with a null value goes.
    """

    subscription_id: UUID | None
    items: list[Item] | None = None
    payment_method_id: UUID | None = None
    consent_id: UUID | None = None
    coupon: str | None = None
    metadata: dict[str, Any] | None = None
    prorate: bool = True
    preview_token: str | None = None

    def intent(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "subscription_id": str(self.subscription_id),
            "items": None if self.items is None else listed(self.items),
            "payment_method_id": text(self.payment_method_id),
            "consent_id": text(self.consent_id),
            "coupon": self.coupon,
            "metadata": self.metadata or {},
            "prorate": self.prorate,
            "preview_token": self.preview_token,
        }


def check(
    *, key: str | None = None, metadata: Any = None, trial_days: int | None = None, coupon: str | None = None
) -> None:
    """Raises InvalidInput with all that is wrong with these."""
    problems: list[Problem] = check_key(key) if key is not None else []
    problems += check_metadata("metadata", metadata) + check_trial(trial_days)
    raise_problems(problems + (check_text("coupon", coupon, longest=LONGEST_COUPON) if coupon is not None else []))


def require_merchant(*given: object, prorate: bool = True) -> None:
    """Raises NotAllowed where a customer gives what is the merchant's: a dearer price for nothing is so as well."""
    if any(given):
        raise NotAllowed("Metadata, trials and coupons are the merchant's; leave them out, or name its preview.")
    if not prorate:
        raise NotAllowed("prorate: false is the merchant's; leave prorate out, or name the merchant's previewToken.")


def listed(items: list[Item]) -> list[list[Any]]:
    """Items as JSON."""
    return [[str(item.price_id), item.quantity] for item in items]


def unlisted(items: list[list[Any]]) -> list[Item]:
    """Items from JSON."""
    return [Item(UUID(price), many) for price, many in items]


def text(identifier: UUID | None) -> str | None:
    """An id as JSON."""
    return str(identifier) if identifier else None


def uuid(identifier: str | None) -> UUID | None:
    """An id from JSON."""
    return UUID(identifier) if identifier else None
