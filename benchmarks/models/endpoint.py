"""An OpenAI-compatible endpoint in the place of a model's files: where it is, what it charges, and what it may cost.

The key is named by an environment variable and read when the first request is made; it stands in no field here.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..errors import BenchmarkError
from ..records import digest

KEY_ENV = "OPENAI_API_KEY"
CHAT = "/chat/completions"
_MOST_USD = 1_000_000.0
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain")


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens, read and written."""

    read: float
    written: float

    def usd(self, read: int, written: int) -> float:
        """What so many tokens cost."""
        return (read * self.read + written * self.written) / 1e6


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model behind a URL. `name`, `content_hash`, `origin` and `folder` say of it what ModelFiles says of a folder.

    `prices` is None where nobody said what a token costs; there is no `budget_usd` then.
    """

    url: str
    name: str
    key_env: str = KEY_ENV
    prices: Prices | None = None
    budget_usd: float | None = None

    @property
    def content_hash(self) -> str:
        """The digest of URL and name. What stands behind them may change; the replies' own model id is recorded."""
        return digest(["endpoint", self.url, self.name])

    @property
    def origin(self) -> str:
        """Where answers come from, for a record."""
        return f"endpoint {self.url}"

    @property
    def folder(self) -> str:
        """There is no folder; the name stands for it."""
        return self.name

    @property
    def local(self) -> bool:
        """Whether it runs on this machine."""
        return _is_loopback(urlsplit(self.url).hostname or "")

    def key(self) -> str | None:
        """The key from the environment; None where the variable is not set and the endpoint is local.

        Raises BenchmarkError, which never shows the value.
        """
        found = os.environ.get(self.key_env, "").strip()
        if not found:
            if self.local:
                return None
            raise BenchmarkError(
                f"--key-env: the environment variable {self.key_env} is not set; allowed: the name of one that holds "
                f"the key for {self.url}"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", found):
            raise BenchmarkError(
                f"--key-env: {self.key_env} holds signs that no key has (blanks, line breaks or letters beyond ASCII); "
                "set it again, without quotation marks around it"
            )
        return found

    def said(self) -> dict[str, Any]:
        """What a plan keeps of it, so that a run can be resumed."""
        return {
            "url": self.url,
            "model": self.name,
            "key_env": self.key_env,
            "price_input": self.prices.read if self.prices else None,
            "price_output": self.prices.written if self.prices else None,
            "budget_usd": self.budget_usd,
        }


@dataclass(slots=True)
class LoadedEndpoint:
    """An endpoint that may be asked. `folder` is where its replies are kept: for a run a folder of its own."""

    files: Endpoint
    folder: Path
    dtype: str = "remote"
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_endpoint(
    url: str,
    model: str | None,
    *,
    key_env: str | None = None,
    price_input: str | float | None = None,
    price_output: str | float | None = None,
    budget_usd: str | float | None = None,
) -> Endpoint:
    """The endpoint behind the words of a command line. Raises BenchmarkError with all problems at once."""
    problems: list[str] = []
    address = _address(url, problems)
    if not model or not model.strip() or len(model) > 200 or not model.isprintable():
        problems.append(f"--model: found {model!r}; allowed with --endpoint: the model's name as the server calls it")
    name = key_env if key_env is not None else KEY_ENV
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name):
        # Whoever writes the key itself here must not read it again in a log.
        problems.append("--key-env: found no name of an environment variable; allowed: its name, never the key itself")
    read = _dollars("--price-input", price_input, problems)
    written = _dollars("--price-output", price_output, problems)
    budget = _dollars("--budget-usd", budget_usd, problems)
    if (price_input is None) != (price_output is None):
        missing = "--price-input" if price_input is None else "--price-output"
        problems.append(f"{missing}: found nothing; allowed: both prices in US dollars per million tokens, or neither")
    elif budget_usd is not None and price_input is None:
        problems.append("--budget-usd: found without prices; allowed: with --price-input and --price-output")
    if problems:
        raise BenchmarkError(problems)
    prices = Prices(read, written) if read is not None and written is not None else None
    return Endpoint(address, str(model).strip(), name, prices, budget)


def _address(url: str, problems: list[str]) -> str:
    """The URL up to the path that `/chat/completions` follows."""
    allowed = "allowed: an address such as https://host/v1, or http:// on this machine"
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        problems.append(f"--endpoint: found no URL; {allowed}")
        return ""
    if parts.username or parts.password or parts.query or parts.fragment:
        problems.append(f"--endpoint: found a name, a password or a query in the URL; {allowed}, without them")
    elif parts.scheme not in ("http", "https") or not host:
        problems.append(f"--endpoint: found {url!r}; {allowed}")
    elif parts.scheme == "http" and not _is_loopback(host):
        problems.append(f"--endpoint: found http to {host}, where the key could be read on its way; {allowed}")
    elif _is_link_local(host):
        problems.append(f"--endpoint: found the link-local address {host}; {allowed}")
    return _without_chat(parts)


def _without_chat(parts: SplitResult) -> str:
    path = parts.path.rstrip("/").removesuffix(CHAT).rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _is_loopback(host: str) -> bool:
    address = _numbers(host)
    return host.lower() in _LOOPBACK_NAMES if address is None else address.is_loopback


def _is_link_local(host: str) -> bool:
    address = _numbers(host)
    return address is not None and address.is_link_local


def _numbers(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _dollars(option: str, value: str | float | None, problems: list[str]) -> float | None:
    if value is None:
        return None
    text = str(value).strip()
    if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,12})?", text) and float(text) <= _MOST_USD:
        return float(text)
    problems.append(f"{option}: found {text!r}; allowed: US dollars from 0, such as 0.15")
    return None
