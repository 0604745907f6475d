"""Writes a study as a file of the registry: what is the same in all rows once, the rest as CSV."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Mapping, Sequence

from advisor.knowledge.studies import Comparison
from advisor.knowledge.study_registry import ROW_COLUMNS, Study

WIDTH = 116
NEVER_SHARED = ("task_name", "prompt_score", "ft_score", "hybrid_score", "winner")


def text_of(study: Study) -> str:
    """The content of the study's file; reading it gives the same study."""
    cells = [_cells(row) for row in study.comparisons]
    shared = {
        name: cells[0][name]
        for name in ROW_COLUMNS
        if name not in NEVER_SHARED and cells[0][name] and len({one[name] for one in cells}) == 1
    }
    columns = [name for name in ROW_COLUMNS if name not in shared and any(one[name] for one in cells)]
    head = [
        f"id: {study.id}",
        f"title: {_quoted(study.title)}",
        f"authors_year: {_quoted(study.authors_year)}",
        f"year: {study.year}",
        f"source: {_quoted(study.source) if study.source.endswith(':') else study.source}",
        f"read: {study.read}",
        *_folded("summary", study.summary),
        *(_folded("caveat", study.caveat) if study.caveat else ()),
    ]
    if shared:
        head += ["shared:", *(f"  {name}: {_quoted(value)}" for name, value in shared.items())]
    return "\n".join([*head, "rows: |", *(f"  {line}" for line in _csv(study.comparisons, columns, cells))]) + "\n"


def _csv(rows: Sequence[Comparison], columns: Sequence[str], cells: Sequence[Mapping[str, str]]) -> list[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", *columns])
    for row, one in zip(rows, cells, strict=True):
        writer.writerow([row.id.rpartition("-")[2], *(one[name] for name in columns)])
    return text.getvalue().splitlines()


def _cells(row: Comparison) -> dict[str, str]:
    """The cells of a row by column, one line each."""
    values = {
        "task_name": row.task_name,
        "task_kind": row.task_kind,
        "domain": row.domain,
        "language": row.language,
        "n_classes": row.class_count,
        "n_train": row.examples,
        "prompt_model": row.prompt_model,
        "prompt_model_params_b": row.prompt_size_b,
        "prompt_method": row.prompt_method,
        "n_shots": row.shots,
        "ft_model": row.tuned_model,
        "ft_params_b": row.tuned_size_b,
        "ft_method": row.tuning_method,
        "hybrid_desc": row.hybrid_description,
        "hybrid_score": row.hybrid_score,
        "metric": row.metric,
        "metric_max": row.metric_max,
        "higher_is_better": row.higher_is_better,
        "prompt_score": row.prompt_score,
        "ft_score": row.tuned_score,
        "winner": row.winner(),
        "same_base_model": row.same_base,
        "needs_fresh_or_external_knowledge": row.needs_knowledge,
        "note": row.note,
    }
    return {name: _cell(value) for name, value in values.items()}


def _cell(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return repr(int(value)) if float(value).is_integer() else repr(float(value))
    return " ".join(value.split())


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _folded(key: str, text: str) -> list[str]:
    words = " ".join(text.split())
    return [
        f"{key}: >-",
        *textwrap.wrap(
            words, WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        ),
    ]
