"""The typed events: what a stream says, one piece at a time.

Each is frozen, comparable, and knows its `type`, so that `match` and type checkers narrow the union
`ChatEvent`. Each encodes to JSON with `msgspec.json.encode`.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from ._chunks import Usage
from ._completion import ChatCompletion, ToolCall


class TextDelta(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="text_delta"):
    """A piece of the text.

    Attributes:
        text: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["text_delta"]] = "text_delta"
    text: str
    choice: int = 0


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="reasoning_delta"):
    """A piece of the reasoning, once, in however many spellings it came.

    Attributes:
        text: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["reasoning_delta"]] = "reasoning_delta"
    text: str
    choice: int = 0


class RefusalDelta(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="refusal_delta"):
    """A piece of the refusal.

    Attributes:
        text: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["refusal_delta"]] = "refusal_delta"
    text: str
    choice: int = 0


class AudioDelta(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="audio_delta"):
    """A piece of spoken output; what this piece does not carry is `None`.

    Attributes:
        id: The audio's id.
        data: A piece of the sound, base64.
        transcript: A piece of what is said.
        expires_at: When the id ceases to be valid, in seconds since 1970.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["audio_delta"]] = "audio_delta"
    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None
    choice: int = 0


class ToolCallStarted(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="tool_call_started"):
    """A tool call began.

    Attributes:
        index: Which call of the choice, from 0, in the order in which they began.
        id: Its id, `""` where none came with its beginning.
        name: The tool's name, `""` where none came with its beginning.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["tool_call_started"]] = "tool_call_started"
    index: int
    id: str
    name: str
    choice: int = 0


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="tool_call_delta"):
    """A piece of a tool call's arguments.

    Attributes:
        index: Which call of the choice, as its `ToolCallStarted` said.
        arguments: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["tool_call_delta"]] = "tool_call_delta"
    index: int
    arguments: str
    choice: int = 0


class ToolCallDone(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="tool_call_done"):
    """A tool call is complete: the next one began, the choice finished, or the stream was done.

    Attributes:
        index: Which call of the choice, as its `ToolCallStarted` said.
        tool_call: The call, with all its arguments.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["tool_call_done"]] = "tool_call_done"
    index: int
    tool_call: ToolCall
    choice: int = 0


class ChoiceFinished(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="choice_finished"):
    """A choice gave its finish reason; once a choice.

    Attributes:
        reason: The reason as it was sent: `"stop"`, `"length"`, `"tool_calls"`, `"content_filter"`, or a
            word of the server's own.
        choice: The choice's index.
    """

    type: ClassVar[Literal["choice_finished"]] = "choice_finished"
    reason: str
    choice: int = 0


class UsageReported(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="usage_reported"):
    """A chunk reported usage. Counts are cumulative: the last report is the one that counts.

    Attributes:
        usage: The last value of each count so far.
    """

    type: ClassVar[Literal["usage_reported"]] = "usage_reported"
    usage: Usage


class KeepAlive(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="keep_alive"):
    """The server showed that it is alive and said nothing else. Only with `keepalives=True`.

    Attributes:
        comment: What it wrote.
    """

    type: ClassVar[Literal["keep_alive"]] = "keep_alive"
    comment: str


class StreamDone(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="stream_done"):
    """The stream ended well; always the last event.

    Attributes:
        completion: All of it, put together.
    """

    type: ClassVar[Literal["stream_done"]] = "stream_done"
    completion: ChatCompletion


ChatEvent: TypeAlias = (
    TextDelta
    | ReasoningDelta
    | RefusalDelta
    | AudioDelta
    | ToolCallStarted
    | ToolCallDelta
    | ToolCallDone
    | ChoiceFinished
    | UsageReported
    | KeepAlive
    | StreamDone
)
"""What iterating a stream gives."""
