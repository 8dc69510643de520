"""Finding out whether a request whose answer was lost has been done, without sending it again."""

from datetime import datetime, timedelta
from typing import Any

from billing.operations.model import Procedure, call_mark
from billing.operations.taking import stored_request
from billing.stripe_gateway import Answer, JSONObject, Request, StripeGateway
from billing.tables import Operation

# Seconds that Stripe's clock may differ from ours when we look for what was made around a time.
CLOCK_MARGIN = 300

# A client may repeat a call for so long; a backup that is older than this is not restored to go on with.
LONGEST_LOST = timedelta(days=30)

# What narrows a list down to one customer.
NARROW = {"customer", "payment_intent"}

# Ends of paths that name what is done to an object.
ACTIONS = frozenset({"expire", "pay", "void", "detach", "cancel"})


async def search(gateway: StripeGateway, procedure: Procedure, operation: Operation) -> Answer | None:
    """What the operation's request made or changed, as Stripe has it now; None where it made nothing."""
    request = stored_request(operation)
    if trace := procedure.trace(operation):
        return await gateway.send(trace)
    if operation.step in procedure.harmless:
        return None
    if creates(request):
        since = operation.created_at if operation.step in procedure.looks else operation.first_sent_at
        found = await _search_created(gateway, operation, request, since or operation.created_at)
        # Of what is no customer's own there may be thousands, and none of it is money.
        return found or (await search_lost(gateway, operation) if NARROW & request.params.keys() else None)
    return await gateway.get(_object_path(request.path))


def makes(procedure: Procedure, operation: Operation) -> bool:
    """Whether the step makes or charges something; what it asks for is otherwise a wanted state."""
    if operation.step in procedure.harmless:
        return False
    return operation.step in procedure.charges or creates(stored_request(operation))


def creates(request: Request) -> bool:
    """What we create carries the operation's id; what we change does not."""
    return "assent_operation" in request.params.get("metadata", {})


def _object_path(path: str) -> str:
    head, _, last = path.rpartition("/")
    return head if last in ACTIONS else path


async def _search_created(
    gateway: StripeGateway, operation: Operation, request: Request, since: datetime
) -> Answer | None:
    for made in await _list_created(gateway, request, since):
        if made.get("metadata", {}).get("assent_operation") == str(operation.id):
            return await gateway.get(f"{request.path}/{made['id']}", **_expand(request))
    return None


async def _list_created(gateway: StripeGateway, request: Request, since: datetime) -> list[JSONObject]:
    """Newest first."""
    narrow: dict[str, Any] = {"created": {"gte": int(since.timestamp()) - CLOCK_MARGIN}}
    narrow.update({name: request.params[name] for name in sorted(NARROW) if name in request.params})
    if request.path == "/v1/subscriptions":
        narrow["status"] = "all"
    return await gateway.list_all(request.path, **narrow)


async def search_lost(gateway: StripeGateway, operation: Operation) -> Answer | None:
    """What the same call made before a backup was restored that does not know of it; None where there is no such."""
    request = stored_request(operation)
    if not creates(request):
        return None
    mark = call_mark(operation)
    for made in await _list_created(gateway, request, operation.created_at - LONGEST_LOST):
        metadata = made.get("metadata", {})
        if metadata.get("assent_call") == mark and metadata.get("assent_operation") != str(operation.id):
            return await gateway.get(f"{request.path}/{made['id']}", **_expand(request))
    return None


def _expand(request: Request) -> dict[str, Any]:
    return {"expand": request.params["expand"]} if "expand" in request.params else {}
