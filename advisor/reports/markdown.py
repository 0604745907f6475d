"""Draws a document as Markdown. Whatever a user wrote is escaped: it can be no markup, link, image or table cell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reports.document import (
    Argument,
    Block,
    Bullets,
    Callout,
    Chart,
    Citation,
    Code,
    Details,
    Document,
    Facts,
    Link,
    Paragraph,
    Run,
    Runs,
    Section,
    SourceList,
    Strong,
    Table,
    Value,
)
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark, signed

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&$^])")
_LINE_START = re.compile(r"^(\s*)([-+=:]|\d+(?=[.)]))")


def escape(text: str) -> str:
    """Text that Markdown shows as it is: every sign of markup gets a backslash, web addresses do not become links."""
    safe = _SPECIAL.sub(r"\\\1", text)
    safe = re.sub(r"(?i)(https?|ftp|mailto|xmpp):", r"\1\:", safe)
    return re.sub(r"(?i)\bwww\.", lambda found: found.group()[:-1] + r"\.", safe).replace("@", r"\@")


def _opening(line: str) -> str:
    """A line of which the first letters start no list and no heading."""
    return _LINE_START.sub(lambda found: found[1] + (f"{found[2]}\\" if found[2].isdigit() else f"\\{found[2]}"), line)


def write(document: Document) -> bytes:
    """The document as UTF-8 Markdown (CommonMark with tables) with one newline at the end."""
    lines = [f"# {escape(document.title)}", "", f"*{escape(document.subtitle)}*"]
    for number, section in enumerate(document.sections):
        lines += _section(section, 2)
        if number == 0 and document.legend:
            marks = " · ".join(f"{mark(origin)} {say(MEANINGS[origin])}" for origin in document.legend)
            lines += ["", f"<sub>{say('Marks')}: {marks}</sub>"]
    lines += ["", "---", "", f"<sub>{_line(document.footer)}</sub>"]
    return ("\n".join(lines) + "\n").encode()


def draw_block(block: Block) -> list[str]:
    """A block as lines of Markdown, for writers of other forms of it."""
    return _block(block)


def draw_line(runs: Runs) -> str:
    """Runs as one line of Markdown."""
    return _line(runs)


def _section(section: Section, level: int) -> Iterator[str]:
    yield from ("", f'<a id="{section.id}"></a>', "", f"{'#' * level} {escape(section.title)}")
    for block in section.blocks:
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
        numbers = [] if block.spec.crowded else ["", *_table(block.spec.table())]
        return [_opening(escape(block.spec.alt)), *numbers]
    if isinstance(block, Bullets):
        return _bullets(block)
    if isinstance(block, Callout):
        return [f"> **{escape(block.title)}**", *([">", f"> {_line(block.runs)}"] if block.runs else [])]
    if isinstance(block, SourceList):
        return _sources(block)
    if isinstance(block, Code):
        return _code(block)
    if isinstance(block, Details):
        inner = [line for part in block.blocks for line in ("", *_block(part))]
        return [f"**{escape(block.title)}**", *inner]
    return [_paragraph(block)]


def _paragraph(block: Paragraph) -> str:
    return _line(block.runs)


def _run(run: Run, in_table: bool) -> str:
    if isinstance(run, Quantity):
        extra = bounds(run) if in_table else aside(run)
        text = f"{figure(run, in_table=in_table)}{mark(run.origin)}" + (f" ({extra})" if extra else "")
        return _dollars(text)
    if isinstance(run, Value):
        return escape(run.text) + mark(run.origin)
    if isinstance(run, Citation):
        return "\\[" + ", ".join(f"[{escape(name)}](#{anchor(name)})" for name in run.ids) + "\\]"
    if isinstance(run, Link):
        return f"[{escape(run.text)}](<{run.url}>)" if run.url else escape(run.text)
    if isinstance(run, Strong):
        return f"**{escape(run.text.strip())}**" if run.text.strip() else ""
    return escape(run.text)


def _dollars(text: str) -> str:
    """A figure with `USD ` for `$`: two dollar signs in a paragraph are a formula to some readers of Markdown."""
    return text.replace("\u00a0$", " USD").replace("$", "USD ")


def anchor(name: str) -> str:
    """The anchor of a source in the list of sources."""
    return "source-" + re.sub(r"[^A-Za-z0-9-]", "-", name)


def _line(runs: Runs, in_table: bool = False) -> str:
    return _opening("".join(_run(run, in_table) for run in runs))


def _facts(block: Facts) -> list[str]:
    lines = []
    for item in block.items:
        said = [_line(line) for line in item.lines]
        if len(said) == 1:
            lines.append(f"- **{escape(item.label)}:** {said[0]}")
        else:
            lines += [f"- **{escape(item.label)}:**", *(f"  - {line}" for line in said)]
    return lines


def _table(block: Table) -> list[str]:
    head = "| " + " | ".join(escape(title) or " " for title in block.columns) + " |"
    rule = "|" + "|".join("---:" if index in block.numeric else "---" for index in range(len(block.columns))) + "|"
    rows = ["| " + " | ".join(_line(cell, in_table=True) or " " for cell in row) + " |" for row in block.rows]
    return [f"*{escape(block.caption)}*", "", head, rule, *rows]


def _bullets(block: Bullets) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate(block.items, start=1):
        head = f"{number}. " if block.ordered else "- "
        for row, line in enumerate(item):
            more = "  " if row < len(item) - 1 else ""
            lines.append((head if row == 0 else " " * len(head)) + _line(line) + more)
    return lines


def _argument(block: Argument) -> list[str]:
    effects = " · ".join(f"{escape(title)} {signed(amount)}{mark(amount.origin)}" for title, amount in block.effects)
    lines = [f"**{escape(block.title)}**" + (f" ({effects})" if effects else ""), ""]
    lines.append(f"{_line(block.because)} {_line(block.sources)}".rstrip())
    items = []
    for item in block.against:
        items.append(f"- {say('Against it')}: {_line(item.because)} {_line(item.sources)}".rstrip())
        if item.resolution:
            items.append(f"- {say('Resolved')}: {_line(item.resolution)}")
    if block.lift:
        items.append(f"- {say('What would lift it')}: {_line(block.lift)}")
    if block.read:
        items.append(
            f"- {say('Read')}: " + "; ".join(f"{escape(title)}: {_run(value, False)}" for title, value in block.read)
        )
    if block.rule:
        items.append(f"- {say('Rule')}: {escape(block.rule)}")
    return [*lines, "", *items] if items else lines


def _sources(block: SourceList) -> list[str]:
    lines = []
    for source in block.sources:
        title = f"[{escape(source.title)}](<{source.url}>)" if source.url else escape(source.title)
        about = f"{escape(source.publisher)}, {escape(source.published)}. {say('Grade')} {escape(source.grade)}."
        lines.append(
            f'- <a id="{anchor(source.id)}"></a>**{escape(source.id)}** {title}. {about} {escape(source.claim)}'
        )
    return lines


def _code(block: Code) -> list[str]:
    longest = max((len(ticks) for ticks in re.findall(r"`+", block.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{escape(block.label)}:", "", fence, *block.text.split("\n"), fence]
