"""Detection of the format from a stream's first event, however it is split."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module

import pytest

from sse_stream import (
    ChatDecoder,
    ChatStream,
    ChunkDecodeError,
    ContentTypeError,
    IncompleteStreamError,
    KeepAlive,
    ProviderError,
    ServerSentEvent,
    SSEStreamError,
    TextDelta,
)
from sse_stream.dialects import AnomalyFound, AnthropicMessages, DialectFound, OpenAIChat
from sse_stream.dialects._detect import FormatDetector
from sse_stream.dialects._formats import READERS, format_of
from sse_stream.testing import bytewise, every_cut
from tests.dialects.recordings import read, recordings_of

CHAT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
ANTHROPIC = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","role":"assistant","content":[]}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hi"}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
RESPONSES = (
    b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"r"}}\n\n'
    b'event: response.output_item.added\ndata: {"type":"response.output_item.added","sequence_number":1,'
    b'"output_index":0,"item":{"type":"message","id":"i","role":"assistant","content":[]}}\n\n'
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":2,'
    b'"output_index":0,"content_index":0,"item_id":"i","delta":"Hi"}\n\n'
    b'event: response.completed\ndata: {"type":"response.completed","sequence_number":3,'
    b'"response":{"id":"r","status":"completed"}}\n\n'
)
STREAMS = {"openai_chat": CHAT, "anthropic_messages": ANTHROPIC, "openai_responses": RESPONSES}
GEMINI = b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}\n\n'
STREAMS["gemini_content"] = GEMINI

# What may stand before the first event that tells the format.
BEFORE = {
    "nothing": b"",
    "a byte order mark": b"\xef\xbb\xbf",
    "a comment": b": OPENROUTER PROCESSING\n\n",
    "blank lines": b"\n\n\n",
    "an id and a time": b"id: 1\nretry: 10\n\n",
    "an empty event": b"data:\n\n",
    "a keep-alive as data": b"data: : keepalive\n\n",
    "an object that says nothing": b"data: {}\n\n",
    "a chunk that says nothing": b'data: {"choices":[]}\n\n',
}
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("name", STREAMS)
def test_the_first_event_that_means_something_tells(name: str, before: str) -> None:
    body = BEFORE[before] + STREAMS[name]
    first = len(BEFORE[before]) + STREAMS[name].index(b"\n\n") + 2
    for pieces in ([body], bytewise(body), *([body[:cut], body[cut:]] for cut in range(first))):
        outcome = read(pieces)
        assert outcome.completion.dialect == name
        assert (outcome.completion.text, outcome.ending) == ("Hi", "complete")


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_says_which_it_is(name: str) -> None:
    with ChatStream([STREAMS[name]]) as stream:
        assert stream.dialect == "openai_chat"
        assert [event.text for event in stream if isinstance(event, TextDelta)] == ["Hi"]
        assert stream.dialect == stream.completion.dialect == stream.completion.message.dialect == name


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["chat", "anthropic", "responses", "gemini"])
def test_every_recording_is_of_its_own_format(folder: str) -> None:
    """By the first event, wherever it is cut; and so none is taken for another."""
    names = {"chat": "openai_chat", "anthropic": "anthropic_messages"}
    names |= {"responses": "openai_responses", "gemini": "gemini_content"}
    for path in recordings_of(folder):
        body = path.read_bytes()
        match = re.search(rb"^data:.*?(\r?\n){2}", body, re.MULTILINE | re.DOTALL)
        end = len(body) if match is None else match.end()
        for cut in range(0, end, max(1, end // 200)):
            outcome = read([body[:cut], body[cut:end]])
            if names[folder] in READERS:
                assert outcome.completion.dialect == names[folder], path.stem
            else:
                assert "which is not supported" in str(outcome.error)


@pytest.mark.parametrize("folder", ["chat", "anthropic", "responses", "gemini"])
def test_no_event_of_a_recording_is_taken_for_one_of_another_format(folder: str) -> None:
    """Not even one in the middle: a stream may be resumed."""
    names = {"chat": "openai_chat", "anthropic": "anthropic_messages"}
    names |= {"responses": "openai_responses", "gemini": "gemini_content"}
    for path in recordings_of(folder):
        for line in re.findall(rb"^data: ?(\{.*?)\r?$", path.read_bytes(), re.MULTILINE):
            assert format_of(json.loads(line)) in (names[folder], None)


TYPES = {
    "anthropic_messages": (
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ),
    "openai_responses": ("response.created", "response.output_text.delta"),
    "cohere_chat": (
        *("message-start", "content-start", "content-delta", "content-end", "message-end", "tool-plan-delta"),
        *("tool-call-start", "tool-call-delta", "tool-call-end", "citation-start", "citation-end"),
        *("stream-start", "text-generation", "stream-end"),
    ),
    "mistral_conversations": ("conversation.response.done", "message.output.delta"),
    "google_interactions": ("interaction.completed", "step.delta"),
    "anthropic_completions": ("completion",),
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for name, kinds in TYPES.items() for kind in kinds])
def test_a_type_tells_the_format(kind: str, name: str) -> None:
    assert format_of({"type": kind}) == format_of({"event_type": kind}) == format_of({}, kind) == name
    assert format_of({"type": "unknown", "event_type": kind}, kind) is None
    assert format_of({"type": 5}, kind) == name


@pytest.mark.parametrize(
    ("value", "event", "name"),
    [
        # Chat completions have choices, whatever else they have.
        ({"choices": None, "type": "message_start"}, "message", "openai_chat"),
        # Gemini has no type.
        ({"candidates": []}, "message", "gemini_content"),
        ({"promptFeedback": {}}, "message", "gemini_content"),
        ({"usageMetadata": {}}, "message", "gemini_content"),
        ({"response": {"candidates": []}}, "message", "gemini_content"),
        ([{"candidates": []}, 5], "message", "gemini_content"),
        ([{"response": {"candidates": []}}], "message", "gemini_content"),
        ({"candidates": [], "object": "x"}, "message", None),
        ({"candidates": [], "type": "x"}, "message", None),
        ({"response": {"candidates": [], "choices": []}}, "message", None),
        ({"response": {"candidates": [], "type": "x"}}, "message", None),
        ([{"type": "message_start"}], "message", None),
        ([5], "message", None),
        ([], "message", None),
        ("candidates", "message", None),
        (None, "message_start", None),
        # A whole answer of the Messages API.
        ({"type": "message", "content": []}, "message", "anthropic_messages"),
        ({"type": "message"}, "message", None),
        ({"content": "Hi"}, "message", None),
        # Errors, and keep-alives.
        ({"type": "error", "error": {}}, "message", "anthropic_messages"),
        ({"type": "error", "error": {}, "request_id": "r"}, "error", "anthropic_messages"),
        ({"type": "error", "error": {}, "code": 5}, "message", None),
        ({"type": "error", "error": {}, "sequence_number": 1}, "message", "openai_responses"),
        ({"type": "error", "message": "no", "sequence_number": 1}, "message", "openai_responses"),
        ({"error": {}, "sequence_number": 1}, "error", "openai_responses"),
        ({"type": "error", "error": "no"}, "message", None),
        ({"error": {}}, "error", None),
        ({"type": "keepalive", "sequence_number": 1}, "message", "openai_responses"),
        ({"type": "keepalive"}, "message", None),
        ({"sequence_number": 1}, "message", None),
        ({"type": "other", "sequence_number": 1}, "message", None),
        # The object, for what has no type.
        ({"object": "response"}, "message", "openai_responses"),
        ({"response": {"object": "response"}}, "message", "openai_responses"),
        ({"response": "object"}, "message", None),
        ({"object": "thread.run"}, "message", "openai_assistants"),
        ({"object": "a.thread.run"}, "message", None),
        ({"object": 5}, "message", None),
        ({"token": {"text": "Hi"}, "generated_text": None}, "message", "tgi_generate"),
        ({"token": {"text": "Hi"}}, "message", None),
        ({"token": "Hi", "generated_text": None}, "message", None),
        ({}, "message", None),
    ],
)
def test_what_tells_the_format(value: object, event: str, name: str | None) -> None:
    assert format_of(value, event) == name
    if event == "message":
        assert format_of(value) == name


@pytest.mark.parametrize(
    ("data", "settled"),
    [
        ("[DONE]", True),
        ('{"choices":[]}', True),
        ('{"type":"message_start","message":{}}', True),
        ('{"error":"no"}', True),
        ("{}", False),
        ('{"type":"ping"}', False),
        ("", False),
    ],
)
def test_the_format_is_known_after_what_tells_it(data: str, settled: bool) -> None:
    detector = FormatDetector()
    items = list(detector.decode(ServerSentEvent(data)))
    assert detector.is_settled is settled
    assert isinstance(items[0], DialectFound) == data.startswith('{"type":"message_start"') if items else not settled
    assert not [item for item in detector.end() if not isinstance(item, AnomalyFound)]
    assert detector.is_settled


def test_what_cannot_be_decoded_tells_no_format() -> None:
    detector = FormatDetector()
    with pytest.raises(ChunkDecodeError):
        detector.decode(ServerSentEvent("not JSON"))
    assert not detector.is_settled


def test_a_ping_says_nothing_of_the_format() -> None:
    for name, body in STREAMS.items():
        for pieces in ([PING + body], bytewise(PING + body)):
            outcome = read(pieces)
            assert outcome.completion.dialect == name
            assert outcome.anomalies == ({"keepalive_as_data": 1} if name == "openai_chat" else {})
        assert read([PING + body], strict=True).ending == ("invalid" if name == "openai_chat" else "complete")


def test_what_is_odd_about_pings_is_counted_once_it_is() -> None:
    outcome = read([PING * 3 + CHAT])
    assert outcome.anomalies == {"keepalive_as_data": 3}
    assert read([PING * 3 + ANTHROPIC]).anomalies == {}


@pytest.mark.parametrize("broken", [b"data: [1]\n\n", b"data: {\n\n"])
def test_what_is_odd_about_pings_is_counted_before_a_failure(broken: bytes) -> None:
    for decoder in (ChatDecoder(), ChatDecoder(dialect=OpenAIChat())):
        with pytest.raises(ChunkDecodeError):
            list(decoder.feed(PING + PING + broken))
            list(decoder.close())
        assert ("keepalive_as_data", 2) in [(anomaly.kind, anomaly.count) for anomaly in decoder.anomalies]


def test_a_ping_is_delivered_before_the_format_is_known() -> None:
    decoder = ChatDecoder(keepalives=True)
    assert list(decoder.feed(PING)) == [KeepAlive('{"type": "ping"}')]
    with pytest.raises(IncompleteStreamError):
        list(decoder.close())
    assert [anomaly.kind for anomaly in decoder.anomalies] == ["keepalive_as_data"]


ERRORS = {
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}': (
        "anthropic_messages",
        "Overloaded",
    ),
    b'data: {"type":"error","error":{"type":"api_error","message":"no"}}': ("anthropic_messages", "no"),
    b'data: {"error":{"message":"no","type":"server_error","code":500}}': ("openai_chat", "no"),
    b'data: {"object":"error","message":"no"}': ("openai_chat", "no"),
    b'event: error\ndata: {"error":{"message":"no"}}': ("openai_chat", "no"),
}


@pytest.mark.parametrize("event", ERRORS)
def test_an_error_that_comes_first_is_raised_whatever_the_format(event: bytes) -> None:
    body = event + b"\n\n"
    for pieces in ([body], *every_cut(body, 2)):
        outcome = read(pieces)
        assert isinstance(outcome.error, ProviderError)
        assert (outcome.completion.dialect, outcome.error.message) == ERRORS[event]


# The first event of formats that are told apart, and are not read.
UNREAD = {
    "Cohere's chat": b'event: message-start\ndata: {"type":"message-start","id":"c1","delta":{}}',
    "Google's Interactions": b'event: interaction.created\ndata: {"event_type":"interaction.created","interaction":{}}',
    "Mistral's conversations": b'data: {"type":"conversation.response.started","conversation_id":"c"}',
    "OpenAI's Assistants": b'event: thread.run.created\ndata: {"id":"run_1","object":"thread.run"}',
    "Anthropic's text completions": b'event: completion\ndata: {"type":"completion","completion":" Hi"}',
    "text-generation-inference's generate_stream": b'data: {"index":1,"token":{"text":"Hi"},"generated_text":null}',
}


@pytest.mark.parametrize("title", UNREAD)
def test_a_format_that_is_not_read_is_named(title: str) -> None:
    body = UNREAD[title] + b"\n\n"
    for pieces in ([body], *every_cut(body, 2)):
        outcome = read(pieces)
        assert isinstance(outcome.error, ChunkDecodeError)
        assert outcome.ending == "invalid"
        assert (
            f"in the format of {title}, which is not supported (supported: OpenAI's chat completions, Anthropic's"
            " Messages, OpenAI's Responses, Gemini's generateContent). "
        ) in str(outcome.error)
        assert str(outcome.error).endswith(f" It begins with {outcome.error.data[:200]!r}")
        assert read([PING, *pieces]).anomalies == {}


def test_the_end_mark_of_chats_alone_tells_that_it_is_one() -> None:
    outcome = read([b"data: [DONE]\n\n"])
    assert (outcome.completion.dialect, outcome.completion.choices) == ("openai_chat", [])


def test_a_format_that_nobody_knows_is_said_to_be_none() -> None:
    body = b'data: {"response":"Hi"}\n\ndata: {"response":" you"}\n\n'
    for pieces in ([body], bytewise(body)):
        outcome = read(pieces)
        assert isinstance(outcome.error, ChunkDecodeError)
        assert str(outcome.error) == """the stream contains no chunk, only other JSON: '{"response":"Hi"}'"""
        assert outcome.anomalies == {"not_a_chunk": 2}


def test_what_nobody_knows_is_an_anomaly_before_any_format() -> None:
    outcome = read([b'data: {"conversation":"c1"}\n\n' + ANTHROPIC])
    assert (outcome.completion.text, outcome.completion.dialect) == ("Hi", "anthropic_messages")
    assert outcome.anomalies == {"not_a_chunk": 1}


def test_what_nobody_knows_may_come_before_a_chat() -> None:
    outcome = read([b'data: {"conversation":"c1"}\n\n' + CHAT])
    assert (outcome.completion.text, outcome.ending, outcome.completion.dialect) == ("Hi", "complete", "openai_chat")


@pytest.mark.parametrize("index", [b'"index":0,', b""])
def test_a_chat_stays_one_whatever_comes_later(index: bytes) -> None:
    late = CHAT.replace(b'"index":0,', index).replace(b"data: [DONE]\n\n", ANTHROPIC)
    for pieces in ([late], bytewise(late)):
        outcome = read(pieces)
        assert outcome.completion.dialect == "openai_chat"
        assert outcome.completion.text == "Hi"


def test_a_dialect_that_is_given_is_used() -> None:
    assert read([CHAT], AnthropicMessages()).ending == "truncated"
    outcome = read([ANTHROPIC], OpenAIChat())
    assert (outcome.completion.dialect, outcome.completion.text, outcome.ending) == ("openai_chat", "", "invalid")


MESSAGE = (
    b'{"type":"message","id":"m","role":"assistant","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"}'
)
DOCUMENTS = {
    "openai_chat": b'{"object":"chat.completion","choices":[{"index":0,"message":{"content":"Hi"},'
    b'"finish_reason":"stop"}]}',
    "anthropic_messages": MESSAGE,
    "gemini_content": b'[{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}]',
    "openai_responses": b'{"object":"response","id":"r","status":"completed","output":[{"type":"message","id":"i",'
    b'"role":"assistant","content":[{"type":"output_text","text":"Hi"}]}]}',
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_whole_document_is_found_too(name: str) -> None:
    with ChatStream([DOCUMENTS[name]]) as stream:
        completion = stream.until_done()
    assert (completion.text, completion.dialect, stream.dialect, stream.ending) == ("Hi", name, name, "complete")
    assert [anomaly.kind for anomaly in stream.anomalies] == ["not_streamed"]


def test_a_whole_document_of_another_format_is_no_completion() -> None:
    with pytest.raises(SSEStreamError) as failure:
        ChatStream([b'{"generated_text":"Hi"}']).until_done()
    assert isinstance(failure.value, ContentTypeError)


def test_a_dialect_that_is_not_used_is_not_imported() -> None:
    code = (
        "import sys, sse_stream; d = sse_stream.ChatDecoder(); list(d.feed(%r)); list(d.close())\n"
        "print([name for name in sys.modules if '_anthropic' in name])\n"
        "from sse_stream.dialects import AnthropicMessages\n"
        "print(AnthropicMessages.name)"
    )
    done = subprocess.run([sys.executable, "-c", code % CHAT], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "anthropic_messages"]


def test_each_dialect_is_exported() -> None:
    from sse_stream import dialects

    for name, reader in READERS.items():
        assert reader.dialect in dialects.__all__
        assert getattr(dialects, reader.dialect).name == name
        module = import_module(f"sse_stream.dialects.{reader.module}")
        assert getattr(module, reader.dialect) is getattr(dialects, reader.dialect)
    with pytest.raises(AttributeError, match="has no attribute 'Other'"):
        _ = dialects.Other  # type: ignore[attr-defined]
