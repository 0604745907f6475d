"""Packed training gives the loss and the gradients of plain transformers with plain peft."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.models import attention, training
from benchmarks.models.adapters import ALL_LINEAR, Adapter, Shape, put_on_fresh, take_off
from benchmarks.models.files import read_folder
from benchmarks.models.language_model import DOCUMENT, Frame, LoadedModel, load
from benchmarks.models.lessons import Encoder, Exercise, Lesson
from benchmarks.models.lower_layers import LowerLayers
from benchmarks.models.registry import resolve
from benchmarks.models.training import Recipe, Way, tune
from benchmarks.models.trunk import trunk_of

LABELS = ["transfer", "transfer failed", "positive", "電池"]
LESSONS = {
    "many-token labels, one of which begins another": (("phone", "battery", "price"), (0, 1, 2)),
    "documents of very different lengths": (("", "x", "The battery is bad. " * 25, "Akku"), (2, 1, 0, 1)),
    "text that is not Latin": (("これはとても良い電話です。", "バッテリーが悪い。"), (3, 1)),
    "a single document": (("The phone works.",), (1,)),
}


def frame_of(model: LoadedModel) -> Frame:
    """A chat prompt."""
    return model.frame([{"role": "system", "content": "Answer."}, {"role": "user", "content": DOCUMENT}])


def exercise_of(model: LoadedModel, name: str) -> Exercise:
    """The tokens of one of LESSONS."""
    documents, gold = LESSONS[name]
    lesson = Lesson(frame_of(model), documents, tuple(LABELS[index] for index in gold))
    return Encoder(model, LABELS, 300)(lesson)


def random_adapter(model: LoadedModel, shape: Shape, spread: float = 0.05) -> Adapter:
    """A live adapter whose every matrix is random, so that no gradient is nothing; nothing is worn."""
    live = put_on_fresh(model, shape)
    take_off(model)
    generator = torch.Generator().manual_seed(3)
    for value in live.weights.values():
        value.data = torch.randn(value.shape, generator=generator) * spread
    return live


def packed(model: LoadedModel, exercise: Exercise, live: Adapter) -> tuple[float, dict[str, Any]]:
    """Our loss and gradients."""
    loss = Way.of(model).loss(exercise, live) / sum(map(len, exercise.answers))
    loss.backward()
    return loss.item(), {name: value.grad for name, value in live.weights.items()}


def plain(
    model: LoadedModel, exercise: Exercise, live: Adapter, side: str = "right", layers: Sequence[int] | None = None
) -> tuple[float, dict[str, Any]]:
    """Loss and gradients of peft on whole, padded sequences, with labels of -100 everywhere but at the answers."""
    from peft import LoraConfig, get_peft_model, set_peft_model_state_dict

    shape = live.shape
    config = LoraConfig(
        r=shape.rank, lora_alpha=shape.alpha, target_modules=list(shape.targets), layers_to_transform=layers
    )
    wrapped = get_peft_model(model.model, config)
    try:
        set_peft_model_state_dict(wrapped, {name: value.detach() for name, value in live.weights.items()})
        rows = [
            (*exercise.prefix, *document, *answer)
            for document, answer in zip(exercise.documents, exercise.answers, strict=True)
        ]
        width = max(map(len, rows))
        ids = torch.full((len(rows), width), model.end_of_turn)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
        for index, (row, answer) in enumerate(zip(rows, exercise.answers, strict=True)):
            first = width - len(row) if side == "left" else 0
            ids[index, first : first + len(row)] = torch.tensor(row)
            mask[index, first : first + len(row)] = 1
            labels[index, first + len(row) - len(answer) : first + len(row)] = torch.tensor(answer)
        wrapped.eval()
        loss = wrapped(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss
        loss.backward()
        gradients = {
            name.replace(".default", ""): value.grad
            for name, value in wrapped.named_parameters()
            if value.requires_grad
        }
        return loss.item(), gradients
    finally:
        wrapped.unload()
        model.model.requires_grad_(False)


def worst(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """The largest difference of a matrix's gradient, relative to its norm."""
    assert ours.keys() == theirs.keys()
    return max(((ours[name] - theirs[name]).norm() / theirs[name].norm()).item() for name in ours)


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_loss_and_gradients_equal_those_of_plain_peft(tiny: LoadedModel, name: str, side: str) -> None:
    """To 1e-5 relative, whichever side the plain sequences are padded on."""
    live = random_adapter(tiny, Shape(targets=ALL_LINEAR))
    exercise = exercise_of(tiny, name)
    assert trunk_of(tiny) is not None
    loss, ours = packed(tiny, exercise, live)
    expected, theirs = plain(tiny, exercise, live, side)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert worst(ours, theirs) < 1e-5


