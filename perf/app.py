"""How quickly the browser app answers: its first page, the page after an answer, and many sessions at once.

`python -m perf app` prints the first two; `python -m perf crowd` lets sessions answer over the app's own websocket.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from advisor.ui.cookie import NAME
from perf.readings import Readings, claim, say

CHROMIUM = "/usr/bin/chromium"
READY = '[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
CLICK = """(option, wanted) => new Promise(done => {
    const started = performance.now();
    const look = () => {
        const words = [...document.querySelectorAll('button')].flatMap(one => one.innerText.split('\\n'));
        if (words.some(word => word.trim() === wanted)) done(performance.now() - started);
        else requestAnimationFrame(look);
    };
    option.click();
    look();
})"""
ROUNDS = 5
ANSWERS = 12
SESSIONS = int(os.environ.get("ADVISOR_PERF_SESSIONS", "50"))
SECONDS = float(os.environ.get("ADVISOR_PERF_SECONDS", "300"))
THINKING = 5.0  # seconds between two answers of a session


def measure() -> bool:
    """Prints start to first page and answer to changed page, with the engine's share; whether the claims hold here."""
    from playwright.sync_api import sync_playwright

    say(["", "6. advisor app in a real browser"])
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with tempfile.TemporaryDirectory() as home:  # an installation that was used before, so that its store is there
            seen, usable = (
                Readings(values)
                for values in zip(*[_first_page(browser, home) for _ in range(ROUNDS + 1)][1:], strict=True)
            )
        say(f"   start to the first page's heading in sight {seen.shown()}")
        say(f"   start to the first page that can be used   {usable.shown()}")
        with served() as (url, _):
            answers = Readings(tuple(_answers(browser, url)))
        browser.close()
    engine = _engine_share()
    say(f"   answer to the changed page                 {answers.shown(3)}")
    say(f"   of it the engine                           {engine.shown(3)}")
    return claim("first useful paint in under 3 s", seen.median < 3) & claim(
        "answer in under 0.3 s", answers.median < 0.3
    )


def _first_page(browser: Any, home: str) -> tuple[float, float]:
    """Seconds from the start of the process until the first page's heading is in sight, and until its button is."""
    page = browser.new_page()
    started = time.perf_counter()
    with served(home) as (url, _):
        page.goto(url, wait_until="commit")
        page.get_by_role("heading", level=1).wait_for()
        seen = time.perf_counter() - started
        page.get_by_role("button", name="Express: 6 questions").wait_for()
        usable = time.perf_counter() - started
        page.close()
    return seen, usable


def _answers(browser: Any, url: str) -> Iterator[float]:
    """Seconds from a click on an answer until the button below it says that the question is answered, or not.

    The page itself takes the time, frame by frame; what drives the browser has no part in it.
    """
    page = browser.new_page()
    page.goto(f"{url}/interview")
    page.wait_for_selector(READY)
    page.get_by_role("radio").first.wait_for()
    options = page.get_by_role("radiogroup").locator("label")
    for number in range(ANSWERS):
        last = options.count() - 1
        wanted = "Not known, next" if number % 2 else "Next"
        seconds = options.nth(last if number % 2 else 0).evaluate(CLICK, wanted) / 1000
        page.wait_for_selector(READY)
        if number >= 2:
            yield seconds
    page.close()


def _engine_share() -> Readings:
    """Seconds that the engine takes for what the page asks after one answer: which approaches are still open."""
    from advisor import locate
    from advisor.intake.answers import parse
    from advisor.reasoning.advise import engine
    from advisor.reasoning.probe import Probe

    knowledge = engine(locate.rules_dir(), date.today())
    found = []
    for value in ("untested", "none", "both") * 3:
        answers = parse({"quality_gap": value}, knowledge.book)
        started = time.perf_counter()
        Probe(knowledge, answers).still_open()
        found.append(time.perf_counter() - started)
    return Readings(tuple(found[1:]))


