"""The message catalogue."""

from __future__ import annotations

import pytest

from advisor import language
from advisor.language import say, say_many, using


def test_english_is_what_the_code_says() -> None:
    """Without a choice the sentence of the code is shown, with its values in place."""
    assert say("Review by {day}", day="Monday") == "Review by Monday"
    assert say_many("{count} rule", "{count} rules", 1) == "1 rule"
    assert say_many("{count} rule", "{count} rules", 3) == "3 rules"


def test_a_message_without_translation_stays_english() -> None:
    """A sentence that the catalogue lacks is shown in English, never as a key or as nothing."""
    with using("de"):
        assert say("no such sentence {x} in any catalogue", x="{y}") == "no such sentence {y} in any catalogue"


def test_the_language_ends_with_its_block() -> None:
    """The language in force is that of the innermost block, also after an error."""
    with pytest.raises(RuntimeError), using("de"):
        assert language.current() == "de"
        raise RuntimeError
    assert language.current() == "en"
    with pytest.raises(KeyError), using("xx"):
        pass
