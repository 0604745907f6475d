"""The one door to the package `genai-prices`: what a model's tokens cost on a day. It is imported when first asked."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from advisor.errors import InputError, Problem, shown
from advisor.knowledge.domain import Quantity

UNIT = "USD per 1M tokens"
PARTS = ("input", "cached", "output")
NOON = 12

# What the questionnaire offers. Any other id that the package prices is accepted too.
_OFFERED = (
    "openai/gpt-6-luna",
    "openai/gpt-6.1-terra",
    "openai/gpt-6.1-sol",
    "openai/gpt-6-sol",
    "openai/gpt-6-astra",
    "openai/gpt-5.6-luna",
    "openai/gpt-5.6-terra",
    "openai/gpt-5.6-sol",
    "openai/gpt-5.4-mini",
    "openai/gpt-5-mini",
    "openai/gpt-5-nano",
    "openai/gpt-4.1",
    "openai/gpt-4.1-mini",
    "openai/gpt-4o-mini",
    "anthropic/claude-haiku-5-5",
    "anthropic/claude-haiku-4-5",
    "anthropic/claude-sonnet-5-5",
    "anthropic/claude-sonnet-4-6",
    "anthropic/claude-opus-5-5",
    "anthropic/claude-opus-4-8",
    "anthropic/claude-fable-5-2",
    "google/gemini-4-argon",
    "google/gemini-3.8-flash",
    "google/gemini-3.5-flash",
    "google/gemini-3.5-flash-lite",
    "google/gemini-2.5-pro",
    "google/gemini-2.5-flash",
    "google/gemini-2.5-flash-lite",
    "mistral/mistral-large-4",
    "mistral/mistral-medium-3-5",
    "mistral/mistral-small-2603",
    "mistral/ministral-14b-2512",
    "mistral/ministral-8b-2512",
    "deepseek/deepseek-v4-pro",
    "deepseek/deepseek-v4-flash",
    "x-ai/grok-4.7",
    "meta/muse-spark-1.3",
    "cohere/command-a",
    "aws/amazon.nova-pro-v1:0",
    "aws/amazon.nova-lite-v1:0",
    "groq/llama-3.1-8b-instant",
    "groq/llama-3.3-70b-versatile",
    "groq/openai/gpt-oss-20b",
    "together/openai/gpt-oss-120b",
)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """What a model's tokens cost on a day, in USD per million: read, read again from the cache, written."""

    model: str
    input: Quantity
    cached: Quantity
    output: Quantity


def known_models() -> list[str]:
    """The ids that the questionnaire offers, as provider/model; all are priced."""
    return list(_OFFERED)


def check_model(model_id: str, where: str = "answers", field: str = "base_model") -> Problem | None:
    """What is wrong with a model id, with the nearest known ids, or None where its tokens have a price."""
    found = _find(model_id)
    if found is not None and _tariffs(found[1], date.today()):
        return None
    allowed = "a model that the package genai-prices knows, as provider/model, for example openai/gpt-6-luna"
    close = _nearest(model_id)
    remedy = f"did you mean {', '.join(close)}?" if close else "leave it open and give base_model_size_b instead"
    trouble = shown(model_id) if found is None else f"{shown(model_id)}, which is not paid by input and output token"
    return Problem(where, field, trouble, allowed, remedy)


def canonical(model_id: str) -> str | None:
    """The id of a model as `TokenPrice` names it, or None where the package does not know the model."""
    found = _find(model_id)
    return f"{found[0].id}/{found[1].id}" if found else None


@lru_cache(maxsize=512)
def next_change(model_id: str, day: date) -> date | None:
    """The first day after `day` from which a model's tokens are known to cost something else; None without one."""
    found = _find(model_id)
    prices = found[1].prices if found else ()
    if not found or not isinstance(prices, list | tuple):
        return None
    dated = [getattr(price.constraint, "start_date", None) for price in prices]
    for start in sorted({start for start in dated if isinstance(start, date) and start > day}):
        if _tariffs(found[1], start) != _tariffs(found[1], day):
            return start
    return None


@lru_cache(maxsize=512)
def token_price(model_id: str, day: date) -> TokenPrice:
    """The price of a model's tokens on a day: standard tier, shortest context, noon UTC.

    Where the price differs by the time of day, low and high bound it. Raises InputError for an unknown id.
    """
    found = _find(model_id)
    tariffs = _tariffs(found[1], day) if found else []
    if found is None or not tariffs:
        problem = check_model(model_id)
        raise InputError([problem or Problem("answers", "base_model", shown(model_id), "a model with token prices")])
    provider, model = found
    name = f"{provider.id}/{model.id}"
    source = f"{name}, package genai-prices {_version()}, price of {day.isoformat()}"

    def quantity(column: int) -> Quantity:
        amounts = [tariff[column] for tariff in tariffs]
        return Quantity(amounts[NOON], UNIT, "published", source, min(amounts), max(amounts))

    return TokenPrice(name, quantity(0), quantity(1), quantity(2))


def _tariffs(model: Any, day: date) -> list[tuple[float, float, float]]:
    """Input, cached input and output price at each full hour of the day; empty where tokens are not priced."""
    hours = []
    for hour in range(24):
        tariff = model.get_prices(datetime.combine(day, time(hour), tzinfo=UTC))
        read, written = _base(tariff.input_mtok), _base(tariff.output_mtok)
        if read is None or written is None:
            return []
        cached = _base(getattr(tariff, "cache_read_mtok", None))
        hours.append((read, read if cached is None else min(cached, read), written))
    return hours


def _base(price: Any) -> float | None:
    """The price of the lowest tier: what a request within the usual context length pays."""
    if price is None:
        return None
    return float(getattr(price, "base", price))


@lru_cache(maxsize=512)
def _find(model_id: str) -> tuple[Any, Any] | None:
    """The provider and the model; a bare id is taken to mean the provider that made the model."""
    snapshot = _snapshot()
    head, slash, tail = model_id.strip().partition("/")
    named = next((provider for provider in snapshot.providers if slash and provider.id == head.lower()), None)
    attempts = [(tail, named.id)] if named else []
    for reference, provider_id in [*attempts, (model_id.strip(), None)]:
        try:
            found: tuple[Any, Any] = snapshot.find_provider_model(reference, None, provider_id, None)
        except LookupError:
            continue
        return found
    # Some providers match only the long form of an id that their API wants.
    exact = [model for model in (named.models if named else ()) if model.id.lower() == tail.lower()]
    return (named, exact[0]) if exact else None


def _nearest(model_id: str) -> list[str]:
    """Up to three priced ids that look alike: the same model elsewhere, then those offered, then the provider's."""
    wanted = model_id.strip().lower()
    if not wanted:
        return []
    providers = _snapshot().providers
    close = [f"{p.id}/{m.id}" for p in providers for m in p.models if m.id.lower() == wanted]
    tails = {name.partition("/")[2].lower(): name for name in _OFFERED} | {name.lower(): name for name in _OFFERED}
    close += [tails[name] for name in difflib.get_close_matches(wanted, tails, n=4, cutoff=0.55)]
    own = [f"{p.id}/{m.id}" for p in providers if p.id == wanted.partition("/")[0] for m in p.models]
    close += difflib.get_close_matches(wanted, own, n=3, cutoff=0.55)
    today = date.today()
    priced = [name for name in dict.fromkeys(close) if (found := _find(name)) and _tariffs(found[1], today)]
    return priced[:3]


def _snapshot() -> Any:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


@lru_cache(maxsize=1)
def _version() -> str:
    from importlib.metadata import version

    return version("genai-prices")
