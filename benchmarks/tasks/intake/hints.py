"""Labels that are written into the texts: whoever is shown such rows is told the answer, and the fight is not fair."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

SIDES = ("train", "test")
FEWEST = 3
LEAST_SHARE = 0.02
RIGHT = 0.9
GAP = 0.1
GAP_ERRORS = 4.0

_CUE = r"(?:label|labels|class|category|answer|target|gold|intent|sentiment|tag|output|prediction|expected)"
_OPEN, _CLOSE = r"[\[\(<{#\"'*_|]", r"[\]\)>}\"'*_|]"


def hints(train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """What speaks for labels having been written into texts, a sentence each; rows are (text, label).

    Two signs count. A mark: at the beginning or end of at least three texts and 2 % of a side stands a label after a
    cue such as `label:` or in brackets, and it is the row's own nine times in ten. A gap: texts name their own label,
    and no other, far more often on one side than on the other (ten points and four standard errors): then the rows that
    are shown as examples are not like those that are asked about.
    """
    labels = sorted({label for _, label in (*train, *test)}, key=lambda label: (-len(label), label))
    if len(labels) < 2:
        return ()
    found = [
        sentence
        for side, rows in zip(SIDES, (train, test), strict=True)
        if (sentence := _marked(side, rows, labels)) is not None
    ]
    gap = _gap(train, test, labels)
    return (*found, gap) if gap else tuple(found)


def _marked(side: str, rows: Sequence[tuple[str, str]], labels: Sequence[str]) -> str | None:
    either = "|".join(re.escape(label.casefold()) for label in labels)
    named = rf"(?:{_CUE}\s*(?:is|=|:|->)\s*{_OPEN}?\s*({either})\s*{_CLOSE}?|{_OPEN}\s*({either})\s*{_CLOSE})"
    mark = re.compile(rf"^\W*{named}(?!\w)|(?<!\w){named}\W*$|#({either})\W*$")
    told: list[tuple[str, str, str]] = []
    for text, label in rows:
        match = mark.search(" ".join(text.casefold().split()))
        if match is not None:
            told.append((next(group for group in match.groups() if group), label.casefold(), text))
    right = [text for name, label, text in told if name == label]
    chance = max(Counter(label for _, label in rows).values()) / len(rows) if rows else 1.0
    if len(right) < max(FEWEST, LEAST_SHARE * len(rows)) or len(right) < max(RIGHT, chance) * len(told):
        return None
    shown = " ".join(right[0].split())
    shown = shown if len(shown) <= 80 else f"{shown[:37]} ... {shown[-37:]}"
    return (
        f"{len(right)} of {len(rows)} {side} texts carry a mark with their own label (such as {shown!r}): the answer "
        "is hinted in the text; take such marks out of the texts"
    )


def _gap(train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]], labels: Sequence[str]) -> str | None:
    # The longest label comes first, so that one that is part of it does not count as named.
    name = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(label.casefold()) for label in labels)})(?!\w)")

    def share(rows: Sequence[tuple[str, str]]) -> float:
        """How much more often texts name their own label than, on average, another one."""
        named = [(set(name.findall(text.casefold())), label.casefold()) for text, label in rows]
        own = sum(found == {label} for found, label in named)
        other = sum(len(found) == 1 and label not in found for found, label in named)
        return max(0.0, own - other / (len(labels) - 1)) / len(rows)

    if not train or not test:
        return None
    shares = share(train), share(test)
    pooled = (shares[0] * len(train) + shares[1] * len(test)) / (len(train) + len(test))
    error = (pooled * (1 - pooled) * (1 / len(train) + 1 / len(test))) ** 0.5
    if abs(shares[0] - shares[1]) <= max(GAP, GAP_ERRORS * error):
        return None
    return (
        f"{shares[0]:.0%} of the train texts name their own label (beyond chance), but {shares[1]:.0%} of the test "
        "texts: it is hinted on one side only; take the label out of the texts, or draw both sides from one source"
    )
