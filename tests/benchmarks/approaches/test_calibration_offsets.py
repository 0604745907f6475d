"""Calibration removes what a prompt prefers by itself, keeps rare labels rare, and never makes up numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.approaches import calibration

TABLES = arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(2, 5)), elements=st.floats(-60, -0.01))


def test_contextual_calibration_evens_out_inputs_without_content() -> None:
    """After the offset an input without content prefers no label."""
    empty = np.array([[-1.0, -3.0, -9.0]])
    moved = calibration.log_posterior(empty + calibration.contextual(empty))
    assert moved == pytest.approx(np.full((1, 3), -np.log(3)))


def test_batch_calibration_meets_the_prior() -> None:
    """A model that says one label everywhere is moved to the mix that the training rows have."""
    noise = np.random.default_rng(0).normal(size=(200, 2)) * 2
    prior = np.array([0.85, 0.15])
    scores = noise + np.array([0.0, 9.0])
    offset = calibration.batch(scores, prior)
    mix = np.exp(calibration.log_posterior(scores + offset)).mean(axis=0)
    assert mix == pytest.approx(prior, abs=1e-3)
    assert (scores.argmax(axis=1) == 1).mean() > 0.95
    assert 0.02 < ((scores + offset).argmax(axis=1) == 1).mean() < 0.25


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_offsets_are_finite_and_centred(scores: np.ndarray) -> None:
    """Whatever the scores, an offset has finite entries that sum to zero."""
    prior = np.full(scores.shape[1], 1 / scores.shape[1])
    for offset in (calibration.contextual(scores), calibration.batch(scores, prior)):
        assert np.isfinite(offset).all()
        assert offset.sum() == pytest.approx(0, abs=1e-6)


def test_the_prior_leaves_no_label_out() -> None:
    """A label that no training row has keeps a small share."""
    prior = calibration.prior_of(("a", "b", "c"), ["a", "a", "b"])
    assert prior == pytest.approx([3 / 6, 2 / 6, 1 / 6])
