"""The log-likelihood of every whole label after every document, each token that they share computed once.

A label's score is the sum over its tokens and the end-of-turn token that closes it, so a label that begins another one
does not win by being shorter. The prompt's beginning is encoded once, every document once, and labels that begin alike
share their beginning. `score` gives all scores, `best` only says which is largest and computes less for it, and
`constrained` gives another quantity: what a model would choose that may write nothing but a label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .adapters import Adapter
from .label_tree import ROOT, LabelTree
from .language_model import Frame, LoadedModel
from .packing import Item
from .rows import KeptPrefix
from .scoring_pass import Pass, Prefix

# `best` reads the labels below the most likely first tokens before it looks whether others can still win.
FIRST_LOOK = 3


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
class Best:
    """`labels[i]`: the index of the likeliest label after document i; `values[i]` its score, offset included."""

    labels: list[int]
    values: list[float]
    computed: int


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels as token sequences that follow a prompt, end-of-turn included unless they were asked for open.

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
    closed: bool = True,
) -> Scores:
    """Log-likelihoods of all labels after each document; documents are cut to `document_tokens`, nothing else is.

    The model answers with `adapter`, or as it was made. `kept` carries the encoded prefix from one call to the next; an
    adapter in training must not use it. Labels are `closed` by the end of turn; open ones end with their last token,
    which is only possible where none begins another.
    """
    import torch

    if not documents:
        return Scores([], [], 0, 0, 0)
    with torch.inference_mode():
        task = _Task.of(
            model, frame, documents, labels, document_tokens=document_tokens, adapter=adapter, kept=kept, closed=closed
        )
        tree, tokens = task.tree, task.vocabulary(range(len(task.tree.nodes)))
        values: list[tuple[float, ...]] = [()] * len(documents)
        for batch, found in task.asked(list(range(len(documents))), tree.whole, tokens, progress):
            for index, table in zip(batch, found, strict=True):
                values[index] = _sums(table, tree.paths, tokens)
    return Scores(values, task.lengths, len(task.prompts.prefix), task.computed, task.prompts.shortened)


def best(
    model: LoadedModel,
    frame: Frame,
    documents: Sequence[str],
    labels: Sequence[str],
    *,
    document_tokens: int,
    offset: Sequence[float] | None = None,
    adapter: Adapter | None = None,
    kept: KeptPrefix | None = None,
    closed: bool = True,
) -> Best:
    """The label with the largest sum of score and `offset` per document: the first of the largest that `score` finds.

    Log-probabilities are never positive, so a label's first token bounds it: labels whose bound is below the best
    finished label are never read. With many labels that saves most of the work.
    """
    import torch

    if not documents:
        return Best([], [], 0)
    with torch.inference_mode():
        task = _Task.of(
            model, frame, documents, labels, document_tokens=document_tokens, adapter=adapter, kept=kept, closed=closed
        )
        shift = list(offset) if offset is not None else [0.0] * len(labels)
        search = [_Search(task.tree, shift) for _ in documents]
        open_ones = list(range(len(documents)))
        for batch, found in task.asked(open_ones, task.tree.cut_to([]), task.vocabulary([]), None):
            for index, table in zip(batch, found, strict=True):
                search[index].look_at_root(dict(zip(task.tree.children[ROOT], table[0].tolist(), strict=True)))
        while open_ones := [index for index in open_ones if search[index].wanted()]:
            wanted = [tuple(search[index].wanted()) for index in open_ones]
            trees = {first: task.tree.below(first) for first in set(wanted)}
            every = task.vocabulary(sorted({node for nodes in trees.values() for node in nodes}))
            for first, batch, found in task.asked_each(open_ones, wanted, trees, every):
                for index, one, table in zip(batch, first, found, strict=True):
                    search[index].look_below(one, trees[one], table, every)
    picked = [one.best() for one in search]
    return Best([label for label, _ in picked], [value for _, value in picked], task.computed)


def constrained(
    model: LoadedModel,
    frame: Frame,
    documents: Sequence[str],
    labels: Sequence[str],
    *,
    document_tokens: int,
    adapter: Adapter | None = None,
    kept: KeptPrefix | None = None,
) -> Scores:
    """Log-probabilities of the labels for a model that may write nothing else: they sum to one over the labels.

    At every step the model's probabilities are shared out among the tokens that some label allows; where only one is
    allowed it is certain and nothing is computed. This is what guided generation draws from, and it is not `score`
    normalised over the labels: it forgets how unlikely a label became after its first tokens.
    """
    import torch

    if not documents:
        return Scores([], [], 0, 0, 0)
    with torch.inference_mode():
        task = _Task.of(model, frame, documents, labels, document_tokens=document_tokens, adapter=adapter, kept=kept)
        kept_nodes = task.tree.branching()
        asked = [node for node in [ROOT, *kept_nodes] if len(task.tree.children[node]) > 1]
        places = {node: place for place, node in enumerate([ROOT, *kept_nodes])}
        tokens = task.vocabulary(asked)
        column = {token: index for index, token in enumerate(tokens)}
        values: list[tuple[float, ...]] = [()] * len(documents)
        cut = task.tree.cut_to(kept_nodes)
        for batch, found in task.asked(list(range(len(documents))), cut, tokens, None, among=True):
            for index, table in zip(batch, found, strict=True):
                steps = {}
                for node in asked:
                    allowed = task.tree.children[node]
                    row = table[places[node], [column[token] for token in allowed]].double().log_softmax(-1)
                    steps[node] = dict(zip(allowed, row.tolist(), strict=True))
                values[index] = tuple(
                    sum(steps[node][token] for node, token in path if node in steps) for path in task.tree.paths
                )
    return Scores(values, task.lengths, len(task.prompts.prefix), task.computed, task.prompts.shortened)


@dataclass(slots=True)
class _Task:
    """Documents and labels as tokens, and the model that is asked about them; `computed` counts tokens."""

    asking: Pass
    prompts: Prompts
    tree: LabelTree
    prefix: Prefix
    budget: int
    computed: int

    @classmethod
    def of(
        cls,
        model: LoadedModel,
        frame: Frame,
        documents: Sequence[str],
        labels: Sequence[str],
        *,
        document_tokens: int,
        adapter: Adapter | None,
        kept: KeptPrefix | None,
        closed: bool = True,
    ) -> _Task:
        encoded = encode_labels(model, frame, labels, closed=closed)
        prompts = encode_prompts(model, frame, documents, encoded.dropped, document_tokens)
        asking = Pass.of(model, adapter)
        prefix, computed = asking.prefix(prompts.prefix, kept or KeptPrefix())
        tree = LabelTree.of(encoded.continuations)
        return cls(asking, prompts, tree, prefix, model.token_budget, computed)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each document's whole prompt."""
        return [len(self.prompts.prefix) + len(row) for row in self.prompts.suffixes]

    def vocabulary(self, nodes: Sequence[int]) -> list[int]:
        """The tokens that may follow at the root and at these nodes, each once."""
        return list(dict.fromkeys(token for node in (ROOT, *nodes) for token in self.tree.children[node]))

    def asked(
        self,
        indices: Sequence[int],
        tree: Any,
        tokens: Sequence[int],
        progress: Callable[[int], None] | None,
        *,
        among: bool = False,
    ) -> Any:
        """Pairs of a batch of documents and their tables, where all documents have the same tree behind them."""
        items = [Item(self.prompts.suffixes[index], tree) for index in indices]
        for batch in self._batches(items):
            found = self.asking.ask(self.prefix, [items[at] for at in batch], tokens, among=among)
            yield [indices[at] for at in batch], found
            if progress:
                progress(len(batch))

    def asked_each(self, indices: Sequence[int], wanted: Sequence[Any], trees: Any, tokens: Sequence[int]) -> Any:
        """The same where documents have trees of their own: what was wanted, the documents, and their tables."""
        cut = {first: self.tree.cut_to(nodes) for first, nodes in trees.items()}
        together = [list(range(len(indices)))]
        if self.asking.trunk is None:  # rows of one batch have one tree
            together = [[at for at, one in enumerate(wanted) if one == first] for first in trees]
        for members in together:
            items = [Item(self.prompts.suffixes[indices[at]], cut[wanted[at]]) for at in members]
            for batch in self._batches(items):
                found = self.asking.ask(self.prefix, [items[at] for at in batch], tokens)
                places = [members[at] for at in batch]
                yield [wanted[at] for at in places], [indices[at] for at in places], found

    def _batches(self, items: Sequence[Item]) -> list[list[int]]:
        nodes = max(len(item.tree.depth) for item in items)
        batches = self.asking.batches([item.length for item in items], nodes, len(self.prompts.prefix), self.budget)
        self.computed += sum(self.asking.read([items[at] for at in batch]) for batch in batches)
        return batches


