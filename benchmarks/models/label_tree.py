"""The tree of all beginnings of labels: what a model must read behind a document to know every label's likelihood.

Nodes are numbered so that a node comes before those below it. The root is the document's last token; it has no number.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from .rows import Tree

ROOT = -1


@dataclass(frozen=True)
class LabelTree:
    """`paths[c]`: the steps of label c as (node that is asked, token that is looked up there); `nodes[j]`: its tokens.

    A label's last token needs no node of its own: nothing is asked behind it.
    """

    nodes: tuple[tuple[int, ...], ...]
    paths: tuple[tuple[tuple[int, int], ...], ...]

    @classmethod
    def of(cls, continuations: Sequence[Sequence[int]]) -> LabelTree:
        """The tree of labels as token sequences, none of which is the beginning of another."""
        nodes: dict[tuple[int, ...], int] = {}
        for continuation in continuations:
            for length in range(1, len(continuation)):
                nodes.setdefault(tuple(continuation[:length]), len(nodes))
        paths = tuple(
            tuple((nodes[tuple(line[:step])] if step else ROOT, token) for step, token in enumerate(line))
            for line in continuations
        )
        return cls(tuple(nodes), paths)

    @cached_property
    def children(self) -> dict[int, tuple[int, ...]]:
        """The tokens that may follow at the root and at each node, in the order of the labels."""
        found: dict[int, dict[int, None]] = {}
        for path in self.paths:
            for node, token in path:
                found.setdefault(node, {})[token] = None
        return {node: tuple(tokens) for node, tokens in found.items()}

    @cached_property
    def first(self) -> tuple[int, ...]:
        """The first token of each label."""
        return tuple(path[0][1] for path in self.paths)

    def below(self, tokens: Collection[int]) -> list[int]:
        """The nodes of all labels that begin with one of these tokens, in their order."""
        return [index for index, node in enumerate(self.nodes) if node[0] in tokens]

    def branching(self) -> list[int]:
        """The nodes where labels part and those above them, in their order; at all others the next token is forced."""
        parting = [node for index, node in enumerate(self.nodes) if len(self.children[index]) > 1]
        return [index for index, node in enumerate(self.nodes) if any(other[: len(node)] == node for other in parting)]

    def cut_to(self, kept: Sequence[int]) -> Tree:
        """Some of the nodes as a model reads them; with a node all above it must be kept."""
        lines = [self.nodes[index] for index in kept]
        sees = tuple(tuple(one[: len(other)] == other for other in lines) for one in lines)
        return Tree((tuple(line[-1] for line in lines),), tuple(len(line) - 1 for line in lines), sees)

    @cached_property
    def whole(self) -> Tree:
        """All nodes as a model reads them."""
        return self.cut_to(range(len(self.nodes)))
