"""How often Stripe may be asked for what nobody waits for, so that enough is left for those who do."""

import asyncio


class Budget:
    """At most `per_second` calls a second, evenly spaced; whoever asks for a turn waits for it.

    Stripe allows 100 requests a second to a live account, 25 to a test one and to each endpoint:
    https://docs.stripe.com/rate-limits. A process has one of these for all that it does in the background.
    """

    def __init__(self, per_second: float = 10.0) -> None:
        self._apart = 1.0 / per_second
        self._free_at = 0.0

    async def turn(self) -> None:
        """Returns when the next call may be made."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._free_at)
        self._free_at = mine + self._apart
        await asyncio.sleep(mine - now)
