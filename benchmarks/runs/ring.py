"""Where a run takes its contestants and its model from; tests put fakes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ring:
    """The arms on offer and the doors to them.

    `make(arm, card, seed, model)` returns a contestant; `settings(arm)`, or `settings(arm, kind)` of
    a task whose answers are written, is what enters the cell's identity;
    `resolve(name_or_path)` finds the model's files with name, folder, content hash and origin; `load(files, dtype=)`
    gives the model itself (dtype None: its own choice).
    """

    arms: Mapping[str, Any]
    make: Callable[..., Any]
    settings: Callable[..., Mapping[str, Any]]
    resolve: Callable[[str], Any]
    load: Callable[..., Any]


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
