"""A decision advisor: prompting, fine-tuning or a hybrid, with its working shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advisor.api import compare, next_questions, question, recommend, render
    from advisor.errors import InputError
    from advisor.reasoning.advice import Advice

__version__ = "0.1.0"
__all__ = ["Advice", "InputError", "__version__", "compare", "next_questions", "question", "recommend", "render"]


def __getattr__(name: str) -> Any:
    """The public names, fetched when they are first used: importing the package alone costs nothing."""
    import importlib

    homes = {"InputError": "advisor.errors", "Advice": "advisor.reasoning.advice"}
    if name not in __all__:
        raise AttributeError(f"module 'advisor' has no attribute {name!r}")
    return getattr(importlib.import_module(homes.get(name, "advisor.api")), name)
