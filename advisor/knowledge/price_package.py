"""The one door to the package `genai-prices`, which is imported when first asked: that takes a tenth of a second."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAME = "genai-prices"
BATCH = {"processing": "batch"}
Tariff = tuple[float, ...]  # read, read from the cache, written; then the same three in batches where they are sold


@lru_cache(maxsize=512)
def find(model_id: str) -> tuple[Any, Any] | None:
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


def name_of(found: tuple[Any, Any]) -> str:
    """The full id of a model as provider/model."""
    return f"{found[0].id}/{found[1].id}"


def tariffs(found: tuple[Any, Any], day: date) -> list[Tariff]:
    """What a million tokens cost at each full hour of the day (UTC); empty where tokens are not priced."""
    model, hours = found[1], []
    for hour in range(24):
        moment = datetime.combine(day, time(hour), tzinfo=UTC)
        standard = _three(model.get_prices(moment))
        if standard is None:
            return []
        batch = _three(model.get_prices(moment, BATCH)) if _sells_batches(model, moment) else None
        hours.append((*standard, *(batch or ())))
    return hours


def starts(found: tuple[Any, Any]) -> list[date]:
    """The days from which another price may hold, in order."""
    prices, variants = found[1].prices, getattr(found[1], "price_variants", None) or ()
    dated = [*(prices if isinstance(prices, list | tuple) else ()), *variants]
    days = {getattr(one.constraint, "start_date", None) for one in dated}
    return sorted(day for day in days if isinstance(day, date))


def nearest(model_id: str, offered: Iterable[str]) -> Iterator[str]:
    """Ids that look alike: the same model elsewhere, then those offered, then the provider's; not all are priced."""
    wanted = model_id.strip().lower()
    if not wanted:
        return
    providers, offered = _snapshot().providers, tuple(offered)
    yield from (f"{p.id}/{m.id}" for p in providers for m in p.models if m.id.lower() == wanted)
    tails = {name.partition("/")[2].lower(): name for name in offered} | {name.lower(): name for name in offered}
    yield from (tails[name] for name in difflib.get_close_matches(wanted, tails, n=4, cutoff=0.55))
    own = [f"{p.id}/{m.id}" for p in providers if p.id == wanted.partition("/")[0] for m in p.models]
    yield from difflib.get_close_matches(wanted, own, n=3, cutoff=0.55)


@lru_cache(maxsize=1)
def version() -> str:
    """The version that is installed."""
    from importlib.metadata import version as installed

    return installed(NAME)


@lru_cache(maxsize=1)
def is_version(wanted: str) -> bool:
    """Whether that version is installed, as far as the folder of the package tells without importing it."""
    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return False
    return (Path(spec.origin).parent.parent / f"genai_prices-{wanted}.dist-info").is_dir()


def _sells_batches(model: Any, moment: datetime) -> bool:
    variants = getattr(model, "price_variants", None) or ()
    return any(one.when == BATCH and (one.constraint is None or one.constraint.active(moment)) for one in variants)


def _three(price: Any) -> tuple[float, float, float] | None:
    """Read, read from the cache (never dearer than read) and written; None where tokens are not priced."""
    read, written = _base(price.input_mtok), _base(price.output_mtok)
    if read is None or written is None:
        return None
    cached = _base(getattr(price, "cache_read_mtok", None))
    return read, read if cached is None else min(cached, read), written


def _base(price: Any) -> float | None:
    """The price of the lowest tier: what a request within the usual context length pays."""
    if price is None:
        return None
    return float(getattr(price, "base", price))


def _snapshot() -> Any:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()
