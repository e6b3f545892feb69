"""Bodies with their meaning."""

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
    """A `text/event-stream` body, and its events according to the standard.

    Attributes:
        body: The bytes.
        events: The events, in order.
        last_event_id: The last event ID after the whole body.
    """

    body: bytes
    events: tuple[ServerSentEvent, ...]
    last_event_id: str = ""


@dataclass(frozen=True)
class ChatRecording:
    """A chat stream, and the completion that it means.

    Attributes:
        body: The bytes.
        completion: The expected completion.
        ending: How the stream ends.
        error: The message of the provider's error, as in `Habit`; `None` if there is none.
    """

    body: bytes
    completion: ChatCompletion
    ending: Ending = "complete"
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Habit:
    """A provider's quirk or failure, as one short chat stream with its meaning.

    Attributes:
        about: A one-sentence description.
        body: The bytes.
        texts: The text of each choice, by index; `""` for a choice without text.
        finish_reason: The first choice's finish reason; `None` if there is none.
        ending: How the stream ends.
        reasoning: The first choice's reasoning; `None` if there is none.
        tool_calls: The first choice's tool calls.
        extra: Further fields of the first choice or its message, by name: unknown fields, structured reasoning, a legacy
            function call.
        total_tokens: The last reported total; `None` if there is none.
        error: The message of the provider's error; if only a finish reason reports a failure, the message of the
            exception that quotes it; `None` if there is none.
        anomalies: The anomalies that `ChatDecoder` reports; other clients need not.
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
        """The text of the first choice."""
        return self.texts[0] if self.texts else ""


def framed(*payloads: bytes) -> bytes:
    """Frame payloads as most servers do: a `data` line each, followed by a blank line."""
    return b"".join(b"data: " + payload + b"\n\n" for payload in payloads)
