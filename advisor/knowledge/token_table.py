"""The token prices of the usual models, written down from `genai-prices` so that advice need not import it.

The table counts only while the version of the package that it was written from is installed. Written anew by
`python -m advisor.knowledge.token_table`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from advisor import locate
from advisor.knowledge import price_package as package
from advisor.knowledge.price_package import Tariff

FILE = "token_prices.json"
HOURS = 24


@dataclass(frozen=True, slots=True)
class Dated:
    """A model's prices: from each day on, either one tariff for the whole day or one for each hour."""

    name: str
    periods: tuple[tuple[date, tuple[Tariff, ...]], ...]

    def on(self, day: date) -> list[Tariff]:
        """The tariff at each full hour of the day."""
        hours = next(hours for start, hours in reversed(self.periods) if start <= day)
        return list(hours) if len(hours) == HOURS else list(hours) * HOURS


def version() -> str:
    """The version of the package that prices come from; where the table counts, it is known without asking."""
    return _file()[0] or package.version()


@lru_cache(maxsize=512)
def dated(model_id: str) -> Dated | None:
    """The prices of a model, from the table or from the package; None where tokens are not priced under that id."""
    held = _file()[1].get(model_id.strip())
    if held is not None:
        return held
    found = package.find(model_id)
    return None if found is None else _read_off(found)


def text(models: Iterable[str]) -> str:
    """The content of the table for some models, one model a line."""
    lines = []
    for model in sorted(set(models)):
        found = package.find(model)
        prices = None if found is None else _read_off(found)
        if prices is not None:
            plain = [prices.name, [[start.isoformat(), hours] for start, hours in prices.periods]]
            lines.append(f"{json.dumps(model)}: {json.dumps(plain)}")
    head = f'{{"package": "{package.NAME}", "version": "{package.version()}", "models": {{\n'
    return head + ",\n".join(lines) + "\n}}\n"


def _read_off(found: tuple[object, object]) -> Dated | None:
    """Every period of a model in the package; None where some period has no token prices."""
    periods: list[tuple[date, tuple[Tariff, ...]]] = []
    for start in (date.min, *package.starts(found)):
        hours = tuple(package.tariffs(found, start))
        short = hours[:1] if len(set(hours)) == 1 else hours
        if not periods or periods[-1][1] != short:
            periods.append((start, short))
    return Dated(package.name_of(found), tuple(periods))


@lru_cache(maxsize=1)
def _file() -> tuple[str, Mapping[str, Dated]]:
    """The version and the models of the table; an empty version and none where it does not count."""
    path = locate.rules_dir() / FILE
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not package.is_version(raw.get("version", "")):
        return "", {}
    return raw["version"], {model: _parsed(*plain) for model, plain in raw["models"].items()}


def _parsed(name: str, periods: list[tuple[str, list[list[float]]]]) -> Dated:
    return Dated(name, tuple((date.fromisoformat(day), tuple(map(tuple, hours))) for day, hours in periods))


def _write() -> None:
    from advisor.knowledge.assumptions import read_assumptions
    from advisor.knowledge.token_prices import known_models

    folder = locate.rules_dir()
    models = {*known_models(), *read_assumptions(folder, []).models()}
    (folder / FILE).write_text(text(models), encoding="utf-8")


if __name__ == "__main__":
    _write()
