"""Stand-ins for responses of `fetch` under Pyodide: the parts of a `JsProxy` that a stream uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Uint8Array:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def to_bytes(self) -> bytes:
        return self._data


class Result:
    """`{done, value}`, as a reader's promise resolves."""

    def __init__(self, data: bytes | None) -> None:
        self.done = data is None
        self.value = None if data is None else Uint8Array(data)


class Reader:
    """A `ReadableStreamDefaultReader`."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.cancelled = 0

    async def read(self) -> Result:
        return Result(next(self._pieces, None))

    async def cancel(self) -> None:
        self.cancelled += 1

    def releaseLock(self) -> None:
        """Never called: the stream owns the reader to its end."""


class Body:
    """A `ReadableStream`."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.reader = Reader(pieces)

    def getReader(self) -> Reader:
        return self.reader


class Headers:
    def __init__(self, entries: dict[str, str]) -> None:
        self._entries = entries

    def entries(self) -> Iterator[tuple[str, str]]:
        return iter(self._entries.items())


class Response:
    def __init__(
        self, pieces: Iterable[bytes] | None, status: int = 200, content_type: str = "text/event-stream"
    ) -> None:
        self.status = status
        self.headers = Headers({"Content-Type": content_type})
        self.body = None if pieces is None else Body(pieces)

    def arrayBuffer(self) -> None:
        """Never called: it would wait for the whole body."""


class FetchResponse:
    """What `pyodide.http.pyfetch` makes of it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.js_response = Response(pieces)
