"""Low-rank adapters that hang beside a model's weights, worn one at a time and never merged into them.

An adapter stays on until the model is asked to answer with another or with none: putting one on costs more than
answering a short text, and a deployed model would not do it for every request.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import MissingExtra
from .language_model import LoadedModel


@dataclass(frozen=True, slots=True)
class Shape:
    """Where adapters hang and how large they are."""

    rank: int = 8
    alpha: int = 16
    targets: tuple[str, ...] = ("q_proj", "v_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """Low-rank weights in float32 by name, and their shape. Two adapters are equal only if they are one object."""

    shape: Shape
    weights: Mapping[str, Any]


def wear(model: LoadedModel, adapter: Adapter | None) -> None:
    """Let the model answer with `adapter`, or as it was made; what it already wears costs nothing."""
    worn = model.worn
    if (worn[0] if worn else None) is adapter:
        return
    take_off(model)
    if adapter is None:
        return
    import torch

    wrapped, parameters = _hang(model, adapter.shape)
    model.worn = (adapter, wrapped)
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(adapter.weights[name])
            value.requires_grad_(False)


def put_on_fresh(model: LoadedModel, shape: Shape) -> Adapter:
    """A new adapter, worn and trainable: its weights are the model's live parameters. Draws from torch's generator."""
    take_off(model)
    wrapped, parameters = _hang(model, shape)
    adapter = Adapter(shape, parameters)
    model.worn = (adapter, wrapped)
    return adapter


def take_off(model: LoadedModel) -> None:
    """Leave the model as it was made."""
    if model.worn is None:
        return
    wrapped = model.worn[1]
    model.worn = None
    wrapped.unload()
    model.model.requires_grad_(False)


def _hang(model: LoadedModel, shape: Shape) -> tuple[Any, dict[str, Any]]:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingExtra.of(error.name or "peft") from error
    config = LoraConfig(
        r=shape.rank, lora_alpha=shape.alpha, target_modules=list(shape.targets), lora_dropout=0.0, bias="none"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft still asks transformers by an old name
        wrapped = get_peft_model(model.model, config, autocast_adapter_dtype=True)
    wrapped.eval()
    return wrapped, {name: value for name, value in wrapped.named_parameters() if value.requires_grad}
