"""What a misbehaving server can do to a run: cost time, and never answers, money or the key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults import FaultServer, Response, right, running, said

from benchmarks.errors import JobFailed
from benchmarks.models.endpoint_client import EndpointClient, Patience, Refused
from benchmarks.models.endpoint_replies import Kept, OverBudget
from benchmarks.models.endpoint_wire import Limits

Client = Callable[..., EndpointClient]
KEY = "sk-test-1234567890-secret"


def bodies(count: int) -> list[dict[str, Any]]:
    return [
        {"model": "served", "messages": [{"role": "user", "content": f"good {n}"}], "max_tokens": 5, "temperature": 0}
        for n in range(count)
    ]


def first_then(fault: Response) -> Callable[[dict[str, Any], int], Response]:
    return lambda body, times: fault if times == 1 else right(body)


def asked(client: EndpointClient, count: int = 3) -> list[Kept]:
    found = client.ask(bodies(count))
    assert all(isinstance(one, Kept) for one in found)
    return [one for one in found if isinstance(one, Kept)]


@pytest.mark.parametrize(
    "fault",
    [
        Response(429),
        Response(429, headers={"Retry-After": "0.05"}),
        Response(500, b"oops"),
        Response(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        Response(529),
    ],
    ids=["429", "429-retry-after", "500", "503-past-date", "529"],
)
def test_a_turned_away_request_is_asked_again_and_billed_once(client: Client, fault: Response) -> None:
    """After one refusal for now, every request is answered, in order, and the bill holds each once at its usage."""
    with running(first_then(fault)) as server:
        found = client(server.url)
        assert [one.reply.text for one in asked(found)] == ["good"] * 3
        bill = found.replies.bill("cell-1")
    assert server.answered == {f"good {n}": 1 for n in range(3)}
    assert (bill["requests"], bill["attempts"], bill["unanswered"]) == (3, 6, 0)
    assert bill["usd"] == pytest.approx(3 * (20 * 1 + 2 * 10) / 1e6)
    assert bill["usd_at_most_unanswered"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        Response(200, b'{"choices": [', cut=False),
        Response(200, right({"messages": [{"content": "good"}]}).body, cut=True),
        Response(200, right({"messages": [{"content": "good"}]}).body, stall=2.5),
        Response(200, b'{"choices": [], "choices": [{"message": {"content": "good"}}]}'),
        Response(200, b'{"choices": [{"message": {"content": 7}}]}'),
        Response(200, b"[" * 100_000),
        Response(200, b" " * 4_500_000),
        Response(200, b"\xff\xfe"),
    ],
    ids=["bad-json", "cut", "stall", "same-key-twice", "content-no-text", "deep", "huge", "not-utf8"],
)
def test_a_spoiled_answer_is_asked_again_and_what_it_may_have_cost_is_told_apart(
    client: Client, fault: Response
) -> None:
    """The reply counts once; the spoiled attempt, which the server may have billed, stands beside it."""
    with running(first_then(fault)) as server:
        found = client(server.url)
        assert asked(found, 1)[0].reply.text == "good"
        bill = found.replies.bill("cell-1")
    assert (bill["requests"], bill["attempts"], bill["unanswered"]) == (1, 2, 1)
    assert bill["usd"] == pytest.approx(40 / 1e6)
    assert bill["usd_at_most_unanswered"] > 0


def test_retry_after_holds_every_request_back(client: Client) -> None:
    """After a Retry-After of 0.4 s no request comes earlier than that, not only the one that was turned away."""
    times: list[float] = []

    def script(body: dict[str, Any], count: int) -> Response:
        times.append(time.monotonic())
        return Response(429, headers={"Retry-After": "0.4"}) if len(times) == 1 else right(body)

    with running(script) as server:
        asked(client(server.url), 12)
    # Up to four went out together with the one that was turned away.
    assert all(later - times[0] >= 0.39 for later in times[4:])
    assert len(times) == 13


def test_more_requests_go_at_once_while_the_server_bears_it(client: Client) -> None:
    """Concurrency grows beyond the four of the beginning."""

    def slow(body: dict[str, Any], times: int) -> Response:
        response = right(body)
        response.stall = 0.15
        return response

    with running(slow) as server:
        found = client(server.url)
        asked(found, 60)
        assert 4 < server.most_at_once <= found.seen["most_at_once"]
        assert found.seen["throttled"] == 0


def test_a_crowded_server_gets_fewer_requests_at_once(client: Client) -> None:
    """A server that bears two at once turns some away, and all are answered once nevertheless."""
    server: FaultServer

    def crowded(body: dict[str, Any], times: int) -> Response:
        if server.at_once > 2:
            return Response(429, headers={"Retry-After": "0.02"})
        response = right(body)
        response.stall = 0.01
        return response

    with running(crowded) as server:
        found = client(server.url, Patience(20.0, 30, 0.01, Limits(2.0, 2.0, 2.0)))
        asked(found, 40)
        turned_away = sum(server.came.values()) - 40
    assert set(server.answered.values()) == {1}
    assert found.seen["throttled"] == turned_away
    assert 0 < turned_away < 60


def test_no_answer_at_all_fails_with_what_was_tried(client: Client) -> None:
    """A server that never answers stops the cell after the attempts that patience allows, and names the last fault."""
    with (
        running(lambda body, times: Response(500, b"broken pipe in rack 7")) as server,
        pytest.raises(JobFailed, match=r"no answer after 4 attempts, at last HTTP 500: broken pipe"),
    ):
        client(server.url).ask(bodies(1))
    assert sum(server.came.values()) == 4


def test_a_deadline_ends_the_waiting(client: Client) -> None:
    """A Retry-After beyond the deadline fails at the deadline, and says how far it came."""
    with running(lambda body, times: Response(429, headers={"Retry-After": "3600"})) as server:
        started = time.monotonic()
        with pytest.raises(JobFailed, match=r"0 of 2 requests answered in 0\.5 s"):
            client(server.url, Patience(deadline=0.5)).ask(bodies(2))
        assert time.monotonic() - started < 5


def test_a_redirect_is_not_followed_and_the_key_stays(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends elsewhere closes the endpoint; the other host hears nothing."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with running(lambda body, times: right(body)) as other:
        away = Response(307, headers={"Location": f"{other.url}/chat/completions"})
        with running(lambda body, times: away) as server, pytest.raises(JobFailed, match="HTTP 307") as error:
            client(server.url).ask(bodies(1))
    assert other.requests == []
    assert server.requests[0][0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(error.value)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_closed_door_is_tried_once_and_the_key_is_not_repeated(
    client: Client, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A wrong key is no fault to wait for; an error that repeats the key is shown without it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    said_so = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid"}}).encode()
    with (
        running(lambda body, times: Response(status, said_so)) as server,
        pytest.raises(JobFailed, match=r"Incorrect API key provided: \[key\] \(invalid\)") as error,
    ):
        client(server.url).ask(bodies(1))
    assert sum(server.came.values()) == 1
    assert KEY not in repr(error.value)


def test_an_empty_account_is_no_reason_to_wait(client: Client) -> None:
    """A 429 that says the quota is spent ends the cell at once."""
    spent = json.dumps({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}).encode()
    with running(lambda body, times: Response(429, spent)) as server, pytest.raises(JobFailed, match="quota"):
        client(server.url).ask(bodies(1))
    assert sum(server.came.values()) == 1


def test_the_key_stands_in_no_file(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Even a reply that repeats the key is kept without it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with running(lambda body, times: said(f"your key is {KEY}", model=KEY)) as server:
        assert asked(client(server.url), 1)[0].reply.text == "your key is [key]"
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 1
    assert all(KEY not in text for text in written)


def test_a_refused_request_is_an_outcome_of_its_own(client: Client) -> None:
    """A request that a server will not answer, such as one that is too long, is told, not repeated and not billed."""

    def script(body: dict[str, Any], times: int) -> Response:
        too_long = "1" in body["messages"][0]["content"]
        return Response(400, b'{"error": {"message": "context length"}}') if too_long else right(body)

    with running(script) as server:
        found = client(server.url)
        answers = found.ask(bodies(3))
        assert isinstance(answers[1], Refused)
        assert answers[1].reason == "HTTP 400: context length"
        assert found.replies.bill("cell-1")["requests"] == 2
        assert found.replies.bill("cell-1")["usd_at_most_unanswered"] == 0
    assert sum(server.came.values()) == 3


def test_a_server_that_calls_the_limit_otherwise_is_asked_in_its_words(client: Client) -> None:
    """Where max_tokens and a temperature are refused with the word to use, the request is sent again with it."""

    def script(body: dict[str, Any], times: int) -> Response:
        if "max_tokens" in body:
            return Response(400, b'{"error": {"message": "Use \'max_completion_tokens\' instead."}}')
        if "temperature" in body:
            return Response(400, b'{"error": {"message": "\'temperature\' does not support 0 with this model."}}')
        return right(body)

    with running(script) as server:
        found = client(server.url)
        asked(found, 6)
    assert found.changes == ["max_completion_tokens", "no temperature"]


@pytest.mark.parametrize("usage", [None, (-5, 2), (10**12, 2), (20, 10**9), ("20", "2"), (True, 2), (0, 2)], ids=repr)
def test_a_count_of_tokens_that_cannot_be_is_not_believed(client: Client, usage: Any) -> None:
    """Without a possible count the request is billed at the most it can have cost, and the record says so."""
    with running(lambda body, times: said("good", usage=usage)) as server:
        found = client(server.url)
        kept = asked(found, 1)[0]
        bill = found.replies.bill("cell-1")
    assert not kept.stated
    assert bill["counts_not_believed"] == 1
    assert kept.written == 5
    assert 20 < kept.read < 500
    assert bill["usd"] == pytest.approx((kept.read + 50) / 1e6)


def test_the_budget_stops_before_the_request_that_could_exceed_it(client: Client) -> None:
    """With money for some of 30 requests, what is spent never passes the cap, and more money goes on from there."""
    with running(lambda body, times: right(body)) as server:
        found = client(server.url, budget_usd="0.0007")
        with pytest.raises(OverBudget, match="it was not sent"):
            found.ask(bodies(30))
        paid = sum(server.answered.values())
        assert 0 < paid < 30
        # The server's own count in dollars, whether or not every reply was still read.
        assert paid * 40 / 1e6 <= 0.0007
        assert client(server.url, budget_usd="0.0007").replies.spent <= 0.0007
        again = client(server.url, budget_usd="1")
        asked(again, 30)
        bill = again.replies.bill("cell-1")
    assert bill["requests"] == 30
    assert bill["unanswered"] == 0
    assert sum(server.answered.values()) == 30


def test_equal_requests_are_sent_and_paid_once(client: Client) -> None:
    """The same text three times, in one batch and in a later run, is one request."""
    with running(lambda body, times: right(body)) as server:
        found = client(server.url)
        assert len(found.ask(bodies(1) * 3)) == 3
        later = client(server.url)
        later.ask(bodies(1))
    assert sum(server.came.values()) == 1
    assert later.replies.bill("cell-1")["requests"] == 1
    assert later.seen["from_disk"] == 1


def test_a_damaged_reply_is_asked_for_again(client: Client, tmp_path: Path) -> None:
    """A reply whose bytes were changed on disk does not count."""
    with running(lambda body, times: right(body)) as server:
        asked(client(server.url), 1)
        path = next((tmp_path / "replies").glob("*.json"))
        path.write_text(path.read_text().replace("good", "evil"))
        assert asked(client(server.url), 1)[0].reply.text == "good"
    assert sum(server.came.values()) == 2
