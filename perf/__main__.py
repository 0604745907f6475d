"""`python -m perf [SECTION ...]`, from the root of the checkout: prints every measurement and whether its claim holds.

`agreement` runs only when it is named: the peer needs hours for it, in pieces of some minutes a run. So do
`contenders`, which asks the peer for the labels that could win and takes minutes, `brief`, which is `scoring` in
processor time with less of the peer's work, and `reference`, which sets plain transformers beside both; `crowd` loads
the app for five minutes, `cluster` and `million` take some minutes each.
Timings depend on the machine, so that a claim that is not met is printed and fails nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from perf import app, cluster, parts, reference, reports, scoring, training
from perf.commands import measure_million, measure_portfolio, measure_start
from perf.engines import measure as measure_engines
from perf.readings import environment, load, say

SECTIONS: dict[str, Callable[[], bool]] = {
    "engines": measure_engines,
    "portfolio": measure_portfolio,
    "start": measure_start,
    "parts": parts.measure,
    "reports": reports.measure,
    "app": app.measure,
    "scoring": scoring.measure,
    "training": training.measure,
    "agreement": scoring.agree,
    "contenders": scoring.contend,
    "brief": scoring.brief,
    "crowd": app.crowd,
    "cluster": cluster.measure,
    "million": measure_million,
    "reference": reference.second_opinion,
}
ONLY_IF_NAMED = ("agreement", "contenders", "brief", "reference", "crowd", "cluster", "million")


def main(wanted: Sequence[str]) -> None:
    """Runs the named sections, all but the longest if none is named."""
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        sys.exit(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    say(environment(("advisor", "numpy", "typer", "pydantic", "genai-prices", "torch", "transformers")))
    held = [SECTIONS[name]() for name in wanted or SECTIONS if name in wanted or name not in ONLY_IF_NAMED]
    say(["", load(), f"{sum(held)} of {len(held)} sections meet all their claims on this machine"])


if __name__ == "__main__":
    main(sys.argv[1:])
