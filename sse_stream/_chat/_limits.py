"""Limits on the memory that a stream may take, whatever a server sends."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on memory. The defaults far exceed the needs of any real stream.

    Attributes:
        event_size: The maximum size of one server-sent event, in bytes.
        output_size: The maximum memory for all text, reasoning, arguments, audio and extra fields together, in bytes.
            The estimate is within a factor of two of the real use (64-bit CPython, above 1 MiB).
        choices: The maximum number of choices in one stream.
        tool_calls: The maximum number of tool calls in one stream, over all choices.
        error_body: How many bytes of the body are kept in the error for a response that is not a stream.

    Raises:
        ValueError: A limit is not a positive number.
    """

    event_size: int = 32 * 1024 * 1024
    output_size: int = 512 * 1024 * 1024
    choices: int = 1024
    tool_calls: int = 4096
    error_body: int = 64 * 1024

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"Limits({name}=…) takes a whole number, 1 or more, not {value!r}")
