"""Puts the schema together."""

from collections.abc import Callable

from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from schema.errors import ERRORS
from schema.limits import CostLimit
from schema.live import Live
from schema.masking import CodeOfValidation, MaskingSchema
from schema.mutations import Mutation
from schema.parsing import TooLong
from schema.payment_methods import AmazonPayPaymentMethod, CardPaymentMethod, OtherPaymentMethod
from schema.queries import Query
from schema.reads.reading import connect
from schema.scalars import SCALARS
from schema.snapshots import OneSnapshot
from schema.trusted import CheckedOnce, Parsed, TrustedDocuments

# Types that are reached only through an interface.
HIDDEN: tuple[type, ...] = (CardPaymentMethod, AmazonPayPaymentMethod, OtherPaymentMethod, *ERRORS)

EXTENSIONS: tuple[Callable[[], SchemaExtension], ...] = (
    TooLong,
    CodeOfValidation,
    Parsed,
    CheckedOnce,
    CostLimit,
    OneSnapshot,
)


def build(*, introspection: bool = True) -> MaskingSchema:
    """The schema, ready to execute. Without introspection, errors give no hints at names either."""
    schema = MaskingSchema(
        query=Query,
        mutation=Mutation,
        subscription=Live,
        types=HIDDEN,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not introspection),
        extensions=EXTENSIONS,
    )
    made = schema._schema  # noqa: SLF001 - Strawberry has no other way to what it makes
    connect(made)
    schema.introspection = introspection
    schema.trusted = TrustedDocuments(made, introspection=introspection)
    return schema


def sdl() -> str:
    """The schema as it is printed for clients, ending with a line break."""
    return build().as_str() + "\n"
