"""Measured times and tokens scaled to a user's own volume and prices, which are stated and never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BenchmarkError

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Volume:
    """What a month brings and what things cost: requests, US dollars for an hour of a machine like the run's, and for
    a million tokens of a hosted model. A price that is None enters no bill.
    """

    requests: float
    usd_per_hour: float | None = None
    usd_per_million_tokens: float | None = None


def read_volume(requests: str | None, hour: str | None, tokens: str | None) -> Volume | None:
    """The volume behind the words of a command line; None without one. Raises BenchmarkError with every problem."""
    problems: list[str] = []
    numbers = {
        name: _number(name, text, problems)
        for name, text in (("--requests", requests), ("--usd-per-hour", hour), ("--usd-per-million-tokens", tokens))
        if text is not None
    }
    if numbers and requests is None:
        problems.append("--requests: found nothing; allowed: the requests of a month, which the prices are for")
    if problems:
        raise BenchmarkError(problems)
    if requests is None:
        return None
    return Volume(numbers["--requests"], numbers.get("--usd-per-hour"), numbers.get("--usd-per-million-tokens"))


def bill(entry: Mapping[str, Any], volume: Volume) -> dict[str, Any]:
    """A month of an arm: machine hours in bulk, millions of tokens, and US dollars by each stated price.

    Hours are measured seconds per text times the requests, on one machine like the run's that is never idle; the hours
    of fitting are added once. Dollars by hours and by tokens are alternatives, not a sum.
    """
    hours = entry["seconds_per_item"] * volume.requests / SECONDS_PER_HOUR
    fit = entry["fit_seconds"] / SECONDS_PER_HOUR
    millions = entry["tokens_per_item"] * volume.requests / 1e6
    hourly, by_token = volume.usd_per_hour, volume.usd_per_million_tokens
    return {
        "hours": hours,
        "fit_hours": fit,
        "million_tokens": millions,
        "usd_by_hours": None if hourly is None else (hours + fit) * hourly,
        "usd_by_tokens": None if by_token is None else millions * by_token,
    }


def _number(option: str, text: str, problems: list[str]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e12:
        problems.append(f"{option}: found {text!r}; allowed: a number from 0")
        return 0.0
    return value
