"""What a model knows that no task teaches: beginnings of everyday sentences, each with the end that belongs to it.

Tuning on one task can cost general ability. The untouched model and the tuned one are asked the same: which of all ends
fits which beginning, and how likely is the right one. The sentences are our own and belong to no benchmark.
"""

from __future__ import annotations

from typing import Any

from ..models.adapters import Adapter
from ..models.label_scoring import score
from ..models.language_model import DOCUMENT, LoadedModel

VERSION = 1
DOCUMENT_TOKENS = 48
SENTENCES = (
    ("The capital of France is", "Paris"),
    ("Water freezes at a temperature of", "zero degrees Celsius"),
    ("The opposite of hot is", "cold"),
    ("A week has", "seven days"),
    ("Bees make", "honey"),
    ("Two plus two equals", "four"),
    ("The sun rises in the", "east"),
    ("People read books in a", "library"),
    ("The largest planet of the solar system is", "Jupiter"),
    ("A baby cat is called a", "kitten"),
    ("To cut paper you use", "scissors"),
    ("The heart pumps", "blood through the body"),
    ("Bread is baked in an", "oven"),
    ("The season after winter is", "spring"),
    ("When it rains, you carry an", "umbrella"),
    ("The language spoken in Brazil is", "Portuguese"),
    ("Fish breathe through their", "gills"),
    ("The past tense of 'go' is", "went"),
    ("A doctor works in a", "hospital"),
    ("Ice is frozen", "water"),
    ("The author of Hamlet is William", "Shakespeare"),
    ("A triangle has", "three sides"),
    ("Plants need light and water to", "grow"),
    ("The Great Wall is in", "China"),
    ("To send a message by computer you write an", "email"),
    ("The tallest animal is the", "giraffe"),
    ("Before crossing a road you look", "left and right"),
    ("In Python, text is printed with the function", "print"),
    ("The chemical symbol of oxygen is", "O"),
    ("At night the sky shows the moon and the", "stars"),
    ("Cows give", "milk"),
    ("A person who flies an aeroplane is a", "pilot"),
)


def general_ability(model: LoadedModel, adapter: Adapter | None = None) -> dict[str, Any]:
    """The share of beginnings whose own end is the likeliest, and the mean log-likelihood of the own end in nats.

    The model answers with `adapter`, or as it was made.
    """
    frame = model.frame([{"role": "user", "content": f"Complete the sentence. Give only the end.\n{DOCUMENT}"}])
    beginnings, ends = [one for one, _ in SENTENCES], [end for _, end in SENTENCES]
    values = score(model, frame, beginnings, ends, document_tokens=DOCUMENT_TOKENS, adapter=adapter).values
    matched = sum(max(range(len(ends)), key=row.__getitem__) == index for index, row in enumerate(values))
    return {
        "n": len(ends),
        "matched": matched / len(ends),
        "nats": sum(row[index] for index, row in enumerate(values)) / len(ends),
    }


def forgetting(base: LoadedModel, tuned: LoadedModel, adapter: Adapter | None = None) -> dict[str, Any]:
    """The general ability of the model as it was made and as it was tuned, side by side."""
    before, after = general_ability(base), general_ability(tuned, adapter)
    return {"n": before.pop("n"), "base": before, "tuned": {name: after[name] for name in before}}
