"""Races by the ten thousand: how often two equal arms are told apart, and how soon unequal ones are.

Run it as `python -m benchmarks.statistics.simulate [--races 10000] [--cap 500] [--batch 40]`. The rule is that of
`Race`, computed for all races at once.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .anytime import log_capital, log_e_value
from .differences import MARGIN
from .intervals import LEVEL, wilson
from .race import FEWEST_TO_GIVE_UP, LEAST_HOPE
from .sequential import EARLY, chance_at_cap
from .shares import newcombe_paired

RACES, CAP, BATCH, SEED = 10_000, 500, 40, 0
EQUAL = ((0.0, 0.02), (0.0, 0.05), (0.0, 0.10), (0.0, 0.20), (0.0, 0.30), (0.0, 0.50))
UNEQUAL = ((0.30, 0.40), (0.20, 0.30), (0.15, 0.25), (0.10, 0.20), (0.05, 0.20), (0.05, 0.10))
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Many races of one kind: `gap` is the true difference, `discordant` the share of items that only one has right."""

    gap: float
    discordant: float
    races: int
    told_apart: int
    wrong_way: int
    equivalent: int
    given_up: int
    mean_items: float
    fixed_told_apart: int

    def share(self, count: int) -> tuple[float, float, float]:
        """A count as a share of the races with its 95 % interval."""
        return (count / self.races, *wilson(count / self.races, self.races))


def looks(cap: int, batch: int) -> tuple[int, ...]:
    """The numbers of items after which a race is looked at."""
    return (*range(batch, cap, batch), cap)


def simulate(
    gap: float,
    discordant: float,
    *,
    races: int = RACES,
    cap: int = CAP,
    batch: int = BATCH,
    margin: float = MARGIN,
    pairs: int = 1,
    seed: int = SEED,
) -> Simulated:
    """So many races between two arms whose items are independent draws. Raises ValueError if the gap is too large."""
    if not 0 <= abs(gap) <= discordant <= 1:
        raise ValueError(f"gap {gap} with discordant share {discordant}; allowed: |gap| <= discordant <= 1")
    generator = np.random.default_rng([seed, round(1e6 * gap), round(1e6 * discordant), cap, batch])
    sizes = np.diff((0, *looks(cap, batch)))
    counts = generator.multinomial(sizes, paired_shares(gap, discordant), size=(races, len(sizes))).cumsum(axis=1)
    wins, losses = counts[..., 0], counts[..., 1]
    alpha = (1 - LEVEL) / pairs
    apart = log_e_value(wins, losses) >= -math.log(EARLY * alpha)
    # Equivalence: both ends of the margin are refuted, at the error that a difference has.
    wanted = -math.log(EARLY * alpha)
    same = np.ones_like(apart)
    for end in (-margin, margin):
        same &= log_capital(counts, [1.0, -1.0, 0.0, 0.0], end) >= wanted
    same &= np.abs(wins - losses) < margin * counts.sum(axis=-1)
    final_apart = mid_p_at_most(wins[:, -1], losses[:, -1], (1 - EARLY) * alpha)
    same[:, -1] |= inside_margin(counts[:, -1], margin, 1 - (1 - EARLY) * alpha)
    decided = apart | same
    decided[:, -1] |= final_apart
    given_up = hopeless(counts, margin, alpha) & ~decided
    decided |= given_up
    first = np.where(decided.any(axis=1), decided.argmax(axis=1), len(sizes) - 1)
    rows = np.arange(races)
    equivalent = same[rows, first]
    told = (apart[rows, first] | (final_apart & (first == len(sizes) - 1))) & ~equivalent
    lead = wins[rows, first] - losses[rows, first]
    return Simulated(
        gap=gap,
        discordant=discordant,
        races=races,
        told_apart=int(told.sum()),
        wrong_way=int((told & (lead * gap < 0)).sum()),
        equivalent=int(equivalent.sum()),
        given_up=int(given_up[rows, first].sum()),
        mean_items=float(np.asarray(looks(cap, batch))[first].mean()),
        fixed_told_apart=int(mid_p_at_most(wins[:, -1], losses[:, -1], alpha).sum()),
    )


def hopeless(counts: Ints, margin: float, alpha: float) -> NDArray[np.bool_]:
    """Which looks give a race up, for counts [races, looks, (only a, only b, both, neither)]."""
    from scipy.stats import t

    asked = counts.sum(axis=-1)
    cap = asked[:, -1:]
    difference = (counts[..., 0] - counts[..., 1]) / asked
    of_item = (counts[..., 0] + counts[..., 1]) / asked - difference**2
    half = t.ppf(1 - (1 - EARLY) * alpha / 2, cap - 1) * np.sqrt(of_item / cap)
    moving = np.sqrt(of_item * (1 / asked - 1 / cap))
    hope = chance_at_cap(difference, moving, half, margin)
    return np.asarray((hope < LEAST_HOPE) & (asked >= FEWEST_TO_GIVE_UP) & (asked < cap))


