"""The log-likelihood of every whole label after every document, in one forward pass per batch of documents.

A label's score is the sum over its tokens and the end-of-turn token that closes it, so a label that begins another one
does not win by being shorter. What all documents share is encoded once; labels that begin alike share their beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .adapters import Adapter, wear
from .language_model import Frame, LoadedModel
from .rows import KeptPrefix, Tree, forward

TOKENS_PER_BATCH = 2048
LOGITS_PER_BATCH = 1024
CONTEXT_PER_BATCH = 16384


@dataclass(frozen=True, slots=True)
class Scores:
    """`values[i][c]`: natural-log likelihood of label c after document i. `tokens[i]`: tokens of document i's prompt.

    `computed` counts the tokens that really went through the model, the shared prefix once.
    """

    values: list[tuple[float, ...]]
    tokens: list[int]
    prefix: int
    computed: int
    shortened: int


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels as token sequences that follow a prompt, end-of-turn included.

    `dropped` is the number of tokens at the prompt's end that a label's first token swallows: those are scored with the
    label. It is 0 for every chat template, where a line break stands before the answer.
    """

    continuations: tuple[tuple[int, ...], ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts as token ids, cut into what all share with the frame's head and what each has for itself."""

    prefix: list[int]
    suffixes: list[list[int]]
    shortened: int


def score(
    model: LoadedModel,
    frame: Frame,
    documents: Sequence[str],
    labels: Sequence[str],
    *,
    document_tokens: int,
    adapter: Adapter | None = None,
    kept: KeptPrefix | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scores:
    """Log-likelihoods of all labels after each document; documents are cut to `document_tokens`, nothing else is.

    The model answers with `adapter`, or as it was made. `kept` carries the encoded prefix from one call to the next; an
    adapter in training must not use it.
    """
    import torch

    if not documents:
        return Scores([], [], 0, 0, 0)
    encoded = encode_labels(model, frame, labels)
    prompts = encode_prompts(model, frame, documents, encoded.dropped, document_tokens)
    tree, paths = label_tree(encoded.continuations)
    values: list[tuple[float, ...]] = [()] * len(documents)
    wear(model, adapter)
    with torch.inference_mode():
        prefix, computed = (kept or KeptPrefix()).of(model.model, prompts.prefix, model.device, adapter)
        for batch in batches([len(row) for row in prompts.suffixes], len(tree.depth), len(prompts.prefix)):
            rows = [prompts.suffixes[index] for index in batch]
            logits = forward(model.model, prefix, rows, tree, model.end_of_turn, model.device)
            for index, row in zip(batch, logits, strict=True):
                values[index] = _row_scores(row, paths)
            computed += len(rows) * (max(map(len, rows)) + len(tree.depth))
            if progress:
                progress(len(batch))
    shared = len(prompts.prefix)
    return Scores(values, [shared + len(row) for row in prompts.suffixes], shared, computed, prompts.shortened)


def encode_labels(model: LoadedModel, frame: Frame, labels: Sequence[str]) -> Labels:
    """The tokens of each label as they really follow the prompt, found by encoding label and prompt together."""
    anchor = _anchor(model, frame.tail)
    before = model.encode(anchor)
    wholes = model.encode_many([anchor + model.plain(label) for label in labels])
    kept = min(_common(before, whole) for whole in wholes)
    continuations = tuple((*whole[kept:], model.end_of_turn) for whole in wholes)
    if len(set(continuations)) < len(labels):
        raise ValueError("two labels have the same tokens, so they cannot be told apart")
    return Labels(continuations, len(before) - kept)


def encode_prompts(
    model: LoadedModel, frame: Frame, documents: Sequence[str], dropped: int, document_tokens: int
) -> Prompts:
    """The prompt of every document as token ids, the whole text encoded at once so that no boundary is assumed."""
    plain = [model.plain(document) for document in documents]
    short = [model.shorten(document, document_tokens) for document in plain]
    ids = model.encode_many([frame.head + document + frame.tail for document in short])
    if dropped:
        ids = [row[:-dropped] for row in ids]
    head = model.encode(frame.head)
    shared = min(len(head), *(min(_common(head, row), len(row) - 1) for row in ids))
    return Prompts(head[:shared], [row[shared:] for row in ids], sum(a != b for a, b in zip(plain, short, strict=True)))


def label_tree(continuations: Sequence[Sequence[int]]) -> tuple[Tree, list[list[tuple[int, int]]]]:
    """The tree of all label beginnings, and per label its steps: (column to read, token to look up there).

    Column 0 is the document's last token, column j + 1 is node j. A label's last token needs no node of its own.
    """
    nodes: dict[tuple[int, ...], int] = {}
    for continuation in continuations:
        for length in range(1, len(continuation)):
            nodes.setdefault(tuple(continuation[:length]), len(nodes))
    paths = [
        [(0 if step == 0 else nodes[tuple(line[:step])] + 1, token) for step, token in enumerate(line)]
        for line in continuations
    ]
    beginnings = list(nodes)
    sees = tuple(tuple(one[: len(other)] == other for other in beginnings) for one in beginnings)
    tree = Tree((tuple(path[-1] for path in beginnings),), tuple(len(path) - 1 for path in beginnings), sees)
    return tree, paths


def batches(lengths: Sequence[int], nodes: int, prefix: int) -> list[list[int]]:
    """Indices in batches of like length, longest first, such that the memory of a batch stays within bounds.

    Bounded are the tokens that are computed, the logits that are kept, and the context that is copied for every row.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    result: list[list[int]] = []
    position = 0
    while position < len(order):
        width = lengths[order[position]] + nodes
        limits = (TOKENS_PER_BATCH // width, LOGITS_PER_BATCH // (nodes + 1), CONTEXT_PER_BATCH // (prefix + width))
        size = max(1, min(limits))
        result.append(order[position : position + size])
        position += size
    return result


def _row_scores(logits: Any, paths: Sequence[Sequence[tuple[int, int]]]) -> tuple[float, ...]:
    """The sum of log-probabilities along each path; `logits` has shape [1 + nodes, vocabulary]."""
    logits = logits.float()
    totals = logits.logsumexp(dim=-1)
    columns = [column for path in paths for column, _ in path]
    tokens = [token for path in paths for _, token in path]
    steps = (logits[columns, tokens] - totals[columns]).double().tolist()
    sums: list[float] = []
    position = 0
    for path in paths:
        sums.append(sum(steps[position : position + len(path)]))
        position += len(path)
    return tuple(sums)


def _anchor(model: LoadedModel, tail: str) -> str:
    """The end of the tail from its last control token on: tokens before one never merge with tokens after it."""
    starts = [tail.rfind(token) for token in model.control_tokens]
    return tail[max([*starts, 0]) :]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length
