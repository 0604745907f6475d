"""Attention of a batch to a beginning that all its rows share, which is read once and not once per row.

Each row's tokens attend to the shared keys in one multiplication for the whole batch, and to the row's own keys in
another; what both say is put together by their sums of exponents, which is exact. Hundreds of tokens of instruction and
examples are then neither copied per document nor read from memory again for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

NAME = "advisor_shared_prefix"


@contextmanager
def shared_attention(network: Any) -> Iterator[bool]:
    """For the block, the network attends to shared prefixes where keys carry one; False where it cannot.

    It can on a CPU where the network would use torch's own attention.
    """
    config = network.config.get_text_config()
    before = config._attn_implementation
    if before != "sdpa" or next(network.parameters()).device.type != "cpu":
        yield False
        return
    _register()
    config._attn_implementation = NAME
    try:
        yield True
    finally:
        config._attn_implementation = before


def share(keys: Any, prefix: tuple[Any, Any]) -> Any:
    """The keys [rows, heads, own, width], marked as behind shared keys and values [1, heads, shared, width]."""
    keys.shared_prefix = prefix
    return keys


@lru_cache(maxsize=1)
def _register() -> None:
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)


def attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **more: Any
) -> tuple[Any, None]:
    """Attention outputs [rows, queries, heads, width]; the mask [rows, 1, queries, prefix + own] is true where seen.

    All of the prefix is seen by every query.
    """
    import torch

    prefix = getattr(key, "shared_prefix", None)
    if prefix is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        output: tuple[Any, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **more
        )
        return output
    rows, heads, length, width = query.shape
    groups = key.shape[1]
    lines = heads // groups * length
    scale = scaling if scaling is not None else width**-0.5
    folded = query.reshape(rows, groups, lines, width)
    together = folded.transpose(0, 1).reshape(1, groups, rows * lines, width)
    one, weight_one = _flash(together, prefix[0], prefix[1], None, scale)
    one = one.reshape(groups, rows, lines, width).transpose(0, 1)
    weight_one = weight_one.reshape(groups, rows, lines).transpose(0, 1)
    seen = attention_mask[..., prefix[0].shape[2] :]
    unseen = torch.zeros(seen.shape, dtype=query.dtype).masked_fill_(~seen, float("-inf"))
    other, weight_other = _flash(folded, key, value, unseen.repeat(1, 1, heads // groups, 1), scale)
    share_of_one = torch.sigmoid(weight_one - weight_other)[..., None]
    joint = other + (one.float() - other.float()) * share_of_one
    return joint.to(query.dtype).reshape(rows, heads, length, width).transpose(1, 2).contiguous(), None


def _flash(query: Any, key: Any, value: Any, mask: Any, scale: float) -> tuple[Any, Any]:
    """Attention [batch, heads, queries, width], and per query the logarithm of the sum of exponents."""
    import torch

    kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    output, weight = kernel(query, key, value, 0.0, False, attn_mask=mask, scale=scale)
    return output, weight
