"""Every format: the same bytes each time, nothing of a user becomes markup, the JSON fits the published schema."""

from __future__ import annotations

import dataclasses
import html as escapes
import json
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser

import jsonschema
import pytest

from advisor.errors import InputError, MissingExtra
from advisor.reasoning.advice import Advice
from advisor.reports import FORMATS, charts_plotly, render, schema
from advisor.reports.document import clean
from advisor.reports.fixed_width import width, wrap

Make = Callable[..., Advice]


class Reader(HTMLParser):
    """Collects the elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps the element."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keeps the text that a reader sees."""
        if not self.tags or self.tags[-1][0] not in {"script", "style"}:
            self.text.append(data)


def page(advice: Advice) -> str:
    """The HTML report without the inlined Plotly."""
    source = render(advice, "html").decode()
    return re.sub(r"<script>.*?</script>", "<script></script>", source, flags=re.DOTALL)


@pytest.mark.parametrize("format_", list(FORMATS))
def test_the_same_advice_gives_the_same_bytes(sample: Make, format_: str) -> None:
    """Two renderings of equal advice are equal, byte by byte; those of text end in a newline."""
    first = render(sample(), format_)
    assert render(sample(), format_) == first
    assert first.endswith(b"\n") or format_ in {"pdf", "docx", "xlsx"}


def test_a_format_that_does_not_exist_is_refused_by_name(sample: Make) -> None:
    """The message says what was found, what is allowed, and what was probably meant."""
    with pytest.raises(InputError) as caught:
        render(sample(), "htm")
    assert "'htm'" in str(caught.value)
    assert "text, json, md, html" in str(caught.value)
    assert "did you mean 'html'" in str(caught.value)


def test_without_plotly_the_message_is_the_install_line(sample: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTML needs the extra 'reports'; the other formats do not."""
    import importlib

    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> object:
        if name.startswith("plotly"):
            raise ModuleNotFoundError("no plotly", name="plotly")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match=r"advisor\[reports\]"):
        render(sample(), "html")
    for other in ("text", "json", "md"):
        assert render(sample(), other)


def test_the_json_fits_the_published_schema(sample: Make, bare: Advice) -> None:
    """A full and an empty advice validate; a key too many or a missing one does not."""
    validator = jsonschema.Draft202012Validator(schema())
    jsonschema.Draft202012Validator.check_schema(schema())
    for advice in (sample(), bare):
        validator.validate(json.loads(render(advice, "json")))
    data = json.loads(render(sample(), "json"))
    for wrong in ({**data, "extra": 1}, {key: value for key, value in data.items() if key != "limits"}):
        assert not validator.is_valid(wrong)
    data["ranking"][0]["approach"] = "guessing"
    assert not validator.is_valid(data)


def test_the_schema_describes_every_key() -> None:
    """Every property of every object of the schema has a description."""

    def undescribed(node: object, path: str) -> list[str]:
        if isinstance(node, list):
            return [bad for item in node for bad in undescribed(item, path)]
        if not isinstance(node, dict):
            return []
        bad = [f"{path}/{name}" for name, inner in node.get("properties", {}).items() if not inner.get("description")]
        return bad + [found for key, inner in node.items() for found in undescribed(inner, f"{path}/{key}")]

    assert undescribed(schema(), "") == []


def test_json_keys_keep_the_order_in_which_the_advice_declares_them(sample: Make) -> None:
    """The keys come as in the dataclass, which is also their order in the schema."""
    keys = list(json.loads(render(sample(), "json")))
    assert keys == [field.name for field in dataclasses.fields(Advice)]
    assert keys == list(schema()["properties"])


def test_html_shows_hostile_text_as_text(spoiled: Advice, hostile: str, sample: Make) -> None:
    """No element, attribute or scheme comes from a user; the text itself is there to read."""
    reader, plain = Reader(), Reader()
    reader.feed(page(spoiled))
    plain.feed(page(sample()))
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("script") == [tag for tag, _ in plain.tags].count("script")
    assert "img" not in tags
    attributes = [(name, value or "") for _, attrs in reader.tags for name, value in attrs.items()]
    assert not [name for name, _ in attributes if name.startswith("on")]
    addresses = [value for name, value in attributes if name in {"href", "src"}]
    assert all(value.startswith(("#", "https://example.org/")) for value in addresses)
    assert " ".join(clean(hostile).split()) in " ".join("".join(reader.text).split())


def test_markdown_shows_hostile_text_as_text(spoiled: Advice) -> None:
    """No raw element but our anchors, no image, no link but to sources, no address that links by itself."""
    source = render(spoiled, "md").decode()
    outside = re.sub(r"^(`{3,})\n.*?^\1$", "", source, flags=re.DOTALL | re.MULTILINE)
    visible = re.sub(r"\\.", "", outside)
    tags = set(re.findall(r"<[^>\n]*>", visible))
    assert all(re.fullmatch(r'<a id="[\w-]+">|</a>|</?sub>|<https://example\.org/a\?b=1>', tag) for tag in tags), tags
    assert "![" not in visible
    assert all(
        target.startswith(("#source-", "<https://example.org/")) for target in re.findall(r"\]\(([^)]*)\)", visible)
    )
    assert not re.search(r"(?<!<)https?://", visible)
    assert "`" not in visible


def test_markdown_tables_keep_their_columns(spoiled: Advice) -> None:
    """A pipe in a user's text starts no new cell."""
    lines = render(spoiled, "md").decode().splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r"\|[-:|]+\|", line):
            columns = line.count("|")
            follow = number + 1
            while follow < len(lines) and lines[follow].startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", lines[follow])) == columns, lines[follow]
                follow += 1


