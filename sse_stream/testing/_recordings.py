"""Bodies together with what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._chat._anomalies import AnomalyKind
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending
from .._chat._tool_call import ToolCall
from .._json._depth import JSONValue
from .._sse._event import ServerSentEvent


@dataclass(frozen=True)
class EventStream:
    """A `text/event-stream`, and the events that the standard finds in it.

    Attributes:
        body: The bytes.
        events: The events, in order.
        last_event_id: The last event ID once all has been read.
    """

    body: bytes
    events: tuple[ServerSentEvent, ...]
    last_event_id: str = ""


@dataclass(frozen=True)
class ChatRecording:
    """A chat stream, and the completion that it means.

    Attributes:
        body: The bytes.
        completion: What all of it adds up to.
        ending: How it ends.
        error: The message of the provider's error, as with `Habit`; `None` where it reported none.
    """

    body: bytes
    completion: ChatCompletion
    ending: Ending = "complete"
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Habit:
    """Something that providers do, or that goes wrong with them, in one short chat stream.

    Attributes:
        about: What it is, in a sentence.
        body: The bytes.
        texts: The text of each choice, by index; what a choice never said is `""`.
        finish_reason: The first choice's finish reason; `None` where none came.
        ending: How the stream ends.
        reasoning: The first choice's reasoning; `None` where none came.
        tool_calls: The first choice's tool calls, as many as were meant.
        extra: What else the first choice holds, in its message or beside it, by name: fields that no model
            has, reasoning in its structured form, a legacy function call.
        total_tokens: The total that was reported last; `None` where none was.
        error: The message of the provider's error, or, where only a finish reason says that something failed, the
            message of the exception that quotes it; `None` where it reported none.
        anomalies: What `ChatDecoder` finds odd about it; other clients need not have a word for it.
    """

    about: str
    body: bytes
    texts: tuple[str, ...] = ("Hello",)
    finish_reason: str | None = "stop"
    ending: Ending = "complete"
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    extra: Mapping[str, JSONValue] = field(default_factory=dict, hash=False)
    total_tokens: int | None = None
    error: str | None = None
    anomalies: frozenset[AnomalyKind] = frozenset()

    @property
    def text(self) -> str:
        """The first choice's text."""
        return self.texts[0] if self.texts else ""


def framed(*payloads: bytes) -> bytes:
    """Payloads as most servers frame them: each on a line of `data`, followed by a blank line."""
    return b"".join(b"data: " + payload + b"\n\n" for payload in payloads)
