"""Races stop early and are wrong at most as often as they say: by proof, by exact computation and by simulation."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.statistics.anytime import Refuted, asymptotic_half_width, confidence_sequence, log_capital, log_e_value
from benchmarks.statistics.metrics import Outcomes
from benchmarks.statistics.race import Field, Race, Races, judge, race_order
from benchmarks.statistics.scores import ItemScores, LabelScores
from benchmarks.statistics.sequential import chance_at_cap
from benchmarks.statistics.simulate import best_of_many, exact_worst, looks, main, paired_shares, simulate

LABELS = ("no", "yes")


def drawn(generator: np.random.Generator, gap: float, discordant: float, n: int) -> tuple[list[float], list[float]]:
    """Scores 0 or 1 of two arms on n items with that gap."""
    kinds = generator.choice(4, size=n, p=paired_shares(gap, discordant))
    return [float(kind in (0, 2)) for kind in kinds], [float(kind in (1, 2)) for kind in kinds]


def raced(race: Race, a: list[float], b: list[float], batch: int) -> Race:
    """The race after all batches that it wanted."""
    for start in range(0, race.cap, batch):
        if race.add(a[start : start + batch], b[start : start + batch]).over:
            break
    return race


@pytest.mark.parametrize("counts", [(0, 0, 7), (10, 2, 30), (60, 20, 400), (3, 25, 0)])
def test_mixed_bets_equal_the_closed_form(counts):
    """At mean 0 the mixture over bets is Beta(w + 1/2, l + 1/2) / Beta(1/2, 1/2) * 2^(w + l)."""
    wins, losses, _ = counts
    closed = (
        math.lgamma(wins + 0.5) + math.lgamma(losses + 0.5) - math.lgamma(wins + losses + 1) - math.log(math.pi)
    ) + (wins + losses) * math.log(2)
    assert float(log_e_value(wins, losses)) == pytest.approx(closed, abs=1e-9)
    assert float(log_capital(counts, [1, -1, 0], 0.0)) == pytest.approx(closed, abs=1e-6)


def test_the_bettor_cannot_expect_to_gain():
    """Over all results of 12 items with the true mean, the capital's expectation is 1, for any mean."""
    from scipy.stats import multinomial

    for gap, discordant in ((0.0, 0.3), (0.2, 0.5), (-0.1, 0.1)):
        shares = [(discordant + gap) / 2, (discordant - gap) / 2, 1 - discordant]
        tables = [(w, lost, 12 - w - lost) for w in range(13) for lost in range(13 - w)]
        capital = np.exp(log_capital(tables, [1, -1, 0], gap))
        chance = np.asarray([multinomial.pmf(table, 12, shares) for table in tables])
        assert float(capital @ chance) == pytest.approx(1.0, abs=1e-9)


def test_the_confidence_sequence_holds_at_all_times_at_once():
    """In at most 5 of 100 sequences of 300 items does the interval ever leave out the true difference."""
    generator = np.random.default_rng(4)
    left_out = 0
    for _ in range(120):
        steps = generator.choice([1, -1, 0], p=[0.2, 0.1, 0.7], size=300)
        for n in range(15, 301, 15):
            counts = [int((steps[:n] == value).sum()) for value in (1, -1, 0)]
            low, high = confidence_sequence(counts, [1, -1, 0], 0.05)
            if not low <= 0.1 <= high:
                left_out += 1
                break
    assert left_out / 120 <= 0.05


def test_a_higher_confidence_is_a_wider_interval():
    """Intervals are nested in their level and contain the observed mean."""
    refuted = Refuted([30, 10, 60], [1, -1, 0])
    found = [refuted.interval(alpha) for alpha in (0.2, 0.05, 0.01, 0.001)]
    assert all(outer[0] < inner[0] < 0.2 < inner[1] < outer[1] for inner, outer in pairwise(found))


@pytest.mark.parametrize("cap", [40, 120, 500])
def test_false_alarms_are_at_most_five_percent_exactly(cap):
    """Computed, not drawn: with a look after every item, over all shares of discordant items, at most 5 %."""
    worst, _ = exact_worst(cap)
    assert 0.03 < worst <= 0.05


def test_simulated_false_alarms_agree_with_the_exact_rate():
    """Races between equals, looked at every 40 items, are called in at most 5 %, and rarely equivalent by mistake."""
    found = simulate(0.0, 0.2, races=4000)
    rate, low, _ = found.share(found.told_apart)
    assert low <= 0.05
    assert rate > 0.025
    edge = simulate(0.02, 0.03, races=4000)
    assert edge.equivalent / edge.races <= 0.05


