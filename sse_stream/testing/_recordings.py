"""Bodies together with what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from .._completion import ChatCompletion
from .._sse import ServerSentEvent


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
    """A complete chat stream, and the completion that it means.

    Attributes:
        body: The bytes.
        completion: What all of it adds up to.
    """

    body: bytes
    completion: ChatCompletion
