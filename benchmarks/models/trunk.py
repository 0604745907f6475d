"""The decoder layers of a Llama-like model, run over one packed row of tokens: a shared prefix, then whole documents.

Every token goes through the layers once: no padding, no second pass for the prefix, no copy of its keys. The weights
are the model's own. `trunk_of` gives nothing for a model that is built otherwise or whose outputs are not reproduced;
such a model is trained by its own forward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

from .adapters import take_off
from .attention import Heads, Layout, attend, lay_out
from .fused import answer_loss, low_rank_linear, rms_norm, rotate, swiglu
from .language_model import LoadedModel

# Of the logits' spread: rounding in 30 layers of bfloat16 takes 3 % of it, a layer computed otherwise all of it.
TOLERANCE = {"float32": 1e-3}
PROBE = 24


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Linear layers with the same input as one: their weights one below the other, and where each one's output is."""

    weight: Any
    bias: Any | None
    paths: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def __call__(self, inputs: Any, pairs: Mapping[str, tuple[Any, Any]], scale: float) -> Any:
        """Outputs of shape [rows, sum of outputs]; `pairs` names the low-rank pairs by the path of their layer."""
        hung = [(span, pairs[path]) for path, span in zip(self.paths, self.spans, strict=True) if path in pairs]
        return low_rank_linear(
            inputs, self.weight, self.bias, [span for span, _ in hung], scale, [pair for _, pair in hung]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One decoder layer: its two norms (weight, epsilon) and its four multiplications."""

    before: tuple[Any, float]
    joined: Joint
    out: Joint
    between: tuple[Any, float]
    wide: Joint
    narrow: Joint


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """The layers of a model and what stands around them.

    `head` is the model's output layer; `cheap` are its weights in the layers' own number format.
    """

    heads: Heads
    layers: tuple[Layer, ...]
    norm: tuple[Any, float]
    rotary: Any
    embedding: Any
    head: Any
    cheap: Any
    device: str
    dtype: Any

    def layout(self, prefix: int, documents: Sequence[int]) -> Layout:
        """The layout of a row of a prefix and documents of these lengths."""
        return lay_out(self.heads, prefix, documents, len(self.layers), self.device, self.dtype)

    def embed(self, ids: Sequence[int]) -> Any:
        """The hidden states before the first layer, [tokens, width]."""
        import torch

        return self.embedding(torch.tensor(list(ids), device=self.device))

    def run(
        self,
        hidden: Any,
        layout: Layout,
        pairs: Mapping[str, tuple[Any, Any]],
        scale: float = 1.0,
        *,
        first: int = 0,
        last: int | None = None,
        rows: Any | None = None,
    ) -> Any:
        """Hidden states [tokens, width] after the layers `first` to `last`, for those before them.

        With `rows` those of these tokens alone: behind the last attention the others are not computed.
        """
        cosine, sine = self.turns(hidden, layout.positions)
        rotated = self.heads.queries + self.heads.keys
        layers = self.layers[first:last]
        for layer in layers:
            joined = layer.joined(rms_norm(hidden, *layer.before), pairs, scale)
            seen = attend(rotate(joined, cosine, sine, rotated, self.heads.width), layout)
            if rows is not None and layer is layers[-1]:
                hidden, seen = hidden.index_select(0, rows), seen.index_select(0, rows)
            hidden = hidden + layer.out(seen, pairs, scale)
            wide = layer.wide(rms_norm(hidden, *layer.between), pairs, scale)
            hidden = hidden + layer.narrow(swiglu(wide), pairs, scale)
        return hidden

    def loss(self, hidden: Any, targets: Sequence[int]) -> Any:
        """Summed cross-entropy of the target tokens, for the hidden states [targets, width] after the last layer."""
        import torch

        normal = rms_norm(hidden, *self.norm)
        return answer_loss(normal, self.head.weight, self.cheap, torch.tensor(targets, device=self.device))

    def turns(self, hidden: Any, positions: Any) -> tuple[Any, Any]:
        """Cosine and signed sine of the positions [tokens], [tokens, 1, width] each."""
        cosine, sine = self.rotary(hidden[None], positions[None])
        sine = sine[0, :, None].clone()
        sine[..., : self.heads.width // 2].neg_()
        return cosine[0, :, None], sine


_TRUNKS: WeakKeyDictionary[Any, Trunk | None] = WeakKeyDictionary()


def trunk_of(model: LoadedModel) -> Trunk | None:
    """The trunk of a model that wears nothing, or None where it is not built like a Llama; found once per model.

    The weights of layers with one input are laid side by side in memory once, and the model's layers become views of
    them: nothing is stored twice. The result is compared with the model's own on a few tokens.
    """
    import torch

    if model.model not in _TRUNKS:
        take_off(model)
        # Scoring may be the first to ask; what is made under inference mode could never be trained through.
        with torch.inference_mode(False):
            try:
                trunk = _read(model.model, model.device)
            except (AttributeError, ValueError):
                trunk = None
            _TRUNKS[model.model] = trunk if trunk is not None and _reproduces(trunk, model) else None
    return _TRUNKS[model.model]


def _read(model: Any, device: str) -> Trunk | None:
    import torch

    config, body = model.config, model.model
    width = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
    heads = Heads(config.num_attention_heads, config.num_key_value_heads, width)
    if config.hidden_act not in ("silu", "swish") or getattr(config, "sliding_window", None):
        return None
    layers = []
    for index, layer in enumerate(body.layers):
        attention, mlp, path = layer.self_attn, layer.mlp, f"model.layers.{index}"
        joined = _join(attention, f"{path}.self_attn", ("q_proj", "k_proj", "v_proj"))
        out = _join(attention, f"{path}.self_attn", ("o_proj",))
        wide = _join(mlp, f"{path}.mlp", ("gate_proj", "up_proj"))
        narrow = _join(mlp, f"{path}.mlp", ("down_proj",))
        norms = (_norm(layer.input_layernorm), _norm(layer.post_attention_layernorm))
        layers.append(Layer(norms[0], joined, out, norms[1], wide, narrow))
    embedding: Any = model.get_input_embeddings()
    head: Any = model.get_output_embeddings()
    if {type(embedding): type(head)} != {torch.nn.Embedding: torch.nn.Linear} or head.bias is not None:
        return None
    cheap = embedding.weight
    if cheap.shape != head.weight.shape or not torch.equal(cheap.to(head.weight.dtype), head.weight):
        cheap = head.weight.to(cheap.dtype)
    norm, dtype = _norm(body.norm), cheap.dtype
    return Trunk(heads, tuple(layers), norm, body.rotary_emb, embedding, head, cheap.detach(), device, dtype)


def _norm(module: Any) -> tuple[Any, float]:
    return module.weight, float(module.variance_epsilon)


def _join(owner: Any, path: str, names: Sequence[str]) -> Joint:
    import torch

    linears = [getattr(owner, name) for name in names]
    if not all(type(linear) is torch.nn.Linear for linear in linears):
        raise ValueError(f"{path}: not plain linear layers")
    paths = tuple(f"{path}.{name}" for name in names)
    ends = [0]
    for linear in linears:
        ends.append(ends[-1] + linear.out_features)
    spans = tuple(pairwise(ends))
    if len(linears) == 1:
        return Joint(linears[0].weight, linears[0].bias, paths, spans)
    weight = torch.cat([linear.weight.detach() for linear in linears])
    biased = [linear.bias is not None for linear in linears]
    if any(biased) and not all(biased):
        raise ValueError(f"{path}: some layers have a bias and some have none")
    bias = torch.cat([linear.bias.detach() for linear in linears]) if all(biased) else None
    for linear, (start, stop) in zip(linears, spans, strict=True):
        linear.weight = torch.nn.Parameter(weight[start:stop], requires_grad=False)
    return Joint(weight, bias, paths, spans)


def _reproduces(trunk: Trunk, loaded: LoadedModel) -> bool:
    """Whether the trunk's logits are the model's: a prefix and two documents behind it against two whole sequences."""
    import torch

    model = loaded.model

    size = trunk.embedding.weight.shape[0]
    ids = [(37 * index + 11) % size for index in range(2 * PROBE)]
    prefix, one, other = ids[:7], ids[7:PROBE], ids[PROBE:]
    with torch.no_grad():
        layout = trunk.layout(len(prefix), [len(one), len(other)])
        hidden = trunk.run(trunk.embed(ids), layout, {})
        chosen = hidden[[PROBE - 1, 2 * PROBE - 1]]
        ours = trunk.head(rms_norm(chosen, *trunk.norm)).float()
        theirs = [
            model(input_ids=torch.tensor([row], device=trunk.device), use_cache=False, logits_to_keep=1).logits[0, -1]
            for row in (prefix + one, prefix + other)
        ]
    expected = torch.stack(theirs).float()
    expected -= expected.mean(-1, keepdim=True)
    apart = (ours - ours.mean(-1, keepdim=True) - expected).norm() / expected.norm()
    return bool((apart <= TOLERANCE.get(loaded.dtype, 0.15)).item())
