"""How near a written text comes to the texts that were wanted: one score in 0..1 per answer and metric.

With several references the best one counts. Normalisation is that of SQuAD (Rajpurkar et al. 2016): no case, no
punctuation, no articles; articles go by language as in MLQA (Lewis et al. 2020). Scripts without blanks count by sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from ..errors import MissingExtra

_ARTICLES: Mapping[str, str] = MappingProxyType(
    {
        "en": "a an the",
        "es": "un una unos unas el la los las",
        "de": "ein eine einen einem eines einer der die das den dem des",
    }
)
_SIGNS = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f])")
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")


def text_score(metric: str, answer: str | None, references: Sequence[str], language: str) -> float:
    """The score of an answer against the best of its references; no answer scores 0. Raises ValueError on no metric."""
    if metric not in _METRICS:
        raise ValueError(f"unknown metric {metric!r}")
    if answer is None:
        return 0.0
    return max(_METRICS[metric](answer, reference, language) for reference in references)


def normalised(text: str, language: str = "en") -> str:
    """`text` without case, punctuation, articles of the language and surplus blanks."""
    kept = "".join(
        sign for sign in unicodedata.normalize("NFC", text).casefold() if unicodedata.category(sign)[0] != "P"
    )
    # Signs such as $, + and < are punctuation to SQuAD although Unicode calls them symbols.
    kept = re.sub(r"[$+<=>^`|~]", "", kept)
    articles = _ARTICLES.get(language.partition("-")[0].lower(), "").split()
    return " ".join(word for word in _SIGNS.sub(r" \1 ", kept).split() if word not in articles)


def token_f1(answer: str, reference: str, language: str = "en") -> float:
    """F1 of the words of two normalised texts, counted with repetitions; two empty ones are equal."""
    given, wanted = normalised(answer, language).split(), normalised(reference, language).split()
    if not given or not wanted:
        return float(given == wanted)
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted))


def number_in(text: str) -> Decimal | None:
    """The last number in a text; commas between digits, currency signs and units mean nothing."""
    found = _NUMBER.findall(text)
    return Decimal(found[-1].replace(",", "").replace("−", "-")) if found else None


def _rouge_l(answer: str, reference: str, _language: str) -> float:
    score = _rouge().score(reference, answer)
    return float(score["rougeL"].fmeasure)


def _chrf(answer: str, reference: str, _language: str) -> float:
    return float(_chrf_scorer().sentence_score(answer, [reference]).score) / 100


def _same_number(answer: str, reference: str, _language: str) -> float:
    given, wanted = number_in(answer), number_in(reference)
    return float(given is not None and given == wanted)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


_METRICS: Mapping[str, Callable[[str, str, str], float]] = MappingProxyType(
    {
        "exact_match": lambda answer, reference, _: float(_plain(answer) == _plain(reference)),
        "exact_match_normalised": lambda answer, reference, language: float(
            normalised(answer, language) == normalised(reference, language)
        ),
        "exact_match_number": _same_number,
        "token_f1": token_f1,
        "rouge_l": _rouge_l,
        "chrf": _chrf,
    }
)


class _Words:
    """Words of any script; rouge_score's own would drop every letter outside of a to z."""

    def tokenize(self, text: str) -> list[str]:
        """Lower-case words and numbers."""
        return re.findall(r"[^\W_]+", _SIGNS.sub(r" \1 ", unicodedata.normalize("NFC", text).lower()))


@lru_cache(maxsize=1)
def _rouge() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise MissingExtra.of(error.name or "rouge_score") from error
    return RougeScorer(["rougeL"], tokenizer=_Words())


@lru_cache(maxsize=1)
def _chrf_scorer() -> Any:
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise MissingExtra.of(error.name or "sacrebleu") from error
    return CHRF()
