"""What a model's tokens cost on a day, by the package `genai-prices`: at once, and in batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from advisor.errors import InputError, Problem, shown
from advisor.knowledge import price_package as package
from advisor.knowledge import token_table
from advisor.knowledge.domain import Quantity
from advisor.language import say, written

UNIT = "USD per 1M tokens"
PARTS = ("input", "cached", "output", "batch_input", "batch_cached", "batch_output")
STANDARD = 3  # how many of the parts are those of requests answered at once
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
    """What a model's tokens cost on a day, in USD per million: read, read again from the cache, written.

    The same three in batches, for answers that may wait; where no batches are sold they are the others once more.
    """

    model: str
    input: Quantity
    cached: Quantity
    output: Quantity
    batch_input: Quantity
    batch_cached: Quantity
    batch_output: Quantity


def known_models() -> list[str]:
    """The ids that the questionnaire offers, as provider/model; all are priced."""
    return list(_OFFERED)


def check_model(
    model_id: str,
    where: str = "answers",
    field: str = "base_model",
    otherwise: str = "leave it open and give base_model_size_b instead",
) -> Problem | None:
    """What is wrong with a model id, with the nearest known ids, or None where its tokens have a price."""
    prices = token_table.dated(model_id)
    if prices is not None and prices.on(date.today()):
        return None
    allowed = "a model that the package genai-prices knows, as provider/model, for example openai/gpt-6-luna"
    close = _nearest(model_id)
    remedy = f"did you mean {', '.join(close)}?" if close else otherwise
    trouble = shown(model_id) if prices is None else f"{shown(model_id)}, which is not paid by input and output token"
    return Problem(where, field, trouble, allowed, remedy)


def canonical(model_id: str) -> str | None:
    """The id of a model as `TokenPrice` names it, or None where the package does not know the model."""
    prices = token_table.dated(model_id)
    return prices.name if prices else None


@lru_cache(maxsize=512)
def next_change(model_id: str, day: date) -> date | None:
    """The first day after `day` from which a model's tokens are known to cost something else; None without one."""
    prices = token_table.dated(model_id)
    if prices is None:
        return None
    now = [tariff[:STANDARD] for tariff in prices.on(day)]
    later = (start for start, _ in prices.periods if start > day)
    return next((start for start in later if [tariff[:STANDARD] for tariff in prices.on(start)] != now), None)


def token_price(model_id: str, day: date) -> TokenPrice:
    """The price of a model's tokens on a day: standard tier, shortest context, noon UTC.

    Where the price differs by the time of day, low and high bound it. Raises InputError for an unknown id.
    """
    told = (say("{model}, package {package} {version}, price of {day}"), written(day))
    return _token_price(model_id, day, *told, say("{source}, in batches"), say("{source}, no batches sold"))


@lru_cache(maxsize=512)
def _token_price(model_id: str, day: date, told: str, written_day: str, batched: str, unbatched: str) -> TokenPrice:
    """The price; the words of its sources, in the language in force, are a part of the key."""
    prices = token_table.dated(model_id)
    hours = prices.on(day) if prices else []
    if prices is None or not hours:
        problem = check_model(model_id)
        raise InputError([problem or Problem("answers", "base_model", shown(model_id), "a model with token prices")])
    named = {"model": prices.name, "package": package.NAME, "version": token_table.version()}
    source = told.format(**named, day=written_day)
    batches = all(len(tariff) == len(PARTS) for tariff in hours)
    in_batches = (batched if batches else unbatched).format(source=source)

    def quantity(column: int) -> Quantity:
        sold = batches or column < STANDARD
        amounts = [tariff[column if sold else column - STANDARD] for tariff in hours]
        said = source if column < STANDARD else in_batches
        return Quantity(amounts[NOON], UNIT, "published", said, min(amounts), max(amounts))

    return TokenPrice(prices.name, *(quantity(column) for column in range(len(PARTS))))


def _nearest(model_id: str) -> list[str]:
    """Up to three priced ids that look alike."""
    today = date.today()
    alike = dict.fromkeys(package.nearest(model_id, _OFFERED))
    return [name for name in alike if (prices := token_table.dated(name)) and prices.on(today)][:3]
