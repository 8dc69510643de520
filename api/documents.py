"""Files behind signed addresses, for whoever was given one."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.authentication import Gate
from api.rates import TooMany
from billing import tokens
from billing.consents import receipt
from billing.runtime import Runtime
from billing.settings import Settings

PDF = "application/pdf"


async def show_receipt(settings: Settings, runtime: Runtime, gate: Gate, request: Request) -> Response:
    """A consent's receipt; 404 for an address that is forged or over, 429 for too many of either."""
    now = runtime.clock()
    token = tokens.read_document(request.path_params["token"], settings.token_secrets, now)
    try:
        if token is None:
            gate.turn_away(request)
            return PlainTextResponse("This address is not valid, or its ten minutes are over.\n", 404)
        gate.rates.show(token.subject)
    except TooMany as reason:
        return PlainTextResponse(f"{reason}\n", 429, {"Retry-After": str(reason.retry_after)})
    async with runtime.database.read() as session:
        evidence = await receipt.gather(session, token.subject)
    content = await receipt.write(evidence, now)
    name = f"consent-{token.subject}.pdf"
    return Response(content, media_type=PDF, headers={"Content-Disposition": f'inline; filename="{name}"'})
