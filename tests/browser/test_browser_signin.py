"""Signing in, in a real browser, with a provider on this machine: what one person sees of another's work."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import expect

from advisor.knowledge.domain import Rulebook

pytestmark = pytest.mark.browser
CLIENT, SECRET = "advisor", "a secret of this test"


class Provider:
    """An OpenID Connect provider small enough to read: it asks who one wants to be, and signs that."""

    def __init__(self, port: int) -> None:
        from joserfc.jwk import RSAKey

        self.url = f"http://127.0.0.1:{port}"
        self.key = RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, Any]] = {}

    def configure(self, folder: Path, port: int) -> None:
        """Writes the secrets with which an app in the folder asks this provider."""
        (folder / ".streamlit").mkdir()
        (folder / ".streamlit" / "secrets.toml").write_text(
            f"""[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "{secrets.token_hex(32)}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{self.url}/.well-known/openid-configuration"
""",
            encoding="utf-8",
        )

    def metadata(self) -> dict[str, Any]:
        """The document by which a client finds everything else."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def page(self, query: Any) -> str:
        """The page that asks who one wants to be; a link for each goes back with a code of its own."""
        links = []
        for name in ("ann", "bob"):
            code = secrets.token_urlsafe(12)
            self.codes[code] = {"nonce": query.get("nonce"), "sub": name, "email": f"{name}@example.org"}
            back = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
            links.append(f'<a href="{back}">{name}</a>')
        return " ".join(links)

    def token(self, form: dict[str, list[str]]) -> dict[str, Any]:
        """The signed identity behind a code, which is good once."""
        from joserfc import jwt

        claims = self.codes.pop(form["code"][0])
        now = int(time.time())
        claims |= {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "email_verified": True}
        signed = jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.key)
        return {"access_token": secrets.token_urlsafe(12), "token_type": "Bearer", "id_token": signed}


@contextmanager
def running() -> Iterator[Provider]:
    """A provider that answers on this machine."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    provider = Provider(listening.getsockname()[1])

    async def token(request: Request) -> JSONResponse:
        return JSONResponse(provider.token(parse_qs((await request.body()).decode())))

    routes = [
        Route("/.well-known/openid-configuration", lambda request: JSONResponse(provider.metadata())),
        Route("/authorize", lambda request: HTMLResponse(provider.page(request.query_params))),
        Route("/keys", lambda request: JSONResponse({"keys": [provider.key.as_dict(private=False)]})),
        Route("/token", token, methods=["POST"]),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield provider
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def signing_in(serve: Any, tmp_path: Path) -> Iterator[str]:
    """The address of the app where one has to sign in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with running() as provider:
        provider.configure(tmp_path, port)
        with serve(tmp_path, port) as address:
            yield address


def test_who_signs_in_sees_their_own_work_and_what_was_shared(
    visit: Callable[[str], Any], signing_in: str, book: Rulebook
) -> None:
    """Nothing is shown before; afterwards Ann's work is Ann's until she shares it with Bob, and signing out ends it."""
    ann, bob = visit(signing_in), visit(signing_in)
    ann.open("task")
    ann.answer(book.questions["use_case_count"], 7)
    ann.follow("saved")
    expect(ann.page.get_by_text("Sign in to see your work")).to_be_visible()
    assert ann.page.get_by_role("button", name="Save", exact=True).count() == 0
    for user, name in ((ann, "ann"), (bob, "bob")):
        _sign_in(user, name)
    ann.page.get_by_role("textbox", name="Name", exact=True).fill("Triage of mail")
    ann.page.get_by_role("textbox", name="Name", exact=True).press("Tab")
    ann.settle()
    ann.press("Save")
    mine = ann.page.get_by_text("Triage of mail ·")
    mine.wait_for()
    bob.open("saved")
    expect(bob.page.get_by_text("Nothing is saved yet.")).to_be_visible()
    mine.click()
    ann.settle()
    box = ann.page.get_by_role("textbox", name="Share with (e-mail address)")
    box.fill("bob@example.org")
    box.press("Tab")
    ann.settle()
    ann.press("Share")
    bob.open("saved")
    bob.page.get_by_text("Triage of mail ·").click()
    bob.page.get_by_text("Shared by ann").wait_for()
    assert bob.page.get_by_role("button", name="Delete").count() == 0
    ann.page.get_by_test_id("stSidebar").get_by_role("button", name="Sign out").click()
    ann.page.wait_for_url(f"{signing_in}/")
    ann.open("saved")
    expect(ann.page.get_by_text("Sign in to see your work")).to_be_visible()


def _sign_in(user: Any, name: str) -> None:
    user.open("saved")
    user.page.get_by_role("button", name="Sign in").click()
    user.page.get_by_role("link", name=name).click()
    user.page.get_by_text(f"Signed in as {name}").wait_for()
    user.settle()
    user.follow("saved")
