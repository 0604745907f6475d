"""What is written in batches behind a shared prefix equals what transformers writes for each document alone."""

from __future__ import annotations

import json
from contextlib import contextmanager

import jsonschema
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.models import generation
from benchmarks.models.adapters import Adapter, Shape, put_on_fresh, take_off
from benchmarks.models.constraints import Grammar
from benchmarks.models.generation import Limits, batches, generate, step_width, without_middle
from benchmarks.models.language_model import DOCUMENT
from benchmarks.models.rows import KeptPrefix

DOCUMENTS = (
    "The phone works well.",
    "",
    "バッテリーが悪い。",
    "I would not buy this again, the battery is bad. " * 4,
    "bank transfer failed",
    "Der Preis stimmt.",
    "x",
)
SCHEMA = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"intent": {"const": "book"}, "name": {"type": "string", "maxLength": 12}},
            "required": ["intent", "name"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"intent": {"const": "cancel"}, "seats": {"type": "integer"}},
            "required": ["intent"],
            "additionalProperties": False,
        },
    ]
}


def frame_of(model):
    return model.frame([{"role": "system", "content": "Answer."}, {"role": "user", "content": DOCUMENT}])


def plainly(model, document, new_tokens, processors=None):
    """The ids that transformers' own generate writes for one document."""
    import torch

    frame = frame_of(model)
    ids = torch.tensor([model.encode(frame.head + document + frame.tail)])
    found = model.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=new_tokens,
        pad_token_id=0,
        logits_processor=processors,
    )
    written = [int(token) for token in found[0, ids.shape[1] :]]
    ends = model.model.generation_config.eos_token_id
    return written[:-1] if written[-1] in (ends if isinstance(ends, list) else [ends]) else written


def write(model, documents=DOCUMENTS, **more):
    limits = {name: more.pop(name) for name in ("document", "answer", "one_line") if name in more}
    return generate(model, frame_of(model), documents, Limits(**{"document": 400, "answer": 24, **limits}), **more)


def test_answers_equal_those_of_transformers(tiny, monkeypatch):
    """Token by token, for short, long, empty and non-Latin documents that leave the batch at different steps."""
    free = [plainly(tiny, document, 24) for document in DOCUMENTS]
    seen = {token: [ids.index(token) for ids in free if token in ids] for ids in free for token in ids}
    common = max(seen, key=lambda token: (len(set(seen[token])), token))
    monkeypatch.setattr(tiny.model.generation_config, "eos_token_id", [2, common])
    wanted = [plainly(tiny, document, 24) for document in DOCUMENTS]
    assert len({len(ids) for ids in wanted}) >= 3
    found = write(tiny)
    assert [list(answer.ids) for answer in found.answers] == wanted
    assert [answer.whole for answer in found.answers] == [len(ids) < 24 for ids in wanted]
    assert [answer.read for answer in found.answers] == [
        len(tiny.encode(frame_of(tiny).head + document + frame_of(tiny).tail)) for document in DOCUMENTS
    ]


def test_batches_of_one_give_the_same(tiny, monkeypatch):
    """How documents are put together changes nothing."""
    together = [answer.ids for answer in write(tiny).answers]
    monkeypatch.setattr(generation, "ROWS", 1)
    assert [answer.ids for answer in write(tiny).answers] == together


def test_the_prefix_is_computed_once(tiny):
    """A kept prefix costs nothing in the second call and changes no answer."""
    kept = KeptPrefix()
    first, second = write(tiny, kept=kept), write(tiny, kept=kept)
    assert first.answers == second.answers
    assert first.computed - second.computed == len(tiny.encode(frame_of(tiny).head))


def test_a_shared_prefix_is_never_copied_and_changes_nothing(tiny, monkeypatch):
    """Answers are those of rows that each hold the prefix; the model's own attention is back afterwards."""
    shared = write(tiny)
    seen = []

    @contextmanager
    def copying(network):
        seen.append(network.config._attn_implementation)
        yield False

    def columns(cache):
        return {layer.held[0].shape[2] for layer in cache.layers}

    kept = []
    plain = generation.room
    monkeypatch.setattr(generation, "room", lambda *words, **more: kept.append(plain(*words, **more)) or kept[-1])
    assert write(tiny).answers == shared.answers
    monkeypatch.setattr(generation, "shared_attention", copying)
    assert write(tiny).answers == shared.answers
    assert seen == ["sdpa"]
    prefix = len(tiny.encode(frame_of(tiny).head))
    assert {own + prefix for own in columns(kept[0])} == columns(kept[1])


def test_room_grows_where_too_little_was_claimed(tiny, monkeypatch):
    """More columns than were claimed are written into memory that is claimed anew, with what stood there before."""
    wanted = write(tiny).answers
    plain = generation.room
    monkeypatch.setattr(
        generation, "room", lambda prefix, layers, rows, _columns, **more: plain(prefix, layers, rows, 1, **more)
    )
    assert write(tiny).answers == wanted


