"""Offsets per label that take a prompt's own preferences out of the scores.

Scores are natural-log likelihoods of shape [texts, labels]; an offset of shape [labels] is added to every row.
Nothing here reads a text: offsets come from scores of training rows or of inputs without content, never of test rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

METHODS = ("batch", "contextual", "none")
_ROUNDS = 200


def log_posterior(scores: Array) -> Array:
    """Log-probabilities over the labels alone, each row summing to one in probability."""
    shifted: Array = scores - scores.max(axis=1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def prior_of(labels: Sequence[str], given: Sequence[str]) -> Array:
    """The label mix of `given`, with one more of each label so that none has probability zero."""
    counts = np.array([given.count(label) + 1.0 for label in labels])
    prior: Array = counts / counts.sum()
    return prior


def contextual(content_free: Array) -> Array:
    """The offset that makes inputs without content equally likely to carry every label (Zhao et al. 2021)."""
    return centred(-log_posterior(content_free).mean(axis=0))


def batch(scores: Array, prior: Array) -> Array:
    """The offset under which the mean predicted mix over unlabelled rows equals `prior`.

    With an even prior this is batch calibration (Zhou et al. 2023); the prior keeps rare labels rare.
    """
    offset = np.zeros(scores.shape[1])
    for _ in range(_ROUNDS):
        mix = np.exp(log_posterior(scores + offset)).mean(axis=0)
        offset += np.log(prior) - np.log(np.maximum(mix, 1e-12))
    return centred(offset)


def centred(offset: Array) -> Array:
    """The same offset with mean zero; a constant changes no decision."""
    result: Array = offset - offset.mean()
    return result
