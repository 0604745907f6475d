"""A link carries the answers, and nothing that is no link of ours gets through."""

from __future__ import annotations

import base64
import zlib

import pytest

from advisor.errors import InputError
from advisor.knowledge.domain import Rulebook
from advisor.ui import link


def test_every_worked_case_comes_back_from_its_link(book: Rulebook) -> None:
    """Encoding and decoding changes no answer, and a usual link stays under 500 characters."""
    for case in book.cases:
        answers = {"name": "Größe & <b>", **case.answers}
        value = link.encode(answers)
        assert link.decode(value) == answers
        assert len(value) < 500
        assert set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def _packed(text: bytes) -> str:
    return "1." + base64.urlsafe_b64encode(zlib.compress(text, 9)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "no link of ours"),
        ("2.abc", "version"),
        ("1.@@@", "cut or changed"),
        (link.encode({"task_kind": "code"})[:-6], "cut"),
        (_packed(b"0" * 2_000_000), "unpack to too much"),
        ("1." + "A" * 9_000, "no link of ours"),
        (_packed(b"[1, 2]"), "no mapping"),
        (_packed(b"{"), "no JSON"),
        (_packed(b"[" * 50_000), "no JSON"),
    ],
)
def test_what_is_no_link_is_refused_with_the_reason(value: str, why: str) -> None:
    """A cut, foreign, oversized or exploding link is an input error that says what was found."""
    with pytest.raises(InputError) as caught:
        link.decode(value)
    assert why in str(caught.value.problems[0])


def test_answers_too_long_for_an_address_are_refused_when_the_link_is_made() -> None:
    """A description that no address could carry is refused, not cut."""
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
    with pytest.raises(InputError):
        link.encode({"description": noise})