def mid_p_at_most(wins: Ints, losses: Ints, alpha: float) -> NDArray[np.bool_]:
    """Whether McNemar's mid-p is at most `alpha`, for counts of any equal shape."""
    from scipy.stats import binom

    pairs, places = np.unique(np.stack([wins.ravel(), losses.ravel()]), axis=1, return_inverse=True)
    n, least = pairs.sum(axis=0), pairs.min(axis=0)
    mid_p = 2 * binom.cdf(least, n, 0.5) - binom.pmf(least, n, 0.5)
    small = np.where(n == 0, 1.0, mid_p) <= alpha
    return np.asarray(small[places.ravel()].reshape(wins.shape))


def paired_shares(gap: float, discordant: float) -> list[float]:
    """The chances that only a, only b, both, and neither are right; three of four undisputed items are easy."""
    return [(discordant + gap) / 2, (discordant - gap) / 2, 0.75 * (1 - discordant), 0.25 * (1 - discordant)]


def inside_margin(counts: Ints, margin: float, level: float) -> NDArray[np.bool_]:
    """Whether Newcombe's interval lies inside of the margin, for rows of (only a, only b, both, neither)."""
    possible = np.abs(counts[:, 0] - counts[:, 1]) < margin * counts.sum(axis=1)
    found = np.zeros(len(counts), dtype=bool)
    known: dict[tuple[int, ...], bool] = {}
    for row in np.flatnonzero(possible):
        only_a, only_b, both, neither = key = tuple(counts[row].tolist())
        if key not in known:
            low, high = newcombe_paired(both, only_a, only_b, neither, level)
            known[key] = -margin < low and high < margin
        found[row] = known[key]
    return found


def exact_false_alarms(cap: int, alpha: float = 1 - LEVEL) -> NDArray[np.float64]:
    """The exact chance of a false alarm between equals for 0..`cap` discordant items up to the cap, shape [cap + 1].

    The distribution of the wins is passed through every discordant item, with a look after each, which is at least as
    many looks as any race has. What crossed early stays decided; the rest meets the last test.
    """
    early = -math.log(EARLY * alpha)
    alive, crossed = np.ones(1), 0.0
    rates = [0.0]
    for step in range(1, cap + 1):
        alive = np.append(alive, 0.0) / 2 + np.append(0.0, alive) / 2
        wins = np.arange(step + 1)
        out = log_e_value(wins, step - wins) >= early
        crossed += float(alive[out].sum())
        alive = np.where(out, 0.0, alive)
        last = mid_p_at_most(wins, step - wins, (1 - EARLY) * alpha)
        rates.append(crossed + float(alive[last].sum()))
    return np.asarray(rates)


def exact_worst(cap: int, alpha: float = 1 - LEVEL) -> tuple[float, float]:
    """The largest exact chance of a false alarm over all shares of discordant items, and the share where it is."""
    from scipy.stats import binom

    given = exact_false_alarms(cap, alpha)
    shares = np.concatenate([np.linspace(0.001, 0.1, 200), np.linspace(0.1, 1.0, 181)])
    rates = [float(binom.pmf(np.arange(cap + 1), cap, share) @ given) for share in shares]
    return max(rates), float(shares[int(np.argmax(rates))])


def best_of_many(
    arms: int, leader_gap: float, *, races: int, cap: int = CAP, batch: int = BATCH, seed: int = SEED
) -> tuple[int, int, float]:
    """Races of equal arms, or of one that leads by `leader_gap`, with elimination.

    Returns in how many races any arm was beaten by one that is not better, in how many the leader beat all others, and
    the mean number of items asked of an arm. Arms are right where their item is easy enough for them.
    """
    generator = np.random.default_rng([seed, arms, round(1e6 * leader_gap)])
    pairs = arms * (arms - 1) // 2
    wanted, last_alpha = -math.log(EARLY * (1 - LEVEL) / pairs), (1 - EARLY) * (1 - LEVEL) / pairs
    false = won = 0
    asked = 0.0
    levels = np.full(arms, 0.7)
    levels[0] += leader_gap
    marks = np.asarray(looks(cap, batch))
    first, second = np.triu_indices(arms, 1)
    for start in range(0, races, 500):
        some = min(500, races - start)
        # Half of what makes an item hard is common to all arms.
        shared = generator.random((some, cap, 1)) < 0.5
        common, own = generator.random((some, cap, 1)), generator.random((some, cap, arms))
        right = (np.where(shared, common, own) < levels).astype(np.int16)
        step = right[:, :, first] - right[:, :, second]
        wins = (step > 0).cumsum(axis=1)[:, marks - 1]
        losses = (step < 0).cumsum(axis=1)[:, marks - 1]
        sure = log_e_value(wins, losses) >= wanted
        sure[:, -1] |= mid_p_at_most(wins[:, -1], losses[:, -1], last_alpha)
        alive = np.ones((some, arms), dtype=bool)
        spoiled = np.zeros(some, dtype=bool)
        for look in range(len(marks)):
            running = alive.sum(axis=1) > 1
            asked += float((alive & running[:, None]).sum()) * (marks[look] - (marks[look - 1] if look else 0))
            meets = sure[:, look] & alive[:, first] & alive[:, second]
            ahead = wins[:, look] > losses[:, look]
            for pair, (a, b) in enumerate(zip(first, second, strict=True)):
                for loser, winner, which in ((b, a, ahead[:, pair]), (a, b, ~ahead[:, pair])):
                    beaten = meets[:, pair] & which
                    alive[beaten, loser] = False
                    if levels[winner] <= levels[loser]:
                        spoiled |= beaten
        false += int(spoiled.sum())
        won += int((alive[:, 0] & (alive.sum(axis=1) == 1)).sum())
    return false, won, asked / (races * arms)


