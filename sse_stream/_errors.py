"""Every exception of the library.

    SSEStreamError                      .completion: what had arrived, empty where nothing had; .retryable .retry_after
    ├── EventTooLargeError              one event outgrew its limit
    ├── OutputTooLargeError             what was accumulated outgrew its limits
    ├── ResponseError                   the response is no stream
    │   ├── StatusError                 .status_code .headers .body .error
    │   └── ContentTypeError            .content_type .body
    ├── ChunkDecodeError                .data; also a ValueError
    ├── ProviderError                   .message .type .code .body
    ├── IncompleteStreamError           it ended before it was done
    ├── TransportError                  the connection broke or never came; __cause__ is the client's own exception
    ├── StreamTimeoutError              .kind; also a TimeoutError
    └── ReconnectError                  .attempts .last_event_id; __cause__ is what ended the last connection

    OutputParseError                    .text; a ValueError outside the tree: no stream has failed
    PartialJSONError                    .position .changes; likewise

Whatever the bytes, reading a stream raises nothing but the errors of the tree: any other exception is a bug of
this library. Arguments that no call can accept get a `TypeError` or a `ValueError` that says what to pass instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # for the types of attributes; nothing is imported when the program runs
    from ._chat._completion import ChatCompletion
    from ._json._depth import JSONValue
    from ._json._partial_changes import JSONChange

TimeoutKind: TypeAlias = Literal["first_token", "content", "idle", "total", "read"]
"""Which deadline passed: one of `Timeouts`, or `"read"`, the HTTP client's own."""


class SSEStreamError(Exception):
    """The root of all that can go wrong with a stream.

    Raised itself only when a decoder that has failed or was closed is fed again.

    Attributes:
        retry_after: How long the server asks to wait before the next request, in seconds from when the error was
            raised; `None` where it does not say.
    """

    retry_after: float | None = None
    _may_pass = False  # whether the next request may succeed, whatever had arrived

    @property
    def retryable(self) -> bool:
        """Whether repeating the request can help, and cannot double output: the failure may pass, and nothing that the
        model generated had arrived. The provider may bill both requests all the same."""
        return self._may_pass and not _has_output(self.completion)

    @cached_property
    def completion(self) -> ChatCompletion:
        """What had arrived before the failure; an empty completion where nothing had, as with a bare `SSEDecoder`."""
        return _make_empty()


_make_empty: Callable[[], ChatCompletion]
_has_output: Callable[[ChatCompletion], bool]


def set_completion(make_empty: Callable[[], ChatCompletion], has_output: Callable[[ChatCompletion], bool]) -> None:
    """Say how an empty completion is made, and what one holds; its class does, because this file imports nothing."""
    global _make_empty, _has_output  # noqa: PLW0603  # set once, when the class is defined
    _make_empty = make_empty
    _has_output = has_output


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

    `retryable` are 408, 425, 429 and 500 and above, but not where credit is lacking.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        error: JSONValue = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.headers: Mapping[str, str] = headers or {}
        self.body = body
        self.error: JSONValue = error
        self.retry_after = retry_after
        names = [error.get("type"), error.get("code")] if isinstance(error, dict) else [error]
        self._may_pass = is_passing_status(status_code) and not lacks_credit(*names)


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
        retry_after: How long to wait before the next request, in seconds, where it says so.

    `retryable` are the codes and types that mean what those of a `StatusError` do: `overloaded_error`, `429`, ….
    """

    def __init__(
        self,
        message: str,
        *,
        type: str | None = None,
        code: str | int | None = None,
        body: JSONValue = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.code = code
        self.body: JSONValue = body
        self.retry_after = retry_after
        self._may_pass = any(map(_is_passing_name, (type, code))) and not lacks_credit(type, code)


class IncompleteStreamError(SSEStreamError):
    """The stream ended before it was done: no `[DONE]`, and a choice without finish reason."""

    _may_pass = True


class TransportError(SSEStreamError):
    """The connection broke, or never came. `__cause__` is the HTTP client's own exception.

    `retryable`, unless the next request would fail in the same way: a URL that is none, a client that was closed, a
    certificate that is not trusted.
    """

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self._may_pass = retryable


class StreamTimeoutError(SSEStreamError, TimeoutError):
    """A deadline passed.

    Attributes:
        kind: Which: a name of `Timeouts`, or `"read"` where the HTTP client's own timeout fired first.

    `retryable`, unless it is the deadline for all, `"total"`.
    """

    def __init__(self, message: str, *, kind: TimeoutKind = "read") -> None:
        super().__init__(message)
        self.kind: TimeoutKind = kind
        self._may_pass = kind != "total"


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


class PartialJSONError(ValueError):
    """A text that is read while it is being written is not JSON, is too large, or ends too early.

    Outside the tree of `SSEStreamError`, because the stream has not failed.

    Attributes:
        position: How many characters of the text are right: the index of the first that cannot stand where it does.
        changes: What the piece that holds that character has changed before it; `PartialJSON.feed` would have
            returned it.
    """

    def __init__(self, message: str, *, position: int = 0, changes: tuple[JSONChange, ...] = ()) -> None:
        super().__init__(message)
        self.position = position
        self.changes = changes


_PASSING_NAMES = re.compile(
    r"overload|rate.?limit|too_many_requests|timeout|timed_out|unavailable|server_error|internal|api_error|capacity|busy"
    r"|resource_exhausted|deadline_exceeded|throttl",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient|billing|balance|credit|payment|arrear|current_quota|hard_limit", re.IGNORECASE)


def is_passing_status(status: int) -> bool:
    """Whether the next request may get another answer than this HTTP status."""
    return status in (408, 425, 429) or 500 <= status < 600


def lacks_credit(*names: object) -> bool:
    """Whether a provider's names for an error say that nothing is paid for any more, as `insufficient_quota` does."""
    return any(isinstance(name, str) and _NO_CREDIT.search(name) for name in names)


def _is_passing_name(name: str | int | None) -> bool:
    """Whether a provider's name or number for an error means the same as a status that passes."""
    if isinstance(name, str) and not name.isdecimal():
        return _PASSING_NAMES.search(name) is not None
    return name is not None and is_passing_status(int(name))
