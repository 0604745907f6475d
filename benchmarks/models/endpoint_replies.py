"""The replies of a run on disk, and its bill: what was asked, what came back, who asked first, and what it cost.

A reply is kept under the digest of endpoint and request, without the key. Before a request goes out, a note of it is
written; a note without a reply is an attempt that died, and may have been billed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import JobFailed
from ..records import digest
from .endpoint import Endpoint, Prices
from .endpoint_wire import Reply

SCHEMA_REPLY = "advisor/reply/1"
# A tokenizer writes at least one byte per token; a chat template adds a few tokens to every message.
MESSAGE_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Bound:
    """The most tokens that one request can read and write."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply on disk. `unanswered` attempts may have been billed too; `stated`: the server's own token counts."""

    key: str
    owner: str
    reply: Reply
    read: int
    written: int
    stated: bool
    attempts: int
    unanswered: int


class OverBudget(JobFailed):
    """The next request could exceed the budget, so it was not sent."""


def bound(body: Mapping[str, Any]) -> Bound:
    """The most that a request can be billed for: its bytes as tokens, and the tokens that it may write."""
    messages = body["messages"]
    sent = {name: value for name, value in body.items() if name in ("messages", "response_format")}
    size = len(json.dumps(sent, ensure_ascii=False).encode("utf-8"))
    return Bound(size + MESSAGE_TOKENS * (len(messages) + 1), int(body["max_tokens"]))


