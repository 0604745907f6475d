"""The shipped language model writes in batches what transformers makes it write alone, and keeps to a schema."""

from __future__ import annotations

import json

import jsonschema
import pytest

from benchmarks.models import registry
from benchmarks.models.constraints import Grammar
from benchmarks.models.generation import Limits, generate
from benchmarks.models.language_model import DOCUMENT

pytestmark = pytest.mark.slow

DOCUMENTS = (
    "Ann comes at 7 pm with two friends.",
    "Wer hat den Tisch für 20:30 Uhr bestellt?",
    "予約をお願いします。",
    "x",
)
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "guests": {"enum": ["none", "some"]}},
    "required": ["name", "guests"],
    "additionalProperties": False,
}


def test_the_real_model_writes_what_transformers_would_and_fits_the_schema() -> None:
    """In float32 the first 16 tokens are equal for every document; every constrained answer is whole and valid."""
    import torch

    model = registry.load(registry.pull("smollm2-135m"), device="cpu", dtype="float32")
    frame = model.frame(
        [{"role": "system", "content": "Say it in other words."}, {"role": "user", "content": DOCUMENT}]
    )
    found = generate(model, frame, DOCUMENTS, Limits(200, 16))
    for document, answer in zip(DOCUMENTS, found.answers, strict=True):
        ids = torch.tensor([model.encode(frame.head + document + frame.tail)])
        plain = model.model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=16, pad_token_id=0
        )
        wanted = [int(token) for token in plain[0, ids.shape[1] :] if int(token) != model.end_of_turn]
        assert list(answer.ids) == wanted
    objects = generate(model, frame, DOCUMENTS, Limits(200, 60), grammar=Grammar(model, SCHEMA))
    for answer in objects.answers:
        assert answer.whole
        jsonschema.validate(json.loads(answer.text), SCHEMA)
    forced = sum(len(answer.ids) for answer in objects.answers)
    assert objects.computed < forced + sum(answer.read for answer in objects.answers)
