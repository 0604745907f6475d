"""The reference that our scores are measured beside shares none of our scorer and says the same in float32."""

from __future__ import annotations

import pytest

from benchmarks.models.language_model import DOCUMENT, LoadedModel
from perf.reference import Plain
from perf.scoring import Asked, apart, scores

DOCUMENTS = ("The phone works.", "I would not buy this again. " * 5, "バッテリーが悪い。")
LABELS = ("positive", "negative", "not positive", "bank transfer", "bank price")


@pytest.mark.parametrize("closed", [True, False])
def test_plain_passes_over_a_copied_cache_give_our_scores(tiny: LoadedModel, closed: bool) -> None:
    """Labels of one and many tokens, with the end of turn and without, agree to 1e-4 nats in float32."""
    turns = [("system", "Answer with one of these labels."), ("user", "phone"), ("assistant", "positive")]
    said = [{"role": role, "content": text} for role, text in [*turns, ("user", DOCUMENT)]]
    asked = Asked(tiny.frame(said), DOCUMENTS, LABELS, closed)
    plain = Plain(tiny, asked)
    assert plain.shared > 0
    for document, ours in enumerate(scores(tiny, asked)):
        own, wide = plain.scores(document)
        assert apart(ours, wide) < 1e-4
        assert own == pytest.approx(wide, abs=1e-4), "in float32 both sums are the same"
        assert max(ours) - min(ours) > 0.1, "the labels are told apart"
