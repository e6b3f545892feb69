"""A dialect without its fast paths, for comparison."""

from __future__ import annotations

from collections.abc import Sequence

from sse_stream import ChatCompletionChunk, JSONValue, Message, ServerSentEvent
from sse_stream.dialects import Dialect, Item


def without_fast_paths(dialect: Dialect) -> Dialect:
    """The dialect, but nothing is decoded by a fast path."""

    class Slow:
        name = dialect.name
        end_mark = dialect.end_mark
        ends_with_body = getattr(dialect, "ends_with_body", False)

        def decode(self, event: ServerSentEvent) -> Sequence[Item]:
            return dialect.decode(event)

        def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
            return None

        def decode_field(self, name: str, value: str) -> Sequence[Item]:
            return dialect.decode_field(name, value)

        def is_whole(self, data: str) -> bool:
            return dialect.is_whole(data)

        def end(self) -> Sequence[Item]:
            return dialect.end()

        @staticmethod
        def turn(message: Message) -> JSONValue:
            return dialect.turn(message)

    return Slow()