class _Search:
    """What is known of one document's labels, and which of them may still be the best."""

    def __init__(self, tree: LabelTree, shift: Sequence[float]) -> None:
        self.tree, self.shift = tree, shift
        self.first: dict[int, float] = {}
        self.done: dict[int, float] = {}
        self.looked: set[int] = set()

    def look_at_root(self, values: dict[int, float]) -> None:
        """Take the log-probabilities of the labels' first tokens; one-token labels are finished."""
        self.first = values
        for label, path in enumerate(self.tree.paths):
            if len(path) == 1:
                self.done[label] = values[path[0][1]]
                self.looked.add(path[0][1])

    def wanted(self) -> list[int]:
        """First tokens below which the best label may still be, none if the best is known."""
        bounds: dict[int, float] = {}
        for label, token in enumerate(self.tree.first):
            if token not in self.looked:
                bounds[token] = max(bounds.get(token, -float("inf")), self.first[token] + self.shift[label])
        if not self.done:
            return sorted(sorted(bounds, key=lambda token: -bounds[token])[:FIRST_LOOK])
        _, leader = self.best()
        # Two forward passes round differently: a tie is looked into.
        return sorted(token for token, bound in bounds.items() if bound >= leader - 1e-3)

    def look_below(self, first: Sequence[int], nodes: Sequence[int], table: Any, tokens: Sequence[int]) -> None:
        """Finish all labels that begin with one of these tokens; `table` holds the root and these nodes."""
        chosen = set(first)
        labels = [label for label, token in enumerate(self.tree.first) if token in chosen]
        places = {node: place for place, node in enumerate([ROOT, *nodes])}
        paths = [[(places[node] - 1, token) for node, token in self.tree.paths[label]] for label in labels]
        for label, value in zip(labels, _sums(table, paths, tokens), strict=True):
            self.done[label] = value
        self.looked |= chosen

    def best(self) -> tuple[int, float]:
        """The leading finished label, the first of equals, and its value."""
        values = {label: value + self.shift[label] for label, value in self.done.items()}
        leader = min(values, key=lambda label: (-values[label], label))
        return leader, values[leader]


