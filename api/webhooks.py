"""Where Stripe delivers its events: verified, stored, answered.

Applying them is nobody's business here, but for `invoice.created`: a renewal's draft is decided on before the answer.
"""

import structlog
from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from api.bodies import TooLarge, read_body
from billing import tracing
from billing.applier import may_acknowledge
from billing.inbox import LARGEST_PAYLOAD, EventRefused, Inbox, NotSigned, NotStored, receive
from billing.runtime import Runtime
from billing.settings import Settings

log = structlog.get_logger()

DELIVERIES = Counter(
    "assent_webhook_deliveries", "Deliveries of events from Stripe, by what became of them.", ["outcome"]
)


# Seconds after which a delivery that could not be stored is worth another try.
RETRY_AFTER = "10"


async def take_delivery(settings: Settings, runtime: Runtime, inbox: Inbox, request: Request) -> Response:
    """200 when the event is durably stored, now or before; 400 when it is refused, and then nothing is.

    503 while the database does not take it, or a renewal's draft is not decided on: Stripe keeps it, and delivers
    again.
    """
    try:
        payload = await read_body(request, LARGEST_PAYLOAD)
        signature = request.headers.get("stripe-signature")
        event = await receive(inbox, payload, signature, settings.webhook_secrets, settings.livemode, runtime.clock())
    except TooLarge:
        return _refuse(f"The body has more than {LARGEST_PAYLOAD} bytes.")
    except ClientDisconnect:
        return _refuse("The body did not come to its end.")
    except EventRefused as refusal:
        return _refuse(str(refusal), "unsigned" if isinstance(refusal, NotSigned) else "refused")
    except NotStored as reason:
        DELIVERIES.labels("not_stored").inc()
        return PlainTextResponse(f"{reason}\n", 503, {"Retry-After": RETRY_AFTER})
    # The line of the request, and whatever is logged for it, names the event.
    structlog.contextvars.bind_contextvars(stripe_event=event.stripe_id, type=event.type)
    with tracing.span("take stripe event", {"stripe.event": event.stripe_id}, events=[event.stripe_id]):
        is_decided = await may_acknowledge(runtime, event)
    if not is_decided:
        DELIVERIES.labels("undecided").inc()
        return PlainTextResponse("stored; not decided on yet\n", 503)
    DELIVERIES.labels("stored").inc()
    return PlainTextResponse("stored\n")


def _refuse(reason: str, outcome: str = "refused") -> Response:
    DELIVERIES.labels(outcome).inc()
    log.warning("delivery refused", reason=reason)
    return PlainTextResponse(f"{reason}\n", 400)
