"""Answers written by `Reply`, and `FakeResponse`, which needs no server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from sse_stream import (
    AsyncChatStream,
    ChatCompletion,
    ChatDecoder,
    ChatStream,
    IncompleteStreamError,
    ProviderError,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TransportError,
    aiter_sse,
    iter_sse,
)
from sse_stream.testing import (
    Comments,
    Disconnect,
    EndAt,
    FakeResponse,
    Fault,
    HalfClose,
    ReplayServer,
    Reply,
    Reset,
    Stall,
    WrongLength,
)


def completion_of(reply: Reply) -> ChatCompletion:
    return ChatStream(FakeResponse(reply)).until_done()


def events_of(reply: Reply) -> list[str]:
    return [event.data for event in iter_sse(b"".join(reply.writes()))]


class TestAnswers:
    def test_text_is_an_answer_that_ends_as_it_should(self) -> None:
        completion = completion_of(Reply.text("Hel", "lo"))
        assert (completion.text, completion.finish_reason) == ("Hello", "stop")
        assert completion.usage is not None
        assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (1, 2)

    def test_each_piece_is_a_chunk_of_its_own_and_each_chunk_a_write(self) -> None:
        reply = Reply.text("a", "b", "c")
        assert len(reply.writes()) == len(events_of(reply)) == 1 + 3 + 1 + 1 + 1
        chunks = list(ChatStream(FakeResponse(reply)).iter_chunks())
        assert [chunk.choices[0].delta.content for chunk in chunks[1:4]] == ["a", "b", "c"]

    def test_nothing_in_it_is_an_anomaly(self) -> None:
        decoder = ChatDecoder(strict=True)
        reply = Reply.reasoning("Hm.") + Reply.text("Hi") + Reply.tool_call("look", {"at": "sky"})
        list(decoder.feed(b"".join(reply.writes())))
        list(decoder.close())
        assert (decoder.ending, list(decoder.anomalies)) == ("complete", [])

    def test_parts_add_up_to_one_answer_in_their_order_with_one_end(self) -> None:
        reply = Reply.reasoning("A ", "greeting.") + Reply.text("Hello, ") + Reply.text("you")
        completion = completion_of(reply + Reply.tool_call("wave", {"hands": 2}))
        assert (completion.message.reasoning, completion.text) == ("A greeting.", "Hello, you")
        assert [part.type for part in completion.message.parts] == ["reasoning", "text", "tool_call"]
        assert completion.finish_reason == "tool_calls"
        assert completion.usage is not None and completion.usage.completion_tokens_details is not None
        assert (completion.usage.total_tokens, completion.usage.completion_tokens_details.reasoning_tokens) == (6, 2)
        events = events_of(reply)
        assert (events.count("[DONE]"), sum('"finish_reason":"stop"' in event for event in events)) == (1, 1)
        assert sum('"usage"' in event for event in events) == 1

    @pytest.mark.parametrize(
        ("arguments", "sent"),
        [
            ({"city": "Kraków"}, ['{"city":"Kraków"}']),
            ('{"city": "Kraków"}', ['{"city": "Kraków"}']),
            (['{"city": "Kra', 'ków"}'], ['{"city": "Kra', 'ków"}']),
            ("{oops", ["{oops"]),
        ],
    )
    def test_arguments_are_an_object_or_text_whole_or_in_pieces(self, arguments: Any, sent: list[str]) -> None:
        reply = Reply.tool_call("get_weather", arguments)
        calls = [json.loads(event)["choices"][0]["delta"].get("tool_calls") for event in events_of(reply)[1:-3]]
        assert [call["function"]["arguments"] for (call,) in calls] == ["", *sent]
        (call,) = completion_of(reply).tool_calls
        assert (call.id, call.name, call.arguments) == ("call_1", "get_weather", "".join(sent))

    def test_several_calls_have_ids_and_places_of_their_own(self) -> None:
        reply = Reply.tool_call("a") + Reply.tool_call("b", id="call_x") + Reply.tool_call("c", {"n": 1})
        calls = completion_of(reply).tool_calls
        assert [(call.id, call.name, call.arguments) for call in calls] == [
            ("call_1", "a", "{}"),
            ("call_x", "b", "{}"),
            ("call_3", "c", '{"n":1}'),
        ]

    def test_how_it_ends_can_be_said(self) -> None:
        completion = completion_of(Reply.text("Hi", finish_reason="length", usage={"prompt_tokens": 7}))
        assert completion.finish_reason == "length"
        assert completion.usage is not None and completion.usage.prompt_tokens == 7
        assert completion_of(Reply.text("Hi", usage={})).usage is None

    def test_it_may_stop_before_its_end(self) -> None:
        with pytest.raises(IncompleteStreamError) as caught:
            completion_of(Reply.text("Hel") + Reply.text("lo", complete=False))
        assert (caught.value.completion.text, caught.value.completion.finish_reason) == ("Hello", None)

    def test_an_error_in_mid_stream_is_the_end(self) -> None:
        with pytest.raises(ProviderError, match="overloaded") as caught:
            completion_of(Reply.text("Hel") + Reply.error("overloaded", type="overloaded_error", code=529))
        assert caught.value.completion.text == "Hel"
        assert (caught.value.type, caught.value.code) == ("overloaded_error", 529)

    def test_an_error_with_a_status_is_a_document(self) -> None:
        reply = Reply.error("slow down", status=429, headers={"Retry-After": "2"})
        with ReplayServer(reply) as server:
            response = httpx.post(server.chat_url)
        assert (response.status_code, response.headers["retry-after"]) == (429, "2")
        assert response.headers["content-type"] == "application/json"
        assert response.json() == {"error": {"message": "slow down"}}

    def test_options_go_with_whichever_part_and_each_once(self) -> None:
        reply = Reply.reasoning("Hm.", pace=0.5) + Reply.text("Hi", fault=EndAt(3), status=201)
        assert (reply.pace, reply.fault, reply.status) == (0.5, EndAt(3), 201)
        assert (Reply.text("a", pace=1.0) + Reply.text("b", pace=1.0)).pace == 1.0
        with pytest.raises(ValueError, match=r"pace is set twice, to 1\.0 and to 2\.0"):
            _ = Reply.text("a", pace=1.0) + Reply.text("b", pace=2.0)
        with pytest.raises(ValueError, match="finish_reason is set twice"):
            _ = Reply.text("a", finish_reason="stop") + Reply.text("b", finish_reason="length")

    def test_what_is_no_answer_does_not_add_up(self) -> None:
        for other in (Reply(b"data: [DONE]\n\n"), Reply.error("no", status=400)):
            with pytest.raises(TypeError, match=r"only replies from Reply\.text"):
                _ = Reply.text("Hi") + other
        with pytest.raises(TypeError, match="unsupported operand"):
            _ = Reply.text("Hi") + "more"  # type: ignore[operator]  # the mistake that is tested

    @pytest.mark.parametrize(
        ("make", "arguments"), [(Reply.text, (["a"],)), (Reply.tool_call, ("f", [1])), (Reply.tool_call, (7,))]
    )
    def test_what_is_no_text_is_refused_at_once(self, make: Callable[..., Reply], arguments: tuple[Any, ...]) -> None:
        with pytest.raises(TypeError, match=r"pieces of an answer must be str, as in Reply\.text\('Hel', 'lo'\), not"):
            make(*arguments)

    def test_a_server_takes_one_as_it_is_and_its_own_options_win(self) -> None:
        with ReplayServer(Reply.text("Hello", pace=60.0), cut=7, pace=0.0) as server:
            with httpx.stream("POST", server.chat_url) as response:
                assert ChatStream(response).until_done().text == "Hello"

    def test_another_of_its_kind_can_be_made_of_one(self) -> None:
        reply = replace(Reply.text("Hel"), fault=EndAt(5)) + Reply.text("lo")
        assert (reply.fault, completion_of(replace(reply, fault=None)).text) == (EndAt(5), "Hello")


Outcome = tuple[str, str, bool]


def read_sync(response: FakeResponse | httpx.Response) -> Outcome:
    text, error = "", "complete"
    with ChatStream(response) as stream:
        try:
            for piece in stream.iter_text():
                text += piece
        except SSEStreamError as raised:
            error = type(raised).__name__
    return text, error, response.is_closed


async def _read(response: FakeResponse) -> Outcome:
    text, error = "", "complete"
    async with AsyncChatStream(response) as stream:
        try:
            async for piece in stream.iter_text():
                text += piece
        except SSEStreamError as raised:
            error = type(raised).__name__
    return text, error, response.is_closed


def read_asyncio(response: FakeResponse) -> Outcome:
    return asyncio.run(_read(response))


def read_trio(response: FakeResponse) -> Outcome:
    return trio.run(_read, response)


HELLO = Reply.text("Hel", "lo")
HALF = len(b"".join(HELLO.writes()[:2]))

each_way = pytest.mark.parametrize("read", [read_sync, read_asyncio, read_trio])


class TestFakeResponse:
    @each_way
    @pytest.mark.parametrize(
        ("fault", "outcome"),
        [
            (None, ("Hello", "complete", True)),
            (EndAt(HALF), ("Hel", "IncompleteStreamError", True)),
            (Disconnect(HALF), ("Hel", "TransportError", True)),
            (HalfClose(HALF), ("Hel", "TransportError", True)),
            (Reset(HALF), ("Hel", "TransportError", True)),
            (Stall(HALF), ("Hel", "StreamTimeoutError", True)),
            (Stall(HALF, seconds=0.01), ("Hello", "complete", True)),
            (WrongLength(HALF - len(b"".join(HELLO.writes()))), ("Hel", "IncompleteStreamError", True)),
        ],
    )
    def test_it_is_read_like_a_response_with_what_goes_wrong(
        self, fault: Fault | None, outcome: Outcome, read: Callable[[FakeResponse], Outcome]
    ) -> None:
        assert read(FakeResponse(HELLO, fault=fault)) == outcome
        # A client's library does not tell what it is given from what a server sent.
        if not isinstance(fault, Stall | WrongLength):
            with ReplayServer(HELLO, fault=fault) as server, httpx.stream("POST", server.chat_url) as response:
                served = read_sync(response)
            assert served == outcome

    @each_way
    @pytest.mark.parametrize("cut", [None, 1, 7])
    def test_it_comes_in_the_pieces_of_its_reply(
        self, cut: int | None, read: Callable[[FakeResponse], Outcome]
    ) -> None:
        reply = replace(HELLO, cut=cut)
        assert list(FakeResponse(reply).iter_raw()) == reply.writes()
        assert list(FakeResponse(HELLO).iter_bytes(chunk_size=7)) == replace(HELLO, cut=7).writes()
        assert read(FakeResponse(reply)) == ("Hello", "complete", True)

    @each_way
    def test_it_takes_its_time(self, read: Callable[[FakeResponse], Outcome]) -> None:
        began = time.monotonic()
        assert read(FakeResponse(HELLO, pace=0.01, delay=0.02))[0] == "Hello"
        assert time.monotonic() - began >= 0.02 + 0.01 * (len(HELLO.writes()) - 1)

    def test_comments_go_on_until_somebody_has_enough(self) -> None:
        response = FakeResponse(b"", fault=Comments(interval=0.0, comment=b": x\n\n"))
        pieces = response.iter_raw()
        assert [next(pieces) for _ in range(3)] == [b": x\n\n"] * 3
        response.close()
        with pytest.raises(RuntimeError, match="was closed while it was being read"):
            next(pieces)

    def test_it_has_status_and_headers(self) -> None:
        response = FakeResponse(Reply.error("slow down", status=429, headers={"Retry-After": "2"}))
        assert (response.status_code, response.headers["retry-AFTER"]) == (429, "2")
        assert dict(response.headers)["content-type"] == "application/json"
        assert "RETRY-after" in response.headers and "etag" not in response.headers
        with pytest.raises(StatusError, match="slow down") as caught:
            ChatStream(response).until_done()
        assert (caught.value.status_code, caught.value.retry_after) == (429, 2.0)

    def test_it_stands_in_for_the_context_manager_that_a_client_returns(self) -> None:
        async def ask() -> str:
            async with FakeResponse(HELLO) as response, AsyncChatStream(response) as stream:
                return (await stream.until_done()).text

        with FakeResponse(HELLO) as response, ChatStream(response) as stream:
            assert stream.until_done().text == asyncio.run(ask()) == "Hello"
        with FakeResponse(HELLO) as response:
            pass
        assert response.is_closed

    def test_its_body_can_be_read_whole(self) -> None:
        response = FakeResponse(HELLO)
        with pytest.raises(RuntimeError, match="has not been read"):
            _ = response.content
        assert response.read() == response.read() == response.content == b"".join(HELLO.writes())
        assert ChatStream(response).until_done().text == "Hello"
        assert asyncio.run(FakeResponse(HELLO).aread()) == response.content

    def test_it_is_read_once(self) -> None:
        response = FakeResponse(HELLO)
        next(response.iter_raw())
        with pytest.raises(RuntimeError, match="has already been read"):
            next(response.iter_raw())
        response.close()
        with pytest.raises(RuntimeError, match="has already been closed"):
            next(response.iter_raw())

    def test_some_statuses_have_no_body(self) -> None:
        assert list(FakeResponse(HELLO, status=204).iter_raw()) == []

    def test_what_only_a_client_could_undo_is_refused(self) -> None:
        with pytest.raises(ValueError, match="use ReplayServer"):
            FakeResponse(HELLO, encoding="gzip")

    def test_events_that_are_no_chat_are_read_too(self, tmp_path: Path) -> None:
        recording = tmp_path / "recording.sse"
        recording.write_bytes(b"data: a\n\n")

        async def read() -> list[str]:
            return [event.data async for event in aiter_sse(FakeResponse([b"da", b"ta: a\n\n"]))]

        assert [event.data for event in iter_sse(FakeResponse(recording))] == asyncio.run(read()) == ["a"]

    def test_errors_have_the_causes_that_were_raised(self) -> None:
        with pytest.raises(TransportError) as broken:
            ChatStream(FakeResponse(HELLO, fault=Reset(HALF))).until_done()
        assert isinstance(broken.value.__cause__, ConnectionResetError)
        with pytest.raises(StreamTimeoutError) as late:
            ChatStream(FakeResponse(HELLO, fault=Stall(HALF))).until_done()
        assert late.value.completion.text == "Hel"


class TestFaults:
    def test_what_is_no_number_of_bytes_goes_by_its_name(self) -> None:
        assert Stall(5) == Stall(at=5) != Stall(seconds=5)
        with pytest.raises(TypeError, match=r"pass Stall\(seconds=0.5\)"):
            Stall(0.5)  # type: ignore[arg-type]  # the mistake that is tested
        with pytest.raises(TypeError):
            Stall(5, 0.5)  # type: ignore[call-arg]  # the mistake that is tested
        with pytest.raises(TypeError):
            Comments(5, 0.5)  # type: ignore[call-arg]  # the mistake that is tested


class TestImporting:
    @pytest.mark.parametrize(
        ("program", "said"),
        [
            ("import sys; sys.modules['hypothesis'] = None; from sse_stream.testing import *; print(Reply)", "Reply'>"),
            ("from sse_stream.testing import *; print(chat_streams)", "chat_streams"),
            (
                """import sys; sys.modules['hypothesis'] = None; import sse_stream.testing as kit
try: kit.chat_streams
except ImportError as error: print(error)""",
                "requires Hypothesis: pip install",
            ),
        ],
    )
    def test_a_star_takes_what_there_is(self, program: str, said: str) -> None:
        shown = subprocess.run(
            [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
        )
        assert (shown.stderr, said in shown.stdout) == ("", True)