def encode_labels(model: LoadedModel, frame: Frame, labels: Sequence[str], *, closed: bool = True) -> Labels:
    """The tokens of each label as they really follow the prompt, found by encoding label and prompt together.

    Raises ValueError where labels cannot be told apart: two with the same tokens, or open ones that begin each other.
    """
    anchor = _anchor(model, frame.tail)
    start = model.encode(anchor)
    wholes = model.encode_many([anchor + model.plain(label) for label in labels])
    kept = min(_common(start, whole) for whole in wholes)
    end = (model.end_of_turn,) if closed else ()
    continuations = tuple((*whole[kept:], *end) for whole in wholes)
    if len(set(continuations)) < len(labels):
        raise ValueError("two labels have the same tokens, so they cannot be told apart")
    if not closed:
        lines = sorted(continuations)
        if any(after[: len(before)] == before for before, after in pairwise(lines)):
            raise ValueError("a label begins another one, so they cannot be told apart without the end of turn")
    return Labels(continuations, len(start) - kept)


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


def _sums(table: Any, paths: Sequence[Sequence[tuple[int, int]]], tokens: Sequence[int]) -> tuple[float, ...]:
    """The sum of the table's entries along each path of (node, token); its rows are the root and then the nodes."""
    column = {token: index for index, token in enumerate(tokens)}
    rows = [node + 1 for path in paths for node, _ in path]
    columns = [column[token] for path in paths for _, token in path]
    steps = table[rows, columns].double().tolist()
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
