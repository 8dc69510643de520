"""Reading a request's body, up to a size; `api.patience` has for how long."""

from starlette.requests import Request


class TooLarge(Exception):
    """The body is larger than allowed; the rest of it was not read."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body. Raises TooLarge past `limit` bytes, whatever Content-Length says, and ClientDisconnect."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)
