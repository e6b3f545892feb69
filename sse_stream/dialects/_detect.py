"""Finding out the wire format of a stream: the first event that means something tells.

Until one has, the stream is read as a chat, which is what it is where nothing speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from .._chat._anomalies import AnomalyKind
from .._errors import ChunkDecodeError
from .._json._depth import JSONValue
from .._json._lenient import loads
from .._sse._event import ServerSentEvent
from ._base import AnomalyFound, Dialect, DialectFound, Failure, Item
from ._formats import OPENAI_CHAT, READERS, TITLES, format_of
from ._openai_chat import OpenAIChat


class Detecting:
    """Reads what comes before the format is known, and finds that out.

    Attributes:
        dialect: What reads a chat, which is taken for one until something else is known.
        is_settled: Whether the format is known.
    """

    __slots__ = ("_pings", "dialect", "is_settled")

    def __init__(self) -> None:
        self.dialect = OpenAIChat()
        self.is_settled = False
        self._pings: dict[AnomalyKind, tuple[AnomalyFound, int]] = {}  # what is odd about pings, if this is a chat

    def settle(self) -> Sequence[Item]:
        """It is a chat: what is to be said of what came before that was known."""
        self.is_settled = True
        pings, self._pings = self._pings, {}
        return [found for first, count in pings.values() for found in (first,) * count]

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """What an event means; first a `DialectFound` if it shows that this is no chat.

        Args:
            event: The event.

        Raises:
            ChunkDecodeError: It cannot be read, or is of a format that is known and not read.
        """
        text = event.data.strip()
        if text == "[DONE]":
            return (*self.settle(), *self.dialect.decode(event))
        value = _json(text) if text.startswith(("{", "[")) else None
        name = format_of(value, event.event)
        if name == OPENAI_CHAT:
            return (*self.settle(), *self.dialect.decode(event))
        if name is not None:
            self.is_settled = True
            dialect = _dialect(name, event.data)
            chunk = dialect.decode_plain(event.data, event.event)
            return (DialectFound(dialect), *((chunk,) if chunk is not None else dialect.decode(event)))
        items = self.dialect.decode(event)
        if any(isinstance(item, Failure) for item in items):
            return (*self.settle(), *items)  # it fails as a chat
        if isinstance(value, dict) and value.get("type") == "ping":  # which some formats send, and all others tolerate
            return [item for item in items if not self._kept(item)]
        return items

    def _kept(self, item: Item) -> bool:
        """Keep what is odd about a ping until it is known whether that is odd: the first of its kind, and how many."""
        if not isinstance(item, AnomalyFound):
            return False
        first, count = self._pings.get(item.kind, (item, 0))
        self._pings[item.kind] = first, count + 1
        return True

    def end(self) -> Sequence[Item]:
        """What it means that the body has ended before the format was known."""
        return [*self.settle(), *self.dialect.end()]


def _json(text: str) -> JSONValue:
    try:
        return loads(text)[0]
    except ChunkDecodeError:
        return None


def _dialect(name: str, data: str) -> Dialect:
    """What reads a format.

    Raises:
        ChunkDecodeError: Nothing does.
    """
    reader = READERS.get(name)
    if reader is None:
        titles = ", ".join(TITLES[name] for name in READERS)
        message = (
            f"this stream is in the format of {TITLES[name]}, which is not read here: read are {titles}. Read its events"
            f" with iter_sse, or with a dialect of your own; it begins with {data[:200]!r}"
        )
        raise ChunkDecodeError(message, data=data)
    dialect: Dialect = getattr(import_module(f".{reader.module}", __package__), reader.dialect)()
    return dialect
