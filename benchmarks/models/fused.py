"""The parts of a decoder layer with gradients written out: few passes over memory, none for frozen weights.

On a small machine the multiplications of a training step take less time than the many small operations around them
that automatic differentiation of a layer records. Each part here computes what the plain operations compute; the tests
hold them to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


def low_rank_linear(
    inputs: Any,
    weight: Any,
    bias: Any | None,
    spans: Sequence[tuple[int, int]] = (),
    scale: float = 1.0,
    pairs: Sequence[tuple[Any, Any]] = (),
) -> Any:
    """`inputs` of shape [rows, in] through a weight [out, in], plus scale · (x Aᵀ) Bᵀ in some output columns.

    Pair i of float32 A [rank, in] and B [span, rank] adds to the columns `spans[i]`. Gradients go to the inputs and to
    the pairs; to the weight only where it asks for one and has no pairs. The inputs' number format is that of all.
    """
    if not pairs:
        return _linear().apply(inputs, weight, bias, (), scale)
    flat = [matrix for pair in pairs for matrix in pair]
    return _linear().apply(inputs, weight, bias, tuple(spans), scale, *flat)


def rms_norm(inputs: Any, weight: Any, epsilon: float) -> Any:
    """Rows of `inputs` divided by their root mean square, times a frozen weight; the statistics are in float32."""
    return _norm().apply(inputs, weight, epsilon)


def swiglu(both: Any) -> Any:
    """silu(gate) · up for `both` = [gate | up] of shape [rows, 2 · width]."""
    return _swiglu().apply(both)


def rotate(joined: Any, cosine: Any, sine: Any, count: int, width: int) -> Any:
    """Rotary positions on the first `count` heads of `joined` [rows, heads · width], in place.

    `cosine` and `sine` are [rows, 1, width]; the first half of `sine` carries the minus sign of the rotation.
    """
    return _rotate().apply(joined, cosine, sine, count, width)


def answer_loss(hidden: Any, head: Any, cheap: Any, targets: Any) -> Any:
    """Summed cross-entropy over the vocabulary for hidden states [answers, width] and a head [vocabulary, width].

    The logits are in the number format of `head`; `cheap` is the head in that of the hidden states, for the gradient.
    """
    return _loss().apply(hidden, head, cheap, targets)


@cache
def _linear() -> Any:
    import torch

    class Linear(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, inputs: Any, weight: Any, bias: Any, spans: Any, scale: float, *flat: Any) -> Any:
            result = torch.nn.functional.linear(inputs, weight, bias)
            context.spans, context.scale = spans, scale
            if not flat:
                context.save_for_backward(weight, *([inputs] if weight.requires_grad else []))
                return result
            down = torch.cat([matrix.detach() for matrix in flat[::2]]).to(inputs.dtype)
            ups = [matrix.detach().to(inputs.dtype) for matrix in flat[1::2]]
            low = torch.mm(inputs, down.t()).mul_(scale)
            start = 0
            for (first, last), up in zip(spans, ups, strict=True):
                rank = up.shape[1]
                result[:, first:last].addmm_(low[:, start : start + rank], up.t())
                start += rank
            context.save_for_backward(weight, inputs, low, down, *ups)
            return result

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            weight, *rest = context.saved_tensors
            wanted = context.needs_input_grad[0]
            inner: Any = torch.mm(gradient, weight) if wanted else None
            if len(rest) <= 1:
                of_weight = torch.mm(gradient.t(), rest[0]) if rest else None
                return inner, of_weight, None, None, None
            inputs, low, down, *ups = rest
            low_gradient = torch.empty_like(low)
            up_gradients = []
            start = 0
            for (first, last), up in zip(context.spans, ups, strict=True):
                stop = start + up.shape[1]
                part = gradient[:, first:last]
                torch.mm(part, up, out=low_gradient[:, start:stop])
                up_gradients.append(torch.mm(low[:, start:stop].t(), part).t().float())
                start = stop
            low_gradient.mul_(context.scale)
            of_down: Any = torch.mm(low_gradient.t(), inputs).float()
            down_gradient = of_down.split([up.shape[1] for up in ups])
            if wanted:
                inner.addmm_(low_gradient, down)
            pairs = [matrix for pair in zip(down_gradient, up_gradients, strict=True) for matrix in pair]
            return inner, None, None, None, None, *pairs

    return Linear


@cache
def _norm() -> Any:
    import torch

    class Norm(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, inputs: Any, weight: Any, epsilon: float) -> Any:
            wide = inputs.to(torch.float32, copy=True)
            inverse = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).square_().div_(wide.shape[-1])
            inverse = inverse.add_(epsilon).rsqrt_()
            weight = weight.float()
            context.save_for_backward(inputs, weight, inverse)
            return wide.mul_(inverse).mul_(weight).to(inputs.dtype)

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            inputs, weight, inverse = context.saved_tensors
            normal = inputs.to(torch.float32, copy=True).mul_(inverse)
            inner = gradient.to(torch.float32, copy=True).mul_(weight)
            along = torch.linalg.vecdot(inner, normal).unsqueeze_(-1).div_(-normal.shape[-1])
            return inner.addcmul_(normal, along).mul_(inverse).to(inputs.dtype), None, None

    return Norm


@cache
def _swiglu() -> Any:
    import torch

    class Swiglu(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, both: Any) -> Any:
            gate, up = both.chunk(2, dim=-1)
            active = torch.nn.functional.silu(gate)
            context.save_for_backward(both, active)
            return active * up

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            both, active = context.saved_tensors
            gate, up = both.chunk(2, dim=-1)
            result = torch.empty_like(both)
            of_gate, of_up = result.chunk(2, dim=-1)
            torch.mul(active, gradient, out=of_up)
            torch.ops.aten.silu_backward.grad_input(gradient * up, gate, grad_input=of_gate)
            return result

    return Swiglu


@cache
def _rotate() -> Any:
    import torch

    class Rotate(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, joined: Any, cosine: Any, sine: Any, count: int, width: int) -> Any:
            context.save_for_backward(cosine, sine)
            context.shape = (count, width)
            context.mark_dirty(joined)
            return _turn(joined, cosine, sine, count, width)

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            cosine, sine = context.saved_tensors
            return _turn(gradient, cosine, -sine, *context.shape), None, None, None, None

    return Rotate


def _turn(joined: Any, cosine: Any, sine: Any, count: int, width: int) -> Any:
    import torch

    heads = joined[:, : count * width].unflatten(1, (count, width))
    half = width // 2
    swapped = torch.cat([heads[..., half:], heads[..., :half]], dim=-1).mul_(sine)
    heads.mul_(cosine).add_(swapped)
    return joined


@cache
def _loss() -> Any:
    import torch

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, hidden: Any, head: Any, cheap: Any, targets: Any) -> Any:
            logits = torch.mm(hidden.to(head.dtype), head.t()).float()
            whole = logits.logsumexp(-1, keepdim=True)
            result = (whole.squeeze(-1) - logits.gather(1, targets[:, None]).squeeze(-1)).sum()
            if hidden.requires_grad:
                shares = logits.sub_(whole).exp_()
                shares.scatter_add_(1, targets[:, None], -torch.ones_like(whole))
                context.save_for_backward(torch.mm(shares.to(cheap.dtype), cheap).to(hidden.dtype))
            return result

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            (inner,) = context.saved_tensors
            return inner * gradient.to(inner.dtype), None, None, None

    return Loss
