"""Label scores for documents that each stand in a prompt of their own, as retrieved examples make it.

Prompts that begin alike share what they begin with: they are sorted as sequences of tokens and cut into groups, so that
as few tokens as possible go through the model. Inside a group the documents are packed as behind any shared prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .label_scoring import Scores, encode_labels, encode_prompts
from .label_tree import ROOT, LabelTree
from .language_model import Frame, LoadedModel
from .packing import Item
from .rows import KeptPrefix
from .scoring_pass import Pass

# A group of its own must save this many tokens: its prefix is a pass by itself, and its rows fill a pass less well.
TOKENS_WORTH_A_GROUP = 128


def score_each(
    model: LoadedModel,
    frames: Sequence[Frame],
    documents: Sequence[str],
    labels: Sequence[str],
    *,
    document_tokens: int,
    progress: Callable[[int], None] | None = None,
) -> Scores:
    """Log-likelihoods of all labels after each document in its own frame; as `score` for each of them alone.

    All frames end alike. `prefix` of the result is 0, because nothing is common to all. Raises ValueError for frames
    that end differently.
    """
    import torch

    if not documents:
        return Scores([], [], 0, 0, 0)
    if len({frame.tail for frame in frames}) > 1:
        raise ValueError("the frames end differently, so their labels do not begin at the same place")
    encoded = encode_labels(model, frames[0], labels)
    tree = LabelTree.of(encoded.continuations)
    tokens = list(dict.fromkeys(token for node in (ROOT, *range(len(tree.nodes))) for token in tree.children[node]))
    column = {token: index for index, token in enumerate(tokens)}
    rows: list[list[int]] = []
    shortened = 0
    for frame, document in zip(frames, documents, strict=True):
        one = encode_prompts(model, frame, [document], encoded.dropped, document_tokens)
        rows.append([*one.prefix, *one.suffixes[0]])
        shortened += one.shortened
    values: list[tuple[float, ...]] = [()] * len(rows)
    computed = 0
    with torch.inference_mode():
        asking = Pass.of(model, None)
        for members, shared in groups(rows):
            prefix, read = asking.prefix(rows[members[0]][:shared], KeptPrefix())
            items = [Item(rows[index][shared:], tree.whole) for index in members]
            computed += read
            lengths = [item.length for item in items]
            for batch in asking.batches(lengths, len(tree.whole.depth), shared, model.token_budget):
                asked = [items[at] for at in batch]
                computed += asking.read(asked)
                for at, table in zip(batch, asking.ask(prefix, asked, tokens), strict=True):
                    values[members[at]] = _sums(table, tree, column)
                if progress:
                    progress(len(batch))
    return Scores(values, [len(row) for row in rows], 0, computed, shortened)


def groups(rows: Sequence[Sequence[int]]) -> list[tuple[list[int], int]]:
    """Indices of rows in groups, and the tokens that each group shares: the cut that reads the fewest tokens.

    The last token of a row is never shared, because the answer follows it.
    """
    order = sorted(range(len(rows)), key=lambda index: (tuple(rows[index]), index))
    return _cut(rows, order, 0)[1]


def _cut(rows: Sequence[Sequence[int]], members: list[int], known: int) -> tuple[int, list[tuple[list[int], int]]]:
    """The cost in tokens and the groups of sorted `members`, which share `known` tokens at least."""
    first, last = rows[members[0]], rows[members[-1]]
    most = min(len(rows[index]) - 1 for index in members)
    shared = known
    while shared < most and first[shared] == last[shared]:
        shared += 1
    together = shared + sum(len(rows[index]) - shared for index in members) + TOKENS_WORTH_A_GROUP
    if len(members) == 1 or shared == most:
        return together, [(members, shared)]
    apart = 0
    pieces: list[tuple[list[int], int]] = []
    start = 0
    for stop in range(1, len(members) + 1):
        if stop == len(members) or rows[members[stop]][shared] != rows[members[start]][shared]:
            cost, found = _cut(rows, members[start:stop], shared + 1)
            apart, pieces = apart + cost, pieces + found
            start = stop
    return (apart, pieces) if apart < together else (together, [(members, shared)])


def _sums(table: Any, tree: LabelTree, column: dict[int, int]) -> tuple[float, ...]:
    places = [(node + 1, column[token]) for path in tree.paths for node, token in path]
    steps = table[[row for row, _ in places], [place for _, place in places]].double().tolist()
    sums, position = [], 0
    for path in tree.paths:
        sums.append(sum(steps[position : position + len(path)]))
        position += len(path)
    return tuple(sums)
