"""A simulated year of monthly subscriptions: what Assent knows at its end is what the sandbox has.

Customers subscribe over four weeks, then the clock moves day by day. Five of a hundred renewals fail: some of those are
recovered by Stripe's own retries, some by a new card, and the rest end the subscription; some customers leave. At the
end every object of the sandbox's is compared with what is stored and derived of it here. The sandbox is a process of
its own; Assent fetches its events and applies them in this one.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from bench.measuring import migrated, running_databases
from billing import payments, subscriptions
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.subscriptions import CancellationTiming, SubscriptionChange
from billing.tables import EventStatus, Invoice, PaymentMethod, StripeEvent, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_customer, a_price, a_saved_method, published_terms, unique
from tests.billing.life import Life
from tests.billing.ready import Ready
from tests.comparing import differences
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import KEY

SEED = 20261126
BEGINNING = 28  # days over which customers subscribe
FAILING = 0.05  # of renewals
LEAVING = 0.01  # of customers, each month, with the period; half as many at once
VISA, MASTERCARD = "4242424242424242", "5555555555554444"
# How a renewal fails: the bank's word, how often, and whether the customer brings a new card.
FAILURES = (
    ("insufficient_funds", 1, False),  # Stripe's first retry succeeds
    ("insufficient_funds", 3, False),  # a later one
    ("lost_card", 1, True),  # never tried again, until there is another card
    ("generic_decline", 20, False),  # nothing helps
)
PATIENCE = timedelta(days=4)  # until a customer brings a new card


@dataclass
class Year:
    """One run. `waiting` are subscriptions whose customers will bring a new card, by when."""

    life: Life
    random: random.Random
    members: list[UUID] = field(default_factory=list)
    waiting: dict[UUID, float] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)

    @property
    def runtime(self) -> Runtime:
        """Assent."""
        return self.life.runtime

    async def begin(self, count: int) -> None:
        """The customers who subscribe, so many a day."""
        terms, price = await published_terms(self.runtime), await a_price(self.runtime)
        for number in range(count):
            customer = await a_customer(self.runtime)
            consent = await a_consent(self.runtime, customer, agreed=terms)
            card = VISA if number % 2 else None  # else Amazon Pay
            method = await a_saved_method(self.runtime, self.life.sandbox, customer, consent.id, card=card)
            made = await Ready(self.runtime, customer, consent, method, price).subscribe()
            if made.subscription_id is not None:
                self.members.append(made.subscription_id)
            if number % max(1, count // BEGINNING) == 0:
                await self.life.advance(days=1)

    async def live(self, days: int) -> None:
        """Day by day: while a day passes in the sandbox, Assent applies what happened on the one before."""
        for day in range(days):
            if day % 30 == 0:
                print(f"day {day} of {days}", file=sys.stderr)
            await self._fail_some()
            await asyncio.gather(asyncio.to_thread(self.life.sandbox.advance, days=1), self.life.catch_up())
            await self._bring_cards()
            await self._leave()
        await self.life.catch_up()

    async def _fail_some(self) -> None:
        now = self.runtime.clock()
        for due in await self._subscriptions("active", before=now.timestamp() + 86_400):
            if self.random.random() < FAILING and due.payment_method_stripe_id is not None:
                code, times, brings = self.random.choice(FAILURES)
                self._plan_failure(due.payment_method_stripe_id, code, times)
                self.told["renewals that fail at first"] += 1
                if brings:
                    self.waiting[due.id] = (now + PATIENCE).timestamp()

    def _plan_failure(self, method: str, code: str, times: int) -> None:
        self.life.sandbox.control("payments/fail_next", payment_method=method, decline_code=code, times=times)

    async def _bring_cards(self) -> None:
        now = self.runtime.clock().timestamp()
        for subscription_id in [each for each, at in self.waiting.items() if at <= now]:
            del self.waiting[subscription_id]
            await self._bring_card(subscription_id)

    async def _bring_card(self, subscription_id: UUID) -> None:
        async with self.runtime.database.read() as session:
            owed = await session.get_one(Subscription, subscription_id)
            latest = select(Invoice).where(Invoice.stripe_id == owed.latest_invoice_stripe_id)
            invoice = (await session.exec(latest)).one()
        if owed.status != "past_due" or owed.consent_id is None:
            return
        await a_saved_method(self.runtime, self.life.sandbox, owed.customer_id, owed.consent_id, card=MASTERCARD)
        newest = select(PaymentMethod.id).where(PaymentMethod.customer_id == owed.customer_id)
        newest = newest.order_by(col(PaymentMethod.created_at).desc(), col(PaymentMethod.id).desc())
        async with self.runtime.database.read() as session:
            method_id = (await session.exec(newest)).first()
        change = SubscriptionChange(owed.id, payment_method_id=method_id)
        await subscriptions.update(self.runtime, MERCHANT, change, idempotency_key=unique("new-card"))
        paid = await payments.pay(self.runtime, MERCHANT, invoice.id, None, idempotency_key=unique("pay"))
        self.told["recovered by a new card" if paid.error is None else "new cards declined"] += 1

    async def _leave(self) -> None:
        for member in await self._subscriptions("active", before=None):
            chance = self.random.random() * 30
            if chance < LEAVING * 1.5 and not member.cancel_at_period_end:
                timing = CancellationTiming.NOW if chance < LEAVING / 2 else CancellationTiming.PERIOD_END
                await subscriptions.cancel(self.runtime, MERCHANT, member.id, timing=timing, reason=None)
                self.told["left by themselves"] += 1

    async def _subscriptions(self, status: str, *, before: float | None) -> list[Subscription]:
        statement = select(Subscription).where(Subscription.status == status).order_by(col(Subscription.id))
        async with self.runtime.database.read() as session:
            found = (await session.exec(statement)).all()
        return [each for each in found if before is None or _ends(each) < before]


def _ends(subscription: Subscription) -> float:
    end = subscription.current_period_end
    return end.timestamp() if end else float("inf")


def main() -> None:
    """Runs it and prints."""
    given = _parser().parse_args()
    with running_databases() as (folder, urls):
        asyncio.run(_run(given, folder, urls[given.db]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A simulated year, and whether nothing differs at its end.")
    parser.add_argument("--db", choices=["SQLite", "PostgreSQL"], default="PostgreSQL")
    parser.add_argument("--subscriptions", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    return parser


async def _run(given: argparse.Namespace, folder: Path, url: str) -> None:
    async with migrated(url) as database:
        with RunningSandbox(folder) as sandbox:
            gateway = StripeGateway(KEY, account="acct_bench", base=sandbox.base_url)
            runtime = Runtime(database, gateway, allows_redirect=lambda _: True, clock=sandbox.now)
            # The same choices in every run.
            year = Year(Life(runtime, sandbox), random.Random(SEED))  # noqa: S311
            await _measure(year, given)
            await gateway.close()


async def _measure(year: Year, given: argparse.Namespace) -> None:
    started = time.perf_counter()
    await year.begin(given.subscriptions)
    begun = time.perf_counter()
    await year.live(given.days)
    lived = time.perf_counter()
    different = await differences(year.runtime)
    compared = time.perf_counter()
    print(f"\n{given.subscriptions} monthly subscriptions, {given.days} days, {given.db}")
    print(
        f"  subscribed in {begun - started:.0f} s, lived in {lived - begun:.0f} s, compared in {compared - lived:.0f} s"
    )
    for line in await _tell(year, lived - started):
        print(f"  {line}")
    print(f"  objects that differ from the sandbox's own: {len(different)}")
    for each in different[:10]:
        print(f"    {each}")
    assert not different


async def _tell(year: Year, seconds: float) -> list[str]:
    async with year.runtime.database.read() as session:
        events = (await session.exec(select(StripeEvent.status, func.count()).group_by(StripeEvent.status))).all()
        invoices = (await session.exec(select(Invoice.status, func.count()).group_by(Invoice.status))).all()
        standing = (await session.exec(select(Subscription.status, func.count()).group_by(Subscription.status))).all()
        cents = (await session.exec(select(func.sum(Invoice.amount_paid)))).one() or 0
    applied = dict(events).get(EventStatus.APPLIED, 0)
    return [
        f"events {_listed(events)}: {applied / seconds:.0f} applied a second, fetching and waiting included",
        f"invoices {_listed(invoices)}; {cents / 100:.2f} USD paid",
        f"subscriptions {_listed(standing)}",
        ", ".join(f"{word} {many}" for word, many in sorted(year.told.items())),
    ]


def _listed(rows: object) -> str:
    return ", ".join(f"{word} {many}" for word, many in sorted(rows))  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