def test_wide_gaps_are_found_early_and_narrow_ones_as_often_as_without_stopping():
    """Thirty points take a fifth of the items; five points keep all but a few percent of the power."""
    wide, narrow = simulate(0.30, 0.40, races=2000), simulate(0.05, 0.10, races=2000)
    assert wide.told_apart == wide.races
    assert wide.mean_items < 100
    assert narrow.told_apart / narrow.races > narrow.fixed_told_apart / narrow.races - 0.03


def test_the_simulation_is_the_race():
    """Item by item through Race gives the power and the items that the vectorised simulation gives."""
    generator = np.random.default_rng(9)
    races = [raced(Race(200), *drawn(generator, 0.15, 0.25, 200), 40) for _ in range(120)]
    expected = simulate(0.15, 0.25, races=4000, cap=200)
    told = np.mean([race.state.word == "better" for race in races])
    items = np.mean([race.state.found.n for race in races])
    assert told == pytest.approx(expected.told_apart / 4000, abs=0.06)
    assert items == pytest.approx(expected.mean_items, abs=10)


def test_a_race_that_all_items_would_hardly_decide_is_given_up():
    """Seeds that differ by more than arms ever will: undecided after a hundred items of a thousand, and no winner."""
    generator = np.random.default_rng(4)
    levels = np.array([0.5, 0.7, 0.9, 0.9, 0.55, 0.7])[:, None]
    columns = (generator.random((6, 120)) < levels).astype(float)
    assert judge(ItemScores.of(columns[:, :80].tolist()), "score", 1000).word == "open", "too few to give up on"
    assert judge(ItemScores.of(columns.tolist()), "score", 1000).word == "undecided"
    steady = (generator.random((6, 120)) < np.array([0.7] * 3 + [0.66] * 3)[:, None]).astype(float)
    assert judge(ItemScores.of(steady.tolist()), "score", 4000).word == "open"


def test_the_chance_to_decide_is_that_of_drawing_the_rest():
    """With 200 of 500 items asked: the share of drawn ends whose interval leaves out 0 or lies within the margin."""
    generator = np.random.default_rng(8)
    sd, n, cap = 0.4, 200, 500
    moving, half = sd * np.sqrt(1 / n - 1 / cap), 2 * sd / np.sqrt(cap)
    for seen, margin in ((0.0, 0.02), (0.03, 0.02), (0.06, 0.02), (0.0, 0.06), (0.01, 0.05), (-0.05, 0.02)):
        # The mean at the cap, given the mean so far and a flat prior: what is drawn is the true mean, then the rest.
        true = seen + generator.normal(0, sd / np.sqrt(n), 200_000)
        rest = true + generator.normal(0, sd / np.sqrt(cap - n), 200_000)
        final = (n * seen + (cap - n) * rest) / cap
        apart, alike = np.abs(final) > half, np.abs(final) + half < margin
        assert chance_at_cap(seen, moving, half, margin) == pytest.approx((apart | alike).mean(), abs=0.005)


def test_giving_up_costs_hardly_any_power():
    """Races between arms five points apart are given up in a few of a hundred that the last test would have decided."""
    found = simulate(0.05, 0.2, races=4000)
    assert found.given_up > 0
    assert found.told_apart / found.races > found.fixed_told_apart / found.races - 0.05


def test_a_race_ends_at_its_cap_with_the_fixed_size_test():
    """A gap too small for early stopping is found by the last test; its interval then leaves out zero."""
    a = [1.0] * 160 + [0.0] * 12 + [1.0] * 28
    b = [1.0] * 160 + [1.0] * 12 + [0.0] * 28
    order = race_order(range(200), 5)
    race = raced(Race(200), [a[index] for index in order], [b[index] for index in order], 50)
    assert (race.state.word, race.state.found.n) == ("better", 200)
    assert race.state.found.low > 0
    assert "at the cap" in race.state.found.method


def test_arms_that_agree_are_called_equivalent_before_the_cap():
    """Identical answers end the race as a tie within the margin, not as undecided."""
    race = raced(Race(1000, margin=0.03), [1.0, 0.0] * 500, [1.0, 0.0] * 500, 40)
    assert race.state.word == "equivalent"
    assert race.state.found.n < 500
    assert -0.03 < race.state.found.low <= 0 <= race.state.found.high < 0.03


