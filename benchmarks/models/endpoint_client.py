"""Many requests to an endpoint: each answered once and paid once, however often it is asked for.

One layer of retries: doubled waiting with a random share, Retry-After obeyed, and no more attempts than a few.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import JobFailed
from .endpoint import LoadedEndpoint
from .endpoint_pace import BACK_OFF, Pace, back_off
from .endpoint_replies import Kept, Replies, bound
from .endpoint_wire import AttemptFailed, EndpointClosed, Limits, RequestRefused, Wire

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on: seconds for a whole batch, attempts at one request, the first wait after a failure."""

    deadline: float = 3600.0
    attempts: int = 8
    back_off: float = BACK_OFF
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that the server would not answer, and its reason."""

    reason: str


class EndpointClient:
    """Asks one endpoint on behalf of one cell, its `owner`."""

    def __init__(self, loaded: LoadedEndpoint, owner: str, patience: Patience | None = None) -> None:
        self.endpoint, self.owner, self.patience = loaded.files, owner, patience or Patience()
        self.replies = Replies(loaded.folder, loaded.files)
        self.seen: dict[str, int] = {"throttled": 0, "most_at_once": 0, "from_disk": 0}
        self.changes: list[str] = []
        self._dice = random.Random(owner)

    def ask(self, bodies: Sequence[Body], progress: Callable[[int], None] | None = None) -> list[Kept | Refused]:
        """One reply or refusal per request, in their order; equal requests are sent once.

        Raises JobFailed where the endpoint is closed, gives no answer after several attempts or in time, or where the
        budget ends; every reply until then is kept.
        """
        keys = [self.replies.key(body) for body in bodies]
        answers: dict[str, Kept | Refused] = {}
        waiting: dict[str, Body] = {}
        for key, body in zip(keys, bodies, strict=True):
            kept = self.replies.find(key)
            if kept is not None:
                self.seen["from_disk"] += key not in answers
                answers[key] = kept
            else:
                waiting[key] = body
        if progress and len(keys) > len(waiting):
            progress(len(keys) - len(waiting))
        if waiting:
            answers |= _finished(self._ask_all(waiting, progress))
        return [answers[key] for key in keys]

    async def _ask_all(
        self, waiting: Mapping[str, Body], progress: Callable[[int], None] | None
    ) -> dict[str, Kept | Refused]:
        pace, wire = Pace(), Wire(self.endpoint, self.patience.limits)
        answers: dict[str, Kept | Refused] = {}

        ended: list[JobFailed] = []

        async def one(key: str, body: Body) -> None:
            # Where one request ends the job, nothing more is sent, and what is under way is still heard.
            try:
                answer = await self._ask_one(wire, pace, key, body, ended)
            except EndpointClosed as closed:
                ended.append(JobFailed(f"{self.endpoint.url}: {closed}"))
            except JobFailed as failed:
                ended.append(failed)
            else:
                if answer is not None:
                    answers[key] = answer
                    if progress:
                        progress(1)

        try:
            async with asyncio.timeout(self.patience.deadline), asyncio.TaskGroup() as group:
                for key, body in waiting.items():
                    group.create_task(one(key, body))
        except TimeoutError:
            done = f"{len(answers)} of {len(waiting)} requests answered"
            raise JobFailed(f"{self.endpoint.url}: {done} in {self.patience.deadline:g} s; they are kept") from None
        finally:
            await wire.close()
            self.seen["throttled"] += pace.throttled
            self.seen["most_at_once"] = max(self.seen["most_at_once"], pace.widest)
        if ended:
            raise ended[0]
        return answers

    async def _ask_one(
        self, wire: Wire, pace: Pace, key: str, body: Body, ended: Sequence[JobFailed]
    ) -> Kept | Refused | None:
        """The reply to a request; None where the job ended before it was sent."""
        failures = 0
        while True:
            worded = tuple(self.changes)
            async with pace.turn() as began:
                if ended:
                    return None
                try:
                    return await self._attempt(wire, pace, key, body)
                except RequestRefused as refused:
                    if not self._learnt(str(refused), worded):
                        return Refused(str(refused))
                    continue
                except AttemptFailed as failed:
                    failures += 1
                    if failed.slow_down:
                        pace.throttle(began, failed.after)
                    if failures >= self.patience.attempts:
                        raise JobFailed(
                            f"{self.endpoint.url}: no answer after {failures} attempts, at last {failed}; the answers "
                            "until then are kept, and the same command goes on from them"
                        ) from None
                    wait = max(failed.after or 0.0, back_off(failures, self._dice, self.patience.back_off))
            await asyncio.sleep(wait)

    async def _attempt(self, wire: Wire, pace: Pace, key: str, body: Body) -> Kept:
        self.replies.reserve(key, self.owner, bound(body))
        try:
            reply = await wire.attempt(self._worded(body), key)
        except AttemptFailed as failed:
            self.replies.release(key, maybe_billed=failed.maybe_billed)
            raise
        except (RequestRefused, EndpointClosed):
            self.replies.release(key, maybe_billed=False)
            raise
        pace.succeeded()
        return self.replies.settle(key, reply)

    def _worded(self, body: Body) -> dict[str, Any]:
        """The request in the words of this server: some call a limit otherwise, or want no temperature."""
        sent = dict(body)
        if "max_completion_tokens" in self.changes:
            sent["max_completion_tokens"] = sent.pop("max_tokens")
        if "no temperature" in self.changes:
            sent.pop("temperature", None)
        return sent

    def _learnt(self, reason: str, worded: Sequence[str]) -> bool:
        """Whether a refusal says how the server wants to be asked, other than the request was `worded`."""
        for word, change in (("max_completion_tokens", "max_completion_tokens"), ("'temperature'", "no temperature")):
            if word in reason and change not in worded:
                self.changes += [change] if change not in self.changes else []
                return True
        return False


def _finished(work: Coroutine[Any, Any, dict[str, Kept | Refused]]) -> dict[str, Kept | Refused]:
    """The result of asynchronous work, also where an event loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[dict[str, Kept | Refused]] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
