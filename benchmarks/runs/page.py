"""The comparison of runs as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import BenchmarkError
from .bill import Volume, bill
from .charts import COLOURS, curve_chart, pareto_chart, pareto_front
from .items import SHOWN, changed_items
from .store import RunDirectory
from .table import answers_in_words, spoken_seconds, verdict_words

TEMPLATE = "page.html.j2"


def write_page(path: str | Path, runs: Sequence[tuple[str, Mapping[str, Any]]], volume: Volume | None = None) -> None:
    """Writes the page of runs, given by directory and measurement; with a `volume` also what a month takes.

    Raises BenchmarkError if it cannot be written.
    """
    text = page([_section(directory, result, volume) for directory, result in runs])
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BenchmarkError([f"--html: {path} cannot be written ({error.strerror}); allowed: a file's name"]) from None


def page(sections: Sequence[Mapping[str, Any]]) -> str:
    """The page of sections; every text in them is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).resolve().parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(sections=sections, shown=SHOWN)


def _section(directory: str, result: Mapping[str, Any], volume: Volume | None) -> dict[str, Any]:
    """What the template says of one run."""
    plan, cells, _ = RunDirectory(directory).read_cells()
    arms = list(dict.fromkeys(entry["arm"] for entry in result["arms"]))
    colour = {arm: index % COLOURS for index, arm in enumerate(plan["plan"]["arms"])}
    size = next(iter(result["best"].values()))["train_size"] if result["best"] else None
    sizes = [entry["train_size"] for entry in result["arms"]]
    shown = [entry for entry in result["arms"] if entry["train_size"] == (size or max(sizes, default=None))]
    front = {entry["arm"] for entry in pareto_front(shown)}
    return {
        "result": result,
        "task": result["task"],
        "answers": answers_in_words(result["task"]["kind"], result["task"]["labels"]),
        "arms": arms,
        "colour": colour,
        "curve": curve_chart(result, colour),
        "pareto": pareto_chart(shown, result["task"]["metric"], colour),
        "shown": [{**entry, "front": entry["arm"] in front} for entry in shown],
        "volume": volume,
        "bills": [(entry["arm"], bill(entry, volume)) for entry in shown] if volume else [],
        "size": size,
        "checked": [entry for entry in shown if "shift" in entry],
        "words": [verdict_words(entry) for entry in result["comparisons"]],
        "items": [
            found
            for approach in ("fine_tuning", "hybrid")
            if (found := changed_items(plan, cells, result, approach)) is not None
        ],
        "seconds": spoken_seconds,
    }
