"""Several processes of the app on the same data."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from advisor.knowledge.domain import Rulebook

pytestmark = pytest.mark.browser


def test_two_processes_on_one_file_serve_the_same_draft(
    visitor: Any, served: str, second_server: str, book: Rulebook
) -> None:
    """What is answered at one process stands at the other, and the other way round."""
    count = visitor.page.get_by_role("spinbutton", name=book.questions["use_case_count"].ask)
    for address, number in ((served, 7), (second_server, 8), (served, 9)):
        visitor.url = address
        visitor.open("task")
        if number > 7:
            expect(count).to_have_value(str(number - 1))
        visitor.answer(book.questions["use_case_count"], number)
    visitor.url = second_server
    visitor.open("task")
    expect(count).to_have_value("9")
    assert visitor.errors == []
