"""The app as a user meets it: really served, in a real Chromium that may talk to this machine alone."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from advisor.intake.answers import RANGE_KEYS
from advisor.knowledge.domain import Question, Rulebook
from advisor.ui.steps import steps

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
LOCAL = {"localhost", "127.0.0.1"}
READY = '[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
START_SECONDS = 60
PATIENCE_MS = 30_000  # for a busy machine; what comes sooner is not waited for
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(folder: Path, port: int, data: Path | None = None) -> Iterator[str]:
    """The address of the app, started in a folder by the command that users start it with, on the data of a folder."""
    log, data = folder / "server.log", data or folder
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "advisor.cli", "app", "--port", str(port)],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "ADVISOR_DATABASE_URL": f"sqlite:///{data / 'advisor.db'}",
                "ADVISOR_DATA_DIR": str(data / "data"),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(f"http://localhost:{port}/_stcore/health", server, log)
            yield f"http://localhost:{port}"
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=20)


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served app keeps its data, away from the checkout."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def served(data_folder: Path) -> Iterator[str]:
    """The address of the app that most tests share."""
    with serving(data_folder, free_port()) as address:
        yield address


@pytest.fixture
def second_server(served: str, data_folder: Path, tmp_path: Path) -> Iterator[str]:
    """The address of another process of the app on the same data."""
    with serving(tmp_path, free_port(), data_folder) as address:
        yield address


@pytest.fixture
def serve() -> Callable[[Path, int], AbstractContextManager[str]]:
    """Serves the app in a folder at a port."""
    return serving


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(START_SECONDS * 5):
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        if server.poll() is not None:
            break
        time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium without a window."""
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


class Visitor:
    """A user with a fresh browser session; remembers every request that the browser made and every script error."""

    def __init__(self, browser: Any, url: str, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        self.url = url
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket_: self.requests.append(socket_.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str = "") -> None:
        """Opens a page of the app."""
        self.page.goto(f"{self.url}/{path}")
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.settle()

    def settle(self) -> None:
        """Waits until the page has run to its end."""
        self.page.wait_for_timeout(120)
        self.page.wait_for_selector(READY)

    def press(self, name: str) -> None:
        """Presses a button by its name."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.settle()

    def arrive(self, heading: str) -> None:
        """Waits for the page of that heading."""
        self.page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
        self.settle()

    def heading(self) -> str:
        """The heading of the page."""
        text: str = self.page.get_by_role("heading", level=1).inner_text()
        return text

    def answer(self, question: Question, value: Any) -> None:
        """Answers one question of the step that is shown, as in an answers file."""
        if question.kind == "choice":
            self._choose(question, value)
        elif isinstance(value, dict):
            card = self.page.locator(f".st-key-question-{question.field}")
            card.get_by_text("Give a range").click()
            self.settle()
            for key in RANGE_KEYS:
                self._type(card.get_by_role("spinbutton", name=key.capitalize()), value[key])
        else:
            self._type(self.page.get_by_role("spinbutton", name=question.ask), value)
        self.settle()

    def _choose(self, question: Question, value: str) -> None:
        option = next(option for option in question.options if option.value == value)
        group = self.page.get_by_role("radiogroup", name=question.ask)
        box = self.page.get_by_role("combobox", name=question.ask)
        group.or_(box).wait_for()  # a heading may be there before what stands under it
        if group.count():
            group.get_by_text(option.label, exact=True).click()
        else:
            self.choose(box, option.label)

    def choose(self, box: Any, option: str) -> None:
        """Opens a list and takes the option that begins with this text."""
        box.scroll_into_view_if_needed()
        self.page.evaluate(TWO_FRAMES)  # a list closes when what it hangs on scrolls
        box.click()
        self.page.get_by_role("option", name=re.compile(f"^{re.escape(option)}")).click()
        self.settle()

    def upload(self, label: str, path: Path) -> None:
        """Gives a file to the field with this label."""
        field = self.page.get_by_test_id("stFileUploader").filter(has_text=label)
        field.locator('input[type="file"]').set_input_files(path)

    def _type(self, box: Any, value: float) -> None:
        box.fill(str(value))
        box.press("Tab")
        self.settle()

    def interview(self, book: Rulebook, answers: dict[str, Any]) -> None:
        """Goes from the start through every step, answers what is given, and stops on the check page."""
        self.open(steps(book)[0].slug)
        for step in steps(book):
            self.arrive(step.heading)
            for question in step.questions:
                if question.field in answers:
                    self.answer(question, answers[question.field])
            self.press("Next")

    def open_example(self, title: str) -> None:
        """Opens a worked case from the start page and waits for its result."""
        self.open()
        self.choose(self.page.get_by_role("combobox", name="Worked cases"), title)
        self.press("Open this example")
        self.page.get_by_role("tab", name="Ranking").wait_for()
        self.settle()

    def follow(self, slug: str) -> None:
        """Follows the link in the list of pages to an address, without loading the app anew."""
        found = self.page.get_by_test_id("stSidebar").locator(f'a[href="{slug}"]')
        self.page.locator(".st-key-topics summary").wait_for()
        if not found.is_visible():
            self.page.locator(".st-key-topics summary").click()
        found.click()
        self.page.wait_for_url(f"{self.url}/{slug}")
        self.settle()
        self.page.get_by_role("heading", level=1).wait_for()

    def download(self, name: str, folder: Path) -> Path:
        """Presses a download button and returns the file."""
        button = self.page.get_by_role("button", name=name, exact=True)
        more = self.page.get_by_role("button", name="More formats")
        button.or_(more).first.wait_for()
        if not button.is_visible():
            more.click()
            button.wait_for()
        with self.page.expect_download() as waiting:
            button.click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def strangers(self) -> list[str]:
        """The requests that went to another machine."""
        inside = {"data", "blob", "about"}
        return [
            url for url in self.requests if urlsplit(url).scheme not in inside and urlsplit(url).hostname not in LOCAL
        ]


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[[str], Visitor]]:
    """Makes users of an app at an address, each with a browser of their own."""
    users: list[Visitor] = []

    def make(url: str) -> Visitor:
        users.append(Visitor(chromium, url))
        return users[-1]

    yield make
    for user in users:
        user.context.close()


@pytest.fixture
def visitor(chromium: Any, served: str) -> Iterator[Visitor]:
    """A user at 1280 pixels, by day."""
    user = Visitor(chromium, served)
    yield user
    user.context.close()


@pytest.fixture
def second_visitor(chromium: Any, served: str) -> Iterator[Visitor]:
    """Another user with a browser of their own."""
    user = Visitor(chromium, served)
    yield user
    user.context.close()


@pytest.fixture(params=["light", "dark"])
def reader(request: pytest.FixtureRequest, chromium: Any, served: str) -> Iterator[Visitor]:
    """A user by day, and again by night."""
    user = Visitor(chromium, served, scheme=request.param)
    yield user
    user.context.close()
