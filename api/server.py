"""Uvicorn as Assent runs it, and how it stops: unready first, then deaf, then done with what is under way."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn
from starlette.applications import Starlette

from api.patience import Patient, PatientSocket
from api.requests import LARGEST_BODY

STOPS = (signal.SIGINT, signal.SIGTERM)

# Objects made and not yet gone, after which the youngest are looked through for circles.
GARBAGE = 10_000


def configuration(app: Starlette, *, grace: float) -> uvicorn.Config:
    """How the server treats connections."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        # Who is behind a proxy is our own question (TRUSTED_PROXIES); uvicorn would believe every local one.
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        http=Patient,
        ws=PatientSocket,
        ws_max_size=LARGEST_BODY,
        timeout_graceful_shutdown=max(int(grace), 1),
    )


class Server(uvicorn.Server):
    """One that says that it is about to stop, `drain` seconds before it takes no more connections.

    Sockets are closed with 1012 (service restart), on which clients connect again. What still runs after the grace is
    canceled: its operation is finished by the sweep of whoever runs then.
    """

    def __init__(self, app: Starlette, *, grace: float, drain: float = 0) -> None:
        super().__init__(configuration(app, grace=grace))
        self._app, self._drain = app, drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends it, within the drain and the grace."""
        self._app.state.draining = True
        await asyncio.sleep(self._drain)
        await super().shutdown(sockets)


class Beside(Server):
    """One in a process that has other work, and minds the signals itself."""

    def capture_signals(self) -> AbstractContextManager[Any]:  # type: ignore[override]
        """Leaves them alone."""
        return nullcontext()


async def run(app: Starlette, listener: socket.socket, *, grace: float, drain: float) -> None:
    """Serves until SIGINT or SIGTERM."""
    # What was imported stays: every full collection would look through it, and nothing is answered meanwhile.
    gc.collect()
    gc.freeze()
    # What requests leave is mostly gone with its last reference: to look every 700 objects took a fortieth of a read.
    gc.set_threshold(GARBAGE)
    # Uvicorn raises the signal that stopped it a second time, which would end us before everything is closed.
    for each in STOPS:
        signal.signal(each, lambda *_: None)
    await Server(app, grace=grace, drain=drain).serve(sockets=[listener])


@asynccontextmanager
async def beside(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serves beside the caller, and no longer."""
    server = Beside(app, grace=1)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await running
