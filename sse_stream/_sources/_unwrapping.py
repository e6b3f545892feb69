"""The response inside what wraps it: the SDKs of OpenAI and Anthropic, of Azure and AWS, and what is built like them."""

from __future__ import annotations

from typing import Any

from ._attributes import attribute, has, names

# Where a wrapper keeps the response: the SDKs' `APIResponse` and raw responses; azure-core; the SDKs' streams and
# httpx-sse's `EventSource`; botocore's `StreamingBody`, whose own `read` waits until its block is full.
_INSIDE = ("http_response", "_internal_response", "response", "_response", "_raw_stream")


def unwrapped(given: Any) -> Any:
    """The response that this wraps; what is given itself, where it wraps none.

    Raises:
        TypeError: It is a stream of ours already.
    """
    if type(given) in (bytes, list, tuple) or is_response(given):
        return given
    if has(given, "until_done", "iter_chunks", "ending"):
        raise TypeError(
            f"this is a {type(given).__name__} already: read it, or make another stream of the response itself"
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
