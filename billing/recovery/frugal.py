"""Reading Stripe in the background: within the budget, and patiently while it is overloaded or away."""

import asyncio
import random
from dataclasses import replace

import structlog

from billing.budget import Budget
from billing.errors import StripeUnavailable
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request, StripeGateway

log = structlog.get_logger()

# Seconds before the second try, doubled before each further one up to the longest; about seven minutes in all.
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
TRIES = 14


class FrugalGateway(StripeGateway):
    """The same Stripe over the same connections, which are closed there. What changes something is not kept waiting."""

    def __init__(self, gateway: StripeGateway, budget: Budget) -> None:
        self.account, self.country = gateway.account, gateway.country
        self._gateway, self._budget = gateway, budget

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        """Asks Stripe; what is only read is asked for again while Stripe answers 429, 5xx or nothing.

        Raises what `StripeGateway.send` raises.
        """
        if request.method != "get":
            return await self._gateway.send(request, idempotency_key=idempotency_key)
        for tried in range(1, TRIES):
            await self._budget.turn()
            try:
                return await self._gateway.send(request)
            except StripeUnavailable as error:
                log.info("Stripe is not to be had; trying again", path=request.path, tried=tried, reason=error.message)
            await asyncio.sleep(_wait(tried))
        await self._budget.turn()
        return await self._gateway.send(request)


def _wait(tried: int) -> float:
    """With jitter, so that those who were turned away together do not come back together."""
    return min(FIRST_WAIT * 2.0 ** (tried - 1), LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311


def frugal(runtime: Runtime) -> Runtime:
    """The same Assent, whose reads of Stripe keep to the budget."""
    return replace(runtime, gateway=FrugalGateway(runtime.gateway, runtime.budget))
