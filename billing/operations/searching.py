"""Finding out whether a request whose answer was lost has been done, without sending it again."""

from datetime import datetime
from typing import Any

from billing.operations.model import Procedure
from billing.operations.taking import stored_request
from billing.stripe_gateway import Answer, Request, StripeGateway
from billing.tables import Operation

# Seconds that Stripe's clock may differ from ours when we look for what was made around a time.
CLOCK_MARGIN = 300

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
        return await _search_created(gateway, operation, request, since or operation.created_at)
    return await gateway.get(_object_path(request.path))


def creates(request: Request) -> bool:
    """What we create carries the operation's id; what we change does not."""
    return "assent_operation" in request.params.get("metadata", {})


def _object_path(path: str) -> str:
    head, _, last = path.rpartition("/")
    return head if last in ACTIONS else path


async def _search_created(
    gateway: StripeGateway, operation: Operation, request: Request, since: datetime
) -> Answer | None:
    narrow: dict[str, Any] = {"created": {"gte": int(since.timestamp()) - CLOCK_MARGIN}}
    narrow.update({name: request.params[name] for name in ("customer", "payment_intent") if name in request.params})
    if request.path == "/v1/subscriptions":
        narrow["status"] = "all"
    for made in await gateway.list_all(request.path, **narrow):
        if made.get("metadata", {}).get("assent_operation") == str(operation.id):
            return await gateway.get(f"{request.path}/{made['id']}", **_expand(request))
    return None


def _expand(request: Request) -> dict[str, Any]:
    return {"expand": request.params["expand"]} if "expand" in request.params else {}
