"""Every way to score gives what plain forward passes give: other architectures, adapters, fewer nodes, bfloat16."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.models import scoring_pass
from benchmarks.models.adapters import Adapter, Shape, put_on_fresh, take_off, wear
from benchmarks.models.attention import Heads
from benchmarks.models.files import read_folder
from benchmarks.models.label_scoring import best, constrained, encode_labels, score
from benchmarks.models.language_model import DOCUMENT, Frame, LoadedModel, load
from benchmarks.models.packing import Item, attend, pack
from benchmarks.models.rows import Tree
from benchmarks.models.scoring_pass import Pass

DOCUMENTS = ["The phone works.", "", "I would not buy this again. " * 9, "これはとても良い電話です。", "x"]
LABELS = ["transfer", "transfer failed", "transfer failed bank", "not transfer", "positive", "良い", "bank", "price"]
WORDS = ["phone", "time", "battery", "bad", "good", "bank", "price", "not", "neutral"]
MANY = [f"{one} {other}" for one in WORDS for other in WORDS]
APART = ["positive", "negative", "neutral", "bank transfer", "bank price"]


def frame_of(model: LoadedModel) -> Frame:
    """A chat prompt with one solved turn."""
    turns = [("system", "Answer with one of these labels."), ("user", "phone"), ("assistant", "positive")]
    return model.frame(
        [*({"role": role, "content": text} for role, text in turns), {"role": "user", "content": DOCUMENT}]
    )


def steps(model: LoadedModel, document: str, label: str, *, closed: bool = True) -> tuple[list[int], Any]:
    """The oracle: a label's tokens and the log-probabilities [tokens, vocabulary] of one plain pass at their places."""
    frame = frame_of(model)
    prompt = model.encode(frame.head + document + frame.tail)
    whole = [*model.encode(frame.head + document + frame.tail + label), *([model.end_of_turn] if closed else [])]
    assert whole[: len(prompt)] == prompt
    with torch.no_grad():
        logits = model.model(torch.tensor([whole]), use_cache=False).logits[0].double().log_softmax(-1)
    return whole[len(prompt) :], logits[len(prompt) - 1 : -1]


def plainly(model: LoadedModel, labels: list[str], *, closed: bool = True) -> list[list[float]]:
    """The sum over each label's tokens, label by label."""
    result = []
    for document in DOCUMENTS:
        pairs = [steps(model, document, label, closed=closed) for label in labels]
        result.append([sum(table[i, token].item() for i, token in enumerate(tokens)) for tokens, table in pairs])
    return result


def other_model(kind: str, folder: Path, make_tiny: Callable[..., Path]) -> LoadedModel:
    """A tiny random model of another architecture with the tiny model's tokenizer."""
    from transformers import GPT2Config, GPT2LMHeadModel, Qwen2Config, Qwen2ForCausalLM

    make_tiny(folder)
    torch.manual_seed(3)
    size = load(read_folder(folder, "tiny"), device="cpu", dtype="float32").model.config.vocab_size
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    if kind == "gpt2":
        model: Any = GPT2LMHeadModel(
            GPT2Config(vocab_size=size, n_embd=32, n_layer=2, n_head=4, initializer_range=0.3, **ends)
        )
    else:
        shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
        config = Qwen2Config(vocab_size=size, num_key_value_heads=1, initializer_range=0.3, **shape, **ends)
        model = Qwen2ForCausalLM(config)
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(parameter)
    model.save_pretrained(str(folder))
    return load(read_folder(folder, kind), device="cpu", dtype="float32")


@pytest.mark.parametrize(("kind", "packed"), [("gpt2", False), ("qwen2", True)])
def test_other_architectures_are_scored_exactly(
    kind: str, packed: bool, make_tiny: Callable[..., Path], tmp_path: Path
) -> None:
    """A model unlike a Llama goes through its own forward, a Llama with biases is packed: both are exact."""
    model = other_model(kind, tmp_path, make_tiny)
    assert (Pass.of(model).trunk is not None) == packed
    expected = plainly(model, LABELS)
    for budget in (40, 4096):
        model.token_budget = budget
        found = score(model, frame_of(model), DOCUMENTS, LABELS, document_tokens=999).values
        for ours, theirs in zip(found, expected, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-4)
    picked = best(model, frame_of(model), DOCUMENTS, LABELS, document_tokens=999).labels
    assert picked == [row.index(max(row)) for row in expected]


