"""The strategies: their streams mean what they claim, cover what matters, and shrink to readable examples."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar, assert_type

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import sse_stream.testing
from sse_stream import (
    AnomalyKind,
    ChatDecoder,
    ProviderError,
    ServerSentEvent,
    SSEDecoder,
    SSEStreamError,
)
from sse_stream.testing import (
    ChatRecording,
    EventStream,
    anthropic_streams,
    bytewise,
    chat_streams,
    chunkings,
    event_streams,
    mutations,
    server_sent_events,
)
from sse_stream.testing._failure_strategies import Failure, reports
from sse_stream.testing._tool_call_strategies import CallDeltas, call_deltas

T = TypeVar("T")

# Kinds of anomaly that complete streams show.
ODD: list[AnomalyKind] = [
    "keepalive_as_data",
    "unterminated_event",
    "odd_end_mark",
    "missing_done",
    "broken_after_finish",
    "split_surrogate",
    "missing_choices",
    "missing_index",
    "odd_type",
    "message_beside_delta",
    "message_repeated",
    "id_changed",
    "model_changed",
    "empty_finish_reason",
    "content_after_finish",
    "missing_finish_reason",
    "missing_call_index",
    "missing_call_id",
    "call_id_changed",
    "arguments_repeated",
    "usage_fell",
]

BODY = "data: ü\r\n\r\ndata: 🙂\n\n".encode()


class _NothingMissing(Exception):
    """Ends a search that has found all it looks for."""


def missing(
    strategy: SearchStrategy[T], conditions: Mapping[str, Callable[[T], object]], *, examples: int = 600
) -> set[str]:
    """Which conditions none of several hundred examples meets."""
    unmet = set(conditions)

    @settings(
        max_examples=examples, phases=[Phase.generate], derandomize=True, database=None, report_multiple_bugs=False
    )
    @given(strategy)
    def look(value: T) -> None:
        unmet.difference_update({name for name in unmet if conditions[name](value)})
        if not unmet:
            raise _NothingMissing

    with contextlib.suppress(_NothingMissing):
        look()
    return unmet


def simplest(strategy: SearchStrategy[T], condition: Callable[[T], object]) -> T:
    """What an example that meets the condition shrinks to."""
    shrinking = settings(phases=[Phase.generate, Phase.shrink], derandomize=True)
    return find(strategy, lambda value: bool(condition(value)), settings=shrinking)


class TestChunkings:
    @given(st.data(), st.binary(max_size=20), st.booleans())
    def test_the_pieces_join_to_the_body(self, data: st.DataObject, body: bytes, empty_pieces: bool) -> None:
        pieces = data.draw(chunkings(body, empty_pieces=empty_pieces))
        assert b"".join(pieces) == body
        assert empty_pieces or b"" not in pieces

    def test_what_matters_comes_up(self) -> None:
        assert not missing(
            chunkings(BODY),
            {
                "whole": lambda pieces: pieces == [BODY],
                "bytewise": lambda pieces: pieces == bytewise(BODY),
                "inside a line end": lambda pieces: pieces == [BODY[:9], BODY[9:]],
                "inside a character": lambda pieces: pieces == [BODY[:7], BODY[7:]],
            },
        )

    def test_empty_pieces_come_up_where_they_are_asked_for(self) -> None:
        assert not missing(chunkings(b"", empty_pieces=True), {"alone": lambda pieces: pieces == [b""]})
        assert not missing(
            chunkings(b"ab", empty_pieces=True),
            {"first": lambda pieces: not pieces[0], "last": lambda pieces: not pieces[-1]},
        )

    def test_they_shrink_to_few_and_early_cuts(self) -> None:
        assert simplest(chunkings(BODY), lambda _: True) == [BODY]
        assert simplest(chunkings(BODY), lambda pieces: len(pieces) > 2) == [BODY[:1], BODY[1:2], BODY[2:]]


class TestMutations:
    @given(st.data(), st.binary(max_size=20))
    def test_the_damage_is_bounded(self, data: st.DataObject, body: bytes) -> None:
        damaged = data.draw(mutations(body, max_edits=1))
        assert len(body) - 16 <= len(damaged) <= len(body) + 16

    def test_each_kind_of_damage_comes_up(self) -> None:
        assert not missing(
            mutations(b"hello"),
            {
                "dropped": lambda damaged: damaged == b"ello",
                "doubled": lambda damaged: damaged == b"helloello",
                "flipped": lambda damaged: len(damaged) == 5 and damaged[1:] == b"ello" != damaged,
                "inserted": lambda damaged: len(damaged) == 6 and b"\n" in damaged,
            },
        )

    def test_they_shrink_to_one_edit(self) -> None:
        assert simplest(mutations(b"hello"), lambda damaged: b"h" not in damaged) == b"ello"

    @given(st.data(), chat_streams())
    def test_whatever_the_damage_only_the_documented_errors_are_raised(
        self, data: st.DataObject, stream: ChatRecording
    ) -> None:
        decoder = ChatDecoder()
        try:
            for piece in data.draw(mutations(stream.body).flatmap(chunkings)):
                list(decoder.feed(piece))
            list(decoder.close())
        except SSEStreamError as error:
            assert error.completion == decoder.completion


class TestEvents:
    @given(server_sent_events())
    def test_each_can_be_framed(self, event: ServerSentEvent) -> None:
        assert list(SSEDecoder().feed(event.encode())) == [event]

    @given(st.data(), event_streams())
    def test_the_decoder_finds_the_events_that_a_stream_holds(self, data: st.DataObject, stream: EventStream) -> None:
        decoder = SSEDecoder()
        found = [event for piece in data.draw(chunkings(stream.body)) for event in decoder.feed(piece)]
        assert (*found, *decoder.close()) == stream.events
        assert decoder.last_event_id == stream.last_event_id

    def test_what_matters_comes_up(self) -> None:
        assert not missing(
            event_streams(),
            {
                "a byte order mark": lambda stream: stream.body.startswith(b"\xef\xbb\xbf"),
                "CR alone": lambda stream: stream.events and b"\n" not in stream.body,
                "CRLF": lambda stream: stream.events and b"\r\n\r\n" in stream.body,
                "mixed line ends": lambda stream: stream.events and stream.body.endswith(b"\r\r\n"),
                "data over lines": lambda stream: "\n" in "".join(e.data for e in stream.events),
                "not UTF-8": lambda stream: "\ufffd" in "".join(e.data for e in stream.events),
                "several ids": lambda stream: len({e.id for e in stream.events}) > 1,
                "a reconnection time": lambda stream: any(e.retry for e in stream.events),
                "a type": lambda stream: any(e.event != "message" for e in stream.events),
                "discarded data": lambda stream: b"\ndata: " in stream.body and not stream.events,
                "an id without an event": lambda stream: not stream.events and stream.last_event_id,
            },
        )

    @given(event_streams(line_ends=[b"\n"], bom=False, malformed=False, tail=False))
    def test_what_is_not_wanted_is_left_out(self, stream: EventStream) -> None:
        assert b"\r" not in stream.body
        assert not stream.body.startswith(b"\xef\xbb\xbf")
        assert stream.body.decode() is not None
        assert stream.body.endswith(b"\n\n") or stream.body in (b"", b"\n")

    def test_they_shrink_to_what_is_readable(self) -> None:
        stream = simplest(event_streams(), lambda stream: any(event.id for event in stream.events))
        # Which character is the simplest, the search may leave open; that one is enough, it may not.
        assert re.fullmatch(rb"data: \nid: .\n\n|id: .\ndata: \n\n", stream.body, re.DOTALL)


class TestChats:
    @given(st.data(), chat_streams())
    def test_the_decoder_finds_the_completion_that_a_stream_means(
        self, data: st.DataObject, stream: ChatRecording
    ) -> None:
        decoder = ChatDecoder()
        for piece in data.draw(chunkings(stream.body)):
            list(decoder.feed(piece))
        list(decoder.close())
        assert decoder.completion == stream.completion
        assert decoder.ending == "complete"

    @given(st.data(), chat_streams(failures=True))
    def test_the_decoder_finds_how_a_stream_ends(self, data: st.DataObject, stream: ChatRecording) -> None:
        decoder = ChatDecoder()
        error = None
        try:
            for piece in data.draw(chunkings(stream.body)):
                list(decoder.feed(piece))
            list(decoder.close())
        except ProviderError as failure:
            error = failure.message
        assert (decoder.ending, error) == (stream.ending, stream.error)
        assert decoder.completion == stream.completion

    @given(chat_streams(habits=False))
    def test_without_habits_nothing_is_odd(self, stream: ChatRecording) -> None:
        decoder = ChatDecoder(strict=True)
        list(decoder.feed(stream.body))
        list(decoder.close())
        assert decoder.completion == stream.completion

    @given(chat_streams(max_choices=1, tool_calls=False))
    def test_what_is_not_wanted_is_left_out(self, stream: ChatRecording) -> None:
        (choice,) = stream.completion.choices
        assert choice.message.tool_calls == []

    def test_what_matters_comes_up(self) -> None:
        assert not missing(
            chat_streams(),
            {
                "three choices": lambda stream: len(stream.completion.choices) == 3,
                "three calls": lambda stream: len(stream.completion.choices[0].message.tool_calls) == 3,
                "a negative index": lambda stream: b'"index":-1' in stream.body,
                "arguments that are an object": lambda stream: b'"arguments":{' in stream.body,
                "content in parts": lambda stream: b'"thinking"' in stream.body,
                "no [DONE]": lambda stream: b"[DONE]" not in stream.body,
                "usage after [DONE]": lambda stream: b"usage" in stream.body.partition(b"[DONE]")[2],
                "usage in x_groq": lambda stream: b"x_groq" in stream.body,
                "Azure's first chunk": lambda stream: b"prompt_filter_results" in stream.body,
                "a message beside the delta": lambda stream: b'"message"' in stream.body,
                "a comment": lambda stream: b"\n: ping" in stream.body,
                "no finish reason": lambda stream: stream.completion.choices[0].finish_reason is None,
                "reasoning as reasoning_text": lambda stream: b'"reasoning_text"' in stream.body,
                "reasoning in an object": lambda stream: re.search(rb'"reasoning_content": ?{', stream.body),
                "thinking blocks": lambda stream: "thinking_blocks" in stream.completion.choices[0].message.extra,
                "a field that is stated": lambda stream: "channel" in stream.completion.choices[0].message.extra,
                "usage in the choice": lambda stream: any(c.extra for c in stream.completion.choices),
                "a keep-alive with a name": lambda stream: b"event: heartbeat" in stream.body,
                "JSON of a keep-alive": lambda stream: b'{"type":"keepalive"}' in stream.body,
                "a chunk without choices": lambda stream: b'{"object":"chat.completion.chunk"}' in stream.body,
                "DONE without brackets": lambda stream: stream.body.endswith(b"data: DONE\n\n"),
                "half an end mark": lambda stream: stream.body.endswith(b"data: [DO"),
                "a chunk cut off": lambda stream: stream.body.endswith(b'"us'),
            },
        )

    def test_each_kind_of_anomaly_comes_up(self) -> None:
        def shows(kind: AnomalyKind) -> Callable[[ChatRecording], object]:
            return lambda stream: kind in found(stream.body)

        @functools.lru_cache(maxsize=1)
        def found(body: bytes) -> set[AnomalyKind]:
            decoder = ChatDecoder()
            list(decoder.feed(body))
            list(decoder.close())
            return {anomaly.kind for anomaly in decoder.anomalies}

        assert not missing(chat_streams(), {kind: shows(kind) for kind in ODD})

    def test_each_kind_of_call_comes_up(self) -> None:
        def says(pattern: str) -> Callable[[CallDeltas], object]:
            return lambda telling: re.search(pattern, json.dumps(telling.deltas))

        assert not missing(
            call_deltas(well_formed=False),
            {
                "custom": lambda telling: any(call.kind == "custom" for call in telling.calls),
                "a new id in each piece": says(r'"id": "call_0_1", "(function|custom)": {"(arguments|input)"'),
                "a new id in each piece, and the name": says(r'"id": "call_0_1", .*?{"name"'),
                "one id for two calls": lambda telling: [call.id for call in telling.calls][:2] == ["call_0"] * 2,
                "a placeholder": lambda telling: telling.waits and not says(r"\\\\ud")(telling),
                "the arguments so far": says(r'"arguments": ("{.*?)"}.*"arguments": \1[^"]'),
                "the whole call again": says(r'"arguments": ("{.{6,}}")}.*"arguments": \1'),
                "halves": says(r'"(arguments|input)": "\\ude42'),
            },
            examples=1_500,
        )

    def test_each_kind_of_failure_comes_up(self) -> None:
        def says(pattern: str) -> Callable[[Failure], object]:
            return lambda failure: re.search(pattern, failure.text)

        assert not missing(
            reports(),
            {
                "an error object": says('^data: {"error":{'),
                "an event": says("^event: error\ndata: "),
                "a field": says("^error: "),
                "text": says("^data: error: "),
                "a flat object": says('^data: {"code":429'),
                "another flat object": says('^data: {"code":500,"msg"'),
                "no success": says('^data: {"success":false'),
                "a status": says('^data: {"status":"error"'),
                "a base_resp": says('^data: .*"base_resp":{'),
                "a list": says(r"^data: \[{"),
                "x_groq": says('^data: .*"x_groq":{"error"'),
                "outside the frame": says(r"^{\n  "),
                "in a half-written event": says('"del\n'),
                "before the end mark": says(r"\[DONE\]\n\n$"),
            },
        )
        assert not missing(
            chat_streams(failures=True),
            {
                "none": lambda stream: stream.ending == "complete",
                "a report": lambda stream: stream.error and b"error" in stream.body,
                "a finish reason": lambda stream: "ended with finish reason" in (stream.error or ""),
            },
        )

    def test_they_shrink_to_what_is_readable(self) -> None:
        stream = simplest(chat_streams(), lambda stream: stream.completion.choices[0].message.reasoning)
        assert stream.body == (
            b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
            b'[{"index":0,"delta":{"reasoning_content":"0"},"finish_reason":"stop"}]}\n\n'
            b"data: [DONE]\n\n"
        )


class TestImporting:
    def test_types_are_seen_through_the_lazy_names(self) -> None:
        assert_type(chunkings(b""), SearchStrategy[list[bytes]])
        assert_type(mutations(b""), SearchStrategy[bytes])
        assert_type(server_sent_events(), SearchStrategy[ServerSentEvent])
        assert_type(event_streams(), SearchStrategy[EventStream])
        assert_type(chat_streams(), SearchStrategy[ChatRecording])

    def test_all_names_are_listed_and_no_others_are_there(self) -> None:
        assert dir(sse_stream.testing) == sorted(sse_stream.testing.__all__)
        for name in sse_stream.testing.__all__:
            assert getattr(sse_stream.testing, name) is not None
        with pytest.raises(AttributeError, match="no attribute 'chunking'"):
            _ = sse_stream.testing.chunking  # type: ignore[attr-defined]  # the mistake that is tested

    def test_hypothesis_is_imported_when_a_strategy_is_asked_for_and_not_before(self) -> None:
        program = """
