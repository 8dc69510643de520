"""Running the server, with or without the sandbox beside it."""

import asyncio
import gc
import signal
import socket
import sys
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import structlog
import uvicorn

from api import assets, first_run, logs, sandbox
from api.app import create_app
from api.graphql import LARGEST_BODY
from api.patience import Patient
from api.running import beside, open_runtime, working
from billing.origins import is_loopback
from billing.settings import CannotStart, Settings, StripeSettings, load

log = structlog.get_logger()

STOPS = (signal.SIGINT, signal.SIGTERM)

# Seconds for requests that are under way when the server is told to stop.
GRACE = 10


async def serve() -> None:
    """Serves until interrupted, on what the environment says. Raises CannotStart."""
    settings = load(Settings)
    logs.configure(in_development=settings.in_development)
    listener = bind(settings)
    async with open_runtime(settings) as runtime:
        await _run(create_app(settings, runtime), listener)


async def serve_with_sandbox() -> None:
    """Serves a first run: everything it needs is made, and Stripe is played on this machine. Raises CannotStart."""
    settings = first_run.settings()
    logs.configure(in_development=True)
    listener = bind(settings)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    await first_run.migrate_own_database(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(beside(assets.bring()))
        await stack.enter_async_context(sandbox.running(settings, webhook=f"{local_address(settings)}/webhooks/stripe"))
        runtime = await stack.enter_async_context(open_runtime(settings))
        key = await first_run.development_key(runtime.database)
        sys.stdout.write(_welcome(settings, key))
        sys.stdout.flush()
        await _run(create_app(settings, runtime, development_key=key), listener)


async def work() -> None:
    """Does the server's background work without the server, until interrupted. Raises CannotStart."""
    settings = load(StripeSettings)
    logs.configure(in_development=settings.in_development)
    stop = asyncio.Event()
    for each in STOPS:
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with open_runtime(settings) as runtime, working(runtime):
        log.info("working")
        await stop.wait()


def bind(settings: Settings) -> socket.socket:
    """The socket to listen on, taken before anything else is begun. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Told that this is TCP, asyncio turns Nagle's algorithm off, for which the second part of an answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise CannotStart(f"PORT: cannot listen on {settings.host}:{settings.port}: {error.strerror}.") from error
    return listener


def local_address(settings: Settings) -> str:
    """How this machine reaches the server; one that listens everywhere is reached on loopback too."""
    host = settings.host if is_loopback(settings.host) else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


async def _run(app: object, listener: socket.socket) -> None:
    # What was imported stays: every full collection would look through it, and nothing is answered meanwhile.
    gc.collect()
    gc.freeze()
    # Uvicorn raises the signal that stopped it a second time, which would end us before everything is closed.
    for each in STOPS:
        signal.signal(each, lambda *_: None)
    await uvicorn.Server(configuration(app)).serve(sockets=[listener])


def configuration(app: object) -> uvicorn.Config:
    """How the server treats connections."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        # Who is behind a proxy is our own question (TRUSTED_PROXIES); uvicorn would believe every local one.
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        http=Patient,
        ws="websockets-sansio",
        ws_max_size=LARGEST_BODY,
        timeout_graceful_shutdown=GRACE,
    )


def _welcome(settings: Settings, key: str) -> str:
    sandbox_address = f"http://{urlsplit(settings.stripe_api_base or '').netloc}/"
    return (
        f"\nAssent is running, with a sandbox in Stripe's place: no real money.\n\n"
        f"  GraphiQL  {local_address(settings)}/graphql   (the key is filled in, the journey is in its tabs)\n"
        f"  Sandbox   {sandbox_address}\n"
        f"  Key       {key}\n\n"
        f"Ctrl-C stops both.\n\n"
    )
