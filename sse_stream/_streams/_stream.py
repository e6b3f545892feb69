"""What the two shells share: their options, and what a stream tells about itself."""

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
    """What both shells are."""

    _released = True  # until there is something to close
    _on_end: list[Callable[[Any], object]]  # one, until it is called with this stream

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
    def response(self) -> Any:  # whatever the caller gave
        """The response: its status and headers are there before the first event.

        It is what was given, or what the context manager or awaitable that was given gives, `None` until it is there;
        of what an SDK hands out, the response of its HTTP client.
        """
        source = self._opening.source
        return None if source is None else source.response

    def _tell_end(self) -> None:
        """Call `on_end`, once, when all is given back."""
        if self._on_end and self._released and not self._opening.is_entered:
            self._call_on_end()

    def _call_on_end(self) -> None:
        call_at_end(self._on_end, self)

    @property
    def dialect(self) -> str:
        """The name of the wire format: of the dialect that was given, or of the one that the first event shows.

        `"openai_chat"` until an event shows another.
        """
        return self._state.reader.dialect.name

    @property
    def completion(self) -> ChatCompletion:
        """What has arrived so far, at any moment, as a snapshot."""
        return self._state.reader.completion

    @property
    def ending(self) -> Ending:
        """How the stream ended; `"open"` while it has not."""
        return self._state.reader.ending

    @property
    def error(self) -> SSEStreamError | None:
        """The error that ended the stream; `None` if none did, or if it was a truncation and `on_truncated` is `"return"`."""
        return None if self._state.is_truncation_tolerated else self._state.reader.error

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The tolerated deviations so far, one item a kind."""
        return self._state.reader.anomalies

    @property
    def timings(self) -> StreamTimings:
        """When things came so far, and how many."""
        return self._state.timings

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ending}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"a {name} cannot be copied or pickled, for it owns a connection: keep its completion instead")
