"""Tuning every matrix: the gradients are those of plain transformers, and the model it began from stays as it was."""

from __future__ import annotations

import pytest
import torch

from benchmarks.errors import BenchmarkError
from benchmarks.models.adapters import Adapter, Shape
from benchmarks.models.label_scoring import score
from benchmarks.models.language_model import DOCUMENT, Frame, LoadedModel
from benchmarks.models.lessons import Encoder, Lesson
from benchmarks.models.losses import packed_loss, plain_loss
from benchmarks.models.training import Recipe
from benchmarks.models.trunk import trunk_of
from benchmarks.models.whole_tuning import matrices, tune_whole

LABELS = ["transfer", "transfer failed", "positive"]
ROWS = [("phone", "transfer"), ("battery", "transfer failed"), ("price", "positive"), ("The phone works.", "transfer")]


def frame_of(model: LoadedModel) -> Frame:
    """A chat prompt."""
    return model.frame([{"role": "system", "content": "Answer."}, {"role": "user", "content": DOCUMENT}])


def lesson_of(model: LoadedModel) -> Lesson:
    """All rows at once."""
    return Lesson(frame_of(model), tuple(text for text, _ in ROWS), tuple(label for _, label in ROWS))


def test_gradients_of_every_matrix_equal_those_of_transformers(tiny: LoadedModel) -> None:
    """To 1e-5 relative, each of the model's own matrices against its part of ours."""
    trunk = trunk_of(tiny)
    assert trunk is not None
    exercise = Encoder(tiny, LABELS, 99)(lesson_of(tiny))
    weights = matrices(trunk)
    for weight in weights:
        weight.requires_grad_(True)
    packed_loss(trunk, exercise, Adapter(Shape(targets=()), {})).backward()
    ours = [weight.grad.clone() for weight in weights]
    for weight in weights:
        weight.requires_grad_(False)
    layers = tiny.model.model.layers
    theirs = []
    for layer in layers:
        attention, mlp = layer.self_attn, layer.mlp
        theirs += [[attention.q_proj, attention.k_proj, attention.v_proj], [attention.o_proj]]
        theirs += [[mlp.gate_proj, mlp.up_proj], [mlp.down_proj]]
    layers.requires_grad_(True)
    for parameter in layers.parameters():
        parameter.grad = None
    try:
        plain_loss(tiny, exercise).backward()
        for own, linears in zip(ours, theirs, strict=True):
            expected = torch.cat([linear.weight.grad for linear in linears])
            assert (own - expected).norm() < 1e-5 * expected.norm()
    finally:
        layers.requires_grad_(False)


def test_a_whole_model_learns_and_the_first_one_stays(tiny: LoadedModel) -> None:
    """The copy answers its rows right; the model it was made from says what it said before."""
    texts = [text for text, _ in ROWS]
    before = score(tiny, frame_of(tiny), texts, LABELS, document_tokens=99).values
    tuned, losses = tune_whole(tiny, [lesson_of(tiny)] * 40, LABELS, Recipe(learning_rate=5e-3), document_tokens=99)
    assert losses[-1] < 0.3 < losses[0]
    found = score(tuned, frame_of(tiny), texts, LABELS, document_tokens=99).values
    assert [LABELS[row.index(max(row))] for row in found] == [label for _, label in ROWS]
    assert score(tiny, frame_of(tiny), texts, LABELS, document_tokens=99).values == before
    assert not any(parameter.requires_grad for parameter in tuned.model.parameters())


def test_a_model_of_another_build_is_refused(tiny: LoadedModel) -> None:
    """What has no trunk can be tuned with adapters only, and is told so."""
    tiny.model.model.layers[0].mlp.act_fn = torch.nn.GELU()
    with pytest.raises(BenchmarkError, match="use adapters"):
        tune_whole(tiny, [lesson_of(tiny)], LABELS, Recipe(), document_tokens=99)
