"""The typed events of a chat stream.

Events are frozen and comparable. Each has a literal `type`, so `match` and type checkers narrow the union `ChatEvent`.
`msgspec.json.encode` encodes an event, and `msgspec.json.decode` with `type=ChatEvent` gives an equal one. `to_dict`
has the same fields, with usage, tool calls and completions in OpenAI's format.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from ._completion import ChatCompletion
from ._parts import Part
from ._reports import Usage
from ._tagged import Tagged
from ._tool_call import ToolCall


class TextDelta(Tagged, frozen=True, tag="text_delta"):
    """A piece of the text.

    Attributes:
        text: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["text_delta"]] = "text_delta"
    text: str
    choice: int = 0


class ReasoningDelta(Tagged, frozen=True, tag="reasoning_delta"):
    """A piece of the reasoning, delivered once even if several fields carry it.

    Attributes:
        text: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["reasoning_delta"]] = "reasoning_delta"
    text: str
    choice: int = 0


class RefusalDelta(Tagged, frozen=True, tag="refusal_delta"):
    """A piece of the refusal.

    Attributes:
        text: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["refusal_delta"]] = "refusal_delta"
    text: str
    choice: int = 0


class AudioDelta(Tagged, frozen=True, tag="audio_delta"):
    """A piece of spoken output. Fields that this piece does not carry are `None`.

    Attributes:
        id: The audio's id.
        data: A piece of the audio, base64.
        transcript: A piece of the transcript.
        expires_at: When the id expires, in seconds since 1970.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["audio_delta"]] = "audio_delta"
    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None
    choice: int = 0


class ToolCallStarted(Tagged, frozen=True, tag="tool_call_started"):
    """A tool call started.

    Attributes:
        index: The index of the call in its choice, from 0, in the order in which the calls started.
        id: The id of the call, `""` if its first piece had none.
        name: The name of the tool, `""` if the first piece had none.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["tool_call_started"]] = "tool_call_started"
    index: int
    id: str
    name: str
    choice: int = 0


class ToolCallDelta(Tagged, frozen=True, tag="tool_call_delta"):
    """A piece of a tool call's arguments.

    Attributes:
        index: The index of the call, as in its `ToolCallStarted`.
        arguments: The piece, never empty.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["tool_call_delta"]] = "tool_call_delta"
    index: int
    arguments: str
    choice: int = 0


class ToolCallDone(Tagged, frozen=True, tag="tool_call_done"):
    """A tool call is complete: the next one started, the choice finished, or the stream ended.

    Attributes:
        index: The index of the call, as in its `ToolCallStarted`.
        tool_call: The complete call.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["tool_call_done"]] = "tool_call_done"
    index: int
    tool_call: ToolCall
    choice: int = 0


class ChoiceFinished(Tagged, frozen=True, tag="choice_finished"):
    """A choice finished. Emitted once per choice.

    Attributes:
        reason: The finish reason as it was sent: `"stop"`, `"length"`, `"tool_calls"`, `"content_filter"`, or one that
            is specific to the provider.
        choice: The index of the choice.
    """

    type: ClassVar[Literal["choice_finished"]] = "choice_finished"
    reason: str
    choice: int = 0


class UsageReported(Tagged, frozen=True, tag="usage_reported"):
    """A chunk reported usage. Counts are cumulative: the last report counts.

    Attributes:
        usage: The last value of each count so far, and the extra fields of this report only. The usage of the
            completion has all of them.
    """

    type: ClassVar[Literal["usage_reported"]] = "usage_reported"
    usage: Usage


class KeepAlive(Tagged, frozen=True, tag="keep_alive"):
    """The server sent a keep-alive. Only with `keepalives=True`.

    Attributes:
        comment: The text of the keep-alive.
    """

    type: ClassVar[Literal["keep_alive"]] = "keep_alive"
    comment: str


class PartStarted(Tagged, frozen=True, tag="part_started"):
    """A part of the answer started. Only from dialects whose format marks parts, which chat completions does not.

    Attributes:
        index: The index of the part in its choice, from 0.
        kind: `"text"`, `"reasoning"`, `"refusal"`, `"tool_call"`, or the provider's name for a kind of its own.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["part_started"]] = "part_started"
    index: int
    kind: str
    choice: int = 0


class PartDone(Tagged, frozen=True, tag="part_done"):
    """A part of the answer is complete. Only from dialects whose format marks parts.

    Attributes:
        index: The index of the part, as in its `PartStarted`.
        part: The part, with the provider's own object for it.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["part_done"]] = "part_done"
    index: int
    part: Part
    choice: int = 0


class StreamDone(Tagged, frozen=True, tag="stream_done"):
    """The stream is complete. Always the last event.

    Attributes:
        completion: The completion.
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
    | PartStarted
    | PartDone
    | StreamDone
)
"""Any event that a chat stream gives."""
