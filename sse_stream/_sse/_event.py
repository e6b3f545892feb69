"""The server-sent event and its encoding."""

from __future__ import annotations

from typing import Any

import msgspec

from .._errors import ChunkDecodeError
from .._json._depth import decode_json

# Python can convert an integer of this many digits under any setting of sys.set_int_max_str_digits.
MAX_RETRY_DIGITS = 640


class ServerSentEvent(msgspec.Struct, frozen=True, gc=False):
    """A server-sent event, as the standard dispatches it.

    Attributes:
        data: The `data` lines, joined by LF.
        event: The event's type, `"message"` if the server sent none.
        id: The last event ID when the event was dispatched. It stays the same until the server sends another.
        retry: The reconnection time in milliseconds; `None` if this event sets none.
    """

    data: str
    event: str = "message"
    id: str = ""
    retry: int | None = None

    def json(self) -> Any:  # a JSON value, whose type only the caller knows
        """Decode `data` as JSON.

        Returns:
            The value: a dict, list, str, int, float, bool or None.

        Raises:
            ChunkDecodeError: The data is not JSON. It is also a `ValueError`.
        """
        try:
            return decode_json(self.data)
        except (ValueError, RecursionError) as error:
            raise ChunkDecodeError(
                f"cannot decode the data as JSON: {error}: {self.data[:200]!r}", data=self.data
            ) from error

    def encode(self) -> bytes:
        r"""Encode the event so that a new decoder gives exactly this event.

        Returns:
            The fields, each on its own line, and the blank line that dispatches them.

        Raises:
            ValueError: A field cannot be encoded: CR anywhere, LF outside `data`, NUL in `id`, an empty `event`, a lone
                surrogate, or a negative or huge `retry`.

        >>> ServerSentEvent("two\nlines", event="note").encode()
        b'event: note\ndata: two\ndata: lines\n\n'
        """
        lines = []
        if self.event != "message":
            if not self.event:
                raise ValueError("event is empty, which decodes as 'message': omit it")
            _refuse("event", self.event, "\r\n")
            lines.append(f"event: {self.event}")
        if self.id:
            _refuse("id", self.id, "\r\n\0")
            lines.append(f"id: {self.id}")
        if self.retry is not None:
            if not 0 <= self.retry < 10**MAX_RETRY_DIGITS:
                raise ValueError("retry must be a number of milliseconds, 0 or more")
            lines.append(f"retry: {self.retry:d}")
        _refuse("data", self.data, "\r")
        lines.extend(f"data: {line}" for line in self.data.split("\n"))
        try:
            return "\n".join([*lines, "", ""]).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"a lone surrogate cannot be encoded as UTF-8: {error}") from None


def _refuse(field: str, value: str, forbidden: str) -> None:
    for character in forbidden:
        if character in value:
            raise ValueError(f"{field} contains {character!r}, which a field of an event stream cannot carry")
