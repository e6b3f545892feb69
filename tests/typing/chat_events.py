"""Only type checkers run this: the union of events narrows by class and by its literal `type`, to the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never, assert_type

from sse_stream import (
    AudioDelta,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChoiceFinished,
    Ending,
    KeepAlive,
    Part,
    PartDone,
    PartStarted,
    ReasoningDelta,
    RefusalDelta,
    StreamDone,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
    Usage,
    UsageReported,
)


def by_class(event: ChatEvent) -> str:
    match event:
        case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
            return assert_type(text, str)
        case AudioDelta(id=id):
            return id or ""
        case ToolCallStarted(index, id, name):
            return f"{index} {id} {name}"
        case ToolCallDelta(index, arguments):
            return f"{index} {arguments}"
        case ToolCallDone(tool_call=tool_call):
            return assert_type(tool_call, ToolCall).name
        case ChoiceFinished(reason, choice):
            return f"{assert_type(choice, int)} {reason}"
        case UsageReported(usage):
            return str(assert_type(usage, Usage).total_tokens)
        case KeepAlive(comment):
            return assert_type(comment, str)
        case PartStarted(index, kind):
            return f"{index} {kind}"
        case PartDone(index, part):
            return f"{index} {assert_type(part, Part).type}"
        case StreamDone(completion):
            return assert_type(completion, ChatCompletion).text
        case _:
            assert_never(event)


def by_type(event: ChatEvent) -> str:
    if event.type == "text_delta" or event.type == "reasoning_delta" or event.type == "refusal_delta":
        return event.text
    if event.type == "audio_delta":
        return assert_type(event, AudioDelta).transcript or ""
    if event.type == "tool_call_started":
        return assert_type(event, ToolCallStarted).name
    if event.type == "tool_call_delta":
        return assert_type(event, ToolCallDelta).arguments
    if event.type == "tool_call_done":
        return assert_type(event, ToolCallDone).tool_call.name
    if event.type == "choice_finished":
        return assert_type(event, ChoiceFinished).reason
    if event.type == "usage_reported":
        return str(assert_type(event, UsageReported).usage)
    if event.type == "keep_alive":
        return assert_type(event, KeepAlive).comment
    if event.type == "part_started":
        return assert_type(event, PartStarted).kind
    if event.type == "part_done":
        return assert_type(event, PartDone).part.type
    if event.type == "stream_done":
        return assert_type(event, StreamDone).completion.text
    assert_never(event)


def decoder(data: bytes) -> Ending:
    decoder = ChatDecoder(strict=True)
    assert_type(decoder.feed(data), Iterator[ChatEvent])
    assert_type(decoder.feed_chunks(data), Iterator[ChatCompletionChunk])
    assert_type(decoder.completion, ChatCompletion)
    return decoder.ending


def chunk(chunk: ChatCompletionChunk) -> None:
    assert_type(chunk.choices[0].index, int)
    assert_type(chunk.choices[0].delta.content, str | None)
    assert_type(chunk.choices[0].finish_reason, str | None)
    assert_type(chunk.raw, dict[str, Any])
    extra: Mapping[str, object] = chunk.extra
    del extra


def parse(call: ToolCall) -> None:
    assert_type(call.parse(dict[str, int]), dict[str, int])
    assert_type(call.parse(), Any)
