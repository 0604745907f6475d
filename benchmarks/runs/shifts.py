"""Shifted texts: what happens to an arm when users type worse, shout, or write around the point.

Each shift keeps what a text means to a reader, so its label stays. They are small checks of robustness beside the test,
not part of any verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from ..records import seed_for

VERSION = 1
ITEMS = 48
TYPO_SHARE = 0.12
BEFORE = "Hello, I hope you are well. I wanted to pass this on."
AFTER = "That is all for now. Thank you for your time, and have a good day."


def _typos(text: str, random: Random) -> str:
    """One word in eight, of those with four letters or more, has two neighbours swapped or one letter missing."""
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if len(word) >= 4]
    for index in random.sample(long, min(len(long), max(1, round(TYPO_SHARE * len(words))))):
        word, at = words[index], random.randrange(1, len(words[index]) - 2)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        words[index] = swapped if random.random() < 0.5 else word[:at] + word[at + 1 :]
    return " ".join(words)


def _casing(text: str, random: Random) -> str:
    """All small letters, or all capitals."""
    return text.lower() if random.random() < 0.5 else text.upper()


def _length(text: str, random: Random) -> str:
    """A polite sentence before the text and two after it."""
    return f"{BEFORE} {text} {AFTER}"


SHIFTS: Mapping[str, Callable[[str, Random], str]] = {"typos": _typos, "casing": _casing, "length": _length}


def shifted(text: str, shift: str, item: str) -> str:
    """The text of an item under a shift: the same for every arm, seed and run. Raises KeyError for another shift."""
    return SHIFTS[shift](text, Random(seed_for(0, "shift", shift, item)))
