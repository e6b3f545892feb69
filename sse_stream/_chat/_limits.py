"""What a stream may cost its reader, whatever a server sends."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on memory. The defaults are far beyond what an honest stream needs.

    Attributes:
        event_size: Bytes of one server-sent event.
        output_size: Bytes of memory for all text, reasoning, arguments, audio and extra fields together. What is kept
            takes between half and twice that (64-bit CPython, above 1 MiB).
        choices: Choices in one stream.
        tool_calls: Tool calls in one stream, those of all choices together.
        error_body: Bytes of a response that is no stream, kept for its error.

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
