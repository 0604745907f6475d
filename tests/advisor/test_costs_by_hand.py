"""Every line of the cost estimate and every week of the lead time, worked out once more in plain arithmetic."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from advisor import locate
from advisor.intake import answers as intake
from advisor.intake.columns import Facts
from advisor.intake.facts import derive, tabulate
from advisor.knowledge.domain import APPROACHES, Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.reasoning import costs
from advisor.reasoning.costs import by_stage, estimate, itemise, simulation, staged_lines
from advisor.reasoning.costs.inputs import Inputs

DAY = date(2026, 11, 22)
PRICES = PriceTable.load(locate.rules_dir())
TABLE = PRICES.assumptions
ENDS = ("low", "likely", "high")
Lines = dict[tuple[str, str, str], float]


def wide(low: float, likely: float, high: float) -> dict[str, float]:
    """An answer stated as a range."""
    return dict(zip(ENDS, (low, likely, high), strict=True))


CASES: dict[str, dict[str, Any]] = {
    "nothing stated": {},
    "hosted, all stated": {
        **{"task_kind": "extraction", "requests_per_month": 40_000, "input_tokens": 900, "output_tokens": 120},
        **{"prompt_effort": "optimised", "base_model": "openai/gpt-6.1-terra", "knowledge_need": "none"},
        **{"labelled_examples": 60, "precision_need": "high", "ml_expertise": "some", "use_case_count": 3},
        **{"requirement_change": "monthly", "new_labels_per_week": 15, "label_cost_usd": 2.5, "horizon_months": 18},
        **{"tunable_model_size_b": 70, "model_access": "hosted_api_with_tuning", "compute": "none"},
    },
    "ranges": {
        **{"task_kind": "generation", "requests_per_month": wide(1e4, 3e4, 2e6), "input_tokens": wide(100, 300, 9000)},
        **{"output_tokens": wide(20, 200, 800), "labelled_examples": wide(10, 150, 4000), "prompt_effort": "few_shot"},
        **{"label_cost_usd": wide(0.5, 1, 4), "new_labels_per_week": wide(0, 5, 50)},
    },
    "retrieval, knowledge stated": {
        **{"knowledge_need": "changing", "knowledge_tokens": 3e6, "requests_per_month": 5e4, "ml_expertise": "none"},
        **{"prompt_effort": "retrieval", "base_model_size_b": 8, "tunable_model_size_b": 8},
    },
    "little knowledge, no word on the need": {
        **{"prompt_effort": "retrieval", "input_tokens": 200, "labelled_examples": 9000, "use_case_count": 12},
    },
    "own cards, busy": {
        **{"model_access": "open_weights", "compute": "multi_gpu", "base_model_size_b": 70, "tunable_model_size_b": 8},
        **{"requests_per_month": 6e6, "input_tokens": 2000, "output_tokens": 400, "ml_expertise": "strong"},
        **{"task_kind": "summarization", "labelled_examples": 300, "requirement_change": "weekly"},
    },
    "rented cards, guarded": {
        **{"model_access": "open_weights", "compute": "none", "data_sensitivity": "confidential"},
        **{"base_model_size_b": wide(3, 9, 34), "tunable_model_size_b": wide(2, 3, 100), "requests_per_month": 2e6},
    },
    "regulated, no access named": {"data_sensitivity": "regulated", "task_kind": "code", "labelled_examples": 0},
    "cards beside a vendor that does not tune": {
        **{"model_access": "hosted_api", "compute": "single_gpu", "base_model": "anthropic/claude-sonnet-5-5"},
        **{"quality_gap": "missing_knowledge", "requests_per_month": 1e5, "latency_ms": 90_000_000},
    },
}


class Plain:
    """One scenario at one end (0 favourable, 1 likely, 2 unfavourable), number by number."""

    def __init__(self, book: Rulebook, raw: dict[str, Any], end: int) -> None:
        self.book, self.raw, self.end = book, raw, end
        self.rate = self.assumed("hourly_rate")
        self.text, self.answer = self.number("input_tokens"), self.number("output_tokens")
        self.requests = self.number("requests_per_month")
        self.short = self.assumed("tuned_prompt_tokens")
        shown = self.assumed("demonstrations") * (self.text + self.answer)
        self.prompt = self.assumed("instruction_tokens") + min(shown, self.assumed("demonstration_tokens_limit"))
        self.hybrid_prompt = max(self.prompt * self.assumed("hybrid_prompt_share"), self.short)
        need, effort = raw.get("knowledge_need"), raw.get("prompt_effort")
        open_need = need is None and (effort == "retrieval" or raw.get("quality_gap") in {"missing_knowledge", "both"})
        self.retrieval = need in {"stable", "changing"} or open_need
        self.knowledge = self.number("knowledge_tokens")
        self.passages = min(self.assumed("context_tokens"), self.knowledge) if self.retrieval else 0.0
        self.easy, self.hard = (self.breadth(f"{name}_use_case_exponent") for name in ("prompting", "tuning"))
        self._machines()
        self._labels()

    def triple(self, field: str) -> tuple[float, float, float] | None:
        """The answer as low, likely and high; None where there is none."""
        given = self.raw.get(field, self.book.questions[field].default)
        if given is None:
            return None
        return (given["low"], given["likely"], given["high"]) if isinstance(given, dict) else (given, given, given)

    def assumed(self, name: str, word: str = "", falling: bool = False, size: int | None = None) -> float:
        """An assumption at this end, or at the other end where more of it is cheaper."""
        entry = PRICES.assumed(name)
        if size is not None:
            word = TABLE.sizes[size].id
        values = entry.on(word or self.raw.get(entry.by, ""))
        return float(values[2 - self.end if falling else self.end])

    def number(self, field: str, name: str = "", falling: bool = False) -> float:
        """An answer at this end, or what stands in for it."""
        given = self.triple(field)
        entry = PRICES.assumed(name or field)
        values = given if given is not None else entry.on(self.raw.get(entry.by, ""))
        return float(values[2 - self.end if falling else self.end])

    def priced(self, item: str, kind: str) -> float:
        """A row of the price table at this end."""
        amount = PRICES.price(item, kind).amount
        return float((_or(amount.low, amount.value), amount.value, _or(amount.high, amount.value))[self.end])

    def breadth(self, exponent: str) -> float:
        """Work for all use cases: their number to a power."""
        cases = self.triple("use_case_count")
        return 1.0 if cases is None else max(cases[self.end], 1.0) ** self.assumed(exponent)

    def _machines(self) -> None:
        said = self.raw.get
        open_, cards = said("model_access") == "open_weights", said("compute") in {"single_gpu", "multi_gpu"}
        self.own_prompted = open_ and (cards or said("data_sensitivity") in {"confidential", "regulated"})
        inside = said("data_sensitivity") == "regulated" and said("model_access") is None
        tunes = said("model_access") == "hosted_api_with_tuning"
        self.own_tuned = self.own_prompted or (cards and not tunes) or inside
        self.base_size = self.size_class(self.number("base_model_size_b", "base_model_size"))
        self.tuned_size = self.size_class(self.number("tunable_model_size_b", "tunable_model_size"))
        self.sized = said("base_model_size_b") is not None or open_
        self.card_share = self.assumed("own_gpu_share") if cards else 1.0

    @staticmethod
    def size_class(size_b: float) -> int:
        """The first class that is large enough, the last for all beyond."""
        return next((k for k, size in enumerate(TABLE.sizes) if size_b <= size.up_to_b), len(TABLE.sizes) - 1)

    def _labels(self) -> None:
        self.each = self.assumed("label_minutes") / 60 * self.priced("expert_reviewer", "label_hour")
        stated = self.triple("label_cost_usd")
        if stated is not None:
            self.each = stated[self.end]
        table: Any = self.book.parameters["examples_needed"].on(DAY)
        usual = table.get(self.raw.get("task_kind"), PRICES.assumed("examples_needed").otherwise[1])
        self.needed = float(usual) * self.assumed("examples_needed_factor") * self.hard
        test, fewest = self.assumed("evaluation_examples"), self.number("labelled_examples", falling=True)
        self.to_test = max(test - fewest, 0.0)
        self.to_train = max(self.needed - max(fewest - test, 0.0), 0.0)
        at_hand = self.number("labelled_examples") if self.end else 0.0
        self.trained_on = min(max(self.needed, at_hand), self.assumed("training_examples_limit"))

    def offer(self, offers: list[Any]) -> float:
        """Of several offers the lowest, the usual one of the second, or the highest."""
        if self.end == 0:
            return float(min(_or(one.low, one.value) for one in offers))
        return float(max(_or(one.high, one.value) for one in offers) if self.end == 2 else offers[1].value)

    def tokens(self, part: str) -> float:
        """What a million tokens of the prompted model cost."""
        waits = self.triple("latency_ms")
        if waits is not None and waits[0] >= PRICES.assumed("batch_window_hours").otherwise[2] * 3_600_000:
            part = f"batch_{part}"
        if "base_model" in self.raw:
            one = getattr(PRICES.token_price(self.raw["base_model"], DAY), part)
            return float((_or(one.low, one.value), one.value, _or(one.high, one.value))[self.end])
        models = TABLE.sizes[self.base_size].hosted_models if self.sized else TABLE.reference_models
        return self.offer([getattr(PRICES.token_price(model, DAY), part) for model in models])

    def service(self, kind: str) -> float:
        """A price of the services that tune and host a model of that size and still take on somebody new."""
        items = [item for item in TABLE.sizes[self.tuned_size].tuned_services if item.startswith("azure/")]
        return self.offer([PRICES.price(item, kind).amount for item in items])

    def training_run(self) -> float:
        """Tokens by the hour of a card, or by the million."""
        tokens = self.trained_on * self.assumed("epochs") * (self.text + self.answer + self.short)
        if not self.own_tuned:
            return tokens * self.service("tuning_training") / 1e6
        seconds = tokens / self.assumed("training_speed", falling=True, size=self.tuned_size)
        cards = self.assumed("training_gpus", size=self.tuned_size)
        hour = self.priced(TABLE.sizes[self.tuned_size].training_gpu, "gpu_hour")
        return seconds / 3600 * cards * hour * self.card_share

    def cards(self, size: int, read: float) -> float:
        """One copy at least, and as many as the busiest hour needs."""
        copy = self.assumed("serving_gpus", size=size) * self.priced(TABLE.sizes[size].serving_gpu, "gpu_hour")
        copy *= self.card_share * self.assumed("hours_online")
        seconds = read / self.assumed("reading_factor", falling=True) + self.answer
        seconds /= self.assumed("writing_speed", falling=True, size=size)
        return copy * max(self.requests * seconds * self.assumed("peak_factor") / (730 * 3600), 1.0)

    def lines(self) -> Lines:
        """The amounts in USD by approach, phase and title."""
        found: Lines = {}
        for approach in APPROACHES:
            for (phase, title), amount in {**self._setup(approach), **self._monthly(approach)}.items():
                found[approach, phase, title] = amount
        return found

    def _setup(self, approach: str) -> dict[tuple[str, str], float]:
        skill, prompt = self.assumed("expertise_factor"), self.assumed("prompt_hours")
        found = {
            "Label examples for the evaluation": self.to_test * self.each,
            "Build the evaluation and study errors": self.assumed("evaluation_hours") * self.rate,
        }
        if approach == "prompting":
            found["Write and try the prompt"] = prompt * self.rate * self.easy
        else:
            found["Label examples for training"] = self.to_train * self.each
            for title, name in (
                ("Prepare the training examples", "data_hours"),
                ("Set up training and compare runs", "tuning_hours"),
            ):
                found[title] = self.assumed(name) * self.rate * skill * self.hard
            found["Training runs"] = self.assumed("training_runs") * self.training_run()
        if approach == "fine_tuning":
            found["Try a plain prompt to compare with"] = self.assumed("prompt_hours", "zero_shot") * self.rate
        elif self.retrieval:
            found["Build retrieval"] = self.assumed("retrieval_hours") * self.rate
            found["Index the knowledge"] = self.knowledge * self.priced("knowledge_indexing", "embedding") / 1e6
        if approach == "hybrid":
            share = self.assumed("hybrid_prompt_share")
            found["Write and try the prompt"] = prompt * share * self.rate * self.easy
            found["Bring model and prompt together"] = self.assumed("hybrid_hours") * self.rate * self.easy
        return {("setup", title): amount for title, amount in found.items()}

    def _monthly(self, approach: str) -> dict[tuple[str, str], float]:
        upkeep = "prompting_upkeep_hours" if approach == "prompting" else "tuning_upkeep_hours"
        found = {"Watch and maintain": self.assumed(upkeep) * self.rate, **self._serving(approach)}
        changes = self.assumed("changes_per_month")
        if approach != "fine_tuning":
            hours = changes * self.assumed("prompt_change_hours")
            found["Adapt the prompt to changes"] = hours * self.rate * self.easy
            if self.retrieval:
                query = self.priced("retrieval_queries", "retrieval_queries") / 1e6
                base = self.priced("retrieval_base", "retrieval_infrastructure")
                found["Retrieval infrastructure"] = base + query * self.requests
                found["Keep the knowledge fresh"] = self.assumed("retrieval_upkeep_hours") * self.rate
        if approach != "prompting":
            times, skill = changes * self.assumed("retraining_share"), self.assumed("expertise_factor")
            found["Retrain: work"] = times * self.assumed("retraining_hours") * skill * self.rate
            part = self.assumed("retraining_label_share")
            found["Retrain: new labels"] = times * part * self.needed * self.each
            found["Retrain: training runs"] = times * self.assumed("retraining_runs") * self.training_run()
        return {("monthly", title): amount for title, amount in found.items()}

    def _serving(self, approach: str) -> dict[str, float]:
        million = self.requests / 1e6
        if approach == "prompting":
            share = self.assumed("uncached_share")
            read = self.text + self.passages
            if self.own_prompted:
                return {CARDS: self.cards(self.base_size, read + self.prompt * share)}
            price, cached = self.tokens("input"), self.tokens("cached")
            return {
                "Read the requests": million * read * price,
                "Read the prompt, partly from the cache": million
                * self.prompt
                * (share * price + (1 - share) * cached),
                "Write the answers": million * self.answer * self.tokens("output"),
            }
        read = self.text + (self.short if approach == "fine_tuning" else self.passages + self.hybrid_prompt)
        if self.own_tuned:
            return {CARDS: self.cards(self.tuned_size, read)}
        return {
            "Read the requests": million * read * self.service("tuned_input"),
            "Write the answers": million * self.answer * self.service("tuned_output"),
            "Host the tuned model": self.assumed("hours_deployed") * self.service("tuned_hosting"),
        }

    def weeks(self) -> dict[str, dict[str, float]]:
        """The weeks of each stage of each approach."""
        arising = self.triple("new_labels_per_week")
        rate = self.assumed("labels_per_week", falling=True) + (arising[2 - self.end] if arising else 0.0)
        writing = self.priced("prompting", "lead_time") * self.assumed("prompt_lead_factor") * self.easy
        looked_up = self.priced("retrieval", "lead_time") if self.retrieval else 0.0
        first, half = max(writing, self.to_test / rate), self.assumed("evaluation_share_of_prompting")
        tuning, share = self.priced("fine_tuning", "lead_time"), self.assumed("labelling_share_of_lead")
        missing = self.to_train + self.to_test
        labelling = max(tuning * share * min(missing / max(self.needed, 1.0), 1.0), missing / rate)
        rest = tuning * self.assumed("expertise_factor") * (1 - share)
        tested, tried = self.assumed("evaluation_share_of_tuning"), self.assumed("baseline_share")
        tuned = {"evaluate": rest * tested, "prompt": rest * tried, "collect": labelling}
        tuned["tune"] = rest * (1 - tested - tried)
        joined = {"retrieve": looked_up, "combine": writing * self.assumed("hybrid_prompt_lead_share")}
        prompting = {"evaluate": first * half, "prompt": first * (1 - half), "retrieve": looked_up}
        return {"prompting": prompting, "fine_tuning": tuned, "hybrid": {**tuned, **joined}}


CARDS = "Run the model on graphics cards"


def _or(end: float | None, value: float) -> float:
    return value if end is None else end


def facts_of(book: Rulebook, raw: dict[str, Any]) -> Facts:
    """The facts of some answers."""
    return derive(tabulate([intake.parse(raw, book)], book), book, DAY)


@pytest.mark.parametrize("raw", CASES.values(), ids=CASES)
def test_every_line_is_that_of_plain_arithmetic(book: Rulebook, raw: dict[str, Any]) -> None:
    """Each line of each approach at all three ends; a line of nothing is left out."""
    lines = itemise(facts_of(book, raw), book, PRICES, DAY)
    for end, name in enumerate(("low", "value", "high")):
        found: Lines = {(line.approach, line.phase, line.title): getattr(line.amount, name) for line in lines}
        assert len(found) == len(lines)
        wanted = Plain(book, raw, end).lines()
        for key in {*found, *wanted}:
            assert found.get(key, 0.0) == pytest.approx(wanted.get(key, 0.0), rel=1e-9), (name, key)
    most = Plain(book, raw, 2).lines()
    assert {(line.approach, line.phase, line.title) for line in lines} == {key for key, usd in most.items() if usd > 0}


@pytest.mark.parametrize("raw", CASES.values(), ids=CASES)
def test_every_week_is_that_of_plain_arithmetic(book: Rulebook, raw: dict[str, Any]) -> None:
    """Each stage of each approach at all three ends, and the lead time as their sum."""
    facts = facts_of(book, raw)
    stages, whole = by_stage(facts, book, PRICES, DAY), estimate(facts, book, PRICES, DAY)
    for end, name in enumerate(ENDS):
        for approach, wanted in Plain(book, raw, end).weeks().items():
            found = {stage: float(getattr(one.weeks, name)[0]) for stage, one in stages[approach].items()}
            assert found == pytest.approx(wanted), (approach, name)
            assert float(getattr(whole.lead_weeks[approach], name)[0]) == pytest.approx(sum(wanted.values()))


STAGES = {
    "evaluate": {"Label examples for the evaluation", "Build the evaluation and study errors"},
    "prompt": {"Write and try the prompt", "Try a plain prompt to compare with"},
    "retrieve": {"Build retrieval", "Index the knowledge"},
    "collect": {"Label examples for training", "Prepare the training examples"},
    "tune": {"Set up training and compare runs", "Training runs"},
    "combine": {"Bring model and prompt together"},
}


@pytest.mark.parametrize("raw", CASES.values(), ids=CASES)
def test_each_line_of_set_up_belongs_to_its_stage(book: Rulebook, raw: dict[str, Any]) -> None:
    """The stage of a line is that in which its work is done, its unit that of its phase; the stage costs their sum."""
    facts = facts_of(book, raw)
    lines, stages = staged_lines(facts, book, PRICES, DAY), by_stage(facts, book, PRICES, DAY)
    for line in lines:
        assert (line.title in STAGES.get(line.stage, ())) == (line.phase == "setup"), line.title
        assert (line.stage == "") == (line.phase == "monthly")
        assert line.amount.unit == ("USD" if line.phase == "setup" else "USD per month")
    for approach, made in stages.items():
        for stage, one in made.items():
            mine = [line.amount for line in lines if (line.approach, line.stage) == (approach, stage)]
            assert float(one.cost.likely[0]) == pytest.approx(sum(amount.value for amount in mine))
            assert float(one.cost.low[0]) == pytest.approx(sum(amount.low or 0.0 for amount in mine))
            assert float(one.cost.high[0]) == pytest.approx(sum(amount.high or 0.0 for amount in mine))


@pytest.mark.parametrize("raw", CASES.values(), ids=CASES)
def test_the_horizon_counts_every_month(book: Rulebook, raw: dict[str, Any]) -> None:
    """The total is set-up and months times monthly, at each end with the months of that end."""
    total = estimate(facts_of(book, raw), book, PRICES, DAY)
    for end, name in enumerate(ENDS):
        months = Plain(book, raw, end).number("horizon_months")
        for approach in APPROACHES:
            setup, monthly, whole = (
                float(getattr(part[approach], name)[0]) for part in (total.setup, total.monthly, total.horizon)
            )
            assert whole == pytest.approx(setup + months * monthly)
    assert total.volume_known[0] == ("requests_per_month" in raw)


def test_scenarios_in_blocks_cost_what_they_cost_together(book: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine scenarios two at a time give the same columns in the same order as all at once."""
    facts = derive(tabulate([intake.parse(raw, book) for raw in CASES.values()], book), book, DAY)
    whole = estimate(facts, book, PRICES, DAY)
    for size in (2, 3, 8, 9):
        monkeypatch.setattr(costs, "BLOCK", size)
        parts = estimate(facts, book, PRICES, DAY)
        for name in ("setup", "monthly", "horizon", "lead_weeks"):
            for approach in APPROACHES:
                for end in ENDS:
                    one, other = (getattr(getattr(made, name)[approach], end) for made in (parts, whole))
                    assert one.tolist() == pytest.approx(other.tolist()), (size, name, approach, end)
        assert parts.volume_known.tolist() == whole.volume_known.tolist()
        assert parts.break_even.known.tolist() == whole.break_even.known.tolist()
        assert parts.break_even.likely.tolist() == pytest.approx(whole.break_even.likely.tolist())
    assert any(whole.volume_known)
    assert not all(whole.volume_known)


def test_the_break_even_at_likely_values_is_the_same_in_the_study(book: Rulebook) -> None:
    """The volume from which the study calls tuning cheaper at likely values is that of the estimate."""
    told = 0
    for raw in CASES.values():
        facts = facts_of(book, raw)
        even = estimate(facts, book, PRICES, DAY).break_even
        found = simulation._at_likely(Inputs(facts, book, PRICES, DAY))
        assert set(found) == {"fine_tuning", "hybrid"}
        assert (found["fine_tuning"] is not None) == bool(even.known[0])
        if found["fine_tuning"] is not None:
            assert found["fine_tuning"] == pytest.approx(float(even.likely[0]))
            told += 1
    assert told
