"""Texts and objects get the scores that their definitions give; sums of them compare like the items they stand for."""

from __future__ import annotations

import json
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.statistics import score_interval
from benchmarks.statistics.differences import compared
from benchmarks.statistics.fields import field_score, fields_of
from benchmarks.statistics.tallies import Tallies, judged
from benchmarks.statistics.texts import normalised, number_in, text_score, token_f1

WORDS = st.lists(st.sampled_from(["red", "green", "blue", "cat", "dog", "7"]), max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("The  Cat, a dog!", "en", "cat dog"),
        ("¿El gato y la Niña?", "es", "gato y niña"),
        ("Der Hund, ein STRASSE", "de", "hund strasse"),
        ("a la", "fr", "a la"),
        ("$7.50 + x", "en", "750 x"),
        ("猫が好き", "ja", "猫 が 好 き"),
        (string.punctuation, "en", ""),
    ],
)
def test_normalisation_drops_case_punctuation_and_articles(text, language, wanted):
    """As in SQuAD, with the articles of the language and signs apart where a script has no blanks."""
    assert normalised(text, language) == wanted


def test_token_f1_counts_common_words():
    """Three of four words given and three of five wanted: 2 x 3 / 9; repetitions count once each."""
    assert token_f1("big red cat ran", "red cat ran so fast") == pytest.approx(6 / 9)
    assert token_f1("cat cat cat", "cat") == pytest.approx(0.5)
    assert token_f1("the", "a") == 1.0
    assert token_f1("cat", "") == 0.0


@given(WORDS, WORDS)
@settings(max_examples=60, deadline=None)
def test_rouge_l_is_that_of_the_library_on_plain_words(answer, reference):
    """With our words the library gives what its own tokenizer gives on English."""
    from rouge_score.rouge_scorer import RougeScorer

    expected = RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure
    assert text_score("rouge_l", answer, [reference], "en") == pytest.approx(expected)


def test_rouge_l_reads_every_script():
    """Letters outside of a to z count; the library alone would call these texts empty."""
    assert text_score("rouge_l", "мама мыла раму", ["мама мыла окно"], "ru") == pytest.approx(2 / 3)


def test_chrf_is_that_of_sacrebleu():
    """The sentence score, as a share."""
    from sacrebleu.metrics import CHRF

    expected = CHRF().sentence_score("a small cat", ["a small dog"]).score / 100
    assert text_score("chrf", "a small cat", ["a small dog"], "en") == pytest.approx(expected)


def test_numbers_are_compared_as_numbers():
    """The last number counts; commas, currency and units do not."""
    assert text_score("exact_match_number", "The answer is $1,200.00.", ["1200"], "en") == 1.0
    assert text_score("exact_match_number", "3 + 4 = 7 apples", ["7"], "en") == 1.0
    assert text_score("exact_match_number", "none", ["7"], "en") == 0.0
    assert number_in("−5 °C") == -5


def test_the_best_reference_counts_and_no_answer_is_wrong():
    """Several references can only help; no answer scores 0 even where the reference is empty after normalisation."""
    assert text_score("token_f1", "red cat", ["blue dog", "red cat"], "en") == 1.0
    assert text_score("exact_match_normalised", None, ["the"], "en") == 0.0
    assert text_score("exact_match", "ls  -l", ["ls -l"], "en") == 1.0
    with pytest.raises(ValueError, match="bleu"):
        text_score("bleu", "a", ["a"], "en")


GOLD = json.dumps({"intent": "book", "slots": {"name": "Ann  Lee", "time": "7 pm"}})


@pytest.mark.parametrize(
    ("answer", "slot", "field", "exact", "intent"),
    [
        (GOLD, (4, 4), (6, 6), 1, 1),
        ('{"intent": "book", "slots": {"time": "7 PM", "name": "ann lee"}}', (4, 4), (6, 6), 1, 1),
        ('{"intent": "cancel", "slots": {"name": "Ann Lee"}}', (2, 3), (2, 5), 0, 0),
        ('{"intent": "book", "slots": {"name": "Ann", "time": "7 pm", "city": "Rom"}}', (2, 5), (4, 7), 0, 1),
        (None, (0, 2), (0, 3), 0, 0),
    ],
)
def test_fields_are_counted_as_pairs(answer, slot, field, exact, intent):
    """Right fields count twice, fields given and wanted once each; a wrong value is both missing and surplus."""
    got = judged("extraction", "slot_micro_f1", answer, [GOLD], language="en", choices=("intent",))
    assert list(got) == ["slot_micro_f1", "field_micro_f1", "exact_match", "intent_accuracy"]
    assert got["slot_micro_f1"] == slot
    assert got["field_micro_f1"] == field
    assert got["exact_match"] == (exact, 1)
    assert got["intent_accuracy"] == (intent, 1)


