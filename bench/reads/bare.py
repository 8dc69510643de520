"""A bare route for each question: SQL by hand, with the event loop, the parser and the settings that Assent has.

It takes the same body, and lets in who has a key, as Assent does: a key is looked up by its hash when it is first
seen, and remembered; each statement then finds out whether it still stands.
"""

import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.reads import by_hand

STANDS = "EXISTS (SELECT FROM api_keys WHERE id = $1 AND revoked_at IS NULL)"
ONE, LIST = (f"SELECT ({each.replace(':id', '$2')}), {STANDS}" for each in by_hand.statements("postgresql"))
KEY = "SELECT id FROM api_keys WHERE sha256 = $1 AND revoked_at IS NULL"


class Bare:
    """The routes, with their connections and the keys seen."""

    def __init__(self, database: str, connections: int) -> None:
        self._database, self._connections = database, connections
        self._pool: Any = None
        self._keys: dict[bytes, UUID] = {}

    @asynccontextmanager
    async def open(self, _app: Starlette) -> AsyncIterator[None]:
        """With the settings of `billing.reader`."""
        self._pool = await asyncpg.create_pool(
            self._database,
            min_size=0,
            max_size=self._connections,
            max_cached_statement_lifetime=0,
            server_settings={"timezone": "UTC", "jit": "off", "plan_cache_mode": "force_generic_plan"},
            reset=_leave,
        )
        yield
        self._pool.terminate()

    async def one(self, request: Request) -> Response:
        """A customer, by the variable `id`."""
        body = json.loads(await request.body())
        return await self._answer(request, ONE, UUID(body["variables"]["id"].removeprefix("customer_")))

    async def many(self, request: Request) -> Response:
        """Twenty customers."""
        json.loads(await request.body())
        return await self._answer(request, LIST)

    async def _answer(self, request: Request, statement: str, *values: UUID) -> Response:
        key = await self._key(request)
        row = key and await self._pool.fetchrow(statement, key, *values)
        if not row or not row[1]:
            return Response(status_code=401)
        return Response(f'{{"data":{row[0]}}}', media_type="application/json; charset=utf-8")

    async def _key(self, request: Request) -> UUID | None:
        text = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        digest = hashlib.sha256(text)
        if digest.digest() not in self._keys:
            found = await self._pool.fetchval(KEY, digest.hexdigest())
            if found is None:
                return None
            self._keys[digest.digest()] = found
        return self._keys[digest.digest()]


async def _leave(_connection: object) -> None:
    """Nothing is left on a connection."""


def main() -> None:
    """Serves until it is told to stop."""
    bare = Bare(os.environ["BENCH_DATABASE"], int(os.environ["BENCH_CONNECTIONS"]))
    routes = [Route("/one", bare.one, methods=["POST"]), Route("/list", bare.many, methods=["POST"])]
    uvicorn.run(
        Starlette(routes=routes, lifespan=bare.open),
        port=int(os.environ["BENCH_PORT"]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
