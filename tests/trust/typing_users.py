"""Programs as users write them, using the whole public API. Only type checkers run this file.

`assert_type` states what a checker must infer. An `ignore` states what it must reject, and is itself an error if
nothing is wrong.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
# pyright: reportUnusedFunction=false, reportPrivateUsage=false

from __future__ import annotations

import http.client
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, TypedDict, assert_never, assert_type

import httpx
import msgspec
from hypothesis import given
from hypothesis.strategies import SearchStrategy
from pydantic import TypeAdapter

import sse_stream
from sse_stream import (
    Anomaly,
    AnomalyKind,
    AnomalyLevel,
    AsyncByteSource,
    AsyncChatStream,
    AsyncCoalescedEvents,
    AsyncEventSource,
    AsyncStreamSource,
    Attempt,
    Audio,
    AudioDelta,
    ByteSource,
    ChatAccumulator,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    Choice,
    ChoiceDelta,
    ChoiceDeltaAudio,
    ChoiceDeltaCustomCall,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChoiceFinished,
    ChoiceLogprobs,
    ChunkChoice,
    ChunkDecodeError,
    CoalescedEvents,
    CompletionTokensDetails,
    ContentTypeError,
    Ending,
    EventSource,
    EventTooLargeError,
    IncompleteStreamError,
    JSONAdapter,
    JSONChange,
    JSONKind,
    JSONPath,
    JSONValue,
    KeepAlive,
    Limits,
    Message,
    OnTruncated,
    OutputParseError,
    OutputTooLargeError,
    Part,
    PartDone,
    PartialJSON,
    PartialJSONError,
    PartStarted,
    PromptTokensDetails,
    ProviderError,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    ReconnectError,
    ReconnectPolicy,
    RefusalDelta,
    RefusalPart,
    ResponseError,
    ServerSentEvent,
    SSEDecoder,
    SSEStreamError,
    StatusError,
    StreamDone,
    StreamSource,
    StreamTimeoutError,
    StreamTimings,
    StringDelta,
    TextDelta,
    TextPart,
    TimeoutKind,
    Timeouts,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallPart,
    ToolCallStarted,
    TopLogprob,
    TransportError,
    Usage,
    UsageReported,
    ValueDone,
    ValueStarted,
    aiter_sse,
    coalesce,
    iter_sse,
)
from sse_stream.dialects import (
    AnomalyFound,
    AnthropicMessages,
    Dialect,
    DialectFound,
    Done,
    Failure,
    GeminiContent,
    Item,
    OpenAIChat,
    OpenAIResponses,
    PartEnd,
    PartPiece,
    PartStart,
    Ping,
)
from sse_stream.testing import (
    ANTHROPIC_HABITS,
    GEMINI_HABITS,
    HABITS,
    RESPONSES_HABITS,
    ChatRecording,
    Comments,
    Disconnect,
    EndAt,
    EventStream,
    FakeResponse,
    Fault,
    Habit,
    HalfClose,
    ReplayServer,
    Reply,
    Request,
    Reset,
    Seed,
    Stall,
    WrongLength,
    anthropic_streams,
    assert_cutting_changes_nothing,
    bytewise,
    chat_streams,
    chunkings,
    event_streams,
    every_cut,
    gemini_streams,
    mutations,
    responses_streams,
    server_sent_events,
)

# The README's program, sync and async.


def printed(client: httpx.Client) -> Usage | None:
    with client.stream("POST", "/chat/completions", json={"stream": True}) as response:
        with ChatStream(response) as stream:
            assert_type(stream, ChatStream)
            for event in stream:
                assert_type(event, ChatEvent)
                if isinstance(event, TextDelta):
                    print(assert_type(event.text, str), end="", flush=True)
        assert_type(stream.completion, ChatCompletion)
        return stream.completion.usage


async def printed_async(client: httpx.AsyncClient) -> Usage | None:
    async with client.stream("POST", "/chat/completions", json={"stream": True}) as response:
        async with AsyncChatStream(response) as stream:
            assert_type(stream, AsyncChatStream)
            async for event in stream:
                assert_type(event, ChatEvent)
                if event.type == "text_delta":
                    print(assert_type(event, TextDelta).text)
        return stream.completion.usage


def every_option(source: Iterator[bytes], on_truncated: OnTruncated = "return") -> None:
    limits = Limits(event_size=1, output_size=1, choices=1, tool_calls=1, error_body=1)
    timeouts = Timeouts(first_token=1, content=1.5, idle=None, total=60)
    stream = ChatStream(
        source,
        strict=True,
        limits=limits,
        timeouts=timeouts,
        keepalives=True,
        on_truncated=on_truncated,
        dialect=OpenAIResponses(),
        request_started=0.0,
    )
    assert_type(ChatStream(source, dialect=GeminiContent()).dialect, str)
    assert_type(stream.iter_text(1), Iterator[str])
    assert_type(stream.iter_chunks(), Iterator[ChatCompletionChunk])
    assert_type(stream.iter_partial(every=0.1, choice=1, tool_call=0), Iterator[Any])
    assert_type(stream.until_done(), ChatCompletion)
    assert_type(next(stream), ChatEvent)
    assert_type(stream.ending, Ending)
    assert_type(stream.anomalies, tuple[Anomaly, ...])
    assert_type(stream.timings, StreamTimings)
    assert_type(stream.close(), None)
    response: http.client.HTTPResponse = stream.response
    del response
    ChatStream(source, on_truncated="ignore")  # type: ignore[arg-type]
    ChatStream(source, None)  # type: ignore[call-arg]
    Timeouts(1.0)  # type: ignore[call-arg]


def any_stream_source(source: StreamSource) -> ChatStream:
    stream = ChatStream(source, on_end=lambda stream: assert_type(stream, ChatStream), tee=lambda data: data.hex())
    iter_sse(source)  # type: ignore[arg-type]  # nobody would leave what is entered
    return stream


def any_async_stream_source(source: AsyncStreamSource) -> AsyncChatStream:
    stream = AsyncChatStream(source, on_end=lambda stream: assert_type(stream, AsyncChatStream))
    aiter_sse(source)  # type: ignore[arg-type]
    return stream


def why(error: SSEStreamError) -> tuple[bool, float | None]:
    assert_type(error.retryable, bool)
    assert_type(error.retry_after, float | None)
    return error.retryable, error.retry_after


def any_source(source: ByteSource) -> ChatStream:
    return ChatStream(source)


def any_async_source(source: AsyncByteSource) -> AsyncChatStream:
    return AsyncChatStream(source)


async def every_option_async(source: AsyncIterator[bytes]) -> None:
    stream = AsyncChatStream(source, strict=True, limits=Limits(), timeouts=Timeouts(idle=1), on_truncated="raise")
    assert_type(stream.iter_text(), AsyncIterator[str])
    assert_type(stream.iter_chunks(), AsyncIterator[ChatCompletionChunk])
    assert_type(stream.iter_partial(tool_call=None), AsyncIterator[Any])
    stream.iter_partial(0.1)  # type: ignore[call-arg]
    assert_type(await stream.until_done(), ChatCompletion)
    assert_type(await anext(stream), ChatEvent)
    await stream.aclose()
    stream.close()  # type: ignore[attr-defined]
    for _ in stream:  # type: ignore[attr-defined]
        pass


def events_without_chat(body: bytes) -> list[str]:
    assert_type(iter_sse(io.BytesIO(body), max_event_size=None, on_comment=print), Iterator[ServerSentEvent])
    return [event.data for event in iter_sse([body])]


def events_that_are_resumed(client: httpx.Client, url: str) -> tuple[int, str]:
    def connect(attempt: Attempt) -> httpx.Response:
        assert_type((attempt.number, attempt.last_event_id), tuple[int, str])
        assert_type(attempt.headers, dict[str, str])
        assert_type(attempt.cause, SSEStreamError | None)
        return client.send(client.build_request("GET", url, headers=attempt.headers), stream=True)

    policy = ReconnectPolicy(delay=1, factor=2, max_delay=8, jitter=0.1, attempts=3, reset_after=9)
    try:
        with EventSource(
            connect, last_event_id="7", policy=policy, until=lambda event: event.id == "9", dedupe=5
        ) as source:
            for event in source:
                assert_type(event, ServerSentEvent)
        return 0, assert_type(source.last_event_id, str)
    except ReconnectError as error:
        return assert_type(error.attempts, int), assert_type(error.last_event_id, str)


async def events_that_are_resumed_async(client: httpx.AsyncClient, url: str) -> list[str]:
    async with AsyncEventSource(lambda attempt: client.stream("GET", url, headers=attempt.headers), idle=45) as source:
        return [event.data async for event in source]


async def events_without_chat_async(source: AsyncIterator[bytes]) -> int:
    total = 0
    async for event in aiter_sse(source):
        assert_type(event, ServerSentEvent)
        total += event.retry or 0
    return total


def fewer_events(stream: ChatStream, other: AsyncChatStream) -> None:
    for event in assert_type(coalesce(stream, 0.1), CoalescedEvents):
        assert_type(event, ChatEvent)
    for _ in coalesce(other):  # type: ignore[attr-defined]
        pass


async def fewer_events_async(stream: AsyncChatStream) -> None:
    async with assert_type(coalesce(stream, seconds=0.1), AsyncCoalescedEvents) as events:
        async for event in events:
            assert_type(event, ChatEvent)


# Every event, by `match`; a new one would be told by `assert_never`.


def said(event: ChatEvent) -> str | int | Usage | ChatCompletion | None:
    match event:
        case TextDelta(text=text, choice=choice) | ReasoningDelta(text=text, choice=choice):
            assert_type(choice, int)
            return assert_type(text, str)
        case RefusalDelta(text):
            return text
        case AudioDelta(id=id, data=data, transcript=transcript, expires_at=expires_at):
            assert_type(expires_at, int | None)
            return id or data or transcript
        case ToolCallStarted(index=index, id=id, name=name):
            return f"{index} {id} {name}"
        case ToolCallDelta(index, arguments):
            return f"{index} {arguments}"
        case ToolCallDone(tool_call=call):
            return call.name
        case ChoiceFinished(reason=reason):
            return reason
        case UsageReported(usage=usage):
            return usage
        case KeepAlive(comment=comment):
            return comment
        case PartStarted(index=index, kind=kind):
            return f"{index} {kind}"
        case PartDone(part=part):
            return assert_type(part, Part).type
        case StreamDone(completion=completion):
            return completion
        case _:
            assert_never(event)


def frozen(event: TextDelta) -> bytes:
    event.text = "x"  # type: ignore[misc]
    return msgspec.json.encode(event)


# What is left at the end.


class Answer(msgspec.Struct):
    value: int


class Options(TypedDict):
    value: int


def completed(completion: ChatCompletion) -> dict[str, Any]:
    assert_type(completion.text, str)
    assert_type(completion.id, str | None)
    assert_type(completion.created, int | None)
    for choice in completion.choices:
        assert_type(choice, Choice)
        assert_type(choice.finish_reason, str | None)
        assert_type(choice.logprobs, ChoiceLogprobs | None)
        message = assert_type(choice.message, Message)
        assert_type(message.content, str | None)
        assert_type(message.reasoning, str | None)
        assert_type(message.audio, Audio | None)
        for call in message.tool_calls:
            assert_type(call, ToolCall)
            assert_type(call.parse(Answer), Answer)
            assert_type(call.parse(Options), Options)
            assert_type(call.parse(dict[str, int]), dict[str, int])
            either: Answer | list[int] = call.parse(Answer | list[int])
            loose: JSONValue = call.parse()
            adapter: JSONAdapter[Answer] = TypeAdapter(Answer)
            assert_type(call.parse(adapter), Answer)
            del either, loose
        for part in message.parts:
            assert_type(part, Part)
            if isinstance(part, ToolCallPart):
                assert_type(part.tool_call, ToolCall)
            elif isinstance(part, (TextPart, ReasoningPart, RefusalPart)):
                assert_type(part.text, str)
            else:
                assert_type(part, ProviderPart)
        messages: list[Mapping[str, object]] = [message.to_dict()]
        del messages
    try:
        completion.parse(Answer)
    except OutputParseError as error:
        assert_type(error.text, str)
    usage = completion.usage
    if usage is not None:
        assert_type(usage.total_tokens, int | None)
        assert_type(usage.prompt_tokens_details, PromptTokensDetails | None)
        assert_type(usage.completion_tokens_details, CompletionTokensDetails | None)
    return completion.to_dict()


def timed(timings: StreamTimings) -> tuple[float | None, float | None, int]:
    assert_type(timings.tokens_per_second, float | None)
    assert_type(timings.longest_gap, float | None)
    return timings.time_to_first_token, timings.duration, timings.bytes


def counted(anomalies: Sequence[Anomaly]) -> dict[AnomalyKind, int]:
    for anomaly in anomalies:
        assert_type(anomaly.level, AnomalyLevel)
        assert_type(anomaly.kind == "no such kind", bool)  # type: ignore[comparison-overlap]
    return {anomaly.kind: anomaly.count for anomaly in anomalies}


# Every error, with its attributes.


def explained(stream: ChatStream) -> str:
    try:
        stream.until_done()
    except StatusError as error:
        assert_type(error.status_code, int)
        assert_type(error.headers, Mapping[str, str])
        assert_type(error.retry_after, float | None)
        return error.body
    except ContentTypeError as error:
        return error.content_type + error.body
    except ResponseError as error:
        return str(error)
    except ProviderError as error:
        assert_type(error.code, str | int | None)
        assert_type(error.type, str | None)
        assert_type(error.body, JSONValue)
        return error.message
    except EventTooLargeError as error:
        return f"{error.limit} {error.excerpt.decode()}"
    except OutputTooLargeError as error:
        return error.limit
    except ChunkDecodeError as error:
        return error.data
    except StreamTimeoutError as error:
        return assert_type(error.kind, TimeoutKind)
    except (IncompleteStreamError, TransportError) as error:
        return assert_type(error.completion, ChatCompletion).text
    except SSEStreamError as error:
        return str(error)
    return ""


def also_builtin(error: SSEStreamError) -> None:
    values: list[ValueError] = [ChunkDecodeError("m"), OutputParseError("m", text="t")]
    late: TimeoutError = StreamTimeoutError("m", kind="idle")
    StreamTimeoutError("m", kind="never")  # type: ignore[arg-type]
    del values, late, error


# Without a response: decoders and the accumulator.


def decoded(pieces: Sequence[bytes | bytearray | memoryview]) -> list[ChatEvent]:
    decoder = ChatDecoder(dialect=Bare(), strict=False, limits=Limits(), keepalives=True)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    decoder.feed("text")  # type: ignore[arg-type]
    return [*events, *decoder.close()]


def written(pieces: Sequence[str], form: dict[JSONPath, str]) -> JSONValue:
    parser = PartialJSON(max_size=1_000)
    kinds: list[JSONKind] = []
    try:
        changes: list[JSONChange] = [change for piece in pieces for change in parser.feed(piece)]
        changes += assert_type(parser.close(), list[JSONChange])
    except PartialJSONError as error:
        changes = [*assert_type(error.changes, tuple[JSONChange, ...])][: assert_type(error.position, int)]
    for change in changes:
        match change:
            case ValueStarted(path, kind):
                kinds.append(kind)
            case StringDelta(path, text):
                form[path] = form.get(path, "") + assert_type(text, str)
            case ValueDone(path=path):
                assert_type(change.value, Any)
                change.path = ()  # type: ignore[misc]
            case _:
                assert_never(change)
    parser.feed(b"{}")  # type: ignore[arg-type]
    assert_type(parser.path, tuple[str | int, ...])
    return parser.value if assert_type(parser.complete, bool) else None


def framed(data: bytes) -> list[ServerSentEvent]:
    comments: list[str] = []
    decoder = SSEDecoder(max_event_size=None, on_comment=comments.append)
    assert_type(decoder.last_event_id, str)
    assert_type(decoder.retry, int | None)
    event = ServerSentEvent("a", event="b", id="c", retry=1)
    assert_type(event.encode(), bytes)
    assert_type(event.json(), Any)
    return [*decoder.feed(data), *decoder.close(dispatch_incomplete=True)]


def added_up(values: Sequence[Mapping[str, Any]]) -> ChatCompletion:
    accumulator = ChatAccumulator(limits=Limits())
    for value in values:
        assert_type(accumulator.add(ChatCompletionChunk.from_dict(value)), list[ChatEvent])
    delta = ChoiceDelta(
        role="assistant",
        content="Hi",
        tool_calls=[
            ChoiceDeltaToolCall(index=0, id="c", function=ChoiceDeltaFunctionCall(name="f", arguments="{}")),
            ChoiceDeltaToolCall(index=1, id="d", type="custom", custom=ChoiceDeltaCustomCall(name="sh", input="ls")),
        ],
        audio=ChoiceDeltaAudio(id="a"),
    )
    token = TokenLogprob(token="Hi", logprob=-0.5, top_logprobs=[TopLogprob(token="Hi", logprob=-0.5)])
    choice = ChunkChoice(index=0, delta=delta, logprobs=ChoiceLogprobs(content=[token]))
    accumulator.add(ChatCompletionChunk(id="c1", choices=[choice], usage=Usage(total_tokens=1)))
    return accumulator.completion


class Bare:
    """A dialect of one's own is one by what it has."""

    name = "bare"
    end_mark = "end"

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        if event.data == "end":
            return [Done()]
        if event.event == "problem":
            return [AnomalyFound("odd_type", "sample"), Failure(ProviderError(event.data))]
        return [Ping("alive"), ChatCompletionChunk.from_dict({})]

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        return None

    def end(self) -> Sequence[Item]:
        return [PartStart(0, 0, "text"), PartPiece(0, 0, "a"), PartEnd(0, 0, {"a": 1}), DialectFound(OpenAIChat())]

    @staticmethod
    def turn(message: Message) -> JSONValue:
        return message.to_dict()

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        return ()

    def is_whole(self, data: str) -> bool:
        return False


