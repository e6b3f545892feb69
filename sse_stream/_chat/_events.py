"""The typed events: what a stream says, one piece at a time.

Each is frozen, comparable, and knows its `type`, so that `match` and type checkers narrow the union
`ChatEvent`. Each encodes to JSON with `msgspec.json.encode`, and `msgspec.json.decode` with `type=ChatEvent`
makes an equal event of that. `to_dict` gives the same fields, but usage, tool calls and completions in OpenAI's form.
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
    """A piece of the reasoning, once, in however many spellings it came.

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


class ToolCallStarted(Tagged, frozen=True, tag="tool_call_started"):
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


class ToolCallDelta(Tagged, frozen=True, tag="tool_call_delta"):
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


class ToolCallDone(Tagged, frozen=True, tag="tool_call_done"):
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


class ChoiceFinished(Tagged, frozen=True, tag="choice_finished"):
    """A choice gave its finish reason; once a choice.

    Attributes:
        reason: The reason as it was sent: `"stop"`, `"length"`, `"tool_calls"`, `"content_filter"`, or a
            word of the server's own.
        choice: The choice's index.
    """

    type: ClassVar[Literal["choice_finished"]] = "choice_finished"
    reason: str
    choice: int = 0


class UsageReported(Tagged, frozen=True, tag="usage_reported"):
    """A chunk reported usage. Counts are cumulative: the last report is the one that counts.

    Attributes:
        usage: The last value of each count so far, and of what the model does not name what this report says; all of
            that is in the completion's usage.
    """

    type: ClassVar[Literal["usage_reported"]] = "usage_reported"
    usage: Usage


class KeepAlive(Tagged, frozen=True, tag="keep_alive"):
    """The server showed that it is alive and said nothing else. Only with `keepalives=True`.

    Attributes:
        comment: What it wrote.
    """

    type: ClassVar[Literal["keep_alive"]] = "keep_alive"
    comment: str


class PartStarted(Tagged, frozen=True, tag="part_started"):
    """A part of the answer began. Only from dialects whose format marks parts; chat completions does not.

    Attributes:
        index: Which part of the choice, from 0.
        kind: `"text"`, `"reasoning"`, `"refusal"`, `"tool_call"`, or the provider's name for a part of its own.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["part_started"]] = "part_started"
    index: int
    kind: str
    choice: int = 0


class PartDone(Tagged, frozen=True, tag="part_done"):
    """A part of the answer is complete. Only from dialects whose format marks parts.

    Attributes:
        index: Which part of the choice, as its `PartStarted` said.
        part: The part, with the provider's own object for it.
        choice: The index of the choice that it belongs to.
    """

    type: ClassVar[Literal["part_done"]] = "part_done"
    index: int
    part: Part
    choice: int = 0


class StreamDone(Tagged, frozen=True, tag="stream_done"):
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
    | PartStarted
    | PartDone
    | StreamDone
)
"""What iterating a stream gives."""
