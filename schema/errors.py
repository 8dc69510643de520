"""Expected failures, as data: each error of the domain that a caller can do something about, as a GraphQL type."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry

from billing import errors
from schema.consents import ConsentScope
from schema.context import Info
from schema.nodes import Node
from schema.nouns import Consent, Payment, PaymentMethod, Terms
from schema.payments import GENERIC_CODE, GENERIC_MESSAGE, TRY_AGAIN, PaymentFailure
from schema.previews import SubscriptionPreview, show
from schema.reads import described, interface
from schema.reads.reading import reference
from schema.scopes import scope_of


@interface
class UserError:
    """What a caller can do something about.

    A mutation's payload has the object (null when nothing came of it) and `error` (null on success): select
    `error { __typename message }` and name the types that you handle; later versions may add types. The description of
    each mutation says which it can fail with.
    """

    message: str = strawberry.field(description="One sentence for a person.")


@described
class InputProblem:
    """One thing that is wrong with the input."""

    path: list[str] = strawberry.field(description="Where, from `input` down.")
    message: str = strawberry.field(description="What is wrong, and what would be right.")


@described
class InvalidInput(UserError):
    """All that is wrong with the input, at once."""

    problems: list[InputProblem] = strawberry.field(description="One by one.")


@described
class NotFound(UserError):
    """There is no such object, or it is not the caller's."""

    path: list[str] = strawberry.field(description="Where the id was, from `input` down.")
    id: strawberry.ID = strawberry.field(description="The id as it was given.")


@described
class Conflict(UserError):
    """Another operation on the same object is under way, or its identity is taken."""


@described
class IdempotencyMismatch(UserError):
    """The key was used before, with another input."""


@described
class InvalidTransition(UserError):
    """The object's state does not allow this, e.g. resuming a canceled subscription."""

    node: Node = strawberry.field(description="The object, as it is now.")


@described
class NotAllowed(UserError):
    """The caller may do this kind of thing, and not this one, e.g. a price that is not for self-service."""


@described
class TermsIncomplete(UserError):
    """The terms lack one of the clauses that their usage needs."""

    missing: list[str] = strawberry.field(description="The names of those clauses.")


@described
class TermsSuperseded(UserError):
    """The customer saw an older version of the terms than the current one."""

    current: Terms = strawberry.field(description="What to show instead.")


@described
class ConsentRequired(UserError):
    """No active consent: `required` is what a new one has to allow."""

    required: ConsentScope = strawberry.field(description="What a new consent has to allow.")


@described
class ConsentScopeExceeded(UserError):
    """There is a consent, and it does not go as far as what was asked."""

    consent: Consent = strawberry.field(description="The consent that there is.")
    required: ConsentScope = strawberry.field(description="What one would have to allow.")


@described
class PaymentMethodUnusable(UserError):
    """Expired, detached, or without its permission at the bank or at Amazon."""

    payment_method: PaymentMethod = strawberry.field(description="The method; its status says why.")


@described
class PaymentMethodLimit(UserError):
    """A limit of the method itself, e.g. Amazon Pay's currencies or refund window."""

    limit: str = strawberry.field(description="Which limit.")
    source: str = strawberry.field(description="The page on which its owner states it.")


@described
class PaymentDeclined(UserError):
    """The bank, the card network or Amazon Pay said no."""

    reason: strawberry.Private[errors.PaymentDeclined]
    payment: Payment | None = strawberry.field(description="The payment that was declined, where it is kept.")

    @strawberry.field(description="Why.")
    def failure(self, info: Info) -> PaymentFailure:
        """In the bank's words for API keys, in generic ones for customers."""
        reason = self.reason
        retryable = (reason.decline_code or reason.code) in TRY_AGAIN
        if info.context.caller is None or info.context.caller.is_customer:
            return PaymentFailure(code=GENERIC_CODE, decline_code=None, message=GENERIC_MESSAGE, retryable=retryable)
        return PaymentFailure(
            code=reason.code, decline_code=reason.decline_code, message=reason.message, retryable=retryable
        )


@described
class AuthenticationRequired(UserError):
    """The customer has to come back and confirm (payment.nextAction); nothing was charged."""

    payment: Payment | None = strawberry.field(description="What is to be confirmed.")


@described
class PreviewStale(UserError):
    """What was previewed no longer holds; `current` is what the change would cost now."""

    current: SubscriptionPreview = strawberry.field(
        description="The same, as it would be now, with a token of its own."
    )


@described
class StripeRejected(UserError):
    """Stripe refused the request for a reason of the account or of the object."""

    code: str | None = strawberry.field(description="Stripe's code.")
    param: str | None = strawberry.field(description="The parameter that Stripe found wrong.")
    request_id: str | None = strawberry.field(description="Stripe's id of the request, for Stripe's support.")


@described
class StripeUnavailable(UserError):
    """Stripe could not be reached or was overloaded; repeating the call with the same idempotency key is safe."""

    retry_after_seconds: int | None = strawberry.field(description="How long to wait, where Stripe said it.")


def expose(error: errors.BillingError) -> UserError:
    """The domain's error as clients see it. Raises KeyError for one that is none of their business."""
    return EXPOSED[type(error).__name__](error)


def _plain(kind: Callable[..., UserError], *names: str) -> Callable[[Any], UserError]:
    """An error whose fields are copied by name."""

    def make(error: Any) -> UserError:
        values = {name: getattr(error, name) for name in names}
        return kind(message=error.message, **{k: list(v) if isinstance(v, tuple) else v for k, v in values.items()})

    return make


EXPOSED: Mapping[str, Callable[[Any], UserError]] = {
    "InvalidInput": lambda error: InvalidInput(
        message=error.message,
        problems=[InputProblem(path=list(each.path), message=each.message) for each in error.problems],
    ),
    "NotFound": lambda error: NotFound(message=error.message, path=list(error.path), id=error.global_id),
    "Conflict": _plain(Conflict),
    "IdempotencyMismatch": _plain(IdempotencyMismatch),
    "InvalidTransition": lambda error: InvalidTransition(
        message=error.message, node=reference(error.node_id, error.node)
    ),
    "NotAllowed": _plain(NotAllowed),
    "TermsIncomplete": _plain(TermsIncomplete, "missing"),
    "TermsSuperseded": lambda error: TermsSuperseded(message=error.message, current=reference(error.terms_id)),
    "ConsentRequired": lambda error: ConsentRequired(message=error.message, required=scope_of(error.required)),
    "ConsentScopeExceeded": lambda error: ConsentScopeExceeded(
        message=error.message, consent=reference(error.consent_id), required=scope_of(error.required)
    ),
    "PaymentMethodUnusable": lambda error: PaymentMethodUnusable(
        message=error.message, payment_method=reference(error.payment_method_id)
    ),
    "PaymentMethodLimit": _plain(PaymentMethodLimit, "limit", "source"),
    "PaymentDeclined": lambda error: PaymentDeclined(
        message=GENERIC_MESSAGE, reason=error, payment=reference(error.payment_id)
    ),
    "AuthenticationRequired": lambda error: AuthenticationRequired(
        message=error.message, payment=reference(error.payment_id)
    ),
    "PreviewStale": lambda error: PreviewStale(message=error.message, current=show(error.current)),
    "StripeRejected": _plain(StripeRejected, "code", "param", "request_id"),
    "StripeUnavailable": _plain(StripeUnavailable, "retry_after_seconds"),
}

# For the schema: they are reached only through their interface.
ERRORS: tuple[type[UserError], ...] = tuple(UserError.__subclasses__())
