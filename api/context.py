"""What resolvers have at hand, made from what we know of a request."""

from starlette.requests import HTTPConnection

from billing.callers import Caller
from billing.runtime import Runtime
from billing.settings import Settings
from schema.context import Context


def context_for(settings: Settings, runtime: Runtime, connection: HTTPConnection, caller: Caller) -> Context:
    """For one request, or for all operations of one socket."""
    return Context(
        runtime,
        caller,
        connection.scope["state"]["request_id"],
        address=settings.address,
        token_secrets=settings.token_secrets,
    )
