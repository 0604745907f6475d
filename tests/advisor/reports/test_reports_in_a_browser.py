"""The HTML report in a real Chromium, with the network off: it draws, stays silent and fits the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from advisor.reasoning.advice import Advice
from advisor.reports import render

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium at /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield launched
        launched.close()


def opened(browser: Any, file: Path, width: int, scheme: str) -> tuple[Any, list[str], list[str]]:
    """The page of a file, what its console said, and what it asked for besides itself."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    page.goto(file.as_uri())
    page.wait_for_selector("#chart-measured svg.main-svg")
    return page, said, [url for url in asked if url != file.as_uri() and not url.startswith(("data:", "blob:"))]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_the_report_draws_its_charts_offline(
    browser: Any, sample: Callable[..., Advice], tmp_path: Path, width: int, scheme: str
) -> None:
    """Three charts, no console message, no request but the file, no sideways scrolling, headings in order."""
    file = tmp_path / "report.html"
    file.write_bytes(render(sample(), "html"))
    page, said, asked = opened(browser, file, width, scheme)
    assert page.locator("[data-chart] .main-svg").count() >= 3
    assert page.locator("#chart-ranking .barlayer .point path").count() >= 9
    assert said == []
    assert asked == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    levels = page.eval_on_selector_all("h1,h2,h3", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.get_attribute("html", "lang") == "en"
    page.context.close()


def test_hostile_text_runs_nothing(browser: Any, spoiled_by_all: Advice, tmp_path: Path) -> None:
    """No dialog, no console message, no request, whatever a user wrote."""
    file = tmp_path / "report.html"
    file.write_bytes(render(spoiled_by_all, "html"))
    page, said, asked = opened(browser, file, 1280, "light")
    assert page.locator("img").count() == 0
    assert said == []
    assert asked == []
    page.context.close()


def test_a_script_that_is_slipped_in_does_not_run(browser: Any, sample: Callable[..., Advice], tmp_path: Path) -> None:
    """The policy lets only the scripts run that the report was written with, and no image from elsewhere."""
    source = render(sample(), "html").decode()
    intruder = "<script>window.intruder = 1</script><img src='https://evil.example/x.png'>"
    file = tmp_path / "report.html"
    file.write_text(source.replace("</footer>", f"</footer>{intruder}"), encoding="utf-8")
    page, said, _ = opened(browser, file, 1280, "light")
    assert page.evaluate("window.intruder") is None
    assert sum("Content Security Policy" in line for line in said) >= 2
    page.context.close()


def test_the_numbers_of_a_chart_stand_below_it(browser: Any, sample: Callable[..., Advice], tmp_path: Path) -> None:
    """Unfolding shows the table, and a number tells its origin when it is tapped."""
    file = tmp_path / "report.html"
    file.write_bytes(render(sample(), "html"))
    page, _, _ = opened(browser, file, 390, "light")
    page.locator("#ranking figure summary").click()
    assert page.locator("#ranking figure table").is_visible()
    page.locator(".tiles .q").first.click()
    shown = page.evaluate("getComputedStyle(document.activeElement, '::after').content")
    assert "estimated: a formula" in shown
    page.context.close()