def test_an_adapter_is_worn_and_taken_off(tiny):
    """With an adapter the model writes something else, as transformers would with it; without, what it wrote before."""
    import torch

    before = [list(answer.ids) for answer in write(tiny).answers]
    torch.manual_seed(0)
    live = put_on_fresh(tiny, Shape(targets=("q_proj", "v_proj")))
    weights = {name: torch.randn_like(value) * 0.5 for name, value in live.weights.items()}
    take_off(tiny)
    adapter = Adapter(live.shape, weights)
    with_it = [list(answer.ids) for answer in write(tiny, adapter=adapter).answers]
    assert with_it != before
    assert with_it == [plainly(tiny, document, 24) for document in DOCUMENTS]
    assert [list(answer.ids) for answer in write(tiny).answers] == before


def test_a_constrained_answer_fits_the_schema_and_equals_masked_transformers(tiny):
    """Masks and forced tokens give what transformers writes under the same masks; every whole answer is valid."""
    import torch
    from transformers import LogitsProcessorList

    class Masked:
        def __init__(self, grammar):
            self.guide, self.forced = grammar.start(), []
            self.forced += self.guide.forced()

        def __call__(self, ids, scores):
            if self.guide.done and not self.forced:
                token = 2
            elif self.forced:
                token = self.forced.pop(0)
            else:
                token = self.guide.choose(scores[0], int(scores[0].argmax()))
                self.forced += self.guide.forced()
            only = torch.full_like(scores, float("-inf"))
            only[0, token] = 0.0
            return only

    grammar = Grammar(tiny, SCHEMA)
    found = write(tiny, grammar=grammar, answer=60)
    wanted = [plainly(tiny, document, 60, LogitsProcessorList([Masked(grammar)])) for document in DOCUMENTS]
    assert [list(answer.ids)[:60] for answer in found.answers] == wanted
    whole = [answer.text for answer in found.answers if answer.whole]
    assert len(whole) >= 3
    for text in whole:
        jsonschema.validate(json.loads(text), SCHEMA)


def test_a_schema_that_leaves_no_choice_is_written_out(tiny):
    """Where every token is forced the answer is the one there is."""
    found = write(tiny, ("x", "y"), grammar=Grammar(tiny, {"const": {"intent": "book"}}))
    assert [(answer.text, answer.whole) for answer in found.answers] == [('{"intent": "book"}', True)] * 2


def test_a_schema_that_cannot_be_enforced_is_refused(tiny):
    """The message says what is wrong with the schema."""
    with pytest.raises(BenchmarkError, match="schema: cannot be enforced"):
        Grammar(tiny, {"type": "object", "properties": {"a": {"type": "strange"}}, "required": ["a"]})


def test_one_line_ends_at_a_line_break(tiny, monkeypatch):
    """The text ends at the first line break after something that is not blank."""
    free = write(tiny, answer=40)
    counts = {token for answer in free.answers for token in answer.ids[3:-3]}
    chosen = max(counts, key=lambda token: sum(token in answer.ids for answer in free.answers))
    plain = tiny.tokenizer.decode

    class Broken:
        def __getattr__(self, name):
            return getattr(original, name)

        def __call__(self, *words, **more):
            return original(*words, **more)

        def decode(self, ids, **more):
            return "".join("\n" if token == chosen else plain([token], **more) for token in ids)

    original = tiny.tokenizer
    monkeypatch.setattr(tiny, "tokenizer", Broken())
    lines = write(tiny, answer=40, one_line=True)
    assert any(len(short.ids) < len(whole.ids) for short, whole in zip(lines.answers, free.answers, strict=True))
    assert all("\n" not in answer.text for answer in lines.answers)


def test_the_middle_of_a_long_document_is_left_out(tiny):
    """Beginning and end stay, the rest gives way to an ellipsis, and the cut is counted."""
    text = "first " + "word " * 200 + "last?"
    short = without_middle(tiny, text, 30)
    assert short.startswith("first")
    assert short.endswith("last?")
    assert "…" in short
    assert len(tiny.encode(short)) <= 40
    assert without_middle(tiny, "short", 30) == "short"
    assert write(tiny, (text, "x"), document=30, answer=2).shortened == 1


def test_batches_keep_their_bounds():
    """Every index once, longest first, and never more context than allowed."""
    lengths = [5, 900, 40, 40, 3000, 1] * 20
    found = batches(lengths, 100, 50)
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    for batch in found:
        width = max(lengths[index] for index in batch)
        assert len(batch) == 1 or len(batch) * (width + 150) <= generation.CONTEXT_PER_BATCH
        assert len(batch) <= generation.ROWS


def test_the_width_of_a_step_weighs_padding_against_passes():
    """Equal rows go as far as they can; one row with many forced tokens does not make all others wait."""
    assert step_width([6] * 32) == 6
    assert step_width([1] * 31 + [12]) == 1
    assert step_width([8] * 30 + [1, 1]) == 8
    assert step_width([1, 12]) == 12
