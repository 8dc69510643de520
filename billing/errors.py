"""What a caller can do something about, as exceptions; each carries the data that its GraphQL type shows.

BillingError
├── InvalidInput            something is wrong with the input: every problem at once
├── NotFound                no such object, or not the caller's
├── Conflict                another operation is under way, or an identity is taken
├── IdempotencyMismatch     the key was used with another input
├── InvalidTransition       the object's state does not allow this
├── NotAllowed              this caller may do this kind of thing, and not this one
├── TermsIncomplete         a clause is missing
├── TermsSuperseded         the customer saw an older version
├── ConsentRequired         no active consent
├── ConsentScopeExceeded    there is one, and it does not go this far
├── PaymentMethodUnusable   expired, detached, or without its mandate
├── PaymentMethodLimit      a limit of the method itself, e.g. Amazon Pay's currencies
├── PaymentDeclined         the bank, the network or Amazon Pay said no
├── AuthenticationRequired  the customer has to come back and confirm
├── PreviewStale            what was previewed no longer holds
├── StripeRejected          Stripe refused the request; nothing happened
└── StripeUnavailable       no answer, or an overload: the same key may be sent again

Errors of an operation are kept with it and raised again for the same key, so each is made of values that JSON can hold.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self
from uuid import UUID


@dataclass(frozen=True)
class Scope:
    """What a consent allows, or would have to allow. Amounts in the smallest unit of `currency`."""

    usage: str
    interval_unit: str | None = None
    interval_count: int | None = None
    currency: str | None = None
    maximum_amount: int | None = None
    monthly_maximum: int | None = None
    product_ids: tuple[UUID, ...] | None = None
    maximum_subscriptions: int = 1

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        """From what `dump` made."""
        products = data.get("product_ids")
        return cls(**{**data, "product_ids": None if products is None else tuple(UUID(each) for each in products)})

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        products = None if self.product_ids is None else [str(each) for each in self.product_ids]
        return {**asdict(self), "product_ids": products}


@dataclass
class BillingError(Exception):
    """The root. `message` is one sentence for a person."""

    message: str

    def __post_init__(self) -> None:
        super().__init__(self.message)

    def dump(self) -> dict[str, Any]:
        """As JSON, with the class's name as `error`."""
        return {
            "error": type(self).__name__,
            **{each.name: _plain(getattr(self, each.name)) for each in fields(self)},
        }


def _plain(value: object) -> object:
    if isinstance(value, Scope):
        return value.dump()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if isinstance(value, Problem) else value


def load(data: dict[str, Any]) -> BillingError:
    """The error that `dump` was called on."""
    kind = next(each for each in _kinds(BillingError) if each.__name__ == data["error"])
    return kind(**{each.name: _revive(each.name, data[each.name]) for each in fields(kind)})


def _revive(name: str, value: Any) -> Any:
    if name == "required" and value is not None:
        return Scope.load(value)
    if name == "problems":
        return tuple(Problem(tuple(each["path"]), each["message"]) for each in value)
    if name.endswith("_id") and name not in ("request_id", "global_id") and value is not None:
        return UUID(value)
    return tuple(value) if isinstance(value, list) else value


def _kinds(root: type[BillingError]) -> list[type[BillingError]]:
    return [root, *(each for child in root.__subclasses__() for each in _kinds(child))]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input. `path` in GraphQL's names, from `input` down."""

    path: tuple[str, ...]
    message: str


@dataclass
class InvalidInput(BillingError):
    """The input is wrong."""

    message: str = ""
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        listed = " ".join(f"{'.'.join(each.path)}: {each.message}" for each in self.problems)
        self.message = self.message or listed
        super().__post_init__()

    @classmethod
    def at(cls, *path: str, message: str) -> Self:
        """One problem, at `path`."""
        return cls(problems=(Problem(path, message),))


@dataclass
class NotFound(BillingError):
    """`global_id` is the id as given, `path` where it was."""

    message: str = "There is no such object."
    path: tuple[str, ...] = ()
    global_id: str = ""


@dataclass
class Conflict(BillingError):
    """Repeat later, or choose another identity; the message says which."""


@dataclass
class IdempotencyMismatch(BillingError):
    """Use a new key for a new input."""

    message: str = "This idempotencyKey was used before with another input; use a new one."


@dataclass
class InvalidTransition(BillingError):
    """`node` is the kind of object (`subscription`), `node_id` which."""

    node: str
    node_id: UUID


@dataclass
class NotAllowed(BillingError):
    """The message says what would be allowed."""


@dataclass
class TermsIncomplete(BillingError):
    """`missing` in GraphQL's names."""

    missing: tuple[str, ...]


@dataclass
class TermsSuperseded(BillingError):
    """Show the customer the version named, and ask again."""

    terms_id: UUID


@dataclass
class ConsentRequired(BillingError):
    """`required` is what a new consent has to allow."""

    required: Scope


@dataclass
class ConsentScopeExceeded(BillingError):
    """`consent_id` is the one that does not suffice."""

    consent_id: UUID
    required: Scope


@dataclass
class PaymentMethodUnusable(BillingError):
    """Ask the customer for another one."""

    payment_method_id: UUID


@dataclass
class PaymentMethodLimit(BillingError):
    """`limit` is the limit's name, `source` the address of the page that states it."""

    limit: str
    source: str


@dataclass
class PaymentDeclined(BillingError):
    """Codes are Stripe's; `payment_id` is the declined payment where there is one."""

    code: str
    decline_code: str | None = None
    advice_code: str | None = None
    payment_id: UUID | None = None


@dataclass
class AuthenticationRequired(BillingError):
    """Nothing was charged; the payment's next action says how the customer confirms."""

    payment_id: UUID | None = None


@dataclass
class PreviewStale(BillingError):
    """`current` is a preview (billing.previews.Preview) of the same as it would be now; filled in where it is told."""

    current: Any = field(default=None, compare=False)


@dataclass
class StripeRejected(BillingError):
    """`http_status` 400, 401, 403 or 404."""

    http_status: int
    code: str | None = None
    param: str | None = None
    request_id: str | None = None


@dataclass
class StripeUnavailable(BillingError):
    """Stripe may or may not have done it; the same key finds out."""

    message: str = "Stripe could not be reached; repeating the call with the same idempotencyKey is safe."
    retry_after_seconds: int | None = None
    possibly_done: bool = field(default=True)
    replayed: bool = False
    """Stripe keeps a fault as the answer to this key: sending again tells nothing more."""
