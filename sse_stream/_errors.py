"""Every exception of the library.

    SSEStreamError                      .completion: what had arrived, empty where nothing had
    ├── EventTooLargeError              one event outgrew its limit
    ├── OutputTooLargeError             what was accumulated outgrew its limits
    ├── ResponseError                   the response is no stream
    │   ├── StatusError                 .status_code .headers .body .error .retry_after
    │   └── ContentTypeError            .content_type .body
    ├── ChunkDecodeError                .data; also a ValueError
    ├── ProviderError                   .message .type .code .body
    ├── IncompleteStreamError           it ended before it was done
    ├── TransportError                  the connection broke; __cause__ is the client's own exception
    ├── StreamTimeoutError              .kind; also a TimeoutError
    └── ReconnectError                  .attempts .last_event_id; __cause__ is what ended the last connection

    OutputParseError                    .text; a ValueError outside the tree: no stream has failed

Whatever the bytes, reading a stream raises nothing but the errors of the tree: any other exception is a bug of
this library. Arguments that no call can accept get a `TypeError` or a `ValueError` that says what to pass instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # for the type of one attribute; nothing is imported when the program runs
    from ._chat._completion import ChatCompletion

TimeoutKind: TypeAlias = Literal["first_token", "content", "idle", "total", "read"]
"""Which deadline passed: one of `Timeouts`, or `"read"`, the HTTP client's own."""


class SSEStreamError(Exception):
    """The root of all that can go wrong with a stream.

    Raised itself only when a decoder that has failed or was closed is fed again.
    """

    @cached_property
    def completion(self) -> ChatCompletion:
        """What had arrived before the failure; an empty completion where nothing had, as with a bare `SSEDecoder`."""
        return _make_empty()


_make_empty: Callable[[], ChatCompletion]


def set_empty_completion(make: Callable[[], ChatCompletion]) -> None:
    """Say how an empty completion is made; its class does, because this file imports nothing."""
    global _make_empty  # noqa: PLW0603  # it is set once, when the class is defined
    _make_empty = make


class EventTooLargeError(SSEStreamError):
    """One server-sent event is larger than the limit, and was not buffered further.

    Attributes:
        limit: The limit in bytes.
        excerpt: How the event begins, at most 80 bytes of it.
    """

    def __init__(self, message: str, *, limit: int = 0, excerpt: bytes = b"") -> None:
        super().__init__(message)
        self.limit = limit
        self.excerpt = excerpt


class OutputTooLargeError(SSEStreamError):
    """What the stream adds up to is larger than a limit of `Limits` allows.

    Attributes:
        limit: The name of the limit, as in `Limits`.
    """

    def __init__(self, message: str, *, limit: str = "") -> None:
        super().__init__(message)
        self.limit = limit


class ResponseError(SSEStreamError):
    """The response is not a stream that can be read."""


class StatusError(ResponseError):
    """The server answered with a status of 400 or above, or none that carries a stream.

    Attributes:
        status_code: The HTTP status.
        headers: The response's headers, names in lower case.
        body: The body as text, at most the first 64 KiB of it.
        error: The provider's error object where the body holds one: the value of `error`, or the whole
            body if it has no such key.
        retry_after: What `Retry-After` asks for, in seconds from now; `None` where it was not sent or
            says nothing. RFC 9110, section 10.2.3: a number of seconds or a date.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        error: object = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.headers: Mapping[str, str] = headers or {}
        self.body = body
        self.error = error
        self.retry_after = retry_after


class ContentTypeError(ResponseError):
    """The response has a good status but is something else than a stream: a page, a picture, nothing.

    Attributes:
        content_type: The `Content-Type` header, `""` where none was sent.
        body: The body as text, at most the first 64 KiB of it.
    """

    def __init__(self, message: str, *, content_type: str = "", body: str = "") -> None:
        super().__init__(message)
        self.content_type = content_type
        self.body = body


class ChunkDecodeError(SSEStreamError, ValueError):
    """An event's data is not what its format promises: not JSON, or not an object.

    In strict mode also the first anomaly, whatever its kind.

    Attributes:
        data: The data as received.
    """

    def __init__(self, message: str, *, data: str = "") -> None:
        super().__init__(message)
        self.data = data


class ProviderError(SSEStreamError):
    """The provider reported an error inside the stream.

    Attributes:
        message: What it says, for people.
        type: The provider's name for the kind of error, where it gave one.
        code: The provider's code, a string or a number, where it gave one.
        body: The whole JSON value that carried the error.
    """

    def __init__(
        self,
        message: str,
        *,
        type: str | None = None,
        code: str | int | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.code = code
        self.body = body


class IncompleteStreamError(SSEStreamError):
    """The stream ended before it was done: no `[DONE]`, and a choice without finish reason."""


class TransportError(SSEStreamError):
    """The connection broke. `__cause__` is the HTTP client's own exception."""


class StreamTimeoutError(SSEStreamError, TimeoutError):
    """A deadline passed.

    Attributes:
        kind: Which: a name of `Timeouts`, or `"read"` where the HTTP client's own timeout fired first.
    """

    def __init__(self, message: str, *, kind: TimeoutKind = "read") -> None:
        super().__init__(message)
        self.kind: TimeoutKind = kind


class ReconnectError(SSEStreamError):
    """Connection after connection brought no event, and the policy allows no more. `__cause__` is what ended the last.

    Attributes:
        attempts: How many connections in a row brought no event.
        last_event_id: The id of the last event that was handled: where another source can go on.
    """

    def __init__(self, message: str, *, attempts: int = 0, last_event_id: str = "") -> None:
        super().__init__(message)
        self.attempts = attempts
        self.last_event_id = last_event_id


class OutputParseError(ValueError):
    """What the model wrote is not JSON, or not of the type asked for: a tool's arguments, or the content.

    Outside the tree of `SSEStreamError`, because the stream has not failed.

    Attributes:
        text: What the model wrote.
    """

    def __init__(self, message: str, *, text: str = "") -> None:
        super().__init__(message)
        self.text = text


def refusal_to_copy(value: object) -> TypeError:
    """The error for who copies or pickles what stands in the middle of a stream, by `__reduce_ex__`."""
    name = type(value).__name__
    return TypeError(f"a {name} stands in the middle of a stream, and cannot be copied or pickled: make a new one")
