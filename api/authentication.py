"""Who calls: `Authorization: Bearer` with a merchant's key or a customer's token."""

import hashlib
import math
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from starlette.requests import HTTPConnection

from api.addresses import observed_address, user_agent
from api.rates import Rates
from billing import keys, tokens
from billing.callers import CUSTOMER, Caller
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import KeyScope

# Keys; a merchant has a few.
MOST_REMEMBERED = 1000


class Unauthenticated(Exception):
    """The credential is missing, wrong, over, or revoked."""


class NoCredential(Unauthenticated):
    """There is none at all."""


@dataclass(frozen=True)
class Identity:
    """A caller, and what ends it: a token's time, or a key's revocation."""

    caller: Caller
    expires_at: datetime | None = None
    key_id: UUID | None = None
    is_recalled: bool = False
    """Whether it was not looked at for this request: whoever goes on in its name has to."""

    def seconds_left(self, now: datetime) -> float:
        """Until a token's end; endless for a key."""
        return math.inf if self.expires_at is None else max((self.expires_at - now).total_seconds(), 0)

    async def stands(self, runtime: Runtime) -> bool:
        """Whether the credential still opens anything."""
        if self.expires_at is not None:
            return runtime.clock() < self.expires_at
        if self.key_id is None:
            return False
        async with runtime.database.read() as session:
            return await keys.is_active(session, self.key_id)


async def authenticate(
    runtime: Runtime, settings: Settings, connection: HTTPConnection, authorization: str | None
) -> Identity:
    """Whose credential this is. Raises Unauthenticated, NoCredential."""
    if not authorization:
        raise NoCredential("Send `Authorization: Bearer <key or customer token>`.")
    scheme, _, text = authorization.strip().partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated("The Authorization header is not of the form `Bearer <key or customer token>`.")
    seen = observed_address(connection, settings.trusted_proxies), user_agent(connection)
    if text.startswith(keys.PREFIX):
        return await _by_key(runtime, text, *seen)
    return _by_token(runtime, settings, text, *seen)


async def _by_key(runtime: Runtime, text: str, ip_address: str | None, agent: str | None) -> Identity:
    async with runtime.database.read() as session:
        key = await keys.verify(session, text)
    if key is None:
        raise Unauthenticated("This key is unknown or revoked.")
    caller = Caller(key.name, scope=KeyScope(key.scope), ip_address=ip_address, user_agent=agent)
    return Identity(caller, key_id=key.id)


def _by_token(runtime: Runtime, settings: Settings, text: str, ip_address: str | None, agent: str | None) -> Identity:
    token = tokens.read(text, settings.token_secrets, runtime.clock())
    if token is None:
        raise Unauthenticated("This token is not one of ours, or its time is over; create a new one.")
    caller = Caller(CUSTOMER, customer_id=token.subject, ip_address=ip_address, user_agent=agent)
    return Identity(caller, expires_at=token.expires_at)


class Remembered:
    """Keys that were good a moment ago, by the hash of what was sent.

    A read in the name of one finds out by its own statement whether it still is. A token is read faster than it could
    be remembered.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Identity] = {}

    def recall(self, authorization: str) -> Identity | None:
        """Whose key this is; None where that has to be found out."""
        return self._known.get(_digest(authorization))

    def keep(self, authorization: str, identity: Identity) -> None:
        """For the next request."""
        if identity.key_id is None:
            return
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[_digest(authorization)] = replace(identity, is_recalled=True)

    def forget(self, authorization: str) -> None:
        """It is good no more."""
        self._known.pop(_digest(authorization), None)


def _digest(authorization: str) -> bytes:
    return hashlib.sha256(authorization.encode()).digest()


class Gate:
    """Lets callers in: whoever has a good credential, as often as its limit allows."""

    def __init__(self, runtime: Runtime, settings: Settings, rates: Rates) -> None:
        self.runtime, self.settings, self.rates = runtime, settings, rates
        self.remembered = Remembered()

    def recall(self, authorization: str | None) -> Identity | None:
        """Whose key this was a moment ago, for a read that finds out whether it still is. Raises TooMany."""
        identity = self.remembered.recall(authorization) if authorization else None
        if identity is not None:
            self.rates.admit(identity.caller, identity.key_id)
        return identity

    async def let_in(self, connection: HTTPConnection, authorization: str | None) -> Identity:
        """Whose credential this is, wherever it came from. Raises Unauthenticated, NoCredential, TooMany."""
        identity = await self.look(connection, authorization)
        self.rates.admit(identity.caller, identity.key_id)
        return identity

    async def look(self, connection: HTTPConnection, authorization: str | None) -> Identity:
        """The same, where it has been counted. Raises Unauthenticated, NoCredential, TooMany."""
        given = authorization or ""
        try:
            identity = await authenticate(self.runtime, self.settings, connection, given)
        except NoCredential:
            raise
        except Unauthenticated:
            self.remembered.forget(given)
            self.turn_away(connection)
            raise
        self.remembered.keep(given, identity)
        return identity

    def turn_away(self, connection: HTTPConnection) -> None:
        """Counts a credential that opened nothing. Raises TooMany."""
        self.rates.fail(observed_address(connection, self.settings.trusted_proxies))
