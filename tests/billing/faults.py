"""A gateway that refuses chosen requests on their way: what a key without the right, or one that was rolled, meets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from billing.errors import BillingError, StripeRejected, StripeUnavailable
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request, StripeGateway
from tests.sandbox_client import KEY, SandboxClient

Fault = Callable[[Request], BillingError | None]


class FaultyGateway(StripeGateway):
    """The real one, but for the requests to which `fault` has an answer."""

    fault: Fault = staticmethod(lambda _: None)

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        if error := self.fault(request):
            raise error
        return await super().send(request, idempotency_key=idempotency_key)


@asynccontextmanager
async def refusing(runtime: Runtime, sandbox: SandboxClient, fault: Fault) -> AsyncIterator[Runtime]:
    """The same Assent, with another way to Stripe."""
    gateway = FaultyGateway(KEY, account=runtime.gateway.account, base=sandbox.base_url)
    gateway.fault = fault
    yield replace(runtime, gateway=gateway)
    await gateway.close()


def refused(method: str, start: str, end: str = "", *, status: int = 403) -> Fault:
    """Refuses what goes to such a path."""

    def fault(request: Request) -> BillingError | None:
        hit = request.method == method and request.path.startswith(start) and request.path.endswith(end)
        return StripeRejected("The key may not do this.", status) if hit else None

    return fault


def unreachable(request: Request) -> BillingError | None:
    """Nothing that would change anything arrives."""
    return StripeUnavailable() if request.method != "get" else None


def hours_later(runtime: Runtime, hours: float) -> Runtime:
    """The same Assent, after a while."""
    return replace(runtime, clock=lambda: runtime.clock() + timedelta(hours=hours))


def kept_fault(start: str, end: str = "") -> Fault:
    """Stripe answers a key from its memory, with the 500 that it had for it the first time."""
    seen: list[str] = []

    def fault(request: Request) -> BillingError | None:
        hit = request.method == "post" and request.path.startswith(start) and request.path.endswith(end)
        if not hit or seen:
            return None
        seen.append(request.path)
        return StripeUnavailable(replayed=True)

    return fault
