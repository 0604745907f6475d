"""Why the first beat the second, rule by rule, and why each other approach lost."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.reasoning.advice import Finding, Ranked, RuledOut, Step, WhyNot


def waterfall(findings: Sequence[Finding], ranking: Sequence[Ranked]) -> tuple[Step, ...]:
    """The steps from the second eligible approach to the first, largest first; they add up to the margin.

    Empty where there is no second.
    """
    eligible = [item.approach for item in ranking if item.eligible]
    if len(eligible) < 2:
        return ()
    return _steps(findings, eligible[0], eligible[1])


def why_not(
    findings: Sequence[Finding], ranking: Sequence[Ranked], closed: Sequence[RuledOut], most: int = 4
) -> tuple[WhyNot, ...]:
    """For each approach but the first, what speaks against it and for it in comparison with the first."""
    first = ranking[0]
    reasons = []
    for item in ranking[1:]:
        steps = _steps(findings, first.approach, item.approach)
        reasons.append(
            WhyNot(
                approach=item.approach,
                gap=first.score - item.score,
                against=tuple(step for step in steps if step.difference > 0)[:most],
                in_favour=tuple(step for step in steps if step.difference < 0)[:most],
                ruled_out_by=tuple(entry.rule for entry in closed if entry.approach == item.approach),
            )
        )
    return tuple(reasons)


def _steps(findings: Sequence[Finding], first: str, second: str) -> tuple[Step, ...]:
    pulls: dict[str, float] = {}
    named: dict[str, Finding] = {}
    for finding in findings:
        if finding.weighted is not None and finding.approach in (first, second):
            sign = 1.0 if finding.approach == first else -1.0
            pulls[finding.rule] = pulls.get(finding.rule, 0.0) + sign * finding.weighted
            named[finding.rule] = finding
    steps = [
        Step(rule, named[rule].title, named[rule].criterion or "", difference)
        for rule, difference in pulls.items()
        if difference
    ]
    return tuple(sorted(steps, key=lambda step: (-abs(step.difference), step.rule)))
