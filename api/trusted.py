"""Trusted documents as this process knows them: all that are registered, soon after they are, and no others.

Whoever adds or removes one announces it. A process that hears nothing looks by itself, so that what was removed is
used no longer than LONGEST anywhere; before an id is unknown, the table was asked. Ids that nobody registered are not
remembered, because there are endlessly many: the table is asked for a few a second, and others wait for the next look.
"""

import asyncio
import time
from contextlib import suppress
from http import HTTPStatus

import structlog

from api.requests import Refused
from billing import trusted_documents
from billing.runtime import Runtime
from billing.signals import TRUSTED_DOCUMENTS
from billing.tables import TrustedDocument
from schema.faults import DOCUMENT_NOT_FOUND
from schema.faults import TRUSTED_DOCUMENTS_ONLY as ONLY
from schema.trusted import Trusted, TrustedDocuments

log = structlog.get_logger()

# Seconds between two looks of a process that hears of nothing.
LOOK_EVERY = 15.0
# Seconds after which what was known counts no longer, whatever keeps this process from looking.
LONGEST = 30.0
# Ids that are not known here, for which the table is asked within one second.
MOST_MISSES = 20
# Documents that are fetched at once.
BATCH = 100


class Register:
    """`only`: no other documents are run than these."""

    def __init__(self, runtime: Runtime, ready: TrustedDocuments, *, only: bool) -> None:
        self.runtime, self.ready, self.only = runtime, ready, only
        self.looking = asyncio.Lock()
        self.looked = -LONGEST
        self.second, self.misses = 0, 0

    def admit(self, query: str | None) -> str:
        """A text that a client sends. Raises Refused where none is taken."""
        if self.only or query is None:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "This server runs registered documents alone: send `documentId` in place of `query`.",
                ONLY,
            )
        return query

    async def find(self, given: str) -> Trusted:
        """The document that a client names. Raises Refused."""
        identifier = trusted_documents.parse_id(given)
        if identifier is not None:
            if time.monotonic() - self.looked > LONGEST:
                await self.look()
            found = self.ready.named(identifier) or await self._fetch(identifier)
            if found is not None:
                return found
        raise Refused(HTTPStatus.BAD_REQUEST, "No document is registered under this `documentId`.", DOCUMENT_NOT_FOUND)

    async def _fetch(self, identifier: str) -> Trusted | None:
        """One that was added since the last look."""
        second = int(time.monotonic())
        self.second, self.misses = second, self.misses + 1 if second == self.second else 1
        if self.misses > MOST_MISSES:
            return None
        async with self.runtime.database.read() as session:
            row = await trusted_documents.find(session, identifier)
        return None if row is None else self._learn(row)

    async def look(self) -> None:
        """Takes in what was added and leaves out what was removed."""
        async with self.looking:
            started = time.monotonic()
            async with self.runtime.database.read() as session:
                ids = await trusted_documents.ids(session)
            for gone in self.ready.ids - ids:
                self.ready.forget(gone)
            self.looked = started
            new = sorted(ids - self.ready.ids)
            for first in range(0, len(new), BATCH):
                async with self.runtime.database.read() as session:
                    rows = await trusted_documents.fetch(session, new[first : first + BATCH])
                for row in rows:
                    self._learn(row)
                    await asyncio.sleep(0)  # requests are answered in between

    def _learn(self, row: TrustedDocument) -> Trusted:
        known = self.ready.learn(row.sha256, row.text, self.runtime.database.dialect)
        if known.errors:
            log.warning("a trusted document does not fit", id=row.sha256, name=row.name, error=known.errors[0].message)
        return known

    async def keep_looking(self) -> None:
        """Whenever something is announced, and else every LOOK_EVERY seconds, until it is cancelled."""
        with self.runtime.signals.watching(TRUSTED_DOCUMENTS) as woken:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await woken.wait()
                woken.clear()
                try:
                    await self.look()
                except Exception as error:  # noqa: BLE001 - such as a database that is away; LONGEST counts on
                    log.warning("could not look for trusted documents", reason=type(error).__name__)
