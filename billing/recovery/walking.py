"""A walk over Stripe's objects: type by type, list by list, page by page."""

import asyncio
from collections.abc import Sequence
from typing import Any

from billing import mirror
from billing.applier.considering import considering
from billing.applier.reading import read
from billing.errors import StripeRejected
from billing.recovery.keeping import Keeper
from billing.recovery.lists import LISTS, METHOD, customers_after, path, unseen
from billing.recovery.plans import Place
from billing.recovery.tallies import Finding, Outcome, Report
from billing.stripe_gateway import Answer, JSONObject

PAGE = 100
# Customers whose methods are asked for side by side; the budget spaces the calls.
AT_ONCE = 25


class Walker(Keeper):
    """One run of a walk."""

    async def run(self) -> Report:
        """To the end. The next run goes on where this one stops. Raises StripeUnavailable, Overtaken."""
        while self.place.kind < len(self.plan.kinds):
            if not self.place.listed:
                await self._walk_lists()
            if self.plan.looks_for_gone:
                await self._walk_unseen()
            await self.next_kind()
        await self.end()
        return self.report

    # ------------------------------------------------------------------ lists

    async def _walk_lists(self) -> None:
        while self.place.list < len(LISTS[self.kind]):
            params = LISTS[self.kind][self.place.list]
            await (self._walk_methods() if self.kind == METHOD else self._walk_list(params))
            await self.step(Place(self.place.kind, self.place.list + 1))
        await self.step(Place(self.place.kind, listed=True))

    async def _walk_list(self, params: JSONObject) -> None:
        has_more = True
        while has_more:
            after = {"starting_after": self.place.after} if self.place.after else {}
            page = await self._page(path(self.kind, None), {**params, **self._since(), **after})
            if page is None:  # the one that it was to follow is gone: from the top, past what was met
                await self.step(Place(self.place.kind, self.place.list))
                continue
            objects = page.data["data"]
            await self.take(page, objects)
            has_more = page.data["has_more"]
            if objects:
                newest = self.place.newest or objects[0]["id"]
                await self.step(Place(self.place.kind, self.place.list, objects[-1]["id"], newest))
        if self.learner.follows(self.kind):
            await self._follow(params)

    async def _follow(self, params: JSONObject) -> None:
        """What has appeared above since the top of the list was seen."""
        newest = self.place.newest
        while newest is not None:
            page = await self._page(path(self.kind, None), {**params, "ending_before": newest})
            objects = page.data["data"] if page else []
            if page is not None:
                await self.take(page, objects)
            newest = objects[0]["id"] if objects else None

    async def _page(self, address: str, params: JSONObject) -> Answer | None:
        """None where Stripe does not have the object that the page was to be beside."""
        try:
            return await self.runtime.gateway.get(address, limit=PAGE, **params)
        except StripeRejected as refusal:
            if refusal.code != "resource_missing":
                raise
            return None

    def _since(self) -> dict[str, Any]:
        return {"created": {"gte": int(self.plan.since.timestamp())}} if self.plan.since else {}

    # ------------------------------------------------------------------ saved methods

    async def _walk_methods(self) -> None:
        while customers := await self._customers():
            for pages in await asyncio.gather(*(self._methods(each) for each in customers)):
                for page in pages:
                    await self.take(page, [each for each in page.data["data"] if self._is_wanted(each)])
            await self.step(Place(self.place.kind, self.place.list, customers[-1]))

    async def _customers(self) -> Sequence[str]:
        async with self.runtime.database.read() as session:
            return (await session.exec(customers_after(self.place.after, AT_ONCE))).all()

    async def _methods(self, customer: str) -> list[Answer]:
        found: list[Answer] = []
        after: dict[str, str] = {}
        while (page := await self._page(path(METHOD, customer), after)) is not None:
            found.append(page)
            if not page.data["has_more"]:
                break
            after = {"starting_after": page.data["data"][-1]["id"]}
        return found

    def _is_wanted(self, data: JSONObject) -> bool:
        return self.plan.since is None or data["created"] >= self.plan.since.timestamp()

    # ------------------------------------------------------------------ what the lists did not show

    async def _walk_unseen(self) -> None:
        while ids := await self._unseen():
            for stripe_id in ids:
                await self._read(stripe_id)
                await self.step(Place(self.place.kind, listed=True, after=stripe_id))

    async def _unseen(self) -> Sequence[str]:
        statement = unseen(self.walk.name, self.kind, self.place.after, self.plan.since, PAGE)
        async with self.runtime.database.read() as session:
            return (await session.exec(statement)).all()

    async def _read(self, stripe_id: str) -> None:
        answer = await read(self.runtime, stripe_id, self.kind)
        if answer is None:
            await self._bury(stripe_id)
        elif answer.data.get("deleted"):
            await self.learn(answer, answer.data, ())
        else:
            await self.take(answer, [answer.data])

    async def _bury(self, stripe_id: str) -> None:
        now = self.runtime.clock()
        finding = Finding(self.kind, stripe_id, Outcome.GONE)
        if self.plan.dry_run:
            self.count(finding)
            return
        async with considering(self.runtime, {"id": stripe_id, "object": self.kind}, now) as session:
            await mirror.gone(session, stripe_id, now=now)
            await self.save(session, finding)
        self.saved(finding)