import sys
from sse_stream.testing import ReplayServer, assert_cutting_changes_nothing
print('hypothesis' in sys.modules)
from sse_stream.testing import chat_streams
print('hypothesis' in sys.modules)
"""
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert shown.stdout.split() == ["False", "True"]

    def test_without_hypothesis_the_error_names_the_extra(self) -> None:
        program = """
import sys
sys.modules['hypothesis'] = None
try:
    from sse_stream.testing import chunkings
except ImportError as error:
    print(error)
"""
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert "chunkings requires Hypothesis" in shown.stdout
        assert "sse-stream[testing]" in shown.stdout


class TestAnthropicStreams:
    @given(anthropic_streams())
    def test_each_says_what_it_means(self, stream: ChatRecording) -> None:
        decoder = ChatDecoder()
        list(decoder.feed(stream.body))
        list(decoder.close())
        assert decoder.completion == stream.completion
        assert decoder.ending == "complete"
        assert {anomaly.kind for anomaly in decoder.anomalies} <= {"start_repeated", "missing_done"}

    @given(st.data(), anthropic_streams())
    def test_however_it_is_cut(self, data: st.DataObject, stream: ChatRecording) -> None:
        whole, cut = ChatDecoder(), ChatDecoder()
        events = [*whole.feed(stream.body), *whole.close()]
        pieces = data.draw(chunkings(stream.body))
        assert [*(event for piece in pieces for event in cut.feed(piece)), *cut.close()] == events

    @given(anthropic_streams(habits=False))
    def test_anthropics_own_form_is_strict(self, stream: ChatRecording) -> None:
        decoder = ChatDecoder(strict=True)
        list(decoder.feed(stream.body))
        list(decoder.close())
        assert decoder.anomalies == ()
        assert decoder.completion == stream.completion

    def test_what_matters_comes_up(self) -> None:
        def kinds(stream: ChatRecording) -> list[str]:
            return [part.type for part in stream.completion.message.parts]

        assert not missing(
            anthropic_streams(),
            {
                "text": lambda stream: stream.completion.text,
                "reasoning": lambda stream: stream.completion.message.reasoning,
                "a call with arguments": lambda stream: any(
                    call.arguments != "{}" for call in stream.completion.tool_calls
                ),
                "text after a call": lambda stream: "tool_call,text" in ",".join(kinds(stream)),
                "the server's own": lambda stream: "provider" in kinds(stream),
                "no names": lambda stream: b"event:" not in stream.body,
                "no end": lambda stream: b"message_stop" not in stream.body,
            },
        )

    def test_they_shrink_to_what_is_readable(self) -> None:
        stream = simplest(anthropic_streams(), lambda stream: stream.completion.text)
        assert stream.completion.text == "0"
        assert stream.body.count(b"data: ") <= 7
