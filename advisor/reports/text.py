"""Draws a document as plain text of 100 columns: the verdict on the first screen, the working below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reports.document import (
    PLACED,
    Argument,
    Block,
    Bullets,
    Callout,
    Chart,
    ChartSpec,
    Citation,
    Code,
    Details,
    Document,
    Facts,
    Link,
    Mark,
    Run,
    Runs,
    Section,
    SourceList,
    Table,
    Value,
)
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark, signed
from advisor.reports.fixed_width import hanging, pad, table, width, wrap

WIDTH = 100
LABEL = 22
BAR = 36


def write(document: Document) -> bytes:
    """The document as UTF-8 text with a newline at the end; no line is wider than WIDTH, addresses and code apart."""
    lines = [*wrap(document.title, WIDTH), *wrap(document.subtitle, WIDTH), "═" * WIDTH]
    for number, section in enumerate(document.sections):
        lines += _section(section, 0 if number == 0 else 1)
        if number == 0 and document.legend:
            lines += ["", *wrap(f"{say('Marks')}: " + "   ".join(legend_items(document)), WIDTH)]
    lines += ["", "─" * WIDTH, *wrap(_line(document.footer), WIDTH), ""]
    return "\n".join(line.rstrip() for line in lines).encode()


def legend_items(document: Document) -> list[str]:
    """What each raised letter means, for the origins that occur."""
    return [f"{mark(origin)} {say(MEANINGS[origin])}" for origin in document.legend]


def _section(section: Section, level: int) -> Iterator[str]:
    if level == 1:
        yield from ("", "", *wrap(section.title.upper(), WIDTH), "─" * min(width(section.title), WIDTH))
    elif level > 1:
        yield from ("", *(f"▸ {line}" for line in wrap(section.title, WIDTH - 2)))
    for number, block in enumerate(section.blocks):
        if number or level != 1:
            yield ""
        yield from _block(block)
    for inner in section.sections:
        yield from _section(inner, level + 1)


def _block(block: Block) -> list[str]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Argument):
        return _argument(block)
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Chart):
        return _chart(block.spec)
    if isinstance(block, Bullets):
        return _bullets(block)
    if isinstance(block, Callout):
        return [*wrap(block.title.upper(), WIDTH), *(wrap(_line(block.runs), WIDTH) if block.runs else [])]
    if isinstance(block, SourceList):
        return _sources(block)
    if isinstance(block, Code):
        return [f"{block.label}:", *(f"    {line}" for line in block.text.split("\n"))]
    if isinstance(block, Details):
        inner = [line for part in block.blocks for line in ("", *_block(part))]
        return [f"{block.title}:", *inner]
    return wrap(_line(block.runs), WIDTH)


def run_text(run: Run, in_table: bool = False) -> str:
    """One run as text; a number with its bounds and the raised letter of its origin."""
    if isinstance(run, Quantity):
        extra = bounds(run) if in_table else aside(run)
        return f"{figure(run, in_table=in_table)}{mark(run.origin)}" + (f" ({extra})" if extra else "")
    if isinstance(run, Value):
        return run.text + mark(run.origin)
    if isinstance(run, Citation):
        return f"[{', '.join(run.ids)}]"
    if isinstance(run, Link):
        return f"{run.text} ({run.url})" if run.url and run.url != run.text else run.text
    return run.text


def _line(runs: Runs, in_table: bool = False) -> str:
    return "".join(run_text(run, in_table) for run in runs)


def _facts(block: Facts) -> list[str]:
    lines: list[str] = []
    label = max(LABEL, *(min(width(item.label), 24) + 2 for item in block.items)) if block.items else LABEL
    for item in block.items:
        head = pad(item.label, label) if width(item.label) < label else f"{item.label}: "
        for number, line in enumerate(item.lines):
            lines += hanging(head if number == 0 else " " * label, _line(line), WIDTH)
    return lines


def _table(block: Table) -> list[str]:
    rows = [[_line(cell, in_table=True) for cell in row] for row in block.rows]
    if sum(max(width(row[index]) for row in [block.columns, *rows]) + 2 for index in range(len(block.columns))) > WIDTH:
        rows = [["".join(_broken(run) for run in cell) for cell in row] for row in block.rows]
    return [*wrap(block.caption, WIDTH), "", *table(block.columns, rows, WIDTH, block.numeric)]


def _broken(run: Run) -> str:
    """A cell of a table that is too wide: the bounds of a number on a line of their own."""
    if isinstance(run, Quantity) and bounds(run):
        return f"{figure(run, in_table=True)}{mark(run.origin)}\n{bounds(run)}"
    return run_text(run, in_table=True)


def _bullets(block: Bullets) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate(block.items, start=1):
        head = f"{number}. " if block.ordered else "• "
        for row, line in enumerate(item):
            lines += hanging(head if row == 0 else " " * len(head), _line(line), WIDTH)
    return lines


def _argument(block: Argument) -> list[str]:
    effects = "   ".join(f"{title} {signed(amount)}{mark(amount.origin)}" for title, amount in block.effects)
    lines = hanging("■ ", block.title + (f"   {effects}" if effects else ""), WIDTH)
    rows = [("", f"{_line(block.because)} {_line(block.sources)}".rstrip())]
    for item in block.against:
        rows.append((say("Against it") + ": ", f"{_line(item.because)} {_line(item.sources)}".rstrip()))
        if item.resolution:
            rows.append((say("Resolved") + ": ", _line(item.resolution)))
    if block.lift:
        rows.append((say("Would lift it") + ": ", _line(block.lift)))
    if block.read:
        rows.append((say("Read") + ": ", "; ".join(f"{title}: {run_text(value)}" for title, value in block.read)))
    if block.rule:
        rows.append((say("Rule") + ": ", block.rule))
    for head, text in rows:
        lines += hanging("  " + head, text, WIDTH) if head else [f"  {line}" for line in wrap(text, WIDTH - 2)]
    return lines


def _sources(block: SourceList) -> list[str]:
    lines: list[str] = []
    for source in block.sources:
        head = f"[{source.id}] "
        about = f"{source.title}. {source.publisher}, {source.published}. {say('Grade')} {source.grade}."
        lines += [*hanging(head, about, WIDTH), *hanging("     ", source.claim, WIDTH)]
        if source.url:
            lines.append("     " + source.url)
    return lines


def _chart(spec: ChartSpec) -> list[str]:
    """A chart in letters; its finding and its table where the kind cannot be drawn so."""
    if spec.kind in PLACED:
        return [*wrap(spec.alt, WIDTH), *([] if spec.crowded else ["", *_table(spec.table())])]
    return _bars(spec) if spec.kind == "stacked" else _intervals(spec)


def _bars(spec: ChartSpec) -> list[str]:
    """The totals as bars from a common zero: positive to the right, negative to the left."""
    marks = spec.totals
    high = max([mark_.amount.value for mark_ in marks] + [0.0])
    low = min([mark_.amount.value for mark_ in marks] + [0.0])
    unit = BAR / (high - low or 1.0)
    left = round(-low * unit)
    lines = [*wrap(spec.alt, WIDTH), ""]
    size = min(max(width(mark_.label) for mark_ in marks), 34)
    for mark_ in marks:
        length = round(abs(mark_.amount.value) * unit)
        block = ("░" if mark_.muted else "█") * length
        bar = " " * (left - length) + block + "▏" if mark_.amount.value < 0 else " " * left + "▏" + block
        figure_ = pad(figure(mark_.amount, in_table=True) + mark(mark_.amount.origin), 8, right=True)
        label = wrap(mark_.label, size)
        lines.append(f"{pad(label[0], size)}  {figure_}  {bar}")
        lines += label[1:]
    return lines


def _intervals(spec: ChartSpec) -> list[str]:
    """Each mark as a dot on its interval, all on one scale."""
    import math

    marks = [mark_ for series in spec.series for mark_ in series.marks]
    if len(marks) > len(spec.labels):  # a label in more than one series: each is told with the name of its own
        named = {id(mark_): f"{mark_.label}, {one.title}" for one in spec.series for mark_ in one.marks}
        order = {label: place for place, label in enumerate(spec.labels)}
        ordered = sorted(marks, key=lambda mark_: order[mark_.label])
        marks = [replace(mark_, label=named[id(mark_)]) for mark_ in ordered]
    scale = math.log10 if spec.scale == "log" else float
    ends = [(_low(mark_), _high(mark_)) for mark_ in marks]
    start, stop = scale(min(low for low, _ in ends)), scale(max(high for _, high in ends))
    size = min(max(width(mark_.label) for mark_ in marks), 34)
    room = WIDTH - size - 28

    def column(value: float) -> int:
        return round((scale(value) - start) / ((stop - start) or 1.0) * (room - 1))

    lines = [*wrap(spec.alt, WIDTH), ""]
    for mark_ in marks:
        drawn = [" "] * room
        first, last = column(_low(mark_)), column(_high(mark_))
        drawn[first : last + 1] = "─" * (last - first + 1)
        if last > first:
            drawn[first], drawn[last] = "├", "┤"
        drawn[column(mark_.amount.value)] = "○" if mark_.muted else "●"
        label = wrap(mark_.label, size)
        shown = figure(mark_.amount, in_table=True) + mark(mark_.amount.origin)
        lines.append(f"{pad(label[0], size)}  {pad(shown, 11, right=True)}  {''.join(drawn)}")
        lines += label[1:]
    return [*lines, "", *wrap(f"({spec.title}; {spec.axis})", WIDTH)]


def _low(mark_: Mark) -> float:
    return mark_.amount.value if mark_.amount.low is None else mark_.amount.low


def _high(mark_: Mark) -> float:
    return mark_.amount.value if mark_.amount.high is None else mark_.amount.high
