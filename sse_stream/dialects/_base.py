"""What a dialect is: one wire format, read event by event into chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import msgspec

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import ChatCompletionChunk
from .._errors import SSEStreamError
from .._sse._event import ServerSentEvent


class Done(msgspec.Struct, frozen=True):
    """The server says that it has said all: `[DONE]`."""


class Failure(msgspec.Struct, frozen=True):
    """The server reports an error.

    Attributes:
        error: The exception to raise, once all that came before it has been delivered: a
            `ProviderError`, where a dialect makes it.
    """

    error: SSEStreamError


class Ping(msgspec.Struct, frozen=True):
    """The server shows that it is alive.

    Attributes:
        comment: What it wrote.
    """

    comment: str


class Oddity(msgspec.Struct, frozen=True):
    """A deviation from the format that was tolerated.

    Attributes:
        kind: Which kind.
        sample: An excerpt that shows it.
    """

    kind: AnomalyKind
    sample: str


Item: TypeAlias = ChatCompletionChunk | Done | Failure | Ping | Oddity
"""What an event can mean."""


class Dialect(Protocol):
    """One wire format. A dialect keeps no connection, no clock and no completion; it may keep state
    between the events of one stream, so make a new one for each.

    One whose `decode_plain` keeps none, and so makes a new and equal chunk of the same data each time, may have an
    attribute of its class, `decodes_alike`, that is true: chunks that are like those before them are then compared,
    not decoded. A subclass that has another `decode_plain` has to say so again.
    """

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """What one server-sent event means, in order; an `Oddity` before what it is about.

        Args:
            event: The event, as the standard dispatches it.

        Returns:
            Chunks, and what is no chunk; nothing, if it means nothing.

        Raises:
            ChunkDecodeError: The event cannot be read.
        """
        ...

    def decode_plain(self, data: bytes | str) -> ChatCompletionChunk | None:
        """What an event without a type means if it is one well-formed chunk and nothing else, as most are;
        `None` sends it to `decode`. It is asked first, so that the usual costs no more than it must.

        Args:
            data: The event's data, as text or as the UTF-8 that it came in.
        """
        ...

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        """What a field means that the standard of server-sent events does not know.

        Args:
            name: The field's name.
            value: Its value.
        """
        ...

    def is_whole(self, data: str) -> bool:
        """Whether the data means something by itself: asked of one line of an event that has several,
        and of an event that the end of the stream has cut off.

        Args:
            data: The line's value, or the event's data.
        """
        ...
