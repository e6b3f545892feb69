"""What a dialect is: one wire format, read event by event into chunks."""

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


class Beside(msgspec.Struct, frozen=True):
    """What an event can mean that is no chunk."""


class Done(Beside, frozen=True):
    """The server says that it has said all: `[DONE]`, or what its format has in its place."""


class Failure(Beside, frozen=True):
    """The server reports an error.

    Attributes:
        error: The exception to raise, once all that came before it has been delivered: a
            `ProviderError`, where a dialect makes it.
    """

    error: SSEStreamError


class Ping(Beside, frozen=True):
    """The server shows that it is alive.

    Attributes:
        comment: What it wrote.
    """

    comment: str


class AnomalyFound(Beside, frozen=True):
    """A deviation from the format that was tolerated.

    Attributes:
        kind: Which kind.
        sample: An excerpt that shows it.
    """

    kind: AnomalyKind
    sample: str


class PartItem(Beside, frozen=True):
    """What an event can say of one part of an answer."""


class PartStart(PartItem, frozen=True):
    """A part of an answer begins: pieces of its kind belong to it until the next one of that choice does.

    One that has begun and not ended is resumed: pieces belong to it again.

    Attributes:
        choice: The choice's index.
        index: What the format calls the part, for `PartEnd` and the events.
        kind: `"text"`, `"reasoning"`, `"reasoning_summary"`, `"redacted_reasoning"`, `"refusal"`, `"tool_call"`,
            or the provider's own word for something that only it knows.
        native: How the provider's own object for it begins, where its end needs that: it is kept for `PartEnd`.
    """

    choice: int
    index: int
    kind: str
    native: JSONValue = None


class PartPiece(PartItem, frozen=True):
    """What came for a part beside the pieces that chunks carry: it is kept for `PartEnd`, and gives no event.

    Attributes:
        choice: The choice's index.
        index: The part's, as its `PartStart` said.
        piece: A piece of a text that only the provider reads, as a string; or any other JSON value.
    """

    choice: int
    index: int
    piece: JSONValue


class PartEnd(PartItem, frozen=True):
    """A part of an answer is complete. A second one of the same part replaces its object, and gives no event.

    Attributes:
        choice: The choice's index.
        index: The part's, as its `PartStart` said.
        native: The provider's own JSON object for it, whole, as it wants it back; `None` where there is none.
        complete: Makes that object of what came, where the dialect has not kept that itself.
        annotations: The field of that object in which it says something about places in the text.
    """

    choice: int
    index: int
    native: JSONValue = None
    complete: Complete | None = None
    annotations: str = ""


class DialectFound(Beside, frozen=True):
    """The stream is in another format: from the next event on, this dialect reads.

    Attributes:
        dialect: The dialect.
    """

    dialect: Dialect


Item: TypeAlias = (
    ChatCompletionChunk | Done | Failure | Ping | AnomalyFound | PartStart | PartPiece | PartEnd | DialectFound
)
"""What an event can mean."""


class Dialect(Protocol):
    """One wire format. A dialect keeps no connection, no clock and no completion; it may keep state
    between the events of one stream, so make a new one for each.

    One whose `decode_plain` makes a new and equal chunk of the same data each time, until a part begins or ends, may
    say so in its own class body, with `decodes_alike = True`: chunks that differ from the one before in their text
    alone are then compared, not decoded. A subclass that is to be read so has to say it again.

    Where nothing but the end of the body marks the end of a stream, `ends_with_body = True` in the class says so: `end` is
    then not asked of a body that was cut off inside an event.

    Attributes:
        name: What the format is called: `Message.dialect` and `ChatCompletion.dialect` say it.
        end_mark: What ends a stream of this format, for messages: `"[DONE]"`.
    """

    name: str
    end_mark: str

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """What one server-sent event means, in order; an `AnomalyFound` before what it is about.

        Args:
            event: The event, as the standard dispatches it.

        Returns:
            Chunks, and what is no chunk; nothing, if it means nothing.

        Raises:
            ChunkDecodeError: The event cannot be read.
        """
        ...

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        """What an event means if it is one well-formed chunk and nothing else, as most are;
        `None` sends it to `decode`. It is asked first, so that the usual costs no more than it must.

        Args:
            data: The event's data, as text or as the UTF-8 that it came in.
            event: The event's name, `"message"` where it has none.
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

    def end(self) -> Sequence[Item]:
        """What it means that the body has ended: asked once, after all events. Nothing, in most formats."""
        ...

    @staticmethod
    def turn(message: Message) -> JSONValue:
        """What the format's own endpoint takes back for a message, signatures and all.

        Args:
            message: The message, with its parts.
        """
        ...


# What a dialect must have, and how each is written.
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
    """Refuse what is no dialect, and say what to add.

    Raises:
        TypeError: Something of the protocol is missing.
    """
    name = type(dialect).__name__
    missing = [written for attribute, written in _WANTED.items() if not hasattr(dialect, attribute)]
    if missing:
        raise TypeError(f"{name} is no dialect: add {'; '.join(missing)}. See sse_stream.dialects.Dialect")
    code = getattr(getattr(dialect, "decode_plain"), "__code__", None)  # noqa: B009  # known by its name alone
    takes_any = 0x04  # CO_VARARGS
    if code is not None and code.co_argcount < 3 and not code.co_flags & takes_any:  # self, data, event
        raise TypeError(f"{name}.decode_plain takes no event: write {_WANTED['decode_plain'].partition(':')[0]}")
