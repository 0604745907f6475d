"""A server with faults, on a port of its own: it speaks just enough HTTP, counts what it answers, and can misbehave."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass
class Response:
    """What to send back: status, headers, bytes; and how to misbehave while doing so."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stall: float = 0.0


@dataclass
class FaultServer:
    """`script(body, times)` gives the response; `times` counts from 1 how often this very request came."""

    script: Callable[[Body, int], Response]
    requests: list[tuple[dict[str, str], Body]] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    came: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while (head := await _head(reader)) is not None:
                headers, body = head
                await self._one(headers, body, writer)
                if writer.is_closing():
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, headers: dict[str, str], body: Body, writer: asyncio.StreamWriter) -> None:
        text = body["messages"][-1]["content"]
        self.requests.append((headers, body))
        self.came[json.dumps(body, sort_keys=True)] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            response = self.script(body, self.came[json.dumps(body, sort_keys=True)])
            if response.stall:
                await asyncio.sleep(response.stall)
            lines = [f"HTTP/1.1 {response.status} X", f"Content-Length: {len(response.body)}"]
            lines += [f"{name}: {value}" for name, value in response.headers.items()]
            content = response.body[: len(response.body) // 2] if response.cut else response.body
            writer.write("\r\n".join([*lines, "", ""]).encode() + content)
            await writer.drain()
            if response.status == 200:
                self.answered[text] += 1
            if response.cut:
                writer.close()
        finally:
            self.at_once -= 1


async def _head(reader: asyncio.StreamReader) -> tuple[dict[str, str], Body] | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = raw.decode().split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return headers, json.loads(await reader.readexactly(int(headers["content-length"])))


@contextmanager
def running(script: Callable[[Body, int], Response]) -> Iterator[FaultServer]:
    """The server in a thread of its own, until the block ends."""
    server = FaultServer(script)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = asyncio.run_coroutine_threadsafe(asyncio.start_server(server.serve, "127.0.0.1", 0), loop).result()
    server.url = f"http://127.0.0.1:{opened.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_ended(opened), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _ended(opened: asyncio.Server) -> None:
    opened.close()
    serving = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


def said(text: str, *, first: dict[str, float] | None = None, usage: Any = (20, 2), **more: Any) -> Response:
    """A success in the form of the OpenAI API."""
    choice: Body = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if first is not None:
        top = [{"token": token, "logprob": value} for token, value in first.items()]
        choice["logprobs"] = {"content": [{"token": text, "logprob": -0.1, "top_logprobs": top}]}
    body: Body = {"id": "x", "model": "served-model-1", "choices": [choice]}
    if usage is not None:
        read, written = usage
        body["usage"] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": 22}
    return Response(body=json.dumps({**body, **more}).encode())


def right(body: Body, by_letter: bool = True) -> Response:
    """An honest answer: the label that the text names, as a letter, under the schema, or plain."""
    text, system = body["messages"][-1]["content"], body["messages"][0]["content"]
    label = "good" if "good" in text else "bad"
    if body.get("logprobs") and by_letter:
        letter = next(line[0] for line in system.splitlines() if line[1:] == f". {label}")
        other = "B" if letter == "A" else "A"
        return said(letter, first={letter: -0.2, f" {letter}": -3.0, other: -2.0}, usage=(20, 1))
    return said(json.dumps({"label": label})) if "response_format" in body else said(label)
