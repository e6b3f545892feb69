"""The dialect protocol, and the items that a dialect decodes events to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import msgspec

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import ChatCompletionChunk
from .._chat._message import Message
from .._chat._part_state import Complete
from .._errors import SSEStreamError
from .._json._depth import JSONValue
from .._sse._event import ServerSentEvent


class ControlItem(msgspec.Struct, frozen=True):
    """An item that is not a chunk."""


class Done(ControlItem, frozen=True):
    """The end mark of the stream: `[DONE]`, or its equivalent in another format."""


class Failure(ControlItem, frozen=True):
    """The server reports an error.

    Attributes:
        error: The exception to raise after everything before it has been delivered. Dialects use a `ProviderError`.
    """

    error: SSEStreamError


class Ping(ControlItem, frozen=True):
    """A keep-alive.

    Attributes:
        comment: The text of the keep-alive.
    """

    comment: str


class AnomalyFound(ControlItem, frozen=True):
    """An anomaly: a tolerated deviation from the format, or a note.

    Attributes:
        kind: The kind of anomaly.
        sample: An excerpt that shows it.
    """

    kind: AnomalyKind
    sample: str


class PartItem(ControlItem, frozen=True):
    """An item that marks a part of an answer."""


class PartStart(PartItem, frozen=True):
    """A part of an answer starts. It receives pieces of its kind until another part of the choice does.

    For a part that has started and not ended, this resumes it: it receives pieces again.

    Attributes:
        choice: The index of the choice.
        index: The index of the part, to which `PartEnd` and the events refer.
        kind: `"text"`, `"reasoning"`, `"reasoning_summary"`, `"redacted_reasoning"`, `"refusal"`, `"tool_call"`, or the
            provider's name for a kind of its own.
        native: The initial state of the provider's own object, if `PartEnd.complete` needs it.
    """

    choice: int
    index: int
    kind: str
    native: JSONValue = None


class PartPiece(PartItem, frozen=True):
    """Data for a part that chunks do not carry. It is kept for `PartEnd` and gives no event.

    Attributes:
        choice: The index of the choice.
        index: The index of the part, as in its `PartStart`.
        piece: A piece of text that is not delivered to the caller, or any other JSON value.
    """

    choice: int
    index: int
    piece: JSONValue


class PartEnd(PartItem, frozen=True):
    """A part of an answer is complete. Another `PartEnd` for the same part replaces its object and gives no event.

    Attributes:
        choice: The index of the choice.
        index: The index of the part, as in its `PartStart`.
        native: The provider's own JSON object for the part, as the endpoint accepts it back; `None` if there is none.
        complete: Makes that object from the start, the text and the pieces of the part, if the dialect has not kept
            them.
        annotations: The field of that object that has annotations of the text.
    """

    choice: int
    index: int
    native: JSONValue = None
    complete: Complete | None = None
    annotations: str = ""


class DialectFound(ControlItem, frozen=True):
    """The stream is in another format. This dialect decodes from the next event on.

    Attributes:
        dialect: The dialect.
    """

    dialect: Dialect


PartMark: TypeAlias = PartStart | PartPiece | PartEnd
"""Each kind of `PartItem`."""

Control: TypeAlias = Done | Failure | Ping | AnomalyFound | PartMark | DialectFound
"""Each kind of `ControlItem`."""

Item: TypeAlias = (
    ChatCompletionChunk | Done | Failure | Ping | AnomalyFound | PartStart | PartPiece | PartEnd | DialectFound
)
"""Any item that a dialect decodes events to."""


class Dialect(Protocol):
    """Decodes one wire format. It may keep state between the events of a stream, so create a new one for each stream.

    If `decode_plain` always returns a new, equal chunk for the same data until a part starts or ends, a class may set
    `decodes_alike = True` in its own body. Chunks that differ only in their text are then compared instead of decoded.
    A subclass does not inherit this and has to set it again.

    If streams of the format have no end mark, set `ends_with_body = True`. Then `end` is not called for a body that was
    truncated inside an event.

    Attributes:
        name: The name of the format, for `Message.dialect` and `ChatCompletion.dialect`.
        end_mark: The end mark of the format, for error messages: `"[DONE]"`.
    """

    name: str
    end_mark: str

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """Decode one server-sent event.

        Args:
            event: The event, as the standard dispatches it.

        Returns:
            The items of the event in order, with an `AnomalyFound` before the item that it concerns. May be empty.

        Raises:
            ChunkDecodeError: The event cannot be decoded.
        """
        ...

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        """Decode an event that is exactly one well-formed chunk, like most; `None` passes the event to `decode`.

        This fast path is always tried first.

        Args:
            data: The event's data, as text or as UTF-8.
            event: The event's name, `"message"` if it has none.
        """
        ...

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        """Decode a field that the standard of server-sent events does not define.

        Args:
            name: The field's name.
            value: Its value.
        """
        ...

    def is_whole(self, data: str) -> bool:
        """Whether the data is complete by itself.

        Called for the first of several `data` lines, and for a last event without its blank line.

        Args:
            data: The value of the line, or the event's data.
        """
        ...

    def end(self) -> Sequence[Item]:
        """Return the items of the end of the body. Called once, after all events. Empty in most formats."""
        ...

    @staticmethod
    def turn(message: Message) -> JSONValue:
        """Convert a message to the form that the format's own endpoint accepts in the next request, with signatures.

        Args:
            message: The message, with its parts.
        """
        ...


# The required members of a dialect, and an example of each.
_WANTED = {
    "name": 'name = "my_format"',
    "end_mark": 'end_mark = "[DONE]"',
    "decode": "def decode(self, event): …",
    "decode_plain": 'def decode_plain(self, data, event="message"): return None',
    "decode_field": "def decode_field(self, name, value): return ()",
    "is_whole": "def is_whole(self, data): …",
    "end": "def end(self): return ()",
    "turn": "@staticmethod def turn(message): return message.to_dict()",
}


def check_dialect(dialect: object) -> None:
    """Check that an object implements `Dialect`.

    Raises:
        TypeError: A member is missing. The message says what to add.
    """
    name = type(dialect).__name__
    missing = [written for attribute, written in _WANTED.items() if not hasattr(dialect, attribute)]
    if missing:
        raise TypeError(f"{name} is not a dialect: add {'; '.join(missing)}. See sse_stream.dialects.Dialect")
    code = getattr(getattr(dialect, "decode_plain"), "__code__", None)  # noqa: B009  # `object` has no such attribute for type checkers
    takes_any = 0x04  # CO_VARARGS
    if code is not None and code.co_argcount < 3 and not code.co_flags & takes_any:  # self, data, event
        raise TypeError(
            f"{name}.decode_plain has no parameter for the event's name: declare it as {_WANTED['decode_plain'].partition(':')[0]}"
        )