class Replies:
    """The folder of a run's replies, with the money that is spent and reserved. One process writes at a time."""

    def __init__(self, folder: Path, endpoint: Endpoint) -> None:
        self.folder, self.endpoint = folder, endpoint
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)
        self._kept: dict[str, Kept] = {}
        self._notes: dict[str, dict[str, Any]] = {}
        for path in sorted(folder.glob("*.json")):
            kept = _read(path)
            if kept is not None:
                self._kept[kept.key] = kept
        for path in sorted(folder.glob("*.sent")):
            self._recall(path)
        self._reserved: dict[str, float] = {}

    def key(self, body: Mapping[str, Any]) -> str:
        """What the reply to a request is kept under."""
        return digest([SCHEMA_REPLY, self.endpoint.content_hash, dict(body)])

    def find(self, key: str) -> Kept | None:
        """The reply that is there already."""
        return self._kept.get(key)

    def reserve(self, key: str, owner: str, most: Bound) -> None:
        """Set the most that an attempt can cost aside, and note on disk that it goes out. Raises OverBudget.

        An earlier attempt without an answer stays counted at its most.
        """
        prices, budget = self.endpoint.prices, self.endpoint.budget_usd
        cost = prices.usd(most.read, most.written) if prices else 0.0
        if budget is not None and self.spent + sum(self._reserved.values()) + cost > budget:
            raise OverBudget(
                f"--budget-usd: ${self.spent:.6f} of ${budget:g} are spent, and the next request could cost "
                f"${cost:.6f}; it was not sent. The same command with a larger budget goes on from here"
            )
        self._reserved[key] = cost
        note = self._notes.get(key, {"owner": owner, "attempts": 0, "unanswered": 0})
        # Counted as unanswered until something is heard of it.
        self._note(
            key, {**note, **asdict(most), "attempts": note["attempts"] + 1, "unanswered": note["unanswered"] + 1}
        )

    def release(self, key: str, *, maybe_billed: bool) -> None:
        """An attempt ended without a reply; unless it may have been billed, it costs nothing."""
        self._reserved.pop(key, None)
        if not maybe_billed:
            note = self._notes[key]
            self._note(key, {**note, "unanswered": note["unanswered"] - 1})

    def settle(self, key: str, reply: Reply) -> Kept:
        """Keep a reply, and bill it once by the server's own count, or at its most where that cannot be."""
        note = self._notes[key]
        # Only a count within what was sent and allowed can be the count of this request.
        stated = reply.read is not None and reply.written is not None
        stated = stated and 0 < (reply.read or 0) <= note["read"] and (reply.written or 0) <= note["written"]
        read = reply.read if stated and reply.read is not None else note["read"]
        written = reply.written if stated and reply.written is not None else note["written"]
        kept = Kept(key, note["owner"], reply, read, written, stated, note["attempts"], note["unanswered"] - 1)
        body = {"schema": SCHEMA_REPLY, **asdict(kept), "bound": {"read": note["read"], "written": note["written"]}}
        _write(self.folder / f"{key}.json", {**body, "checksum": digest(body)})
        self._kept[key] = kept
        self._reserved.pop(key, None)
        self._forget(key)
        return kept

    @property
    def spent(self) -> float:
        """US dollars for all replies that are kept, and at the most for attempts without a reply."""
        prices = self.endpoint.prices
        return math.fsum(one["usd"] for one in self._bills(prices)) if prices else 0.0

    def bill(self, owner: str) -> dict[str, Any]:
        """What the requests that `owner` was the first to make took, each counted once."""
        mine = [kept for kept in self._kept.values() if kept.owner == owner]
        notes = [note for note in self._notes.values() if note["owner"] == owner]
        prices = self.endpoint.prices
        bills = [one for one in self._bills(prices) if one["owner"] == owner] if prices else None
        return {
            "requests": len(mine),
            "attempts": sum(kept.attempts for kept in mine) + sum(note["attempts"] for note in notes),
            "unanswered": sum(kept.unanswered for kept in mine) + sum(note["unanswered"] for note in notes),
            "tokens_read": sum(kept.read for kept in mine),
            "tokens_written": sum(kept.written for kept in mine),
            "counts_not_believed": sum(not kept.stated for kept in mine),
            "usd": math.fsum(one["usd"] for one in bills if one["answered"]) if bills is not None else None,
            "usd_at_most_unanswered": math.fsum(one["usd"] for one in bills if not one["answered"])
            if bills is not None
            else None,
        }

    def _bills(self, prices: Prices | None) -> list[dict[str, Any]]:
        """Every reply, and every attempt that may have been billed without one."""
        if prices is None:
            return []
        bills = []
        for kept in self._kept.values():
            usd = prices.usd(kept.read, kept.written)
            bills.append({"owner": kept.owner, "usd": usd, "answered": True})
            # Another attempt at the same request reads the same; it may have written as much as it was allowed to.
            bills += [{"owner": kept.owner, "usd": usd, "answered": False}] * kept.unanswered
        for key, note in self._notes.items():
            waiting = note["unanswered"] - (key in self._reserved)
            usd = prices.usd(note["read"], note["written"])
            bills += [{"owner": note["owner"], "usd": usd, "answered": False}] * waiting
        return bills

    def _recall(self, path: Path) -> None:
        key = path.name.removesuffix(".sent")
        if key in self._kept:
            path.unlink(missing_ok=True)
            return
        try:
            note = json.loads(path.read_bytes())
            self._notes[key] = {name: note[name] for name in ("owner", "attempts", "unanswered", "read", "written")}
        except (OSError, ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)

    def _note(self, key: str, note: dict[str, Any]) -> None:
        self._notes[key] = note
        _write(self.folder / f"{key}.sent", note)

    def _forget(self, key: str) -> None:
        self._notes.pop(key, None)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / f"{key}.sent").unlink()


def _write(path: Path, value: Mapping[str, Any]) -> None:
    """Writes JSON such that a killed process leaves the old file or the whole new one.

    There is no wait for the disk: a file torn by a power cut fails its checksum, and is asked for again.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, ensure_ascii=False, allow_nan=False)
    temporary.replace(path)


def _read(path: Path) -> Kept | None:
    """The reply in a file; None where it is damaged, for then it is asked for again."""
    try:
        found = json.loads(path.read_bytes())
        body = {name: value for name, value in found.items() if name != "checksum"}
        if digest(body) != found["checksum"] or found["key"] != path.stem or found["schema"] != SCHEMA_REPLY:
            return None
        reply = found["reply"]
        first = tuple((str(token), float(value)) for token, value in reply["first"])
        names = ("key", "owner", "read", "written", "stated", "attempts", "unanswered")
        return Kept(reply=Reply(**{**reply, "first": first}), **{name: found[name] for name in names})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