def report(races: int, cap: int, batch: int, seed: int) -> list[str]:
    """The tables of the documentation, as lines."""
    lines = [
        f"{races} races each, at most {cap} items, a look every {batch} items, seed {seed}, level {LEVEL:.0%}, "
        f"margin {100 * MARGIN:g} points",
        "",
        "Equal arms: how often they are told apart (false alarms; 5 % are allowed)",
        f"{'discordant':>10}  {'false alarms':>12}  {'95 % interval':>16}  {'called equivalent':>17}  "
        f"{'given up':>8}  {'mean items':>10}",
    ]
    for gap, discordant in EQUAL:
        found = simulate(gap, discordant, races=races, cap=cap, batch=batch, seed=seed)
        rate, low, high = found.share(found.told_apart)
        lines.append(
            f"{discordant:>10.0%}  {rate:>12.2%}  {low:>7.2%}-{high:.2%}  {found.equivalent / races:>17.1%}  "
            f"{found.given_up / races:>8.1%}  {found.mean_items:>10.0f}"
        )
    worst, where = exact_worst(cap)
    lines += [
        f"computed exactly, with a look after each item and over all shares of discordant items: at most {worst:.2%} "
        f"(at {where:.1%})",
        "",
        "Arms that differ: how often the race says so (power), and after how many items",
        f"{'gap':>4}  {'discordant':>10}  {'power':>7}  {'95 % interval':>16}  {'wrong way':>9}  {'given up':>8}  "
        f"{'mean items':>10}  {'power without stopping':>22}",
    ]
    for gap, discordant in UNEQUAL:
        found = simulate(gap, discordant, races=races, cap=cap, batch=batch, seed=seed)
        rate, low, high = found.share(found.told_apart)
        lines.append(
            f"{100 * gap:>4.0f}  {discordant:>10.0%}  {rate:>7.2%}  {low:>7.2%}-{high:.2%}  "
            f"{found.wrong_way / races:>9.2%}  {found.given_up / races:>8.2%}  {found.mean_items:>10.0f}  "
            f"{found.fixed_told_apart / races:>22.2%}"
        )
    lines += [
        "",
        f"Arms that differ by exactly the margin ({100 * MARGIN:g} points): called equivalent (5 % are allowed)",
    ]
    for discordant in (MARGIN, 0.03, 0.05, 0.10):
        edge = simulate(MARGIN, discordant, races=races, cap=cap, batch=batch, seed=seed)
        rate, low, high = edge.share(edge.equivalent)
        lines.append(f"{discordant:>10.0%}  {rate:>12.2%}  {low:>7.2%}-{high:.2%}")
    lines += [
        "",
        "Best of five arms, with elimination",
    ]
    for gap in (0.0, 0.10, 0.20):
        false, won, asked = best_of_many(5, gap, races=races, cap=cap, batch=batch, seed=seed)
        low, high = wilson(false / races, races)
        what = "all equal" if gap == 0 else f"one leads by {100 * gap:.0f} points"
        lines.append(
            f"{what:<23}  any false elimination {false / races:.2%} ({low:.2%}-{high:.2%}), "
            f"leader alone at the end {won / races:.1%}, {asked:.0f} items an arm"
        )
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics.simulate", description=__doc__)
    for name, default in (("races", RACES), ("cap", CAP), ("batch", BATCH), ("seed", SEED)):
        parser.add_argument(f"--{name}", type=int, default=default)
    words = parser.parse_args(argv)
    sys.stdout.write("\n".join(report(words.races, words.cap, words.batch, words.seed)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
