"""Nothing that the engine hands out can be changed afterwards: every value of the reasoning layer is frozen."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import FrozenInstanceError, is_dataclass
from types import ModuleType

import pytest

from advisor import reasoning
from advisor.reasoning.advice import Step


def modules() -> list[ModuleType]:
    """Every module of the reasoning layer."""
    found = pkgutil.walk_packages(reasoning.__path__, f"{reasoning.__name__}.")
    return [importlib.import_module(one.name) for one in found]


VALUES = sorted(
    {
        f"{made.__module__}:{made.__qualname__}": made
        for module in modules()
        for made in vars(module).values()
        if isinstance(made, type) and is_dataclass(made) and made.__module__ == module.__name__
    }.items()
)


def test_there_are_values_to_look_at() -> None:
    """The walk over the modules finds the values of advice, costs, quality and record alike."""
    found = {name.rpartition(".")[2] for name, _ in VALUES}
    assert {"advice:Advice", "lines:Line", "forecast:Forecast", "ledger:Entry"} <= found
    assert len(found) > 70


def test_every_class_that_declares_fields_is_such_a_value() -> None:
    """Nothing with fields is made by hand, so that nothing with fields can be changed."""
    values = {made for _, made in VALUES}
    for module in modules():
        for name, made in vars(module).items():
            if isinstance(made, type) and made.__module__ == module.__name__ and inspect.get_annotations(made):
                assert made in values, name


@pytest.mark.parametrize("made", [made for _, made in VALUES], ids=[name for name, _ in VALUES])
def test_a_value_is_frozen(made: type) -> None:
    """Each is made frozen, so that what was shown is what was decided."""
    assert made.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_step_of_the_waterfall_cannot_be_moved() -> None:
    """Setting a field of a value is refused."""
    step = Step("rule", "title", "quality", 1.0)
    with pytest.raises(FrozenInstanceError):
        step.difference = 2.0  # type: ignore[misc]
