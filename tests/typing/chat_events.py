"""For type checkers only: the union of events narrows by class and by its literal `type`, exhaustively."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, assert_never, assert_type

from msgspec import Struct
from pydantic import BaseModel, TypeAdapter

from sse_stream import (
    AudioDelta,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChoiceFinished,
    Ending,
    KeepAlive,
    Message,
    Part,
    PartDone,
    PartStarted,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    RefusalDelta,
    RefusalPart,
    StreamDone,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallPart,
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
    assert_type(chunk.to_dict(), dict[str, Any])
    assert_type(chunk.choices[0].delta.to_dict(), dict[str, Any])
    assert_type(chunk.encode(), bytes)
    chunk.id = "c2"  # type: ignore[misc]
    if chunk.usage is not None:
        assert_type(chunk.usage.copied(), Usage)
        chunk.usage.prompt_tokens = 0  # type: ignore[misc]
    extra: Mapping[str, object] = chunk.extra
    del extra


class Answer(Struct):
    value: int


class Model(BaseModel):
    value: int


def parse(call: ToolCall) -> None:
    assert_type(call.parse(dict[str, int]), dict[str, int])
    assert_type(call.parse(Answer), Answer)
    assert_type(call.parse(Model), Model)
    assert_type(call.parse(TypeAdapter(Answer)), Answer)
    assert_type(call.parse(), Any)
    # What a type checker cannot say of a union, a caller can.
    either: Answer | None = call.parse(Answer | None)
    number: int | str = call.parse(int | str)
    word: Literal["a", "b"] = call.parse(Literal["a", "b"])
    number = call.parse(Answer)  # type: ignore[assignment]
    del either, number, word
    call.parse(Answer, Answer)  # type: ignore[call-overload]


def content(completion: ChatCompletion) -> None:
    assert_type(completion.parse(list[Answer]), list[Answer])
    assert_type(completion.parse(TypeAdapter(list[Model])), list[Model])
    assert_type(completion.parse(), Any)
    either: Answer | None = completion.parse(Answer | None)
    del either
    assert_type(completion.message.to_native(), Any)
    assert_type(completion.tool_calls, list[ToolCall])
    assert_type(completion.finish_reason, str | None)
    assert_type(completion.dialect, str)


def parts(message: Message) -> list[str]:
    said = []
    for part in message.parts:
        match part:
            case TextPart(text) | ReasoningPart(text) | RefusalPart(text):
                said.append(assert_type(text, str))
            case ToolCallPart(tool_call):
                said.append(assert_type(tool_call.kind, Literal["function", "custom"]))
            case ProviderPart(kind, native):
                said.append(f"{kind} {native}")
            case _:
                assert_never(part)
        if part.type == "reasoning":
            assert_type(part, ReasoningPart)
    return said
