"""The base class of both chat streams: options and properties."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Never, NoReturn, Self, SupportsIndex, TypeVar

from .._chat._anomalies import Anomaly
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending
from .._chat._limits import Limits
from .._errors import SSEStreamError
from .._sources._entering import Opening
from .._sources._source import Source
from ..dialects import Dialect
from ._callbacks import call_at_end, check_callback, unknown_option
from ._outcome import OnTruncated
from ._state import StreamState
from ._timings import StreamTimings, Timeouts

Given = TypeVar("Given")
S = TypeVar("S", bound=Source)


class Stream(Generic[Given, S]):
    """Base class of `ChatStream` and `AsyncChatStream`."""

    _released = True  # until there is a response to close
    _on_end: list[Callable[[Any], object]]  # holds `on_end` until it is called

    def __init__(
        self,
        source: Given,
        *,
        dialect: Dialect | None = None,
        strict: bool = False,
        limits: Limits = Limits(),
        timeouts: Timeouts | None = None,
        keepalives: bool = False,
        on_truncated: OnTruncated = "raise",
        request_started: float | None = None,
        keep_gaps: bool = False,
        on_end: Callable[[Self], object] | None = None,
        tee: Callable[[bytes], object] | None = None,
        **unknown: Never,
    ) -> None:
        self._on_end = []
        if unknown:
            raise unknown_option(type(self).__name__, next(iter(unknown)))
        if on_end is not None:
            check_callback("on_end", on_end)
        if tee is not None:
            check_callback("tee", tee)
        opening = self._open(source)
        try:
            self._state = StreamState(
                opening.source,
                dialect=dialect,
                strict=strict,
                limits=limits,
                timeouts=timeouts,
                keepalives=keepalives,
                on_truncated=on_truncated,
                request_started=request_started,
                keep_gaps=keep_gaps,
                tee=tee,
            )
        except BaseException:
            opening.discard()
            raise
        self._opening = opening
        if on_end is not None:
            self._on_end.append(on_end)
        self._released = False

    @abstractmethod
    def _open(self, source: Given) -> Opening[S]: ...

    @property
    def response(self) -> Any:  # any client's class
        """The client's response, whose status and headers are available before the first event.

        This is the source itself, or what the context manager or awaitable passed as the source returns, `None` until
        then. For an SDK's wrapper, it is the response of the SDK's HTTP client.
        """
        source = self._opening.source
        return None if source is None else source.response

    def _tell_end(self) -> None:
        """Call `on_end` once everything has been released."""
        if self._on_end and self._released and not self._opening.is_entered:
            self._call_on_end()

    def _call_on_end(self) -> None:
        call_at_end(self._on_end, self)

    @property
    def dialect(self) -> str:
        """The name of the wire format, as passed or as detected from the first event; `"openai_chat"` until then."""
        return self._state.reader.dialect.name

    @property
    def completion(self) -> ChatCompletion:
        """A snapshot of the completion so far, available at any time."""
        return self._state.reader.completion

    @property
    def ending(self) -> Ending:
        """How the stream ended; `"open"` while it is in progress."""
        return self._state.reader.ending

    @property
    def error(self) -> SSEStreamError | None:
        """The error that ended the stream; `None` if none did, or if it was a truncation and `on_truncated` is `"return"`."""
        return None if self._state.is_truncation_tolerated else self._state.reader.error

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The anomalies so far, one item per kind."""
        return self._state.reader.anomalies

    @property
    def timings(self) -> StreamTimings:
        """The timings and counts so far."""
        return self._state.timings

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ending}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"a {name} cannot be copied or pickled, because it owns a connection: keep its completion")
