"""Learning what a walk has found at Stripe, by the same rules as everything else that the API answers."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.mirror import Decision, Known, NotOurs
from billing.mirror.kinds import KINDS
from billing.mirror.rows import find_row
from billing.recovery.tallies import Finding, Outcome
from billing.stripe_gateway import JSONObject


class Learner:
    """Learns objects that differ from what is known of them."""

    async def others(self, session: AsyncSession, kind: str, objects: Sequence[JSONObject]) -> set[str]:
        """Those that are to be looked at although nothing of them differs."""
        return set()

    def follows(self, kind: str) -> bool:
        """Whether what appears at Stripe during the walk is walked too, because no event would tell of it."""
        return False

    async def learn(
        self, session: AsyncSession, data: JSONObject, known: Known, fields: tuple[str, ...], now: datetime
    ) -> Finding:
        """What came of it; `fields` are those that differ. Raises ParentUnknown."""
        kind, stripe_id = data["object"], data["id"]
        is_new = await find_row(session, KINDS[kind].table, stripe_id) is None
        try:
            learned = await mirror.learn(session, data, known, now=now)
        except NotOurs:
            return Finding(kind, stripe_id, Outcome.FOREIGN)
        if data.get("deleted"):
            return Finding(kind, stripe_id, Outcome.GONE)
        if learned.decision is Decision.SKIP and not (learned.confirmed and fields):
            # News of it came since Stripe answered.
            return Finding(kind, stripe_id, Outcome.SAME if not is_new else Outcome.FOREIGN)
        if is_new:
            return Finding(kind, stripe_id, Outcome.ADDED)
        return Finding(kind, stripe_id, Outcome.DIFFERED, fields)
