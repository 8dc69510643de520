"""The sandbox over HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from sandbox import downloads, invoice_pdf, pages
from sandbox.connections import Closable
from sandbox.controls import serving as controls
from sandbox.core import Sandbox
from sandbox.dates import Dated
from sandbox.deliveries import Courier
from sandbox.recording import Recorder
from sandbox.resources import ENDPOINTS, KINDS, accounts, webhook_endpoints
from sandbox.upkeep import Punctual, keep_up
from sandbox.wire.api import Api


def create_app(sandbox: Sandbox) -> Starlette:
    """The API under /v1, the sandbox's own controls, and the hosted pages."""
    recorder = Recorder(sandbox.settings.record) if sandbox.settings.record else None
    api = Api(sandbox, ENDPOINTS, KINDS, recorder)
    prepare(sandbox)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        background = [asyncio.create_task(each) for each in (Courier(sandbox).run(), keep_up(sandbox))]
        yield
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        sandbox.database.close()

    return Closable(
        routes=[
            *downloads.routes(sandbox),
            Route("/v1/{rest:path}", api.serve, methods=["GET", "POST", "DELETE", "PUT", "PATCH"]),
            *controls.routes(sandbox),
            Route("/i/{id}/pdf", partial(invoice_pdf.show, sandbox)),
            *pages.routes(sandbox),
        ],
        middleware=[Middleware(Dated, clock=sandbox.clock), Middleware(Punctual, sandbox=sandbox)],
        lifespan=lifespan,
    )


def prepare(sandbox: Sandbox) -> None:
    """Make what every start needs: the account, and the endpoint that was asked for."""
    settings = sandbox.settings
    with sandbox.work() as work:
        accounts.current(work)
        if settings.webhook_url and settings.webhook_secret:
            webhook_endpoints.ensure(work, settings.webhook_url, settings.webhook_secret)
