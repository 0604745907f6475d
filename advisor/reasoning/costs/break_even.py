"""From how many requests a month a tuned model is cheaper than a prompted one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.intake.columns import Bools, Floats
from advisor.reasoning.costs.inputs import LIKELY
from advisor.reasoning.costs.lines import Line

MILLION = 1e6


def serving_break_even(
    *,
    prompt_tokens: float,
    cached_tokens: float,
    output_tokens: float,
    tuned_tokens: float,
    prompted_usd_per_million: tuple[float, float, float],
    tuned_usd_per_million: tuple[float, float],
    hosting_usd_per_month: float,
) -> float | None:
    """Requests a month from which the tokens saved pay for hosting; None if never.

    Prices are USD per million tokens: prompted (input, cached input, output), tuned (input, output).
    """
    read, cached, written = prompted_usd_per_million
    prompted = (prompt_tokens - cached_tokens) * read + cached_tokens * cached + output_tokens * written
    tuned = tuned_tokens * tuned_usd_per_million[0] + output_tokens * tuned_usd_per_million[1]
    saved = (prompted - tuned) / MILLION
    return hosting_usd_per_month / saved if saved > 0 else None


class Curve:
    """Monthly cost of one approach by volume: fixed, per request, and cards beyond the first copy.

    `rows` picks from the bands of the lines: the likely row, or all of them where they hold draws.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        approach: str,
        requests: Floats,
        months: Floats,
        rows: int | slice = LIKELY,
    ) -> None:
        self.fixed, self.slope = np.zeros_like(requests), np.zeros_like(requests)
        self.copy, self.load = np.zeros_like(requests), np.zeros_like(requests)
        for line in lines:
            if line.approach != approach:
                continue
            amount = np.broadcast_to(line.amount[rows], requests.shape)
            if line.phase == "setup":
                self.fixed = self.fixed + amount / months
            elif line.copy is not None and line.load is not None:
                self.copy, self.load = self.copy + line.copy[rows], self.load + line.load[rows]
                self.fixed = self.fixed + line.copy[rows]
            elif line.per_request is not None:
                self.slope = self.slope + line.per_request[rows]
                self.fixed = self.fixed + (amount - line.per_request[rows] * requests)
            else:
                self.fixed = self.fixed + amount

    @property
    def bend(self) -> Floats:
        """The volume from which a second copy is needed; infinite without cards."""
        with np.errstate(divide="ignore"):
            return np.where(self.load > 0, 1 / self.load, np.inf)

    def at(self, requests: Floats) -> Floats:
        """The cost in USD a month at that volume."""
        return self.fixed + self.slope * requests + self.copy * np.maximum(self.load * requests - 1, 0)

    def end_slope(self) -> Floats:
        """The cost of one more request at a very large volume."""
        return self.slope + self.copy * self.load


def first_saving(prompted: Curve, tuned: Curve) -> tuple[Floats, Bools]:
    """The smallest volume from which the tuned model is cheaper, and where there is one."""
    begin, found, _ = saving_window(prompted, tuned)
    return begin, found


def saving_window(prompted: Curve, tuned: Curve) -> tuple[Floats, Bools, Floats]:
    """The smallest volume from which the tuned model is cheaper, where there is one, and its end.

    The end is infinite where the tuned model stays cheaper at every larger volume.
    """
    bends = np.sort(np.stack((prompted.bend, tuned.bend)), axis=0)
    last = np.where(np.isfinite(bends), bends, 0.0).max(axis=0)
    points = [np.zeros_like(last), np.where(np.isfinite(bends[0]), bends[0], 0.0), last]
    values = [prompted.at(point) - tuned.at(point) for point in points]
    steep = prompted.end_slope() - tuned.end_slope()
    begin, found = np.zeros_like(last), values[0] > 0
    end = np.full_like(last, np.inf)
    for left, right, start, stop in zip(points, points[1:], values, values[1:], strict=False):
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = left - start * (right - left) / (stop - start)
        rises, falls = ~found & (stop > 0), (start > 0) & (stop <= 0)
        begin, found = np.where(rises, zero, begin), found | rises
        end = np.where(falls, zero, np.where(stop > 0, np.inf, end))
    with np.errstate(divide="ignore", invalid="ignore"):
        zero = last - values[-1] / steep
    rises, falls = ~found & (steep > 0), (values[-1] > 0) & (steep < 0)
    begin, found = np.where(rises, zero, begin), found | rises
    end = np.where(falls, zero, np.where(steep > 0, np.inf, end))
    return begin, found, end
