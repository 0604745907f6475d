"""The price table, its assumptions and the token prices: strict at the door, dated, each number with its source."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from advisor import locate
from advisor.errors import InputError, Problem
from advisor.knowledge import price_package, token_table
from advisor.knowledge.assumptions import CHOICES, READ
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.price_overrides import PriceOverride, parse_overrides
from advisor.knowledge.prices import KINDS, PriceTable
from advisor.knowledge.token_prices import check_model, known_models, next_change, token_price

DAY = date(2026, 11, 22)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the shipped price files that a test may spoil."""
    for name in ("prices.csv", "costs.yaml"):
        shutil.copy(locate.rules_dir() / name, tmp_path / name)
    return tmp_path


def spoil(path: Path, old: str, new: str) -> None:
    """Replaces the first occurrence of `old`, which must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults(pack: Path) -> list[Problem]:
    """What loading the pack complains of."""
    problems: list[Problem] = []
    PriceTable.load(pack, problems)
    return problems


def test_the_shipped_table_is_sound_and_every_price_is_dated_and_sourced() -> None:
    """Each row has a kind, a range in order, a source, and a review date after its own date."""
    table = PriceTable.load(locate.rules_dir())
    assert {kind for _, kind in table.rows} == set(KINDS)
    for row in table.rows.values():
        assert row.amount.low is not None
        assert row.amount.high is not None
        assert row.amount.low <= row.amount.value <= row.amount.high
        assert row.amount.source
        assert row.as_of <= row.review_by


def test_each_assumption_says_where_it_comes_from() -> None:
    """A published assumption has a source, any other says why; the cost model reads exactly those in the file."""
    assumptions = PriceTable.load(locate.rules_dir()).assumptions.entries
    assert set(assumptions) == set(READ)
    for entry in assumptions.values():
        assert len(entry.source) > 15
        assert entry.quantity().origin in {"published", "estimated", "default"}


def test_assumptions_are_looked_up_by_the_words_of_the_questionnaire(book: Rulebook) -> None:
    """The words that an assumption may be looked up by are the options of that question."""
    for field, words in CHOICES.items():
        assert book.questions[field].values == words


def test_all_faults_of_both_files_are_reported_at_once(pack: Path) -> None:
    """Nine planted faults are nine problems, each with its file and line or entry."""
    prices, costs = pack / "prices.csv", pack / "costs.yaml"
    spoil(prices, "t4,gpu_hour,USD per GPU-hour,0.59,0.59,0.81", "t4,gpu_hour,USD per GPU-hour,0.59,cheap,0.81")
    spoil(prices, "h100,gpu_hour,USD per GPU-hour,1.99,3.5,5,USD", "h100,gpu_hour,USD per GPU-hour,1.99,3.5,5,EUR")
    spoil(prices, "prompting,lead_time,weeks,0.1,0.6,1", "prompting,lead_time,weeks,1,0.6,0.1")
    spoil(prices, "expert_reviewer,label_hour,USD per hour", "expert_reviewer,label_hours,USD per hour")
    spoil(prices, "2026-08-11,2027-02-11", "2026-08-11,2027-02-31")
    spoil(costs, "id: epochs", "id: epoch")
    spoil(costs, "      weekly: {low: 3, likely: 4.33, high: 5}\n", "")
    spoil(costs, "otherwise: {low: 30, likely: 200, high: 1000}", "otherwise: {low: 300, likely: 200, high: 1000}")
    spoil(costs, "why: Half a page", "because: Half a page")
    text = "\n".join(str(problem) for problem in faults(pack))
    for part in (
        "t4: likely: found 'cheap'",
        "h100: currency: found 'EUR'",
        "prompting: likely: found 1.0, 0.6, 0.1",
        "expert_reviewer: kind: found 'label_hours'",
        "did you mean 'label_hour'?",
        "review_by: found '2027-02-31'",
        "assumption epochs: found nothing",
        "did you mean 'epoch'?",
        "assumption changes_per_month",
        "values: weekly: found nothing",
        "found 300, 200, 1000",
        "assumption instruction_tokens",
        "because: found an unknown field",
    ):
        assert part in text
    with pytest.raises(InputError):
        PriceTable.load(pack)


@pytest.mark.parametrize(
    ("name", "old", "new", "part"),
    [
        ("prices.csv", "item,kind,unit", "item,unit,kind", "mend the header"),
        ("prices.csv", "t4,gpu_hour,USD per GPU-hour,0.59,0.59,0.81,USD", "t4,gpu_hour", "number of cells"),
        ("prices.csv", "l4,gpu_hour", "t4,gpu_hour", "gpu_hour of t4 twice"),
        ("prices.csv", "l4,gpu_hour", "l5,gpu_hour", "gpu_hour of l4: found no row"),
        ("prices.csv", ",0.7992,0.7992,0.86,", ",0.7992,nan,0.86,", "found 'nan'"),
        ("prices.csv", ",0.7992,0.7992,0.86,", ",-1,0.7992,0.86,", "a number of at least 0"),
        ("costs.yaml", "serving_gpu: t4", "serving_gpu: t5", "gpu_hour of t5"),
        ("costs.yaml", "up_to_b: 9", "up_to_b: 900", "from small to large"),
        ("costs.yaml", "unit: share", "unit: share\n    colour: red", "colour: found an unknown field"),
        ("costs.yaml", "  - id: epochs", "  - id: epochs\n    id: epochs", "the key 'id' twice"),
        ("costs.yaml", "[openai/gpt-6-luna, openai/gpt-6.1-terra, ", "[", "found 1 names"),
    ],
)
def test_a_fault_names_its_place_and_remedy(pack: Path, name: str, old: str, new: str, part: str) -> None:
    """A single planted fault is found in the file it was planted in."""
    spoil(pack / name, old, new)
    found = [str(problem) for problem in faults(pack)]
    assert any(part in line and line.startswith(("prices.csv", "costs.yaml")) for line in found), found


def test_a_missing_or_broken_file_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    """An empty folder, bytes that are not text and an empty YAML file are told as problems."""
    assert {problem.where for problem in faults(tmp_path)} == {"prices.csv", "costs.yaml"}
    (tmp_path / "prices.csv").write_bytes(b"\xff\xfe\x00item")
    (tmp_path / "costs.yaml").write_text("# nothing\n")
    assert any("UTF-8" in str(problem) for problem in faults(tmp_path))
    assert any("an empty file" in str(problem) for problem in faults(tmp_path))


def test_prices_past_their_review_date_are_named() -> None:
    """A row is overdue from the day after its review date."""
    table = PriceTable.load(locate.rules_dir())
    row = min(table.rows.values(), key=lambda one: one.review_by)
    assert row not in table.overdue(row.review_by)
    assert row in table.overdue(date.fromordinal(row.review_by.toordinal() + 1))


def test_a_users_own_price_replaces_one_row() -> None:
    """A quote of the user stands in the table as stated; the other rows stay."""
    table = PriceTable.load(locate.rules_dir())
    mine = table.with_price("h100", "gpu_hour", 2, 2.2, 2.5, "quote of our provider")
    assert mine.price("h100", "gpu_hour").amount.value == 2.2
    assert mine.price("h100", "gpu_hour").amount.origin == "stated"
    assert mine.price("l4", "gpu_hour") == table.price("l4", "gpu_hour")
    assert table.price("h100", "gpu_hour").amount.value != 2.2


def test_the_digest_changes_with_prices_and_not_with_days() -> None:
    """Days with equal prices share a digest; a new token price or a user's own price gives another."""
    table, late = PriceTable.load(locate.rules_dir()), ["google/gemini-4-argon"]
    assert table.digest(date(2026, 11, 22)) == table.digest(date(2026, 11, 30))
    assert table.digest(date(2026, 11, 30), late) == table.digest(date(2026, 11, 22), late)
    assert table.digest(date(2026, 11, 30), late) != table.digest(date(2026, 12, 1), late)
    assert table.digest(DAY) != table.with_price("h100", "gpu_hour", 2, 2.2, 2.5, "own quote").digest(DAY)


