"""Reading a request's body, up to a size, and for a time."""

import asyncio

from starlette.requests import Request

# Seconds from the end of the headers to the end of the body.
BODY_WITHIN = 20.0


class TooLarge(Exception):
    """The body is larger than allowed; the rest of it was not read."""


class TooSlow(Exception):
    """The body did not come to its end in time."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body. Raises TooLarge past `limit` bytes, whatever Content-Length says, and TooSlow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise TooLarge
    except TimeoutError:
        raise TooSlow from None
    return bytes(body)