def test_rows_and_packs_agree(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model packed through its layers and as rows through its own forward: the same scores."""
    packed = score(tiny, frame_of(tiny), DOCUMENTS, LABELS, document_tokens=999).values
    monkeypatch.setattr(scoring_pass, "trunk_of", lambda _model: None)
    assert Pass.of(tiny).trunk is None
    rows = score(tiny, frame_of(tiny), DOCUMENTS, LABELS, document_tokens=999).values
    for one, other in zip(packed, rows, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_an_adapter_is_scored_as_if_worn(tiny: LoadedModel) -> None:
    """Packed scores with an adapter are those of the plain model that wears it, and without it they are unchanged."""
    before = score(tiny, frame_of(tiny), DOCUMENTS, LABELS, document_tokens=999).values
    shape = Shape(rank=4, targets=("q_proj", "v_proj", "down_proj", "o_proj"))
    torch.manual_seed(2)
    fresh = put_on_fresh(tiny, shape)
    adapter = Adapter(shape, {name: torch.randn_like(value) * 0.2 for name, value in fresh.weights.items()})
    take_off(tiny)
    found = score(tiny, frame_of(tiny), DOCUMENTS, LABELS, document_tokens=999, adapter=adapter).values
    wear(tiny, adapter)
    for ours, theirs in zip(found, plainly(tiny, LABELS), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
    assert found[0] != pytest.approx(before[0], abs=0.1)
    assert score(tiny, frame_of(tiny), DOCUMENTS, LABELS, document_tokens=999).values == before


def test_open_labels_end_with_their_last_token(tiny: LoadedModel) -> None:
    """Without the end of turn a score is the sum over the label alone; labels that begin each other are refused."""
    found = score(tiny, frame_of(tiny), DOCUMENTS, APART, document_tokens=999, closed=False).values
    for ours, theirs in zip(found, plainly(tiny, APART, closed=False), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
    with pytest.raises(ValueError, match="begins another"):
        encode_labels(tiny, frame_of(tiny), ["bank", "price", "bank price"], closed=False)


@pytest.mark.parametrize("seed", range(4))
def test_the_best_label_is_that_of_all_scores(tiny: LoadedModel, seed: int) -> None:
    """Among 81 labels, with any offsets, the pruned search finds the label that the full scores find."""
    full = score(tiny, frame_of(tiny), DOCUMENTS, MANY, document_tokens=999)
    offset = (torch.randn(len(MANY), generator=torch.Generator().manual_seed(seed)) * 3 * seed).tolist()
    found = best(tiny, frame_of(tiny), DOCUMENTS, MANY, document_tokens=999, offset=offset)
    shifted = [[value + shift for value, shift in zip(row, offset, strict=True)] for row in full.values]
    assert found.labels == [row.index(max(row)) for row in shifted]
    assert found.values == pytest.approx([max(row) for row in shifted], abs=1e-4)


def test_the_best_label_costs_less_than_all_scores(tiny: LoadedModel) -> None:
    """Labels that cannot win are not read: where offsets rule out most of 81, most tokens are saved."""
    full = score(tiny, frame_of(tiny), ["x"] * 4, MANY, document_tokens=999)
    offset = [0.0] * 9 + [-200.0] * 72
    found = best(tiny, frame_of(tiny), ["x"] * 4, MANY, document_tokens=999, offset=offset)
    assert max(found.labels) < 9
    assert found.computed < 0.7 * full.computed


def test_constrained_scores_share_each_step_among_allowed_tokens(tiny: LoadedModel) -> None:
    """They equal a plain pass normalised over the tokens that labels allow, step by step, and sum to one."""
    found = constrained(tiny, frame_of(tiny), DOCUMENTS, LABELS, document_tokens=999)
    for document, values in zip(DOCUMENTS, found.values, strict=True):
        tables = [steps(tiny, document, label) for label in LABELS]
        for (tokens, table), value in zip(tables, values, strict=True):
            expected = 0.0
            for place, token in enumerate(tokens):
                allowed = sorted({line[place] for line, _ in tables if line[:place] == tokens[:place]})
                expected += table[place, allowed].log_softmax(-1)[allowed.index(token)].item()
            assert value == pytest.approx(expected, abs=1e-4)
        assert sum(map(math.exp, values)) == pytest.approx(1.0, abs=1e-5)
    assert found.computed < score(tiny, frame_of(tiny), DOCUMENTS, LABELS, document_tokens=999).computed


def test_bfloat16_scores_stay_near_float32(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head that multiplies in bfloat16 changes scores less than 0.02 nats against the one that does not."""
    model = load(read_folder(tiny_folder, "tiny"), device="cpu", dtype="bfloat16")
    assert Pass.of(model).trunk is not None
    near = torch.tensor(score(model, frame_of(model), DOCUMENTS, LABELS, document_tokens=999).values)
    monkeypatch.setattr(scoring_pass, "FAR", -1e9)
    exact = torch.tensor(score(model, frame_of(model), DOCUMENTS, LABELS, document_tokens=999).values)
    assert not torch.equal(near, exact)
    assert (near - exact).abs().max() < 0.02


@pytest.mark.parametrize("size", [1.0, 60.0])
def test_attention_is_a_softmax_also_where_exponents_overflow(size: float) -> None:
    """Packed bfloat16 attention equals the definition, for small scores and for those whose exponents are infinite."""
    torch.manual_seed(1)
    heads, tree = Heads(4, 2, 8), Tree(((1, 1),), (0, 1), ((True, False), (True, True)))
    items = [Item([1, 1, 1], tree), Item([1], tree)]
    packed = pack(items, heads, 5, "cpu", torch.bfloat16)
    joined = (torch.randn(packed.tokens, 8 * 8) * size).bfloat16()
    prefix = tuple(torch.randn(1, 2, 5, 8).bfloat16() for _ in range(2))
    found = attend(joined, prefix, packed, heads, torch.empty(packed.tokens, 32, dtype=torch.bfloat16)).float()
    start = 0
    for item in items:
        count = item.length
        parts = joined[start : start + count].float().view(count, 8, 8).transpose(0, 1)
        keys = torch.cat([prefix[0][0].float(), parts[4:6]], dim=1).repeat_interleave(2, 0)
        values = torch.cat([prefix[1][0].float(), parts[6:]], dim=1).repeat_interleave(2, 0)
        mask = torch.ones(count, 5 + count, dtype=torch.bool).tril(5)
        expected = torch.nn.functional.scaled_dot_product_attention(parts[:4], keys, values, attn_mask=mask)
        apart = (found[start : start + count].view(count, 4, 8).transpose(0, 1) - expected).abs().max()
        assert apart < (0.05 if size == 1.0 else 0.02 * expected.abs().max() + 0.5)
        start += count