def crowd() -> bool:
    """Lets many sessions answer at once and prints their waiting times; whether all was well."""
    say(["", f"7. {SESSIONS} sessions answering for {SECONDS:.0f} s, each every {THINKING:g} s"])
    with served() as (url, _):
        waits, faults, seen = asyncio.run(_crowd(url))
    if waits:
        ordered = sorted(waits)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        say(f"   {len(waits):,} answers; median {statistics.median(waits):.2f} s, p95 {p95:.2f} s")
    say(f"   answers that came back and were compared with what was sent: {len(seen):,}")
    say(f"   errors and answers of another session: {len(faults)}" + "".join(f"\n   {fault}" for fault in faults[:5]))
    return claim("no error, and no answer seen by another session", bool(seen) and not faults)


async def _crowd(url: str) -> tuple[list[float], list[str], list[float]]:
    waits: list[float] = []
    faults: list[str] = []
    seen: list[float] = []
    end = time.monotonic() + SECONDS
    await asyncio.gather(*(_session(url, number, end, waits, faults, seen) for number in range(SESSIONS)))
    return waits, faults, seen


async def _session(url: str, number: int, end: float, waits: list[float], faults: list[str], seen: list[float]) -> None:
    """One user on the step `task`: states a number of use cases that no other session states, over and over.

    Like a browser it has a draft cookie, so every answer is kept; after the last one it comes back and must find it.
    """
    cookie = f"{NAME}={secrets.token_urlsafe(24)}"
    await asyncio.sleep(THINKING * number / SESSIONS)
    try:
        async with _connected(url, cookie) as line:
            boxes, _ = await _asked(line, {})
            key = next((found for found in boxes if "use_case_count" in found), "")
            if not key:
                faults.append(f"session {number}: no box for the answer")
                return
            turn, mine = 0, 0.0
            while time.monotonic() < end:
                turn += 1
                mine = float(1000 * (number + 1) + turn % 1000)
                started = time.perf_counter()
                _, shown = await _asked(line, {key: mine})
                waits.append(time.perf_counter() - started)
                _compare(number, mine, shown, faults, seen)
                await asyncio.sleep(THINKING)
        async with _connected(url, cookie) as line:
            _, shown = await _asked(line, {})
            _compare(number, mine, shown, faults, seen)
    except Exception as error:  # whatever goes wrong is counted
        faults.append(f"session {number}: {type(error).__name__} {error}")


def _connected(url: str, cookie: str) -> Any:
    import websockets

    address = url.replace("http", "ws") + "/_stcore/stream"
    return websockets.connect(address, subprotocols=["streamlit"], max_size=None, additional_headers={"Cookie": cookie})


async def _asked(line: Any, values: dict[str, float]) -> tuple[set[str], float | None]:
    """Lets the step `task` run with values in its boxes, and reads what comes back."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    message.rerun_script.page_name = "task"
    for key, value in values.items():
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.double_value = key, value
    await line.send(message.SerializeToString())
    return await _run(line)


def _compare(number: int, mine: float, shown: float | None, faults: list[str], seen: list[float]) -> None:
    if shown != mine:
        faults.append(f"session {number}: sent {mine:g}, saw {shown}")
    else:
        seen.append(shown)


async def _run(line: Any) -> tuple[set[str], float | None]:
    """Reads one run to its end: the ids of its number boxes, and the value in the box of the use cases."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    boxes: set[str] = set()
    shown: float | None = None
    while True:
        message = ForwardMsg()
        message.ParseFromString(await line.recv())
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.new_element.HasField("number_input"):
            box = message.delta.new_element.number_input
            boxes.add(box.id)
            if "use_case_count" in box.id and box.set_value:
                shown = box.value
        elif kind == "delta" and message.delta.new_element.HasField("exception"):
            raise RuntimeError(message.delta.new_element.exception.message)
        elif kind == "script_finished":
            return boxes, shown


@contextmanager
def served(home: str | None = None) -> Iterator[tuple[str, int]]:
    """The app as its command serves it, with a store in that folder or one of its own: its address and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        surroundings |= {"ADVISOR_DATABASE_URL": f"sqlite:///{Path(home or folder) / 'advisor.db'}"}
        server = subprocess.Popen(
            [sys.executable, "-m", "advisor.cli", "app", "--port", str(port)],
            env=surroundings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        url = f"http://localhost:{port}"
        try:
            _healthy(url)
            yield url, server.pid
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=20)


def _healthy(url: str, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError("the app did not start")
