"""The server for agents, asked by the SDK's own client over standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

import advisor
from advisor.agents.experiment import experiment, rows_needed

# What a user would say, by field; everything else is not known.
REPLIES = {
    "task_kind": "classification",
    "class_count": 12,
    "quality_gap": "inconsistent_behaviour",
    "labelled_examples": {"low": 1500, "likely": 2500, "high": 4000},
    "precision_need": "critical",
    "deadline_weeks": 16,
    "model_access": "open_weights",
}


def converse(*calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Starts `advisor mcp` and makes the calls; a tool's error comes back as its text."""
    from mcp import Client, StdioServerParameters

    async def talk() -> list[Any]:
        server = StdioServerParameters(command=sys.executable, args=["-m", "advisor.cli", "mcp"])
        found = []
        async with Client(server) as client:
            for name, arguments in calls:
                result = await client.call_tool(name, arguments)
                text = result.content[0].text
                found.append(text if result.is_error else json.loads(text))
        return found

    return asyncio.run(talk())


def interview() -> tuple[dict[str, Any], dict[str, Any]]:
    """Answers every question that is asked, as far as the user knows, and takes the advice, in one session."""
    from mcp import Client, StdioServerParameters

    async def talk() -> tuple[dict[str, Any], dict[str, Any]]:
        server = StdioServerParameters(command=sys.executable, args=["-m", "advisor.cli", "mcp"])
        answers: dict[str, Any] = {}
        async with Client(server) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {
                "next_question",
                "advise",
                "why_not",
                "flips",
                "experiment_to_run",
            }
            for _ in range(len(REPLIES)):
                asked = json.loads((await client.call_tool("next_question", {"answers": answers})).content[0].text)
                if asked["done"]:
                    break
                assert asked["question"]["why"]
                field = asked["question"]["field"]
                if field not in REPLIES or field in answers:
                    # Not known: the agent goes on with something that the user does know.
                    field = next(name for name in REPLIES if name not in answers)
                answers[field] = REPLIES[field]
            advice = json.loads((await client.call_tool("advise", {"answers": answers})).content[0].text)
        return answers, advice

    return asyncio.run(talk())


def test_an_interview_ends_in_the_command_lines_verdict(advisor_cli: Any, tmp_path: Any) -> None:
    """The answers gathered through the client give the verdict_id of `advisor recommend` on the same answers."""
    answers, advice = interview()
    (tmp_path / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    printed = json.loads(advisor_cli("recommend", tmp_path / "answers.json", "--json").stdout)
    assert advice["verdict_id"] == printed["verdict_id"]
    assert advice["recommendation"] == printed["recommendation"]
    assert advice["ranking"][0]["cost_usd"]["setup"] == printed["ranking"][0]["cost_usd"]["setup"]


def test_the_other_tools_answer_and_wrong_input_is_told_as_an_error() -> None:
    """Why-not names rules, flips name fields, the experiment is a command; wrong words name what is allowed."""
    why, flips, run, wrong, unknown = converse(
        ("why_not", {"answers": REPLIES, "approach": "prompting"}),
        ("flips", {"answers": REPLIES}),
        ("experiment_to_run", {"answers": REPLIES}),
        ("advise", {"answers": {"labeled_examples": 5}}),
        ("why_not", {"answers": REPLIES, "approach": "finetuning"}),
    )
    assert why["recommended"] is False and why["why_not"]["against"]
    assert advisor.question(flips["flips"][0]["changes"][0]["field"])["ask"]
    assert run["command"].startswith("advisor validate ")
    assert "labelled_examples" in wrong
    assert "fine_tuning" in unknown


def test_the_experiment_fits_the_answers() -> None:
    """Sizes stay within the examples at hand, another kind than classification is named, the rows say why."""
    few = experiment(advisor.recommend({**REPLIES, "labelled_examples": 100}))
    assert few["train_sizes"] == [16, 64]
    written = experiment(advisor.recommend({"task_kind": "extraction"}))
    assert "--kind extraction" in written["command"]
    assert rows_needed().value == pytest.approx(628, abs=1)
    assert rows_needed().origin == "estimated"
