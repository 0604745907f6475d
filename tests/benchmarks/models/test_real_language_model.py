"""The shipped language model, really fetched and loaded: the scorer is exact on it and training repeats itself."""

from __future__ import annotations

import pytest
import torch

from benchmarks.models import registry
from benchmarks.models.files import ModelFiles
from benchmarks.models.label_scoring import score
from benchmarks.models.language_model import DOCUMENT, Frame, LoadedModel
from benchmarks.models.training import Lesson, Recipe, tune

pytestmark = pytest.mark.slow

LABELS = ["card not working", "card", "lost or stolen card", "Überweisung", "退款"]
DOCUMENTS = ["My card was swallowed by the machine.", "", "Wo ist mein Geld? 12,50 € fehlen.", "hi", "a b c " * 40]


@pytest.fixture(scope="module")
def files() -> ModelFiles:
    """The files of the shipped model, fetched if they are not here."""
    return registry.pull("smollm2-135m")


def frame_of(model: LoadedModel) -> Frame:
    """A chat prompt with one solved turn."""
    return model.frame(
        [
            {"role": "system", "content": "Answer with exactly one of these labels: " + ", ".join(LABELS)},
            {"role": "user", "content": "Someone took my purse."},
            {"role": "assistant", "content": "lost or stolen card"},
            {"role": "user", "content": DOCUMENT},
        ]
    )


def test_scores_of_the_real_model_equal_plain_forward_passes(files: ModelFiles) -> None:
    """In float32 every label's score is that of one plain pass over the whole text, within 1e-4 nats of about 20."""
    model = registry.load(files, device="cpu", dtype="float32")
    frame = frame_of(model)
    found = score(model, frame, DOCUMENTS, LABELS, document_tokens=999).values
    for document, row in zip(DOCUMENTS, found, strict=True):
        prompt = model.encode(frame.head + document + frame.tail)
        for label, value in zip(LABELS, row, strict=True):
            whole = [*model.encode(frame.head + document + frame.tail + label), model.end_of_turn]
            assert whole[: len(prompt)] == prompt
            with torch.no_grad():
                logits = model.model(torch.tensor([whole]), use_cache=False).logits[0].double().log_softmax(-1)
            plain = sum(logits[at - 1, whole[at]].item() for at in range(len(prompt), len(whole)))
            assert value == pytest.approx(plain, abs=1e-4)


def test_training_the_real_model_repeats_itself(files: ModelFiles) -> None:
    """Two trainings with one seed agree in every bit, in the number format that this machine chooses."""
    model = registry.load(files)
    lesson = Lesson(frame_of(model), ("My card is gone.", "Someone paid with my card!"), (LABELS[2], LABELS[1]))
    one, two = (tune(model, [lesson] * 4, LABELS, Recipe(), 11, document_tokens=99) for _ in range(2))
    assert one.losses == two.losses
    assert all(torch.equal(one.adapter.weights[name], two.adapter.weights[name]) for name in one.adapter.weights)
    assert one.losses[-1] < one.losses[0]


def test_the_widened_model_has_no_trace_of_its_packing(files: ModelFiles) -> None:
    """What is loaded is an ordinary model of 134.5 million parameters with its chat template, ready to be tuned."""
    model = registry.load(files)
    assert model.facts["parameters"] == 134_515_008
    assert not hasattr(model.model.config, "quantization_config")
    assert model.tokenizer.chat_template
    assert model.encode("<|im_end|>") == [model.end_of_turn]
    assert frame_of(model).tail.endswith("<|im_start|>assistant\n")
