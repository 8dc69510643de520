"""The words of operations: what a mutation wants, the steps it takes, and how it ends."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import Caller
from billing.errors import BillingError, StripeRejected
from billing.stripe_gateway import Answer, Declined, Request
from billing.tables import Operation, new_id

# How long a holder has an operation to itself; longer than the slowest call with its retries.
LEASE = timedelta(seconds=75)

# Stripe keeps an idempotency key for at least 24 hours; after this nothing is sent again under the old key.
RESEND_WINDOW = timedelta(hours=23)


@dataclass(frozen=True)
class Call:
    """A mutation as it was called. `intent` is its input, validated, as JSON; `key` the client's idempotency key."""

    mutation: str
    caller: Caller
    key: str
    intent: dict[str, Any]
    customer_id: UUID | None = None

    @property
    def input_hash(self) -> str:
        """Of what makes one input different from another."""
        text = json.dumps(self.intent, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Send:
    """Next, Stripe is asked this, under the step's name."""

    step: str
    request: Request


@dataclass(frozen=True)
class Finish:
    """It is over: `error` is kept and repeated for the same key, `result` is what the answer needs beside the node."""

    error: BillingError | None = None
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Undone:
    """Nothing happened at Stripe, and nothing will: the caller is told why, and the key is free again."""

    error: BillingError


Outcome = Answer | Declined | StripeRejected
Next = Send | Finish | Undone

Begin = Callable[[AsyncSession, Operation, datetime], Awaitable[Next]]
Step = Callable[[AsyncSession, Operation, Outcome, datetime], Awaitable[Next]]
Withdraw = Callable[[AsyncSession, Operation, Answer, datetime], Awaitable[Next | None]]
Undo = Callable[[AsyncSession, Operation], Awaitable[None]]


def _nothing(operation: Operation) -> Request | None:
    return None


def _paid_or_void(operation: Operation, found: Answer) -> bool:
    return found.data.get("object") == "invoice" and found.data.get("status") in ("paid", "void")


@dataclass(frozen=True)
class Procedure:
    """How one mutation is carried out.

    `begin` validates and reserves; it may raise, and then nothing is kept and the key is not used. Each of `steps`
    records an outcome and says what comes next; a StripeRejected that it raises means that nothing happened.
    `charges` are the steps that are, or lead to, a charge: after a crash only the client continues from them, and
    `resume` decides, in the transaction that stamps the sending, whether it may be sent. `trace` says what to read at
    Stripe to see how far it has come, where that is not the object of the request itself; `is_over`, whether what was
    found there is the charge's end. `withdraw` takes back what a client began and does not continue: it never pays, and
    answers None where nothing was begun. `harmless` are steps that make nothing: they are asked anew each time, without
    a key that Stripe might answer from its memory. `looks` are steps at which nothing is asked again: what an earlier
    one has made is searched for, and where there is nothing the outcome is `absent`. `unsure` are those of which only a
    person may say that they came to nothing, because money moves with them alone. `undo` gives back what the
    reservation took, where nothing came of it.
    """

    mutation: str
    begin: Begin
    steps: Mapping[str, Step]
    charges: frozenset[str] = frozenset()
    resume: Begin | None = None
    trace: Callable[[Operation], Request | None] = _nothing
    is_over: Callable[[Operation, Answer], bool] = _paid_or_void
    withdraw: Withdraw | None = None
    harmless: frozenset[str] = frozenset()
    looks: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    undo: Undo | None = None


def absent() -> StripeRejected:
    """The outcome of looking for something that is not at Stripe."""
    return StripeRejected("Stripe has no such object.", 404, "resource_missing")


def answered(outcome: Outcome) -> Answer:
    """The answer; raises what Stripe refused with."""
    if isinstance(outcome, Answer):
        return outcome
    if isinstance(outcome, Declined):
        raise StripeRejected(outcome.message, 402, outcome.error.get("code"), outcome.error.get("param"))
    raise outcome


def stripe_key(account: str, operation: Operation) -> str:
    """The key sent to Stripe: the same for the same wish, whatever API key asks and whichever backup was restored."""
    parts = (
        account,
        operation.mutation,
        operation.party,
        operation.key,
        str(operation.attempt),
        operation.step or "",
    )
    return "assent-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def ours(operation: Operation, **more: str) -> dict[str, str]:
    """The metadata that ties an object of Stripe's to the operation that made it, to our row, and to the call."""
    ties = {"assent_operation": str(operation.id), "assent_id": str(operation.node_id)}
    return {**ties, "assent_call": call_mark(operation), **more}


def call_mark(operation: Operation) -> str:
    """The same for the same call of a client's, also after a backup was restored that does not know of it."""
    parts = (operation.mutation, operation.party, operation.key)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def unkeyed(mutation: str, caller: Caller, intent: dict[str, Any], customer_id: UUID | None = None) -> Call:
    """A call whose input has no idempotencyKey: each is an operation of its own."""
    return Call(mutation, caller, str(new_id()), intent, customer_id)
