"""The draft cookie: a random name for a browser, so that its answers survive a reload and a restart of the server.

It says nothing of the user, no script can read it, and it is sent to this app alone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

NAME = "advisor_draft"
SECONDS = 180 * 24 * 3600
FORM = re.compile(r"[A-Za-z0-9_-]{20,64}")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class DraftCookie:
    """ASGI middleware that gives a browser its draft cookie with the first page that it asks for."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; an answer with a page gets the cookie where the browser has none."""
        if scope["type"] != "http" or _has(scope):
            await self.app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", _fresh(scope).encode())]
            await send(message)

        await self.app(scope, receive, with_cookie)


def _has(scope: Scope) -> bool:
    for name, value in scope.get("headers", ()):
        if name.lower() == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin-1")).get(NAME)
            except CookieError:
                return False
            return found is not None and FORM.fullmatch(found.value) is not None
    return False


def _is_page(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in message.get("headers", ())
    )


def _fresh(scope: Scope) -> str:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{NAME}={secrets.token_urlsafe(24)}; Max-Age={SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}"
