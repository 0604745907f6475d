"""The encoder gives what plain transformers gives, and contrast brings texts of one label together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.models.contrastive import Contrast, batches, contrast, contrastive_loss
from benchmarks.models.encoder import LoadedEncoder, _batches, embed, load_encoder, tokens_of
from benchmarks.models.files import read_folder
from benchmarks.models.known import ENCODER
from benchmarks.models.language_model import load
from benchmarks.models.registry import resolve

TEXTS = [
    "The phone arrived on time and works well.",
    "bad",
    "",
    "Der Akku ist schlecht, aber der Preis stimmt. " * 3,
    "I would not buy this again, the battery is bad.",
    "neutral",
]


def alone(encoder: LoadedEncoder, text: str, most: int) -> np.ndarray:
    """The vector of one text as a reader of the model's page would compute it: no batch, no padding."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(
        str(encoder.files.folder), dtype=torch.float32, attn_implementation="eager"
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(encoder.files.folder))
    ids = tokenizer(text, truncation=True, max_length=most, padding=False, return_tensors="pt")
    with torch.no_grad():
        mean = model(**ids).last_hidden_state[0].mean(0)
    return (mean / mean.norm()).numpy()


def test_vectors_are_those_of_plain_transformers(tiny_encoder: LoadedEncoder) -> None:
    """Batches, padding and sorting change nothing: every text has the vector that it has alone."""
    found = embed(tiny_encoder, TEXTS)
    for text, vector in zip(TEXTS, found.vectors, strict=True):
        assert vector == pytest.approx(alone(tiny_encoder, text, 160), abs=2e-6)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)))
    assert found.computed >= sum(found.tokens)


def test_the_tokenizers_own_padding_and_cut_are_overruled(tiny_encoder: LoadedEncoder) -> None:
    """A short text has its own tokens only; a long one is cut where the encoder ends and is counted."""
    ids, shortened = tokens_of(tiny_encoder, ["bad", "bad " * 140, "bad " * 500])
    assert [len(row) for row in ids][1:] == [142, 160] and len(ids[0]) == 3
    assert shortened == 1


def test_every_text_is_in_one_batch_and_batches_keep_to_the_budget() -> None:
    """A batch with its padding has at most the budget, unless one text alone has more."""
    lengths = [3, 90, 4, 40, 41, 3, 300, 5]
    found = _batches(lengths, 100)
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= 100 for batch in found)
    assert len(found) < len(lengths)


def test_a_language_model_is_no_encoder(tiny_folder: Path) -> None:
    """A decoder's folder is refused by name instead of giving vectors that mean nothing."""
    with pytest.raises(BenchmarkError, match="found 'llama'; allowed: an encoder"):
        load_encoder(read_folder(tiny_folder, "tiny"), device="cpu", dtype="float32")


def test_an_encoder_is_no_language_model(encoder_home: Path) -> None:
    """An encoder's folder is refused where a model is to be prompted, instead of answering by chance."""
    with pytest.raises(BenchmarkError, match=r"found an encoder \(bert\)"):
        load(read_folder(encoder_home / "models" / ENCODER, ENCODER), device="cpu", dtype="float32")


def test_the_loss_is_the_one_of_the_paper() -> None:
    """Written out for every anchor and partner one by one the value is the same; who has no partner is no anchor."""
    import torch

    torch.manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(6, 4), dim=-1)
    labels = [0, 0, 1, 1, 1, 2]
    terms = []
    for anchor in range(5):
        others = [other for other in range(6) if other != anchor]
        total = sum(float(torch.exp(vectors[anchor] @ vectors[other] / 0.1)) for other in others)
        partners = [other for other in others if labels[other] == labels[anchor]]
        logs = [float(vectors[anchor] @ vectors[other] / 0.1) - np.log(total) for other in partners]
        terms.append(-np.mean(logs))
    assert float(contrastive_loss(vectors, labels, 0.1)) == pytest.approx(np.mean(terms), rel=1e-5)


@pytest.mark.parametrize("labels", [[0] * 20 + [1] * 3, [0, 1], list(range(30)) * 2, [0, 0, 1]])
def test_batches_are_even_and_leave_nothing_out(labels: list[int]) -> None:
    """In a batch every label has as many texts as any other, to one, and two at least; in time every text is read."""
    found = batches(labels, 8, 60, 3)
    for batch in found:
        counts = np.unique([labels[index] for index in batch], return_counts=True)[1]
        assert counts.min() >= 2 and counts.max() - counts.min() <= 1
    assert {index for batch in found for index in batch} == set(range(len(labels)))
    assert found == batches(labels, 8, 60, 3)


def test_contrast_moves_a_copy_and_repeats(tiny_encoder: LoadedEncoder) -> None:
    """Same seed, same vectors; the loss falls, the passes are n per batch, and the given encoder is as before."""
    texts = [f"The phone {number} is {word}." for number in range(8) for word in ("good", "bad")]
    labels = [0, 1] * 8
    before = embed(tiny_encoder, texts).vectors
    first, second = (contrast(tiny_encoder, texts, labels, 12, 5, Contrast(learning_rate=3e-3)) for _ in range(2))
    assert np.array_equal(embed(first.encoder, texts).vectors, embed(second.encoder, texts).vectors)
    assert np.array_equal(embed(tiny_encoder, texts).vectors, before)
    assert np.mean(first.losses[-3:]) < np.mean(first.losses[:3]) - 0.1
    assert first.checks == (12,) and first.kept_step == 12
    assert sum(map(len, tokens_of(tiny_encoder, texts)[0])) * 12 <= first.tokens <= 12 * 16 * 9


def test_the_look_that_is_picked_is_the_encoder_that_is_kept(tiny_encoder: LoadedEncoder) -> None:
    """Looks come at even points, and the encoder of the picked one is returned, not the last."""
    texts, labels = ["good phone", "bad phone", "good", "bad"], [0, 1, 0, 1]
    looks = []
    found = contrast(
        tiny_encoder,
        texts,
        labels,
        8,
        5,
        check=lambda encoder: looks.append(embed(encoder, texts).vectors),
        pick=lambda seen: 1,
    )
    assert found.checks == (2, 4, 6, 8) and found.kept_step == 4
    assert np.array_equal(embed(found.encoder, texts).vectors, looks[1])


@pytest.mark.slow
def test_the_real_encoder_agrees_with_plain_transformers() -> None:
    """The published weights give plain transformers' vectors; in the machine's number format nearly the same ones."""
    try:
        files = resolve(ENCODER)
    except BenchmarkError as error:
        pytest.skip(str(error))
    exact = load_encoder(files, device="cpu", dtype="float32")
    texts = [*TEXTS, "The battery died after a week.", "The battery is dead already."]
    found = embed(exact, texts).vectors
    for text, vector in zip(texts, found, strict=True):
        assert vector == pytest.approx(alone(exact, text, 256), abs=1e-5)
    assert found[-1] @ found[-2] > 0.6 > found[-1] @ found[3]
    assert np.sum(embed(load_encoder(files), texts).vectors * found, axis=1).min() > 0.999
