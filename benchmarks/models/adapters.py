"""Low-rank adapters that hang beside a model's weights, worn one at a time and never merged into them.

An adapter stays on until the model is asked to answer with another or with none: putting one on costs more than
answering a short text, and a deployed model would not do it for every request. Names are those of peft's files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..errors import BenchmarkError
from .fused import low_rank_linear
from .language_model import LoadedModel

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Shape:
    """Where adapters hang and how large they are; `top` counts the layers that get one, from the last, 0 for all."""

    rank: int = 8
    alpha: int = 16
    targets: tuple[str, ...] = ("q_proj", "v_proj", "up_proj", "down_proj")
    top: int = 0

    @property
    def scale(self) -> float:
        """The factor of the low-rank product."""
        return self.alpha / self.rank


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """Low-rank weights in float32 by name, and their shape. Two adapters are equal only if they are one object."""

    shape: Shape
    weights: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class _Worn:
    """What was put in the place of the model's own linear layers: (owner, attribute, own layer, ours)."""

    places: list[tuple[Any, str, Any, Any]]


def wear(model: LoadedModel, adapter: Adapter | None) -> None:
    """Let the model answer with `adapter`, or as it was made; what it already wears costs nothing."""
    worn = model.worn
    if (worn[0] if worn else None) is adapter:
        return
    take_off(model)
    if adapter is not None:
        _hang(model, adapter)


def put_on_fresh(model: LoadedModel, shape: Shape) -> Adapter:
    """A new adapter, worn and trainable: its weights are the model's live parameters. Draws from torch's generator."""
    take_off(model)
    adapter = Adapter(shape, _fresh(model, shape))
    _hang(model, adapter)
    return adapter


def take_off(model: LoadedModel) -> None:
    """Leave the model as it was made."""
    if model.worn is None:
        return
    worn: _Worn = model.worn[1]
    model.worn = None
    for owner, attribute, own, _ in worn.places:
        setattr(owner, attribute, own)


def names_of(path: str) -> tuple[str, str]:
    """The names of the two matrices that hang beside the linear layer at `path` of the model."""
    start = f"base_model.model.{path}.lora_"
    return f"{start}A.weight", f"{start}B.weight"


def pairs_of(adapter: Adapter) -> dict[str, tuple[Any, Any]]:
    """The two matrices of every pair, by the path of the linear layer that it hangs beside."""
    start, end = "base_model.model.", ".lora_A.weight"
    paths = [name[len(start) : -len(end)] for name in adapter.weights if name.endswith(end)]
    return {path: (adapter.weights[names_of(path)[0]], adapter.weights[names_of(path)[1]]) for path in paths}


def places(model: LoadedModel, shape: Shape) -> Iterator[tuple[str, Any]]:
    """The path and module of every linear layer that gets a pair, in the model's order.

    Raises BenchmarkError where the model has no layer of one of the names.
    """
    import torch

    layers = int(model.model.config.num_hidden_layers)
    lowest = layers - shape.top if shape.top else 0
    found: set[str] = set()
    for path, module in model.model.named_modules():
        parts = path.split(".")
        linear = getattr(module, "own", module)
        if parts[-1] in shape.targets and isinstance(linear, torch.nn.Linear):
            found.add(parts[-1])
            if not shape.top or next((int(part) for part in parts if part.isdigit()), layers) >= lowest:
                yield path, linear
    missing = [target for target in shape.targets if target not in found]
    if missing:
        raise BenchmarkError(
            f"model {model.files.name!r} has no linear layer named {', '.join(missing)}: name its own as the targets"
        )


def _fresh(model: LoadedModel, shape: Shape) -> dict[str, Any]:
    """Parameters as peft makes them: A uniform within ±1/√in, B nothing."""
    import torch

    parameters = {}
    for path, linear in places(model, shape):
        down = torch.empty(shape.rank, linear.in_features).uniform_(-1, 1) * linear.in_features**-0.5
        up = torch.zeros(linear.out_features, shape.rank)
        for name, value in zip(names_of(path), (down, up), strict=True):
            parameters[name] = torch.nn.Parameter(value.to(model.device))
    return parameters


def _hang(model: LoadedModel, adapter: Adapter) -> None:
    modules = dict(model.model.named_modules())
    hung = []
    for path, linear in list(places(model, adapter.shape)):
        down, up = (adapter.weights[name] for name in names_of(path))
        ours = _module()(linear, down, up, adapter.shape.scale)
        owner, attribute = modules[path.rpartition(".")[0]], path.rpartition(".")[2]
        setattr(owner, attribute, ours)
        hung.append((owner, attribute, linear, ours))
    model.worn = (adapter, _Worn(hung))


@cache
def _module() -> Any:
    """The class of a linear layer with a pair beside it; made once, for torch is imported late."""
    import torch

    class LowRank(torch.nn.Module):
        own: Any
        low: Any
        high: Any

        def __init__(self, own: Any, down: Any, up: Any, scale: float) -> None:
            super().__init__()
            self.own, self.scale = own, scale
            self.lora_down, self.lora_up = down, up
            if isinstance(down, torch.nn.Parameter):
                return
            self.register_buffer("low", down.to(own.weight.dtype), persistent=False)
            self.register_buffer("high", (up * scale).to(own.weight.dtype), persistent=False)

        def forward(self, inputs: Any) -> Any:
            rows = inputs.reshape(-1, inputs.shape[-1])
            own = self.own
            if isinstance(self.lora_down, torch.nn.Parameter):
                spans = ((0, own.out_features),)
                pairs = ((self.lora_down, self.lora_up),)
                result = low_rank_linear(rows, own.weight, own.bias, spans, self.scale, pairs)
            else:
                result = torch.nn.functional.linear(rows, own.weight, own.bias)
                result = result.addmm_(torch.mm(rows, self.low.t()), self.high.t())
            return result.view(*inputs.shape[:-1], -1)

    return LowRank
