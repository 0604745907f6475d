"""Answers inside an address: a version, then the answers as compressed JSON. The server keeps nothing of it."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from advisor.errors import InputError, Problem

PARAMETER = "p"
VERSION = "1"
LONGEST = 8_000  # characters; longer addresses are cut by servers and mail programs
LARGEST = 64_000  # bytes that a link may unpack to, so that a small one cannot fill the memory
REMEDY = "ask for the link again, or for the answers file"


def encode(answers: Mapping[str, Any]) -> str:
    """The answers as the value of the parameter `p`. Raises InputError where they are too long for an address."""
    text = json.dumps(answers, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    if len(packed) > LONGEST or len(text.encode()) > LARGEST:
        raise _bad(f"{len(packed):,} characters", f"at most {LONGEST:,}", "shorten the description, or send the file")
    return f"{VERSION}.{packed}"


def decode(value: str) -> dict[str, Any]:
    """The plain answers in a parameter; not yet checked against the questionnaire. Raises InputError saying why not."""
    version, dot, packed = value.partition(".")
    if not dot or len(value) > LONGEST + len(VERSION) + 1:
        raise _bad(f"{len(value):,} characters that are no link of ours", "VERSION.ANSWERS", REMEDY)
    if version != VERSION:
        raise _bad(f"version {version[:8]!r}", f"version {VERSION}", "open it with the advisor that made it")
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(raw, LARGEST)
    except (binascii.Error, ValueError, zlib.error):
        raise _bad("answers that were cut or changed", "the whole link", REMEDY) from None
    if unpacker.unconsumed_tail:
        raise _bad("answers that unpack to too much", f"at most {LARGEST:,} bytes", REMEDY)
    if not unpacker.eof:
        raise _bad("answers that were cut", "the whole link", REMEDY)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad("answers that are no JSON", "the whole link", REMEDY) from None
    if not isinstance(found, dict):
        raise _bad("no mapping of answers", "fields with answers", REMEDY)
    return found


def _bad(found: str, allowed: str, remedy: str) -> InputError:
    return InputError([Problem("link", PARAMETER, found, allowed, remedy)])
