"""What the two shells share: their options, and what a stream tells about itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, NoReturn, SupportsIndex, TypeVar

from .._chat._anomalies import Anomaly
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending
from .._chat._limits import Limits
from .._sources._source import Source
from ..dialects import Dialect
from ._state import OnTruncated, StreamState
from ._timings import StreamTimings, Timeouts

Given = TypeVar("Given")
S = TypeVar("S", bound=Source)


class Stream(Generic[Given, S]):
    """What both shells are."""

    _released = True  # until there is something to close

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
    ) -> None:
        self._source = self._open(source)
        self._state = StreamState(
            self._source,
            dialect=dialect,
            strict=strict,
            limits=limits,
            timeouts=timeouts,
            keepalives=keepalives,
            on_truncated=on_truncated,
            request_started=request_started,
        )
        self._released = False

    @abstractmethod
    def _open(self, source: Given) -> S: ...

    @property
    def response(self) -> Any:  # whatever the caller gave
        """The source, as it was given: its status and headers are there before the first event."""
        return self._source.response

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