def test_lists_numbers_and_absent_values_are_fields_of_their_own_kind():
    """List entries count in any order, 2 equals 2.0, true is not 1, and null is no field."""
    wanted = '{"a": [{"x": "p"}, {"x": "q"}], "n": 2, "b": true, "z": null}'
    assert sorted(fields_of(json.loads(wanted))) == [("a[].x", "p"), ("a[].x", "q"), ("b", "true"), ("n", "2.0")]
    same = '{"a": [{"x": "q"}, {"x": "p"}], "n": 2.0, "b": true}'
    assert field_score("exact_match", same, wanted, ()) == (1.0, 1.0)
    assert field_score("exact_match", same.replace("true", "1"), wanted, ()) == (0.0, 1.0)


def tallies(columns):
    """Columns of (right, given, wanted) per item as judged answers."""
    return Tallies.of(
        [[{"f1": (2.0 * r, float(g + w)), "hit": (float(r == w), 1.0)} for r, g, w in column] for column in columns]
    )


def test_micro_f1_is_the_ratio_of_sums_and_resamples_like_items():
    """The observed value is micro-F1 over all fields; bootstrap draws are those of drawn items."""
    column = [(1, 2, 2), (0, 0, 0), (3, 3, 4), (0, 1, 0), (2, 2, 2)]
    table = tallies([column])
    assert table.observed("f1")[0] == pytest.approx(2 * 6 / (8 + 8))
    assert table.item_scores("f1") is None
    draws = table.resampled("f1", 4000)[:, 0]
    generator = np.random.default_rng(5)
    by_hand = []
    for _ in range(4000):
        rows = np.asarray(column)[generator.integers(0, 5, 5)]
        total = rows[:, 1:].sum()
        by_hand.append(2 * rows[:, 0].sum() / total if total else 1.0)
    assert draws.mean() == pytest.approx(np.mean(by_hand), abs=0.02)
    assert draws.std() == pytest.approx(np.std(by_hand), abs=0.02)


def test_nothing_wanted_and_nothing_given_is_right():
    """Where no item has a field, micro-F1 is 1."""
    assert tallies([[(0, 0, 0)] * 3]).observed("f1")[0] == 1.0


def test_a_better_arm_is_found_by_paired_comparison_on_every_metric():
    """Two arms that differ on a third of the items: micro-F1 by paired bootstrap, exact match by McNemar."""
    good, bad = [(2, 2, 2)] * 60, [(2, 2, 2)] * 40 + [(1, 2, 2)] * 20
    table = tallies([good, bad])
    f1, hit = compared(table, "f1"), compared(table, "hit")
    assert f1.difference == pytest.approx(1 - 200 / 240)
    assert (f1.verdict, f1.method) == ("a_better", "paired bootstrap percentile")
    assert (hit.verdict, hit.method) == ("a_better", "newcombe paired, mcnemar mid-p")
    swapped = compared(tallies([bad, good]), "f1")
    assert swapped.difference == pytest.approx(-f1.difference)
    same = compared(tallies([good, good]), "f1")
    assert (same.difference, same.verdict) == (0.0, "no_difference_shown")


def test_intervals_fit_the_metric():
    """A share of items gets Wilson's interval, a ratio of sums the bootstrap, several seeds both parts."""
    generator = np.random.default_rng(1)
    columns = [[(int(r), 2, 2) for r in generator.integers(0, 3, 80)] for _ in range(3)]
    assert score_interval(tallies(columns[:1]), "hit").method == "wilson"
    one = score_interval(tallies(columns[:1]), "f1")
    assert one.method == "bootstrap percentile"
    assert one.low < one.value < one.high
    assert "3 seeds x items" in score_interval(tallies(columns), "f1").method


def test_unequal_or_empty_columns_and_unknown_metrics_are_refused():
    """No silent zero."""
    with pytest.raises(ValueError, match="no items"):
        Tallies.of([[]])
    with pytest.raises(ValueError, match="unequal length"):
        tallies([[(1, 1, 1)], []])
    with pytest.raises(ValueError, match="rouge"):
        tallies([[(1, 1, 1)]]).observed("rouge_l")
