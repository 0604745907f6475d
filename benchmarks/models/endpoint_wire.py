"""One attempt at one request: what goes over the wire, and what came back of it, read strictly.

Redirects are not followed, so the key goes to no other host; replies are cut off at a size; nothing raised here or
returned shows the key.
"""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..tasks.json_text import parse
from .endpoint import CHAT, Endpoint

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 4_000_000
SHOWN_SIGNS = 200
_AGAIN = (408, 409, 425, 429)
_CLOSED = (401, 403, 404, 405)
_SPENT = ("insufficient_quota", "billing_hard_limit_reached")

Pairs = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one attempt may take, in seconds: to connect, between two bytes, and in all."""

    connect: float = 10.0
    stall: float = 90.0
    whole: float = 180.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as read: the text, the first token's alternatives, and the tokens that the server counted, if it did."""

    text: str
    finish: str
    first: Pairs
    model: str
    read: int | None
    written: int | None
    seconds: float


class AttemptFailed(Exception):
    """An attempt that another one may follow. `maybe_billed` says that the server may have answered all the same."""

    def __init__(self, reason: str, *, after: float | None = None, slow_down: bool, maybe_billed: bool) -> None:
        super().__init__(reason)
        self.after, self.slow_down, self.maybe_billed = after, slow_down, maybe_billed


class RequestRefused(Exception):
    """The server will not answer this request, however often it is asked; nothing was billed."""


class EndpointClosed(Exception):
    """The server will answer no request of ours: a wrong key, a wrong path, an empty account, a redirect."""


class Wire:
    """Sends requests to one endpoint with one connection pool; for use inside one event loop."""

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        import httpx

        self._endpoint, self._limits = endpoint, limits
        self._key = endpoint.key()
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = httpx.Timeout(limits.stall, connect=limits.connect)
        # A proxy of the environment is for other machines.
        self._client = httpx.AsyncClient(
            headers=headers, timeout=timeout, follow_redirects=False, trust_env=not endpoint.local
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def attempt(self, body: Mapping[str, Any], key: str) -> Reply:
        """The reply to one request. Raises AttemptFailed, RequestRefused or EndpointClosed."""
        import httpx

        started = time.perf_counter()
        sent = False
        try:
            async with asyncio.timeout(self._limits.whole):
                request = self._client.build_request(
                    "POST", self._endpoint.url + CHAT, json=dict(body), headers={"Idempotency-Key": key}
                )
                sent = True
                response = await self._client.send(request, stream=True)
                try:
                    content = await _content(response)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise AttemptFailed(self._clean(_named(error)), slow_down=False, maybe_billed=False) from None
        except (TimeoutError, httpx.TimeoutException):
            reason = f"no whole answer in {time.perf_counter() - started:.1f} s"
            raise AttemptFailed(reason, slow_down=True, maybe_billed=sent) from None
        except httpx.HTTPError as error:
            raise AttemptFailed(self._clean(_named(error)), slow_down=False, maybe_billed=sent) from None
        if response.status_code != 200:
            raise self._unsuccessful(response, content)
        try:
            return _reply(content, time.perf_counter() - started, self._clean)
        except ValueError as error:
            reason = f"a reply that cannot be read: {self._clean(str(error))}"
            raise AttemptFailed(reason, slow_down=False, maybe_billed=True) from None

    def _unsuccessful(self, response: httpx.Response, content: bytes) -> Exception:
        status = response.status_code
        said = self._clean(_said(content))
        reason = f"HTTP {status}" + (f": {said}" if said else "")
        if 300 <= status < 400:
            return EndpointClosed(f"HTTP {status}: the server sends elsewhere, and no key is taken there; name the URL")
        if status in _CLOSED or any(word in said for word in _SPENT):
            return EndpointClosed(reason)
        if status in _AGAIN or status >= 500:
            after = _after(response.headers.get("retry-after"))
            return AttemptFailed(reason, after=after, slow_down=status in (429, 503), maybe_billed=False)
        return RequestRefused(reason)

    def _clean(self, text: str) -> str:
        """`text` on one line without the key, should a server or a library repeat it."""
        plain = text.replace(self._key, "[key]") if self._key else text
        return " ".join(plain.split())


async def _content(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            reason = f"an answer of more than {MOST_BYTES} bytes"
            raise AttemptFailed(reason, slow_down=False, maybe_billed=True)
    return b"".join(parts)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _said(content: bytes) -> str:
    """What the body of an error says, cut short: its message and code where it is of the usual form."""
    text = content.decode("utf-8", "replace")
    try:
        error = parse(text).get("error", {})
        text = f"{error['message']} ({error['code']})" if error.get("code") else str(error["message"])
    except (ValueError, AttributeError, KeyError, TypeError):
        pass
    return text[:SHOWN_SIGNS]


def _after(value: str | None) -> float | None:
    """The seconds that a Retry-After asks for, given in seconds or as a date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        when = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
        seconds = (when - datetime.datetime.now(datetime.UTC)).total_seconds()
    return None if math.isnan(seconds) else max(0.0, seconds)


def _reply(content: bytes, seconds: float, clean: Any) -> Reply:
    """The reply in the body of a success. Raises ValueError that says what is wrong with it."""
    try:
        found = parse(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    try:
        choice = found["choices"][0]
        text = choice["message"].get("content")
        finish = str(choice.get("finish_reason"))
        first = _first(choice.get("logprobs"))
        usage = found.get("usage")
        usage = usage if isinstance(usage, dict) else {}
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ValueError("has no choices with a message") from None
    if text is not None and not isinstance(text, str):
        raise ValueError("has a message whose content is no text")
    model = clean(str(found.get("model") or ""))[:SHOWN_SIGNS]
    read, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return Reply(_unkeyed(text or "", clean), finish, first, model, read, written, seconds)


def _unkeyed(text: str, clean: Any) -> str:
    """The text as it is, unless it repeats the key."""
    return text if "[key]" in text or "[key]" not in clean(text) else clean(text)


def _first(logprobs: Any) -> Pairs:
    """The alternatives at the first place, likeliest first; nothing where there are none, or none that are numbers."""
    try:
        entries = logprobs["content"][0]["top_logprobs"]
        pairs = [(str(entry["token"]), float(entry["logprob"])) for entry in entries]
    except (KeyError, IndexError, TypeError, ValueError):
        return ()
    return tuple(sorted((pair for pair in pairs if -1e6 < pair[1] <= 1e-3), key=lambda pair: -pair[1]))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
