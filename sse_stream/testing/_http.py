"""Writing replies as HTTP: head, chunks, and the place of a fault."""

from __future__ import annotations

from http import HTTPStatus

from ._faults import WrongLength
from ._replies import Framing, Reply

# 204 No Content and 304 Not Modified have no body (RFC 9110).
BODILESS = (204, 304)
LAST_CHUNK = b"0\r\n\r\n"


def chunk_of(data: bytes) -> bytes:
    """Encode a chunk of a chunked body (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def parted(pieces: list[bytes], at: int | None) -> tuple[list[bytes], list[bytes]]:
    """Split pieces into those before and after a number of bytes, cutting a piece in two if necessary."""
    if at is None:
        return pieces, []
    position = 0
    for number, piece in enumerate(pieces):
        if position + len(piece) > at:
            cut = at - position
            return [*pieces[:number], *([piece[:cut]] if cut else [])], [piece[cut:], *pieces[number + 1 :]]
        position += len(piece)
    return pieces, []


def headers_of(reply: Reply, framing: Framing, length: int, *, is_last: bool) -> dict[str, str]:
    """Return the headers of a reply; `reply.headers` replace defaults of the same name."""
    headers: dict[str, str] = {}
    if reply.content_type is not None:
        headers["Content-Type"] = reply.content_type
    if reply.encoding != "identity":
        headers["Content-Encoding"] = reply.encoding
    if reply.status not in BODILESS:
        if framing == "chunked":
            headers["Transfer-Encoding"] = "chunked"
        elif framing == "length":
            wrong_by = reply.fault.by if isinstance(reply.fault, WrongLength) else 0
            headers["Content-Length"] = str(max(0, length + wrong_by))
    if is_last:
        headers["Connection"] = "close"
    replaced = {name.lower() for name in reply.headers}
    return {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(reply.headers)


def head_of(reply: Reply, headers: dict[str, str]) -> bytes:
    """Encode the head of a response: the status line and the headers."""
    reason = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else ""
    lines = [f"HTTP/1.1 {reply.status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")