def test_every_offered_and_assumed_model_has_a_token_price() -> None:
    """The questionnaire's list and the models named in costs.yaml are priced, each id as it stands."""
    models = known_models()
    assert len(models) == len(set(models)) >= 40
    for model in [*models, *PriceTable.load(locate.rules_dir()).assumptions.models()]:
        assert check_model(model) is None
        price = token_price(model, DAY)
        assert price.model.lower() == model.lower()
        assert 0 < price.cached.value <= price.input.value
        assert price.output.value > 0
        assert price.input.unit == "USD per 1M tokens"
        assert "genai-prices" in price.input.source
        assert DAY.isoformat() in price.input.source


@pytest.mark.parametrize(
    ("model", "read", "cached", "written"),
    [
        ("openai/gpt-6-luna", 0.10, 0.01, 0.50),
        ("openai/gpt-6.1-terra", 1.00, 0.05, 5.00),
        ("anthropic/claude-sonnet-5-5", 2.00, 0.10, 10.00),
        ("anthropic/claude-opus-5-5", 4.00, 0.20, 20.00),
        ("gpt-5-mini", 0.25, 0.025, 2.00),
    ],
)
def test_token_prices_are_those_of_the_vendors_in_november_2026(
    model: str, read: float, cached: float, written: float
) -> None:
    """Prices agree with those noted from two tables in November 2026; a bare id works."""
    price = token_price(model, DAY)
    assert (price.input.value, price.cached.value, price.output.value) == (read, cached, written)