def test_attention_weights_that_are_not_kept_are_computed_again(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without memory for the attention weights the gradients are the same."""
    exercise = exercise_of(tiny, "documents of very different lengths")
    _, kept = packed(tiny, exercise, random_adapter(tiny, Shape()))
    monkeypatch.setattr(attention, "KEPT_BYTES", 0)
    monkeypatch.setattr(attention, "WORTH_A_GROUP", 0)
    _, again = packed(tiny, exercise, random_adapter(tiny, Shape()))
    assert worst(again, kept) < 1e-5


def test_a_step_in_parts_gives_the_gradients_of_the_whole(tiny: LoadedModel) -> None:
    """Rows that do not fit at once are computed one after another, and the gradients add up."""
    exercise = exercise_of(tiny, "documents of very different lengths")
    parts = exercise.parts(len(exercise.prefix) + 30)
    assert len(parts) > 1
    assert sorted(row for part in parts for row in part.rows) == sorted(exercise.rows)
    live = random_adapter(tiny, Shape())
    _, whole = packed(tiny, exercise, live)
    other = random_adapter(tiny, Shape())
    for part in parts:
        (Way.of(tiny).loss(part, other) / sum(map(len, exercise.answers))).backward()
    assert worst({name: value.grad for name, value in other.weights.items()}, whole) < 1e-5


def test_a_model_of_another_build_is_trained_by_its_own_forward(tiny: LoadedModel) -> None:
    """A model whose layers compute something else is noticed; its own forward gives peft's gradients, too."""
    tiny.model.model.layers[0].mlp.act_fn = torch.nn.GELU()
    assert trunk_of(tiny) is None
    exercise = exercise_of(tiny, "many-token labels, one of which begins another")
    live = put_on_fresh(tiny, Shape())
    generator = torch.Generator().manual_seed(3)
    for value in live.weights.values():
        value.data.copy_(torch.randn(value.shape, generator=generator) * 0.05)
    try:
        _, ours = packed(tiny, exercise, live)
    finally:
        take_off(tiny)
    assert worst(ours, plain(tiny, exercise, live)[1]) < 1e-5


def test_upper_layers_over_kept_lower_ones_get_the_gradients_of_plain_peft(tiny: LoadedModel) -> None:
    """Training the last layer over kept activations equals peft with layers_to_transform; a second look is free."""
    live = random_adapter(tiny, Shape(targets=ALL_LINEAR, top=1))
    trunk = trunk_of(tiny)
    assert trunk is not None
    lower = LowerLayers(trunk, 1)
    exercise = exercise_of(tiny, "documents of very different lengths")
    lower.prepare(exercise.prefix, exercise.rows[1:])
    loss = Way.of(tiny, lower).loss(exercise, live) / sum(map(len, exercise.answers))
    loss.backward()
    computed = lower.computed
    expected, theirs = plain(tiny, exercise, live, layers=[1])
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert worst({name: value.grad for name, value in live.weights.items()}, theirs) < 1e-5
    Way.of(tiny, lower).loss(exercise, live)
    assert lower.computed == computed


def test_kept_lower_activations_stay_within_their_bound(tiny: LoadedModel) -> None:
    """What does not fit is forgotten, and computed again when asked for: never more bytes, never another number."""
    trunk = trunk_of(tiny)
    assert trunk is not None
    exercise = exercise_of(tiny, "documents of very different lengths")
    small, large = LowerLayers(trunk, 1, most_bytes=1), LowerLayers(trunk, 1)
    for _ in range(2):
        found = [lower.of(exercise.prefix, exercise.rows) for lower in (small, large)]
        assert torch.allclose(found[0], found[1], atol=1e-5)
    assert small.kept_bytes == 0
    assert large.kept_bytes == found[1].numel() * found[1].element_size()


def test_steps_over_packed_rows_equal_steps_of_plain_peft(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole training, clipping and schedule included, ends in the same adapter either way."""
    names = ["many-token labels, one of which begins another", "text that is not Latin"]
    lessons = [Lesson(frame_of(tiny), LESSONS[n][0], tuple(LABELS[i] for i in LESSONS[n][1])) for n in names] * 3
    ours = tune(tiny, lessons, LABELS, Recipe(), 5, document_tokens=300)
    monkeypatch.setattr(training, "trunk_of", lambda _: None)
    theirs = tune(tiny, lessons, LABELS, Recipe(), 5, document_tokens=300)
    assert ours.losses == pytest.approx(theirs.losses, rel=1e-3)
    assert ours.real_tokens == theirs.real_tokens > ours.tokens


@pytest.mark.slow
def test_the_real_model_gets_the_gradients_of_plain_peft() -> None:
    """The whole gradient to 1e-5 relative, in float32; short, long, empty and non-Latin documents at once."""
    files = resolve("smollm2-135m")
    model = load(files, device="cpu", dtype="float32")
    assert trunk_of(model) is not None
    documents = ("", "これは良い電話です。", "Bad battery, bad screen. " * 8, "Great!")
    lesson = Lesson(frame_of(model), documents, ("positive", "電池", "transfer failed", "transfer"))
    exercise = Encoder(model, LABELS, 60)(lesson)
    live = random_adapter(model, Shape(targets=ALL_LINEAR), spread=0.02)
    loss, ours = packed(model, exercise, live)
    expected, theirs = plain(model, exercise, live)
    assert loss == pytest.approx(expected, rel=1e-5)
    apart = torch.cat([(ours[name] - theirs[name]).flatten() for name in ours]).norm()
    assert apart < 1e-5 * torch.cat([value.flatten() for value in theirs.values()]).norm()


def test_the_trunk_stores_no_weight_twice(tiny_folder: Path) -> None:
    """After the layers' weights were laid side by side the model's own parameters are views of them."""
    model = load(read_folder(tiny_folder, "tiny"), device="cpu", dtype="float32")
    trunk = trunk_of(model)
    assert trunk is not None
    first = model.model.model.layers[0].self_attn
    assert trunk.layers[0].joined.weight.data_ptr() == first.q_proj.weight.data_ptr()
    assert (
        trunk.layers[0].joined.weight.untyped_storage().data_ptr() == first.v_proj.weight.untyped_storage().data_ptr()
    )


def test_documents_are_grouped_only_where_that_saves_work() -> None:
    """Equal lengths make one group; a very long one among short ones stands alone; every document is in one group."""
    assert attention._alike(50, [20] * 8) == [list(range(8))]
    lengths = [400, *[20] * 15]
    random.Random(0).shuffle(lengths)
    groups = attention._alike(50, lengths)
    assert groups[0] == [lengths.index(400)]
    assert sorted(index for group in groups for index in group) == list(range(16))


def test_a_trunk_that_scoring_asked_for_first_can_be_trained(tiny: LoadedModel) -> None:
    """Made in the midst of inference, it still passes gradients."""
    with torch.inference_mode():
        assert trunk_of(tiny) is not None
    exercise = exercise_of(tiny, "a single document")
    _, gradients = packed(tiny, exercise, random_adapter(tiny, Shape()))
    assert all(value.abs().sum() > 0 for value in gradients.values())


def test_kept_layers_that_would_be_trained_are_refused(tiny: LoadedModel) -> None:
    """Activations kept above a trained layer would be stale after the first step."""
    trunk = trunk_of(tiny)
    assert trunk is not None
    lesson = Lesson(frame_of(tiny), ("phone",), ("transfer",))
    with pytest.raises(ValueError, match="kept are 1 lower layers, but the top all are trained"):
        tune(tiny, [lesson], LABELS, Recipe(), 1, document_tokens=99, lower=LowerLayers(trunk, 1))
