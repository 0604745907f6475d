"""Where a run takes its contestants and its model from; tests put fakes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ring:
    """The arms on offer and the doors to them.

    `make(arm, card, seed, model)` returns a contestant, `settings(arm)` what enters the cell's identity,
    `resolve(name_or_path)` the model's files with name and content hash, `load(files)` the model itself.
    """

    arms: Mapping[str, Any]
    make: Callable[..., Any]
    settings: Callable[[str], Mapping[str, Any]]
    resolve: Callable[[str], Any]
    load: Callable[[Any], Any]


def shipped() -> Ring:
    """The arms and models that the benchmark ships."""
    from .. import approaches
    from ..models import registry

    return Ring(
        arms=approaches.ARMS,
        make=approaches.make,
        settings=approaches.settings,
        resolve=registry.resolve,
        load=registry.load,
    )
