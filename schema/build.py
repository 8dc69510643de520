"""Puts the schema together."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.errors import ERRORS
from schema.live import Live
from schema.mutations import Mutation
from schema.payment_methods import AmazonPayPaymentMethod, CardPaymentMethod, OtherPaymentMethod
from schema.queries import Query
from schema.reads.reading import connect
from schema.scalars import SCALARS

# Types that are reached only through an interface.
HIDDEN = (CardPaymentMethod, AmazonPayPaymentMethod, OtherPaymentMethod, *ERRORS)


def build(*, suggestions: bool = True) -> strawberry.Schema:
    """The schema, ready to execute."""
    config = StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not suggestions)
    schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Live, types=HIDDEN, config=config)
    connect(schema._schema)  # noqa: SLF001 - Strawberry has no other way to what it makes
    return schema


def sdl() -> str:
    """The schema as it is printed for clients."""
    return build().as_str()
