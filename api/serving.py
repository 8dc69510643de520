"""Running the server, with or without the sandbox beside it."""

import asyncio
import socket
import sys
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette

from api import assets, first_run, logs, sandbox, server
from api.app import create_app, create_worker_app
from api.running import beside, open_runtime, working
from api.server import STOPS
from api.tracing import exporting
from billing.origins import is_loopback
from billing.settings import CannotStart, Settings, StripeSettings, load

log = structlog.get_logger()


async def serve() -> None:
    """Serves until interrupted, on what the environment says. Raises CannotStart."""
    settings = load(Settings)
    listener = bind(settings.host, settings.port)
    with exporting("assent"):
        async with open_runtime(settings) as runtime:
            logs.configure(in_development=settings.in_development)
            await _run(settings, create_app(settings, runtime), listener)


async def serve_with_sandbox() -> None:
    """Serves a first run: everything it needs is made, and Stripe is played on this machine. Raises CannotStart."""
    settings = first_run.settings()
    logs.configure(in_development=True)
    listener = bind(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    await first_run.migrate_own_database(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(beside(assets.bring()))
        await stack.enter_async_context(sandbox.running(settings, webhook=f"{local_address(settings)}/webhooks/stripe"))
        runtime = await stack.enter_async_context(open_runtime(settings))
        key = await first_run.development_key(runtime.database)
        sys.stdout.write(_welcome(settings, key))
        sys.stdout.flush()
        await _run(settings, create_app(settings, runtime, development_key=key), listener)


async def work() -> None:
    """Does the server's background work without the server, until interrupted. Raises CannotStart."""
    settings = load(StripeSettings)
    stop = asyncio.Event()
    for each in STOPS:
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with AsyncExitStack() as stack:
        stack.enter_context(exporting("assent-worker"))
        listener = None if settings.metrics_port is None else bind(settings.host, settings.metrics_port, "METRICS_PORT")
        runtime = await stack.enter_async_context(open_runtime(settings))
        logs.configure(in_development=settings.in_development)
        if listener is not None:
            await stack.enter_async_context(server.beside(create_worker_app(settings, runtime), listener))
        await stack.enter_async_context(working(runtime))
        log.info("working")
        await stop.wait()


async def _run(settings: Settings, app: Starlette, listener: socket.socket) -> None:
    await server.run(app, listener, grace=settings.shutdown_grace, drain=settings.drain_delay)


def bind(host: str, port: int, setting: str = "PORT") -> socket.socket:
    """The socket to listen on, taken before anything else is begun. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Told that this is TCP, asyncio turns Nagle's algorithm off, for which the second part of an answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotStart(f"{setting}: cannot listen on {host}:{port}: {error.strerror}.") from error
    return listener


def local_address(settings: Settings) -> str:
    """How this machine reaches the server; one that listens everywhere is reached on loopback too."""
    host = settings.host if is_loopback(settings.host) else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _welcome(settings: Settings, key: str) -> str:
    sandbox_address = f"http://{urlsplit(settings.stripe_api_base or '').netloc}/"
    return (
        f"\nAssent is running, with a sandbox in Stripe's place: no real money.\n\n"
        f"  GraphiQL  {local_address(settings)}/graphql   (the key is filled in, the journey is in its tabs)\n"
        f"  Sandbox   {sandbox_address}\n"
        f"  Key       {key}\n\n"
        f"Ctrl-C stops both.\n\n"
    )
