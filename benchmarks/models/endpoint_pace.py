"""How many requests are under way at once, and when the next may go: as many as the server bears."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

FIRST = 4
MOST = 32
BACK_OFF = 0.5
BACK_OFF_MOST = 30.0


class Pace:
    """Additive increase with every success, halving where the server says that it is too much; for one event loop."""

    def __init__(self, *, first: int = FIRST, most: int = MOST) -> None:
        self.limit, self.most = float(first), most
        self.throttled, self.widest = 0, 0
        self._under_way = 0
        self._quiet_until = 0.0
        self._halved_at = float("-inf")
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait for a place and for the end of a pause; gives the time at which the turn began."""
        await self._enter()
        try:
            yield time.monotonic()
        finally:
            async with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    async def _enter(self) -> None:
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._under_way < max(1, int(self.limit)))
                wait = self._quiet_until - time.monotonic()
                if wait <= 0:
                    self._under_way += 1
                    self.widest = max(self.widest, self._under_way)
                    return
            await asyncio.sleep(wait)

    def succeeded(self) -> None:
        """One more answer came; after as many as are under way, one more may be."""
        self.limit = min(float(self.most), self.limit + 1 / max(1.0, self.limit))

    def throttle(self, began: float, after: float | None) -> None:
        """The server wants less: half as many, once for all that were under way; none before `after` seconds."""
        self.throttled += 1
        if began > self._halved_at:
            self.limit, self._halved_at = max(1.0, self.limit / 2), time.monotonic()
        if after is not None:
            self._quiet_until = max(self._quiet_until, time.monotonic() + after)


def back_off(failures: int, dice: random.Random, base: float = BACK_OFF) -> float:
    """Seconds to wait after so many failures: doubled each time, then a random share between half and all of it."""
    return float(min(BACK_OFF_MOST, base * 2 ** (failures - 1)) * dice.uniform(0.5, 1.0))
