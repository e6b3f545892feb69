"""One connection of a `ReplayServer`: requests, replies and faults."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import os
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, Iterable

from ._faults import Comments, Disconnect, EndAt, HalfClose, Reset, Stall, WrongLength
from ._http import BODILESS, LAST_CHUNK, chunk_of, head_of, headers_of, parted
from ._ledger import Ledger
from ._replies import Framing, Reply, Request

if sys.platform == "linux":
    from fcntl import ioctl
    from termios import TIOCOUTQ


class _MalformedRequestError(Exception):
    """The data is not a valid HTTP/1.1 request."""


class Connection(asyncio.Protocol):
    """One connection, kept alive between requests.

    Args:
        open_connections: The set that contains the connection while it is open.
        ledger: Records requests and disconnects.
        answer: Returns the reply to a request.
        hold: How many seconds to hold an endless reply open.
    """

    def __init__(
        self,
        open_connections: set[Connection],
        ledger: Ledger,
        answer: Callable[[Request], Reply],
        hold: float,
    ) -> None:
        self._open_connections = open_connections
        self._ledger = ledger
        self._answer = answer
        self._hold = hold
        self.closed = asyncio.Event()
        self._received = bytearray()
        self._more: asyncio.Future[None] | None = None  # done when more data has been received
        self._flushed: asyncio.Future[None] | None = None  # done when the kernel has accepted all writes
        self._owed = 0.0  # writes left until the reply is complete
        self._knows_chunks = True
        self._is_last = False  # whether the client wants the connection closed after the reply
        self._left = False  # whether either side has closed the connection

    # Callbacks of the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start serving."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for type checkers
        self._transport = transport
        self._socket: socket.socket = transport.get_extra_info("socket")
        # Send each write at once. asyncio sets this only for sockets created with an explicit protocol number.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Without a write buffer, the transport reports when the kernel has accepted each write.
        transport.set_write_buffer_limits(high=0)
        self._number = self._ledger.add_connection()
        self._open_connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Buffer data until a request is complete."""
        self._received += data
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def eof_received(self) -> None:
        """Handle the client closing its side."""
        self._client_left()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Handle the end of the connection, whoever closed it."""
        self._client_left()
        self._task.cancel()
        self._open_connections.discard(self)
        self.closed.set()

    def pause_writing(self) -> None:
        """Wait for the kernel to accept written data."""
        self._flushed = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Continue, as the kernel has accepted written data."""
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)
        self._flushed = None

    def abort(self) -> None:
        """Close the connection immediately."""
        self._left = True
        self._transport.abort()

    def _client_left(self) -> None:
        if not self._left:
            self._left = True
            self._task.cancel()
            self._ledger.add_disconnect(abandoned=self._owed > 0)

    # Requests.

    async def _serve(self) -> None:
        try:
            while True:
                request = await self._read_request()
                self._ledger.add_request(request)
                reply = self._answer(request)
                if not await self._send(reply, request):
                    break
        except _MalformedRequestError as error:
            await self._write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + str(error).encode())
        finally:
            self._left = True
            self._transport.close()

    async def _read_request(self) -> Request:
        lines = (await self._take_through(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        try:
            method, path, version = lines[0].split(" ")
        except ValueError:
            raise _MalformedRequestError(f"invalid request line: {lines[0]!r}") from None
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise _MalformedRequestError(f"unsupported version {version}: this server supports HTTP/1.1")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self._knows_chunks = version == "HTTP/1.1"
        self._is_last = headers.get("connection", "").lower() == "close" or not self._knows_chunks
        if headers.get("expect", "").lower() == "100-continue":
            await self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            body = await self._read_body(headers)
        except ValueError as error:
            raise _MalformedRequestError(f"invalid length of the request body: {error}") from None
        return Request(method, path, headers, body, self._number)

    async def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await self._take(int(headers.get("content-length", "0")))
        chunks = []
        while size := int((await self._take_through(b"\r\n")).partition(b";")[0], 16):
            chunks.append(await self._take(size))
            await self._take_through(b"\r\n")
        while await self._take_through(b"\r\n"):
            pass  # a trailer
        return b"".join(chunks)

    async def _take_through(self, mark: bytes) -> bytes:
        searched = 0
        while (end := self._received.find(mark, searched)) < 0:
            searched = max(0, len(self._received) - len(mark) + 1)
            await self._receive()
        taken = bytes(self._received[:end])
        del self._received[: end + len(mark)]
        return taken

    async def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            await self._receive()
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    async def _receive(self) -> None:
        self._more = asyncio.get_running_loop().create_future()
        await self._more

    # Replies.

    async def _send(self, reply: Reply, request: Request) -> bool:
        """Send a reply; return whether the connection can accept another request."""
        self._owed = math.inf
        if reply.delay:
            await asyncio.sleep(reply.delay)
        fault = reply.fault
        before, after = parted(reply.writes(), None if isinstance(fault, WrongLength) else getattr(fault, "at", None))
        if isinstance(fault, EndAt):
            after = []
        framing: Framing = "length" if isinstance(fault, WrongLength) else reply.framing
        if framing == "chunked" and not self._knows_chunks:
            framing = "close"
        is_last = self._is_last or framing == "close" or isinstance(fault, WrongLength)
        head = head_of(reply, headers_of(reply, framing, sum(map(len, before + after)), is_last=is_last))
        if request.method == "HEAD" or reply.status in BODILESS:
            self._owed = 1
            await self._write(head)
            return not is_last
        frame, end = (chunk_of, [LAST_CHUNK]) if framing == "chunked" else (bytes, [])
        if fault is None or isinstance(fault, EndAt) or (isinstance(fault, Stall) and fault.seconds is not None):
            self._owed = 1 + len(before) + len(after) + len(end)

        await self._write(head)
        await self._play(map(frame, before), reply.pace)
        match fault:
            case None | WrongLength() | EndAt():
                pass
            case Stall(seconds=float() | int() as seconds):
                await asyncio.sleep(seconds)
            case Stall():
                await self._hold_open()
                return False
            case Comments(interval=interval, comment=comment):
                await self._hold_open(self._play(itertools.repeat(frame(comment)), interval))
                return False
            case Disconnect():
                return False
            case HalfClose():
                self._transport.write_eof()
                await self._hold_open()
                return False
            case Reset():
                await self._reset()
                return False
        await self._play(map(frame, after), reply.pace)
        await self._play(end, 0)
        return not is_last

    async def _play(self, frames: Iterable[bytes], pace: float) -> None:
        for number, frame in enumerate(frames):
            if number and pace:
                await asyncio.sleep(pace)
            await self._write(frame)

    async def _write(self, data: bytes) -> None:
        """Write data, wait until the kernel has accepted it, and let other tasks run."""
        self._transport.write(data)
        self._owed -= 1
        if self._flushed is None:
            await asyncio.sleep(0)
        else:
            await self._flushed

    async def _hold_open(self, meanwhile: Awaitable[object] | None = None) -> None:
        """Wait for the client to disconnect, which cancels this, or for the time limit."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._hold):
                await (meanwhile or asyncio.Event().wait())

    async def _reset(self) -> None:
        if sys.platform == "linux":
            # A reset discards data that the kernel has not delivered, so wait until it has.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._hold):
                    while struct.unpack("i", ioctl(self._socket.fileno(), TIOCOUTQ, bytes(4)))[0]:  # noqa: ASYNC110  # the kernel has no notification for this
                        await asyncio.sleep(0.001)
        # SO_LINGER, on, for 0 seconds: closing sends a reset. Windows uses shorts instead of ints.
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        )
        self.abort()
