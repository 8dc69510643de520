"""A test clock as an object, and what may be on it."""

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.work import TEST_CLOCK, Object, Work

DAY = 24 * 3600
KEPT = 7 * DAY
"""Seconds of the sandbox's own time after which a clock is deleted, as in Stripe's API reference."""
MOST_CUSTOMERS = 3
MOST_SUBSCRIPTIONS = 3
"""Of each customer."""
WITH_CLOCK = ("customer", "invoice", "invoiceitem", "subscription")
"""What shows the clock that it is on."""


def add(work: Work, frozen_time: int, name: str | None) -> Object:
    """A clock that stands at this second."""
    clock = work.add(
        {
            "id": new_id("clock"),
            "object": TEST_CLOCK,
            "created": work.now,
            "deletes_after": work.now + KEPT,
            "frozen_time": frozen_time,
            "livemode": False,
            "name": name,
            "status": "ready",
            "status_details": {},
        }
    )
    events.emit(work, "test_helpers.test_clock.created", clock)
    return clock


def delete(work: Work, clock: Object) -> None:
    """Delete a clock with everything on it; its events stay."""
    work.connection.execute(
        "UPDATE objects SET deleted = 1, due = NULL WHERE clock = ? AND object != 'event'", (clock["id"],)
    )
    work.delete(clock)
    events.emit(work, "test_helpers.test_clock.deleted", clock)


def put_on(work: Work, clock: Object, customer: Object) -> None:
    """Put an existing customer with everything of theirs on a clock."""
    id = customer["id"]
    condition = "(id = ? OR json_extract(body, '$.customer') = ?) AND object != 'event'"
    work.connection.execute(f"UPDATE objects SET clock = ? WHERE {condition}", (clock["id"], id, id))  # noqa: S608
    for kind in WITH_CLOCK:
        for obj in [customer] if kind == "customer" else work.select(kind, {"customer": id}):
            obj["test_clock"] = clock["id"]
            work.save(obj)


def admit_customer(work: Work, clock_id: str) -> None:
    """Let a new customer be on the clock. InvalidRequest if it has as many as it may have."""
    clock = work.get(TEST_CLOCK, clock_id, "test_clock")
    if len(work.select("customer", {"test_clock": clock_id})) >= MOST_CUSTOMERS:
        raise InvalidRequest(f"A test clock has at most {MOST_CUSTOMERS} customers. Use another one.")
    work.live_on(clock)


def admit_subscription(work: Work, customer: Object) -> None:
    """InvalidRequest if the customer is on a clock and has as many subscriptions as may be there."""
    on_clock = customer["test_clock"] is not None
    if on_clock and len(work.select("subscription", {"customer": customer["id"]})) >= MOST_SUBSCRIPTIONS:
        raise InvalidRequest(f"A customer on a test clock has at most {MOST_SUBSCRIPTIONS} subscriptions.")
