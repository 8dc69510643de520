"""Which Stripe account and mode a database belongs to: stamped at the first start, held to ever after."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.settings import CannotStart
from billing.stripe_gateway import StripeGateway
from billing.tables import Installation


async def account(gateway: StripeGateway) -> tuple[str, str | None]:
    """Stripe's id of the account that the gateway's key belongs to, and its country, as US.

    Raises StripeRejected, StripeUnavailable.
    """
    found = (await gateway.get("/v1/account")).data
    return str(found["id"]), found.get("country")


async def find(session: AsyncSession) -> Installation | None:
    """The stamp, if the database has one."""
    return await session.get(Installation, "1")


async def claim(
    session: AsyncSession, account: str, now: datetime, *, livemode: bool, country: str | None = None
) -> Installation:
    """Stamps a new database, or checks an old one; `country` is kept where it is known. Raises CannotStart."""
    stamp = await find(session) or await _stamp(session, account, livemode, now)
    if (stamp.stripe_account, stamp.livemode) != (account, livemode):
        raise CannotStart(
            f"DATABASE_URL: this database belongs to {_name(stamp.stripe_account, stamp.livemode)} and "
            f"STRIPE_API_KEY to {_name(account, livemode)}. Use that account's key, or another database."
        )
    stamp.country = country or stamp.country
    session.add(stamp)
    return stamp


async def _stamp(session: AsyncSession, account: str, livemode: bool, now: datetime) -> Installation:
    """Two processes that start together write one stamp."""
    try:
        async with session.begin_nested():
            stamp = Installation(stripe_account=account, livemode=livemode, created_at=now)
            session.add(stamp)
            await session.flush()
            return stamp
    except IntegrityError:
        return await session.get_one(Installation, "1")


def _name(account: str, livemode: bool) -> str:
    return f"Stripe account {account} in {'live' if livemode else 'test'} mode"
