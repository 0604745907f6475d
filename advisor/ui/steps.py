"""The steps of the questionnaire: one per question group; a long group is dealt out evenly over several."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge.domain import Question, Rulebook
from advisor.language import say

LONGEST = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One page of questions. `slug` is its address; `part` counts from 1 within a group of `parts` pages."""

    slug: str
    title: str
    intro: str
    questions: tuple[Question, ...]
    part: int = 1
    parts: int = 1

    @property
    def label(self) -> str:
        """The heading in little room: `Your data 1/2`."""
        return say(self.title) if self.parts == 1 else f"{say(self.title)} {self.part}/{self.parts}"

    @property
    def heading(self) -> str:
        """The title, with the part where the group has several."""
        if self.parts == 1:
            return say(self.title)
        return say("{title} ({part} of {parts})", title=say(self.title), part=self.part, parts=self.parts)


def steps(book: Rulebook, longest: int = LONGEST) -> tuple[Step, ...]:
    """The steps in the order of the pack's groups, each with at most `longest` questions."""
    found: list[Step] = []
    for group in book.groups:
        asked = [question for question in book.questions.values() if question.group == group.id]
        parts = -(-len(asked) // longest)
        for part in range(parts):
            start, stop = len(asked) * part // parts, len(asked) * (part + 1) // parts
            slug = group.id if part == 0 else f"{group.id}-{part + 1}"
            found.append(Step(slug, group.title, group.intro, tuple(asked[start:stop]), part + 1, parts))
    return tuple(found)


def step_of(field: str, all_steps: tuple[Step, ...]) -> Step:
    """The step that asks a field; raises KeyError."""
    for step in all_steps:
        if any(question.field == field for question in step.questions):
            return step
    raise KeyError(field)
