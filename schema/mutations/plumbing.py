"""What all mutations share: who may call, how an error becomes data, and how a payload's objects are read."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField

from billing.callers import Caller
from billing.errors import BillingError, NotFound, Problem
from billing.input import raise_problems
from billing.journal import Cause, caused_by
from billing.tables import KeyScope
from schema.context import Info
from schema.errors import UserError, expose
from schema.nodes import parse
from schema.permissions import authorize
from schema.reads import described


class Expected(FieldExtension):
    """Answers with the payload's `error` where the domain raised one, after its transaction has rolled back."""

    def __init__(self, payload: type, scope: KeyScope, *, customers: bool, errors: tuple[str, ...]) -> None:
        self.payload, self.scope, self.customers, self.errors = payload, scope, customers, errors

    def apply(self, field: StrawberryField) -> None:
        """Describes the only argument."""
        for argument in field.arguments:
            argument.description = "What is wanted."

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **kwargs: Any) -> Any:
        """Checks the caller, then runs the mutation."""
        authorize(info.context, self.scope, customers=self.customers)
        try:
            with caused_by(Cause.mutation(info.field_name, acting(info).name)):
                return await next_(source, info, **kwargs)
        except BillingError as error:
            if type(error).__name__ not in self.errors:
                raise
            return self.payload(error=expose(_located(error, kwargs.get("input"))))


def _located(error: BillingError, given: Any) -> BillingError:
    """A NotFound with the id as the client gave it."""
    if isinstance(error, NotFound) and not error.global_id:
        error.global_id = _value_at(given, error.path[1:])
    return error


def _value_at(given: Any, path: tuple[str, ...]) -> str:
    for name in path:
        if isinstance(given, list):
            given = given[int(name)] if name.isdigit() and int(name) < len(given) else None
        else:
            given = next((value for key, value in vars(given or object()).items() if camel(key) == name), None)
    return str(given) if given is not None else ""


def camel(name: str) -> str:
    """As GraphQL spells it."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def mutation(
    payload: type, description: str, *, scope: KeyScope = KeyScope.WRITE, customers: bool = False, errors: str = ""
) -> Any:
    """A mutation field. `errors` are the classes that it can fail with; anything else is masked, loudly in the log.

    The description also says who may call it and which errors it can fail with.
    """
    expected = Expected(payload, scope, customers=customers, errors=tuple(errors.split()))
    who = f"Needs a key with `{scope}`{', or the customer itself' if customers else ''}."
    fails = f" Fails with: {', '.join(expected.errors)}." if errors else ""
    # Nullable, so that a fault in one mutation leaves the others' answers alone.
    return strawberry.mutation(
        graphql_type=payload | None, description=f"{description} {who}{fails}", extensions=[expected]
    )


def acting(info: Info) -> Caller:
    """Who calls; the mutation's own check has let it in."""
    if info.context.caller is None:
        raise ValueError("a mutation ran without a caller")
    return info.context.caller


def given_id(global_id: str, noun: str, *path: str) -> UUID:
    """The UUID of an id in the input. Raises NotFound at `path` for one that is malformed or of another kind."""
    found = parse(noun, global_id)
    if found is None:
        raise NotFound("There is no such object.", ("input", *path), global_id)
    return found


def optional_id(global_id: str | None, noun: str, *path: str) -> UUID | None:
    """The same for one that may be left out."""
    text: str | None = left_in(global_id)
    return None if text is None else given_id(text, noun, *path)


def left_in(value: Any) -> Any:
    """The value, or None where the client left it out."""
    return None if value is strawberry.UNSET else value


def given(input: Any, *names: str, not_null: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the client gave of these fields. Raises InvalidInput for a null where there must be a value."""
    found = {name: getattr(input, name) for name in names if getattr(input, name) is not strawberry.UNSET}
    empty = [name for name in not_null if name in found and found[name] is None]
    raise_problems([Problem(("input", camel(name)), "This may be left out, but not be null.") for name in empty])
    return found


@described
class Payload:
    """The base of payloads."""

    error: UserError | None = strawberry.field(default=None, description="Why nothing came of it; null on success.")


def produced(description: str) -> Any:
    """A payload's object, given as a reference and read with the client's own selection."""
    return strawberry.field(default=None, description=description)
