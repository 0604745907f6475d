"""Judges a locked prediction by what the benchmark measured: confirmed, tie, refuted or undecided, and what it cost.

Each approach is represented by the arm chosen on the development rows, never on the test rows. Regret is the score of
the best represented approach less that of the locked pick, in points of 100, with the paired difference's interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.intake.measurements import ArmResult, AtSize, Comparison, Measurement
from advisor.knowledge.domain import Quantity
from advisor.reasoning.locked import Prediction

MARGIN = 0.02  # of the score (0-1), where neither the run nor the user names one
ROUNDING = 1e-9
VERDICTS = ("confirmed", "tie", "refuted", "undecided", "not_judged")
BLAMED = 3  # rules that are named for a refuted prediction


@dataclass(frozen=True, slots=True)
class Rival:
    """How an approach did against the pick: its score less the pick's, in points of 100, with the paired interval."""

    approach: str
    arm: str
    difference: Quantity

    def ahead(self) -> bool:
        """Whether it is shown to be better than the pick."""
        return (self.difference.low or 0.0) > 0

    def behind(self) -> bool:
        """Whether it is shown to be worse than the pick."""
        return (self.difference.high or 0.0) < 0


@dataclass(frozen=True, slots=True)
class Blame:
    """A rule or the forecast that put the pick before the approach that proved better, and by how many points."""

    rule: str
    points: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one prediction.

    `verdict` is one of `VERDICTS`; `regret` in points of 100 (None where it was not judged); `regret_usd` per month,
    None unless what an error costs and the volume are stated. `losses` are the regrets of always choosing one approach.
    `more_items` and `more_seeds` say how many more of one alone would probably decide. `equivalent` tells a tie that is
    shown (every difference lies within the margin) from one where nothing is told apart.
    """

    prediction: Prediction
    verdict: str
    margin: float
    best: str | None
    scores: Mapping[str, Quantity]
    arms: Mapping[str, str]
    rivals: tuple[Rival, ...]
    regret: Quantity | None
    regret_usd: Quantity | None
    losses: Mapping[str, float]
    equivalent: bool
    more_items: int | None
    more_seeds: int | None
    blame: tuple[Blame, ...]
    misled_by: tuple[str, ...]
    reason: str

    @property
    def hit(self) -> bool:
        """Whether the pick is the measured best or within the margin of it."""
        return self.regret is not None and self.regret.value <= 100 * self.margin + ROUNDING


def judge(prediction: Prediction, measurement: Measurement, margin: float | None = None) -> Judgement:
    """The judgement of one prediction by the measurement of its train size."""
    allowed = margin if margin is not None else measurement.margin if measurement.margin is not None else MARGIN
    unfinished = prediction.train_size in measurement.unfinished
    there = measurement.at(prediction.train_size) if not unfinished else None
    pick = prediction.pick
    if there is None or pick is None or len(there.best) < 2 or pick not in there.best:
        return _not_judged(prediction, there, allowed)
    at = there.sizes[0]
    source = f"{measurement.folder}: {at.train_size} examples, {measurement.task}"
    scores = {name: _points(arm, source) for name, arm in at.best.items()}
    rivals = tuple(_rivals(at, pick, source))
    best = max(at.best, key=lambda name: (at.best[name].score, name == pick))
    regret = _regret(rivals, best, pick, source)
    top = max(score.value for score in scores.values())
    verdict, reason = _verdict(rivals, regret, 100 * allowed)
    deciding = next((rival for rival in rivals if rival.approach == best), None)
    pair = _pair(at, pick, best) if deciding is not None else None
    refuted = verdict == "refuted"
    return Judgement(
        prediction=prediction,
        verdict=verdict,
        margin=allowed,
        best=best,
        scores=scores,
        arms={name: arm.arm for name, arm in at.best.items()},
        rivals=rivals,
        regret=regret,
        regret_usd=in_money(prediction.answers, regret),
        losses={name: round(top - score.value, 6) for name, score in scores.items()},
        equivalent=all(max(abs(r.difference.low or 0), abs(r.difference.high or 0)) <= 100 * allowed for r in rivals),
        more_items=pair.more_items if pair is not None and verdict == "undecided" else None,
        more_seeds=pair.more_seeds if pair is not None and verdict == "undecided" else None,
        blame=blamed(prediction, best) if refuted else (),
        misled_by=tuple(prediction.studies) if refuted and _forecast_erred(prediction, best) else (),
        reason=reason,
    )


def in_money(answers: Mapping[str, Any], regret: Quantity) -> Quantity | None:
    """The regret in USD per month, where an error's cost (or a success's value) and the volume are stated."""
    worth = sum(_likely(answers.get(name)) for name in ("error_cost_usd", "success_value_usd"))
    volume = _likely(answers.get("requests_per_month"))
    if not worth or not volume:
        return None
    factor = worth * volume / 100
    source = "regret x requests a month x (cost of an error + value of a success), as stated"
    low, high = ((end or 0.0) * factor for end in (regret.low, regret.high))
    return Quantity(regret.value * factor, "USD per month", "estimated", source, low, high, regret.n)


def blamed(prediction: Prediction, better: str) -> tuple[Blame, ...]:
    """The rules that spoke most for the pick against the approach that proved better, most points first."""
    pick = prediction.pick or ""
    lead = {rule: points.get(pick, 0.0) - points.get(better, 0.0) for rule, points in prediction.points.items()}
    found = sorted((rule for rule, points in lead.items() if points > ROUNDING), key=lambda rule: (-lead[rule], rule))
    return tuple(Blame(rule, round(lead[rule], 4)) for rule in found[:BLAMED])


def _verdict(rivals: Sequence[Rival], regret: Quantity, margin: float) -> tuple[str, str]:
    """The verdict and its reason in a sentence; `margin` in points of 100."""
    lost = f"{regret.value:.1f} points ({regret.low or 0:.1f} to {regret.high or 0:.1f})"
    beyond = [rival for rival in rivals if rival.difference.value > margin + ROUNDING]
    if any(rival.ahead() for rival in beyond):
        return "refuted", f"another approach is shown to be better, by {lost}"
    if beyond:
        return "undecided", f"another approach measured {lost} better, which chance could explain"
    if any(rival.behind() for rival in rivals) or any(rival.ahead() for rival in rivals):
        within = "the measured best" if regret.value <= ROUNDING else f"within {margin:g} points of the measured best"
        return "confirmed", f"it is {within}, and not all approaches are level"
    return "tie", "no approach is told apart from it, and none measured better by more than the margin"


def _rivals(at: AtSize, pick: str, source: str) -> Iterator[Rival]:
    for name, arm in at.best.items():
        if name == pick:
            continue
        pair = _pair(at, pick, name)
        if pair is None:  # never compared on the same items: the bounds of both scores together are wide enough
            mine = at.best[pick]
            difference, low, high = arm.score - mine.score, arm.low - mine.high, arm.high - mine.low
            how, n = "bounds of both scores", min(arm.n, mine.n)
        else:
            sign = 1.0 if pair.left.approach == name else -1.0
            difference = sign * pair.difference
            low, high = sorted((sign * pair.low, sign * pair.high))
            how, n = pair.method, pair.n
        points = Quantity(100 * difference, "points of 100", "measured", f"{source}; {how}", 100 * low, 100 * high, n)
        yield Rival(name, arm.arm, points)


def _regret(rivals: Sequence[Rival], best: str, pick: str, source: str) -> Quantity:
    """What the pick lost to the measured best; where it is the best itself, at most what a rival may still be ahead."""
    if best != pick:
        found = next(rival.difference for rival in rivals if rival.approach == best)
        return Quantity(
            max(0.0, found.value), found.unit, "measured", found.source, max(0.0, found.low or 0), found.high, found.n
        )
    most = max((max(0.0, rival.difference.high or 0.0) for rival in rivals), default=0.0)
    n = min(rival.difference.n or 0 for rival in rivals)
    return Quantity(0.0, "points of 100", "measured", source, 0.0, most, n)


def _pair(at: AtSize, one: str, other: str) -> Comparison | None:
    for pair in at.comparisons:
        if {pair.left.approach, pair.right.approach} == {one, other}:
            return pair
    return None


def _points(arm: ArmResult, source: str) -> Quantity:
    how = f"{source}; {arm.arm}, {arm.seeds} seed(s), {arm.method}"
    return Quantity(100 * arm.score, "points of 100", "measured", how, 100 * arm.low, 100 * arm.high, arm.n)


def _forecast_erred(prediction: Prediction, better: str) -> bool:
    """Whether the forecast from studies was among what put the pick first."""
    return any(item.rule == "published_quality" for item in blamed(prediction, better))


def _not_judged(prediction: Prediction, there: Measurement | None, margin: float) -> Judgement:
    if there is None:
        reason = "this train size was not measured, or not to the end"
    elif len(there.best) < 2:
        reason = "fewer than two approaches were measured"
    elif prediction.pick is None:
        reason = "the advice abstained"
    else:
        reason = f"{prediction.pick} was not measured"
    return Judgement(
        prediction, "not_judged", margin, None, {}, {}, (), None, None, {}, False, None, None, (), (), reason
    )


def _likely(value: Any) -> float:
    """The likely end of a stated number or range; 0 where it is not known."""
    if isinstance(value, Mapping):
        value = value.get("likely")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
