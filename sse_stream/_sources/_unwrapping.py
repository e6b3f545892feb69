"""Finding the response inside a wrapper of the OpenAI, Anthropic, Azure and AWS SDKs, and similar ones."""

from __future__ import annotations

from typing import Any

from ._attributes import attribute, has, names

# Attributes that hold the response: of the SDKs' `APIResponse` and raw responses; azure-core; the SDKs' streams and
# httpx-sse's `EventSource`; botocore's `StreamingBody`, whose own `read` waits for a full block.
_INSIDE = ("http_response", "_internal_response", "response", "_response", "_raw_stream")


def unwrapped(given: Any) -> Any:
    """Return the wrapped response, or the object itself if it wraps none.

    Raises:
        TypeError: It is a stream of this library.
    """
    if type(given) in (bytes, list, tuple) or is_response(given):
        return given
    if has(given, "until_done", "iter_chunks", "ending"):
        raise TypeError(
            f"this {type(given).__name__} is already a stream: read it, or create another one from the response"
        )
    for name in _INSIDE:
        inside = attribute(given, name)
        if inside is not None and inside is not given and is_response(inside):
            return inside
    return given


def is_response(thing: Any) -> bool:
    """Whether this behaves like a streaming response of an HTTP client."""
    return (
        has(thing, "iter_bytes", "aiter_bytes")  # httpx, httpx2
        or (
            has(thing, "iter_content") and (names(thing, "raw") or has(thing, "aiter_content"))
        )  # requests, niquests; curl_cffi
        or has(attribute(thing, "content"), "readany")  # aiohttp
        or has(thing, "status", "read", "release_conn")  # urllib3
    )