def test_text_keeps_to_its_width_and_sends_no_control_characters(spoiled: Advice) -> None:
    """No line but an address or the answers file is wider than 100 columns; no escape sequence reaches a terminal."""
    source = render(spoiled, "text").decode()
    assert not [letter for letter in source if unicodedata.category(letter) == "Cc" and letter != "\n"]
    assert "\u202e" not in source
    for line in source.splitlines():
        assert width(line) <= 100 or "https://" in line or line.startswith("    "), line


def test_text_tells_the_verdict_on_the_first_screen(sample: Make) -> None:
    """Headline, why, how sure, cost, time, what would change it and the next step stand in the first 40 lines."""
    screen = "\n".join(render(sample(), "text").decode().splitlines()[:40])
    for needed in (
        "FINE-TUNING: THE FINE-TUNING WAY", "Set-up", "$800ᵉ ($200 to $3,000)", "Time to deploy", "3.5 weeksᵉ",
        "Why", "There are enough examples.", "How sure", "What would change it",
        "Prompting if labelled examples were 80ᵉ instead of 1,200ˢ", "Next step", "Build an evaluation set",
        "ᵉ estimated by a formula",
    ):  # fmt: skip
        assert needed in screen, needed


def test_every_format_names_origins_sources_and_the_way_to_make_it_again(sample: Make) -> None:
    """Text, Markdown and HTML carry the legend, the sources with grades, the verdict id and the command."""
    for format_ in ("text", "md", "html"):
        source = escapes.unescape(render(sample(), format_).decode()).replace("\\", "")
        for needed in (
            "measured by a benchmark run", "Grade A", "0123456789abcdef", "0.1.0", "run-7",
            "advisor recommend answers.yaml --as-of 2026-11-22 --measured run-7", "Another study found the opposite.",
            "It had fewer examples.",
            "A later deadline.", "labelled_examples: 1200",
        ):  # fmt: skip
            assert needed in source, (format_, needed)


def test_the_command_of_the_caller_stands_in_the_report(sample: Make) -> None:
    """A command that is given replaces the plausible one."""
    source = render(sample(), "text", command="advisor recommend mine.yaml --rules pack").decode()
    assert "advisor recommend mine.yaml --rules pack" in source
    assert "recommend answers.yaml" not in source


def test_a_tie_shows_both_and_a_dead_end_says_what_would_lift_it(sample: Make) -> None:
    """A tie compares costs of the two; where nothing is possible the next step is what would lift it."""
    from dataclasses import replace

    tie = render(sample(status="tie", headline="A tie"), "text").decode()
    assert "Cost and time of the tied approaches" in tie
    full = sample()
    none = sample(
        status="abstain", recommendation=None, ranking=tuple(replace(item, eligible=False) for item in full.ranking)
    )
    dead_end = render(none, "text").decode()
    assert "Hybrid: A later deadline." in dead_end
    assert "Fine-tuning (ruled out)" in dead_end


def test_a_chart_label_cannot_be_markup(sample: Make) -> None:
    """Plotly reads some tags in labels; those of a user arrive as entities."""
    from dataclasses import replace

    from advisor.reports import charts

    full = sample()
    evil = '<a href="https://evil.example">x</a> & <b>y</b>'
    spec = charts.ranking(sample(ranking=(replace(full.ranking[0], title=evil), *full.ranking[1:])))
    assert spec is not None
    drawn = json.dumps(charts_plotly.figure_of(spec).to_plotly_json())
    assert "<a" not in drawn
    assert set(re.findall(r"<[^>]*>", drawn)) <= {"<br>", "<b>", "</b>"}
    assert "<b>y" not in drawn


@pytest.mark.parametrize(("text", "columns"), [("分類タスク" * 10, 20), ("word " * 30, 17), ("x" * 90, 40)])
def test_wrapping_never_exceeds_its_columns(text: str, columns: int) -> None:
    """Wide letters count double, and a word without a break is cut."""
    lines = wrap(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
