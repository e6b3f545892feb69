"""Detecting the wire format of a stream from its first meaningful event.

Until then, the stream is read as OpenAI's chat completions, which is also the default.
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


class FormatDetector:
    """Decodes events until the format is known.

    Attributes:
        dialect: The default dialect, OpenAI's chat completions, used until another is detected.
        is_settled: Whether the format is known.
    """

    __slots__ = ("_pings", "dialect", "is_settled")

    def __init__(self) -> None:
        self.dialect = OpenAIChat()
        self.is_settled = False
        # The anomalies of pings, which count only if this is a chat.
        self._pings: dict[AnomalyKind, tuple[AnomalyFound, int]] = {}

    def settle(self) -> Sequence[Item]:
        """Settle on the default dialect. Returns the anomalies that were held back."""
        self.is_settled = True
        pings, self._pings = self._pings, {}
        return [found for first, count in pings.values() for found in (first,) * count]

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """Decode an event. The first item is a `DialectFound` if the event is in another format.

        Args:
            event: The event.

        Raises:
            ChunkDecodeError: The event cannot be decoded, or it is in a known format that is not supported.
        """
        text = event.data.strip()
        if text == "[DONE]":
            return self._settled_with(self.dialect.decode(event))
        value = _json(text) if text.startswith(("{", "[")) else None
        name = format_of(value, event.event)
        if name == OPENAI_CHAT:
            return self._settled_with(self.dialect.decode(event))
        if name is not None:
            self.is_settled = True
            dialect = _dialect(name, event.data)
            chunk = dialect.decode_plain(event.data, event.event)
            return (DialectFound(dialect), *((chunk,) if chunk is not None else dialect.decode(event)))
        items = self.dialect.decode(event)
        if any(isinstance(item, Failure) for item in items):
            return self._settled_with(items)  # an error settles the default
        if isinstance(value, dict) and value.get("type") == "ping":  # sent in some formats, and tolerated in all others
            return [item for item in items if not self._hold_back(item)]
        return items

    def _settled_with(self, items: Sequence[Item]) -> Sequence[Item]:
        """Settle on the default dialect. Returns the anomalies that were held back, then these items."""
        return (*self.settle(), *items)

    def _hold_back(self, item: Item) -> bool:
        """Hold back an anomaly of a ping until the format is known: the first of each kind, and their number."""
        if not isinstance(item, AnomalyFound):
            return False
        first, count = self._pings.get(item.kind, (item, 0))
        self._pings[item.kind] = first, count + 1
        return True

    def end(self) -> Sequence[Item]:
        """Return the items of a body that ended before the format was known."""
        return [*self.settle(), *self.dialect.end()]


def _json(text: str) -> JSONValue:
    try:
        return loads(text)[0]
    except ChunkDecodeError:
        return None


def _dialect(name: str, data: str) -> Dialect:
    """Create the dialect for a format.

    Raises:
        ChunkDecodeError: The format is not supported.
    """
    reader = READERS.get(name)
    if reader is None:
        titles = ", ".join(TITLES[name] for name in READERS)
        message = (
            f"the stream is in the format of {TITLES[name]}, which is not supported (supported: {titles}). Read its events"
            f" with iter_sse, or write a dialect for it. It begins with {data[:200]!r}"
        )
        raise ChunkDecodeError(message, data=data)
    dialect: Dialect = getattr(import_module(f".{reader.module}", __package__), reader.dialect)()
    return dialect
