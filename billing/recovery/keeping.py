"""Learning what a walk meets, and keeping with it, in the same transaction, what was found and how far the walk is."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.applier.considering import considering
from billing.applier.reading import learn_parent
from billing.errors import StripeUnavailable
from billing.mirror import Known, NotOurs, ParentUnknown
from billing.mirror.expanding import complete, is_truncated, split
from billing.mirror.kinds import KINDS
from billing.recovery import walks
from billing.recovery.comparing import compare
from billing.recovery.learners import Learner
from billing.recovery.plans import Place, Plan
from billing.recovery.tallies import Finding, Outcome, Report
from billing.recovery.walks import INSERTS, LEASE, Overtaken
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, JSONObject
from billing.tables import Sighting, Walk

log = structlog.get_logger()

# An object that another transaction was at, or whose parents were unknown, is tried again.
TRIES = 4
# The mandates behind setup intents are met with them, and are a type of their own.
MET_BEFORE = "setup_intent"

# Told of each object that somebody may have to know of, and, without one, of each page's end.
Watch = Callable[[str, Report, Finding | None], None]


class Undone(Exception):
    """A dry run keeps nothing of what it has learned."""


@dataclass
class Keeper:
    """One run of a walk, as far as it writes. An object that is met again is not counted again."""

    runtime: Runtime
    walk: Walk
    plan: Plan
    place: Place
    report: Report
    learner: Learner
    watch: Watch
    met: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The type whose objects are being walked."""
        return self.plan.kinds[self.place.kind]

    async def take(self, answer: Answer, objects: Sequence[JSONObject]) -> None:
        """Compares objects of one answer with what is known of them, and learns those that differ."""
        objects = [await self._whole(each) for each in objects]
        async with self.runtime.database.read() as session:
            counted = await self._counted(session, objects)
            compared = await compare(session, objects)
            others = await self.learner.others(session, self.kind, objects)
        for data in objects:
            if data["id"] in counted:
                continue
            self.met += [data["id"], *(part["id"] for part in split(data, KINDS)[1])]
            if data["id"] in compared.different or data["id"] in others:
                await self.learn(answer, data, compared.different.get(data["id"], ()))
            else:
                is_foreign = data["id"] in compared.foreign
                self.count(Finding(self.kind, data["id"], Outcome.FOREIGN if is_foreign else Outcome.SAME))

    async def _whole(self, data: JSONObject) -> JSONObject:
        """Lists inside of it stop at ten."""
        return await complete(self.runtime.gateway, data) if is_truncated(data) else data

    async def _counted(self, session: AsyncSession, objects: Sequence[JSONObject]) -> set[str]:
        ids = [each["id"] for each in objects]
        statement = select(Sighting.stripe_id).where(Sighting.walk == self.walk.name)
        return set((await session.exec(statement.where(col(Sighting.stripe_id).in_(ids)))).all())

    async def learn(self, answer: Answer, data: JSONObject, fields: tuple[str, ...]) -> None:
        """Learns one object, within the window of the answer that it came in."""
        known = Known(answer.known_from, answer.known_until)
        for tried in range(1, TRIES + 1):
            try:
                await self._learn(data, known, fields)
            except ParentUnknown as unknown:
                if await self._learn_parent(unknown):
                    continue
                self.count(self._without_parent(data, unknown))
            except (Overtaken, StripeUnavailable):
                raise
            except Exception as error:  # whatever is wrong with one object must not end the walk
                if isinstance(error, IntegrityError) and tried < TRIES:
                    continue
                log.exception("object not learned", walk=self.walk.name, object=data["id"])
                self.count(Finding(self.kind, data["id"], Outcome.FAILED, note=type(error).__name__))
            return
        self.count(Finding(self.kind, data["id"], Outcome.FAILED, note="what it belongs to is not to be had"))

    async def _learn(self, data: JSONObject, known: Known, fields: tuple[str, ...]) -> None:
        now, finding = self.runtime.clock(), None
        with suppress(Undone):
            async with self._judging(data, now) as session:
                finding = await self.learner.learn(session, data, known, fields, now)
                if self.plan.dry_run:
                    raise Undone
                await self.save(session, finding)
        if finding is not None:
            self.count(finding) if self.plan.dry_run else self.saved(finding)

    @asynccontextmanager
    async def _judging(self, data: JSONObject, now: datetime) -> AsyncIterator[AsyncSession]:
        """What is learned is judged as the applier does it, unless nothing of it is kept."""
        if self.plan.dry_run:
            async with self.runtime.database.transaction() as session:
                yield session
        else:
            async with considering(self.runtime, data, now) as session:
                yield session

    async def _learn_parent(self, unknown: ParentUnknown) -> bool:
        """Whether it can be tried again. A dry run learns no parents."""
        if self.plan.dry_run:
            return False
        try:
            await learn_parent(self.runtime, unknown, self.runtime.clock())
        except NotOurs:
            return False
        return True

    def _without_parent(self, data: JSONObject, unknown: ParentUnknown) -> Finding:
        """Every product of the account is Assent's to know, and not every customer."""
        is_ours = self.plan.dry_run and unknown.type == "product"
        return Finding(self.kind, data["id"], Outcome.ADDED if is_ours else Outcome.FOREIGN)

    # ------------------------------------------------------------------ keeping

    async def save(self, session: AsyncSession, finding: Finding | None = None) -> None:
        """Writes down, in the caller's transaction, how far it is. Raises Overtaken."""
        report = Report.load(self.report.dump())
        if finding is not None:
            report.of(finding.kind).add(finding)
        if self.met:
            insert = INSERTS[session.get_bind().dialect.name](Sighting).on_conflict_do_nothing()
            await session.exec(insert, params=[{"walk": self.walk.name, "stripe_id": each} for each in set(self.met)])
        place = {"plan": self.plan.dump(), "place": asdict(self.place)}
        due_at = self.runtime.clock() + LEASE
        await walks.save(session, self.walk, due_at, place=place, report=report.dump())

    def saved(self, finding: Finding | None = None) -> None:
        """What was written down is committed."""
        self.met = []
        if finding is not None:
            self.count(finding)

    def count(self, finding: Finding) -> None:
        """Counts one object."""
        self.report.of(finding.kind).add(finding)
        if finding.is_worth_telling:
            self.watch(self.kind, self.report, finding)

    async def step(self, place: Place) -> None:
        """Goes on from here, also in the next run."""
        self.place = place
        async with self.runtime.database.transaction() as session:
            await self.save(session)
        self.saved()
        self.watch(self.plan.kinds[min(place.kind, len(self.plan.kinds) - 1)], self.report, None)

    async def next_kind(self) -> None:
        """Goes on with the next type; what was met of this one is no longer asked for."""
        was, self.place = self.kind, Place(self.place.kind + 1)
        async with self.runtime.database.transaction() as session:
            if was != MET_BEFORE:
                await forget(session, self.walk.name)
                self.met = []
            await self.save(session)
        self.saved()

    async def end(self) -> None:
        """It is over: the next run begins anew."""
        async with self.runtime.database.transaction() as session:
            await forget(session, self.walk.name)
            due_at = self.runtime.clock() + LEASE
            await walks.save(session, self.walk, due_at, place={}, report=self.report.dump())


async def forget(session: AsyncSession, name: str) -> None:
    """Lets go of what the walk has met."""
    await session.exec(delete(Sighting).where(col(Sighting.walk) == name))
