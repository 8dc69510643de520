"""Test clocks over the API."""

from sandbox import events
from sandbox.engine.agenda import ENDED
from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.resources.subscriptions import periods
from sandbox.resources.test_clocks import clocks
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.params import Params
from sandbox.work import TEST_CLOCK, Object, Work

URL = "/v1/test_helpers/test_clocks"
CLOCK = URL + "/{test_clock}"
INTERVALS = 2
"""Of the shortest subscription: how far a clock moves at a time."""
YEARS = 2
"""The same without a subscription."""


def create(work: Work, params: Params) -> Object:
    """POST /v1/test_helpers/test_clocks."""
    clock = clocks.add(work, params.get("frozen_time"), params.get("name"))
    if customer := params.get("customer"):
        clocks.put_on(work, clock, work.get("customer", customer, "customer"))
    return clock


def advance(work: Work, id: str, params: Params) -> Object:
    """POST /v1/test_helpers/test_clocks/{test_clock}/advance; the clock is `ready` again when it is there."""
    clock, target = work.get(TEST_CLOCK, id), params.get("frozen_time")
    if clock["status"] != "ready":
        raise InvalidRequest(f"This test clock is {clock['status']}; wait until it is ready.")
    if target <= clock["frozen_time"]:
        raise InvalidRequest("A test clock moves forward only.", param="frozen_time")
    if target > (furthest := _furthest(work, clock)):
        raise InvalidRequest(
            f"A test clock moves at most {INTERVALS} intervals of its shortest subscription at a time, or {YEARS} "
            f"years without one: until {furthest}.",
            param="frozen_time",
        )
    clock.update(status="advancing", status_details={"advancing": {"target_frozen_time": target}})
    events.emit(work, "test_helpers.test_clock.advancing", work.save(clock))
    return clock


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/test_helpers/test_clocks/{test_clock}, with its customers and all that is theirs."""
    clocks.delete(work, work.get(TEST_CLOCK, id))
    return {"id": id, "object": TEST_CLOCK, "deleted": True}


def _furthest(work: Work, clock: Object) -> int:
    live = [each for each in work.select("subscription", {"test_clock": clock["id"]}) if each["status"] not in ENDED]
    lengths = [item["price"]["recurring"] for each in live for item in each["items"]["data"]]
    now = clock["frozen_time"]
    ends = [periods.boundary(now, each["interval"], INTERVALS * each["interval_count"]) for each in lengths]
    return min(ends, default=periods.boundary(now, "year", YEARS))


KIND = Kind(TEST_CLOCK)

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing(TEST_CLOCK, URL)),
    Endpoint("GET", CLOCK, retrieve(TEST_CLOCK)),
    Endpoint("DELETE", CLOCK, delete),
    Endpoint("POST", CLOCK + "/advance", advance),
]