def test_a_price_depends_on_the_day_and_within_the_day_on_the_hour() -> None:
    """An introductory price ends on its day, and a dearer time of day shows as the upper bound."""
    assert token_price("google/gemini-4-argon", date(2026, 11, 30)).input.value == 2
    assert token_price("google/gemini-4-argon", date(2026, 12, 1)).input.value == 4
    night = token_price("deepseek/deepseek-v4-flash", DAY).input
    assert (night.low, night.value, night.high) == (0.15, 0.15, 0.3)


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("openai/gpt-5-minni", "openai/gpt-5-mini"),
        ("claude-hiaku-4-5", "anthropic/claude-haiku-4-5"),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo", "together/meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("openai/text-embedding-3-small", "not paid by input and output token"),
        ("", "base_model_size_b"),
    ],
)
def test_an_unknown_model_is_a_problem_that_names_the_nearest(model: str, hint: str) -> None:
    """The problem names file, field and remedy, and asking for its price raises the same."""
    problem = check_model(model, "answers.yaml")
    assert problem is not None
    assert (problem.where, problem.field) == ("answers.yaml", "base_model")
    assert hint in str(problem)
    with pytest.raises(InputError):
        token_price(model, DAY)


def test_the_price_package_is_not_loaded_for_the_usual_models() -> None:
    """Loading the table, checking an offered model and asking for its price leave genai-prices alone."""
    code = (
        "import sys; from datetime import date; from advisor import locate; "
        "from advisor.knowledge.prices import PriceTable; "
        "from advisor.knowledge.token_prices import check_model, known_models, token_price; "
        "PriceTable.load(locate.rules_dir()); known_models(); check_model('openai/gpt-6-luna'); "
        "token_price('openai/gpt-6-luna', date(2026, 11, 22)); sys.exit('genai_prices' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=locate.rules_dir().parent, check=False).returncode == 0


def test_the_table_of_token_prices_is_what_the_package_says() -> None:
    """The shipped file is the one that would be written today, and gives the package's prices around each change."""
    models = {*known_models(), *PriceTable.load(locate.rules_dir()).assumptions.models()}
    assert (locate.rules_dir() / token_table.FILE).read_text(encoding="utf-8") == token_table.text(models)
    for model in sorted(models):
        held, found = token_table.dated(model), price_package.find(model)
        assert held is not None
        assert found is not None
        days = [DAY, date(2025, 1, 20)]
        days += [start + timedelta(days=shift) for start in price_package.starts(found) for shift in (-1, 0, 1)]
        for day in days:
            assert held.on(day) == price_package.tariffs(found, day), (model, day)


def test_the_table_does_not_count_beside_another_version_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a package that the table was not written from, prices come from the package."""
    assert price_package.is_version(price_package.version())
    assert not price_package.is_version("0.0.1")
    monkeypatch.setattr(price_package, "is_version", lambda version: False)
    assert token_table._file.__wrapped__() == ("", {})


def test_prices_in_batches_are_those_of_the_package_and_otherwise_those_at_once() -> None:
    """GPT-6.1 Terra costs half in batches, Claude's cached part too; DeepSeek sells none and says so."""
    terra = token_price("openai/gpt-6.1-terra", DAY)
    assert (terra.batch_input.value, terra.batch_cached.value, terra.batch_output.value) == (0.5, 0.025, 2.5)
    assert token_price("anthropic/claude-opus-5-5", DAY).batch_cached.value == 0.1
    flash = token_price("deepseek/deepseek-v4-flash", DAY)
    assert flash.batch_output.value == flash.output.value
    assert "no batches sold" in flash.batch_output.source


def overrides(raw: object) -> dict[str, PriceOverride]:
    """The stated prices of a mapping that has nothing wrong with it."""
    problems: list[Problem] = []
    found = parse_overrides(raw, PriceTable.load(locate.rules_dir()), "answers.yaml", problems)
    assert not problems, problems
    return found


def test_every_price_can_be_stated() -> None:
    """A row, an assumption (also one by words) and a token price give way to what was stated, with that origin."""
    table = PriceTable.load(locate.rules_dir())
    own = table.overridden(
        overrides(
            {
                "h100/gpu_hour": {"low": 2, "likely": 2.2, "high": 2.5},
                "azure/gpt-oss-20b/tuned_hosting": 0.25,
                "label_minutes": 3,
                "hourly_rate": {"low": 90, "likely": 110, "high": 130},
                "gpt-6.1-terra/input": 0.8,
                "openai/gpt-6.1-terra/cached": 0.02,
                "epochs": None,
            }
        )
    )
    assert own.price("h100", "gpu_hour").amount.low == 2
    assert own.price("azure/gpt-oss-20b", "tuned_hosting").amount.origin == "stated"
    assert own.assumed("label_minutes").on("code") == (3, 3, 3)
    assert own.assumed("hourly_rate").origin == "stated"
    assert "prices: hourly_rate" in own.assumed("hourly_rate").cite
    price = own.token_price("openai/gpt-6.1-terra", DAY)
    assert (price.input.value, price.cached.value, price.output.value) == (0.8, 0.02, 5.0)
    assert (price.input.origin, price.output.origin) == ("stated", "published")
    assert own.assumed("epochs") == table.assumed("epochs")
    assert own.digest(DAY, ["openai/gpt-6.1-terra"]) != table.digest(DAY, ["openai/gpt-6.1-terra"])
    assert table.overridden({}) is table


def test_each_assumption_row_and_token_price_is_a_key_and_states_its_value_back() -> None:
    """Whatever the table holds can be overridden by its key, and the parsed value is the one that was written."""
    table = PriceTable.load(locate.rules_dir())
    keys = [*table.assumptions.entries, *(f"{item}/{kind}" for item, kind in table.rows)]
    keys += [f"{model}/{part}" for model in known_models() for part in ("input", "cached", "output")]
    raw = {key: {"low": 0.25, "likely": 0.5, "high": 1} for key in keys}
    found = overrides(raw)
    assert {key: own.plain() for key, own in found.items()} == raw
    stated = table.overridden(found)
    assert all(entry.origin == "stated" for entry in stated.assumptions.entries.values())
    assert all(row.amount.origin == "stated" for row in stated.rows.values())


def test_reading_from_the_cache_never_costs_more_than_a_stated_price_of_reading() -> None:
    """A price of reading below the published cached price takes that along; a stated cached price stands."""
    table = PriceTable.load(locate.rules_dir())
    cheap = table.overridden(overrides({"openai/gpt-6.1-terra/input": 0.01})).token_price("openai/gpt-6.1-terra", DAY)
    assert cheap.cached.value == cheap.input.value == 0.01


def test_all_faults_of_stated_prices_are_told_at_once_with_the_nearest_names() -> None:
    """Unknown keys, wrong values, shares above 1 and divisors of 0 are each a problem with place and remedy."""
    raw = {
        "hourly_rat": 90,
        "h100/gpu_hours": 2,
        "openai/gpt-6-lunar/input": 1,
        "hourly_rate": "90 USD",
        "t4/gpu_hour": -1,
        "l4/gpu_hour": {"low": 3, "likely": 2, "high": 4},
        "a100_80gb/gpu_hour": {"low": 1, "high": 4},
        "own_gpu_share": 40,
        "writing_speed": 0,
        "epochs": True,
        "peak_factor": float("nan"),
        "gpt-6-luna/input": 1,
        "openai/gpt-6-luna/input": 2,
    }
    problems: list[Problem] = []
    found = parse_overrides(raw, PriceTable.load(locate.rules_dir()), "answers.yaml", problems)
    text = "\n".join(map(str, problems))
    for part in (
        "prices.hourly_rat: found an unknown price",
        "did you mean hourly_rate",
        "prices.h100/gpu_hours",
        "h100/gpu_hour",
        "openai/gpt-6-luna",
        "prices.hourly_rate: found '90 USD'",
        "prices.t4/gpu_hour: found -1",
        "low 3, likely 2, high 4",
        "{low: , likely: , high: }",
        "write 0.9 for 90 %",
        "prices.writing_speed: found 0; allowed: a number above 0",
        "prices.epochs: found True",
        "prices.peak_factor: found nan",
        "the same price as gpt-6-luna/input",
    ):
        assert part in text, part
    assert list(found) == ["gpt-6-luna/input"]
    assert all(problem.where == "answers.yaml" for problem in problems)
    parse_overrides([1], PriceTable.load(locate.rules_dir()), "answers.yaml", problems)
    assert "a mapping of prices" in str(problems[-1])


def test_the_next_change_of_a_price_is_known_where_the_vendor_announced_it() -> None:
    """Gemini 4 Argon changes on 1 December 2026 and not again; a price without dates never does."""
    assert next_change("google/gemini-4-argon", DAY) == date(2026, 12, 1)
    assert next_change("google/gemini-4-argon", date(2026, 12, 1)) is None
    assert next_change("openai/gpt-5-mini", DAY) is None
    assert next_change("no/such-model", DAY) is None
