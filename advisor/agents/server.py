"""Tools of the Model Context Protocol: the next question, the advice, why not, what would flip it, what to measure.

Nothing is kept between calls: the agent holds the answers and hands them over each time, so two agents never mix.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from advisor import __version__, api
from advisor.agents.experiment import experiment
from advisor.errors import AdvisorError, InputError, MissingExtra, Problem, nearest
from advisor.knowledge.domain import APPROACHES

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

INSTRUCTIONS = (
    "Advice on how to customise an AI model: by prompting, by fine-tuning, or by a hybrid of the two. Interview the "
    "user with next_question until it is done or the user stops, keep the answers yourself, and hand all of them over "
    "in every call. Leave a field out where the user does not know. Numbers may be ranges {low, likely, high}. Then "
    "call advise; quote numbers with their origin and the sources by title."
)
SHOWN = ("recommendation", "status", "technique", "headline", "reason", "confidence", "margin", "verdict_id", "as_of")
Answers = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


def server() -> MCPServer:
    """The server with its five tools. Raises MissingExtra where the SDK is not installed."""
    try:
        from mcp.server.mcpserver import MCPServer
    except ImportError:
        raise MissingExtra("agents", "The server for agents") from None
    made = MCPServer("advisor", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    for tool in (next_question, advise, why_not, flips, experiment_to_run):
        made.tool()(_told(tool))
    return made


def next_question(answers: Answers) -> dict[str, Any]:
    """The open question whose answer matters most under the answers so far (field to value), with its options and why
    it is asked. `done` is true where no open answer can change the advice any more.
    """
    found = api.next_questions(answers, limit=1)
    if not found:
        return {"done": True, "question": None, "value": 0.0}
    return {"done": False, "question": api.question(found[0].field), "value": found[0].value}


def advise(answers: Answers) -> dict[str, Any]:
    """The advice on the answers (field to value): recommendation, why, how sure, ranking with costs and lead times,
    notes, limits, sources, and the verdict_id that the same answers give everywhere.
    """
    advice = api.recommend(answers).to_json()
    ranking = [
        {key: item[key] for key in ("approach", "technique", "eligible", "score", "by_criterion", "lead_time_weeks")}
        | {"cost_usd": {key: item["cost_usd"][key] for key in ("setup", "monthly", "horizon_total")}}
        for item in advice["ranking"]
    ]
    findings = [
        {key: item[key] for key in ("rule", "kind", "approach", "criterion", "points", "because", "source")}
        for item in advice["findings"]
    ]
    notes = [{"title": item["title"], "because": item["because"]} for item in advice["notes"]]
    kept = {key: advice[key] for key in (*SHOWN, "plan", "limits", "next_questions", "ruled_out")}
    return {**kept, "ranking": ranking, "findings": findings, "notes": notes}


def why_not(answers: Answers, approach: str) -> dict[str, Any]:
    """Why an approach (prompting, fine_tuning or hybrid) is not recommended under the answers: the rules that speak
    against it and for it, its gap, and what would lift what rules it out.
    """
    if approach not in APPROACHES:
        allowed = ", ".join(APPROACHES)
        raise InputError([Problem("why_not", "approach", repr(approach), allowed, nearest(approach, APPROACHES))])
    advice = api.recommend(answers).to_json()
    if approach == advice["recommendation"] and advice["status"] == "advice":
        return {"approach": approach, "recommended": True, "reason": advice["reason"]}
    found = next((item for item in advice["why_not"] if item["approach"] == approach), None)
    lifts = [item for item in advice["ruled_out"] if item["approach"] == approach]
    return {"approach": approach, "recommended": False, "why_not": found, "ruled_out": lifts}


def flips(answers: Answers) -> dict[str, Any]:
    """The smallest changes of one or two answers that would change the recommendation, easiest first."""
    advice = api.recommend(answers).to_json()
    return {"recommendation": advice["recommendation"], "flips": advice["flips"]}


def experiment_to_run(answers: Answers) -> dict[str, Any]:
    """The benchmark that would test this advice on the user's own data: the command, its sizes, how many test items are
    needed for which difference, and why.
    """
    return experiment(api.recommend(answers))


def _told(tool: Callable[P, R]) -> Callable[P, R]:
    """The tool with wrong input told as a tool's error: field, what was found, what is allowed."""
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return tool(*args, **kwargs)
        except AdvisorError as error:
            raise ToolError("\n".join(str(problem) for problem in error.problems)) from None

    return called