dialect: Dialect = Bare()
another: Dialect = AnthropicMessages()
not_a_dialect: Dialect = object()  # type: ignore[assignment]

# The kit.


def served(body: bytes) -> tuple[Request, ...]:
    faults: list[Fault] = [
        *(EndAt(1), Disconnect(), HalfClose(at=2), Reset(at=None), Stall(1, seconds=0.5), Comments(), WrongLength(-1)),
    ]
    replies = [Reply(body, cut=Seed(1), pace=0.1, fault=fault, encoding="gzip", framing="chunked") for fault in faults]

    def answer(request: Request) -> Reply:
        assert_type(request.headers, Mapping[str, str])
        return replies[request.connection % len(replies)]

    with ReplayServer(script=answer) as server:
        assert_type(server.chat_url, str)
        assert_type(server.wait_for_disconnect(timeout=1, count=2), bool)
    answer_of = Reply.reasoning("Hm.", pace=0.1) + Reply.text("a", "b", usage={"prompt_tokens": 1}, complete=False)
    assert_type(answer_of + Reply.tool_call("f", {"a": 1}, id="c") + Reply.error("no", code=5), Reply)
    Reply.text("a", finish="stop")  # type: ignore[call-arg]
    response = FakeResponse(answer_of, fault=Disconnect())
    ChatStream(response)
    AsyncChatStream(response)
    assert_type(response.headers["a"], str)
    with ReplayServer(body, port=8000), ReplayServer(answer_of, host="::1", cut=1):
        pass
    with ReplayServer(body, cut=[1, 2], status=429, headers={"Retry-After": "1"}) as server:
        ReplayServer(body, cut="many")  # type: ignore[arg-type]
        return server.requests


def cut_up(body: bytes) -> None:
    assert_type(every_cut(body, pieces=3), Iterator[list[bytes]])
    assert_type(bytewise(body), list[bytes])
    assert_cutting_changes_nothing(b"".join, body, cuts=[bytewise(body)])
    for name, habit in {**HABITS, **ANTHROPIC_HABITS, **RESPONSES_HABITS, **GEMINI_HABITS}.items():
        assert_type(name, str)
        assert_type(habit, Habit)
        assert_type(habit.tool_calls, tuple[ToolCall, ...])


assert_type(chunkings(b"", empty_pieces=True), SearchStrategy[list[bytes]])
assert_type(anthropic_streams(max_blocks=2, habits=False), SearchStrategy[ChatRecording])
assert_type(mutations(b"", max_edits=2), SearchStrategy[bytes])
assert_type(server_sent_events(), SearchStrategy[ServerSentEvent])


@given(chat_streams() | responses_streams(max_items=2) | gemini_streams(), event_streams(bom=False))
def properties(recording: ChatRecording, stream: EventStream) -> None:
    assert_type(recording.completion, ChatCompletion)
    assert_type(stream.events, tuple[ServerSentEvent, ...])


assert_type(sse_stream.__version__, str)
