"""The application as a value: read its routes, know what it does."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import jinja2
import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from api import assets, health, metrics
from api.addresses import LOCAL_ORIGIN
from api.authentication import Gate
from api.documents import show_receipt
from api.graphiql import GraphiQL
from api.graphql import GraphQL
from api.middleware import Envelope
from api.rates import Rates
from api.returning import Returning
from api.running import beside, working
from api.shortcut import Shortcut
from api.sockets import Sockets
from api.trusted import Register
from api.webhooks import take_delivery
from billing.inbox import Inbox
from billing.runtime import Runtime
from billing.settings import Settings, StripeSettings
from schema.build import build

HERE = Path(__file__).parent


def create_app(settings: Settings, runtime: Runtime, *, development_key: str | None = None) -> Starlette:
    """Assent over HTTP. `runtime` is open already and closed by whoever opened it.

    With a `development_key`, and in development, a browser at this machine is shown GraphiQL with it.
    """
    schema = build(introspection=settings.in_development)
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)
    inbox = Inbox(runtime.database, runtime.signals)
    rates = Rates(settings, runtime.database, runtime.clock)
    gate = Gate(runtime, settings, rates)
    graphiql = (
        GraphiQL(templates, development_key, idle=settings.trusted_documents_only)
        if development_key and settings.in_development
        else None
    )
    register = Register(runtime, schema.trusted, only=settings.trusted_documents_only)
    endpoint = Route("/graphql", GraphQL(settings, runtime, gate, schema, register, graphiql), methods=["GET", "POST"])
    sockets = Sockets(settings, runtime, gate, schema, register)
    return Starlette(
        routes=[
            endpoint,
            WebSocketRoute("/graphql", sockets.converse),
            Route("/webhooks/stripe", partial(take_delivery, settings, runtime, inbox), methods=["POST"]),
            Route("/documents/{token}", partial(show_receipt, settings, runtime, gate)),
            Route("/healthz", health.is_alive),
            Route("/readyz", partial(health.is_ready, runtime)),
            Route("/metrics", partial(metrics.show, runtime, settings, gate)),
            *(first_run_routes(settings, runtime, schema, templates) if not settings.livemode else ()),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[
            Middleware(Envelope, https=settings.address.startswith("https:")),
            *([cross_origin(settings)] if settings.cors_origins or settings.in_development else ()),
            Middleware(Shortcut, route=endpoint),
        ],
        lifespan=partial(lifespan, settings, runtime, rates, register),
    )


def create_worker_app(settings: StripeSettings, runtime: Runtime) -> Starlette:
    """What `assent worker` shows of itself."""
    return Starlette(
        routes=[
            Route("/healthz", health.is_alive),
            Route("/readyz", partial(health.is_ready, runtime)),
            Route("/metrics", partial(metrics.show, runtime, settings, None)),
        ],
        middleware=[Middleware(Envelope, https=False)],
    )


def first_run_routes(
    settings: Settings, runtime: Runtime, schema: strawberry.Schema, templates: jinja2.Environment
) -> list[BaseRoute]:
    """A page to come back to, and what GraphiQL is made of."""
    returning = Returning(settings, runtime, schema, templates)
    return [
        Route("/return", returning.page),
        Route("/return/status", returning.status),
        Route("/assets/{name}", assets.show),
    ]


@asynccontextmanager
async def lifespan(
    settings: Settings, runtime: Runtime, rates: Rates, register: Register, _app: Starlette
) -> AsyncIterator[None]:
    """Begins with every trusted document ready. Applies events and finishes operations too, unless workers do."""
    await register.look()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(beside(register.keep_looking()))
        await stack.enter_async_context(beside(rates.keep_sharing()))
        if settings.applier:
            await stack.enter_async_context(working(runtime))
        yield


def cross_origin(settings: Settings) -> Middleware:
    """Which pages elsewhere may call: those listed, and in development those of this machine."""
    return Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_origin_regex=LOCAL_ORIGIN.pattern if settings.in_development else None,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["X-Request-Id", "Retry-After"],
    )
