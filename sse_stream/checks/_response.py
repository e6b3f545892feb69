"""Checks a response: its status, its headers, and when its bytes arrived."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from .._sources._kinds import content_coding, is_odd_label, is_success
from ._capture import Capture
from ._findings import Findings, Place

_SILENCE = 15.0
_LATE = 1.0
_FEW_EVENTS = 3
_NOTICEABLE = 0.5  # a short answer may come at once
_NO_CONTENT = 204
_NOWHERE = Place()


def inspect_head(capture: Capture, findings: Findings) -> None:
    """Check the status and the headers."""
    if capture.status is None:
        return
    headers = capture.headers
    if not is_success(capture.status):
        excerpt = capture.body[:400].decode("utf-8", "replace")
        location = headers.get("location", "")
        findings.add("bad_status", _NOWHERE, excerpt, detail=f"{capture.status}{location and f', to {location}'}")
        return
    has_body = capture.status != _NO_CONTENT
    label = headers.get("content-type", "")
    if not label and has_body:
        findings.add("missing_content_type", _NOWHERE)
    elif label and is_odd_label(capture.status, headers):
        findings.add("odd_content_type", _NOWHERE, detail=label)
    charset = _parameter(label, "charset")
    if charset not in ("", "utf-8", "utf8"):
        findings.add("odd_charset", _NOWHERE, detail=charset)
    if content_coding(headers):
        findings.add("compressed", _NOWHERE, detail=content_coding(headers))
    caching = headers.get("cache-control", "").lower()
    if not any(word in caching for word in ("no-cache", "no-store", "private")):
        findings.add("cacheable", _NOWHERE, detail=f"Cache-Control: {caching}" if caching else "")
    _inspect_connection(capture, findings)


def _inspect_connection(capture: Capture, findings: Findings) -> None:
    headers = capture.headers
    if "content-length" in headers:
        findings.add("known_length", _NOWHERE, detail=f"Content-Length: {headers['content-length']}")
    if not capture.http_version.startswith("HTTP/1"):
        return
    has_body = capture.status != _NO_CONTENT  # RFC 9112, 6.3: "always terminated by the first empty line"
    if has_body and "content-length" not in headers and "chunked" not in headers.get("transfer-encoding", "").lower():
        findings.add("unframed_body", _NOWHERE)
    reason = _reason_to_close(capture)
    if reason:
        findings.add("connection_not_reused", _NOWHERE, detail=reason)


def _reason_to_close(capture: Capture) -> str:
    """Return why the next request needs another connection; `""` if it does not."""
    connection = capture.headers.get("connection", "").lower()
    options = {option.strip() for option in connection.split(",")}
    if "close" in options:
        return "Connection: close"
    if capture.http_version == "HTTP/1.0" and "keep-alive" not in options:
        return "HTTP/1.0"
    return "the next request opened another" if capture.is_reused is False else ""


def _parameter(content_type: str, name: str) -> str:
    for parameter in content_type.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"').lower()
    return ""


def inspect_times(
    capture: Capture, findings: Findings, *, events: int, span: tuple[int, int], end_mark: int | None
) -> None:
    """Check when the bytes arrived.

    Args:
        capture: The response.
        findings: Collects the findings.
        events: The number of events.
        span: The byte at which the first event begins, and the one after the last event.
        end_mark: The byte after the end mark's event; `None` without an end mark.
    """
    reads = capture.reads
    if capture.ended is None or not reads:
        return
    first, last = (bisect_right(reads, byte, key=lambda read: read.end) for byte in (span[0], span[1] - 1))
    if first == last and events >= _FEW_EVENTS and reads[first].time >= _NOTICEABLE:
        findings.add("buffered", _NOWHERE, detail=f"{events} events after {reads[first].time:.1f} s")
    before = 0.0
    offset = 0
    for read in reads:
        if read.time - before > _SILENCE:
            findings.add("long_silence", Place(offset=offset), detail=f"{read.time - before:.0f} s")
        before, offset = read.time, read.end
    if capture.ended - before > _SILENCE and end_mark is None:
        findings.add("long_silence", Place(offset=offset), detail=f"{capture.ended - before:.0f} s")
    if end_mark is not None:
        done = reads[min(bisect_left(reads, end_mark, key=lambda read: read.end), len(reads) - 1)].time
        if capture.ended - done > _LATE:
            findings.add("late_end", Place(offset=end_mark), detail=f"{capture.ended - done:.1f} s")