def test_wrong_batches_are_refused():
    """After its end, beyond its cap, of unequal length, without scores: a race takes none of it."""
    race = Race(60)
    with pytest.raises(ValueError, match="paired"):
        race.add([1.0], [1.0, 0.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        Race(60).add([2.0], [0.0])
    with pytest.raises(ValueError, match="at most 60"):
        Race(60).add([1.0] * 61, [0.0] * 61)
    race.add([1.0] * 40, [0.0] * 40)
    with pytest.raises(ValueError, match="over: better"):
        race.add([1.0], [0.0])
    with pytest.raises(ValueError, match="cap"):
        Race(0)


def test_scores_between_zero_and_one_race_as_well():
    """Token F1 and the like are bounded, which is all that the bets need."""
    generator = np.random.default_rng(2)
    a, b = generator.beta(6, 2, 400), generator.beta(4, 3, 400)
    race = raced(Race(400), a.tolist(), b.tolist(), 40)
    assert race.state.word == "better"
    assert race.state.found.n < 400


def test_the_order_of_items_is_a_seeded_permutation():
    """Equal seeds, equal order; every item once."""
    assert race_order(range(50), 1) == race_order(range(50), 1) != race_order(range(50), 2)
    assert sorted(race_order(range(50), 1)) == list(range(50))


def test_best_of_many_eliminates_and_keeps_the_best():
    """One arm leads by 25 points: the others leave early and are asked fewer items, ties among them do not matter."""
    generator = np.random.default_rng(3)
    levels = {"a": 0.6, "b": 0.9, "c": 0.65, "d": 0.6}
    races = Races(tuple(levels), 400)
    while races.field.open:
        races.add({arm: (generator.random(40) < levels[arm]).astype(float).tolist() for arm in races.field.active})
    assert races.leaders == ("b",)
    assert max(races.items.values()) < 400
    assert set(races.field.words.values()) <= {"better", "worse", "equivalent", "dropped"}
    with pytest.raises(ValueError, match="wanted those of"):
        races.add({"b": [1.0]})


def test_five_equal_arms_are_seldom_told_apart():
    """Any false elimination among five equal arms happens in at most 5 % of races; a clear leader wins nearly all."""
    false, _, _ = best_of_many(5, 0.0, races=1000, cap=200)
    assert false / 1000 <= 0.05
    false, won, _ = best_of_many(5, 0.25, races=300, cap=200)
    assert won / 300 > 0.95


def test_a_field_asks_only_arms_with_an_open_pair():
    """Decided pairs release their arms; without elimination a beaten arm goes on with its other pairs."""
    field = Field(("a", "b", "c"), [("a", "b"), ("b", "c")])
    field.settle({("a", "b"): "better"})
    assert field.active == ("b", "c")
    field.drop(["c"])
    assert (field.active, field.words["b", "c"]) == ((), "dropped")
    with pytest.raises(ValueError, match="do not race: z"):
        Field(("a",), [("a", "z")])


def labels_of(right: np.ndarray, golds: np.ndarray) -> list[str]:
    """Answers that are right where `right` says so."""
    return [LABELS[gold if ok else 1 - gold] for gold, ok in zip(golds, right, strict=True)]


def test_a_race_on_f1_between_equals_is_seldom_called():
    """F1 is no mean over items; its asymptotic confidence sequence tells equals apart in at most 6 of 100."""
    generator = np.random.default_rng(12)
    called = 0
    for _ in range(100):
        golds = (generator.random(300) < 0.3).astype(int)
        a, b = (labels_of(generator.random(300) < 0.8, golds) for _ in range(2))
        for n in (60, 120, 180, 240, 300):
            gold = [LABELS[index] for index in golds[:n]]
            state = judge(LabelScores(Outcomes.of(gold, [a[:n], b[:n]], LABELS)), "f1_of_yes", 300)
            if state.over:
                called += state.word in ("better", "worse")
                break
    assert called / 100 <= 0.06
    assert asymptotic_half_width(0.2, 300, 0.05, 300) < asymptotic_half_width(0.2, 100, 0.05, 300)


def test_seeds_that_differ_do_not_win_a_race():
    """Three seeds with a spread of five points: equal approaches are told apart in at most 5 of 100 races."""
    generator = np.random.default_rng(21)
    called = 0
    for _ in range(100):
        hard = generator.uniform(-0.2, 0.2, 200)
        columns = [generator.random(200) < 0.75 + generator.normal(0, 0.05) + hard for _ in range(6)]
        for n in (80, 200):
            scored = ItemScores.of([column[:n].astype(float) for column in columns])
            state = judge(scored, "score", 200)
            if state.over:
                called += state.word in ("better", "worse")
                break
    assert called / 100 <= 0.05


def test_the_looks_end_at_the_cap(capsys):
    """A last batch may be short; the command prints rates for both kinds of races."""
    assert looks(100, 40) == (40, 80, 100)
    assert looks(80, 40) == (40, 80)
    assert main(["--races", "100", "--cap", "80"]) == 0
    out = capsys.readouterr().out
    assert "false alarms" in out
    assert "Best of five arms" in out
    with pytest.raises(ValueError, match="gap"):
        simulate(0.3, 0.2, races=10)
