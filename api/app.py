"""The application as a value: read its routes, know what it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from api import health
from api.middleware import Envelope
from api.running import in_background, sweep_forever
from billing.runtime import Runtime
from billing.settings import Settings

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings, runtime: Runtime, *, development_key: str | None = None) -> Starlette:
    """Assent over HTTP. `runtime` is open already and closed by whoever opened it."""
    return Starlette(
        routes=[
            Route("/healthz", health.is_alive, methods=["GET"]),
            Route("/readyz", partial(health.is_ready, runtime), methods=["GET"]),
            Route("/metrics", partial(health.metrics, runtime, settings), methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(Envelope, https=settings.address.startswith("https:")),
            cross_origin(settings),
        ],
        lifespan=partial(lifespan, settings, runtime),
    )


@asynccontextmanager
async def lifespan(settings: Settings, runtime: Runtime, _app: Starlette) -> AsyncIterator[None]:
    """Applies events and finishes operations beside the requests, unless workers do."""
    jobs = [partial(sweep_forever, runtime)] if settings.applier else []
    async with in_background(*jobs):
        yield


def cross_origin(settings: Settings) -> Middleware:
    """Which pages elsewhere may call: those listed, and in development those of this machine."""
    return Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_origin_regex=r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?" if settings.in_development else None,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["X-Request-Id"],
    )
