"""Error messages for objects that are not sources, which say what to pass instead."""

from __future__ import annotations

from typing import Any, NoReturn

from ._attributes import has, has_any

# Attributes that identify an object that is not a source, and the end of the message: what it is and what to pass.
_INSTEAD: tuple[tuple[tuple[str, ...], str], ...] = (
    (("__fspath__",), "is a path: pass the open file, open(path, 'rb')"),
    (("stdout", "communicate"), "is a process: pass its stdout"),
    (
        ("deliverBody",),
        "delivers its body through callbacks: feed a ChatDecoder, for example with treq.collect(response, …)",
    ),
    (("addCallback", "addErrback"), "is a Twisted Deferred: feed a ChatDecoder from treq.collect(response, …)"),
    (
        ("request_time", "effective_url"),
        "is a Tornado response, already read to its end: pass its .body, or feed a ChatDecoder in streaming_callback",
    ),
    (("add_done_callback", "result", "running"), "is a future from concurrent.futures: pass its result()"),
)


def check_is_source(given: Any) -> None:
    """Reject objects that can be entered, awaited or iterated but are not sources.

    Raises:
        TypeError: It is such an object; the message says what to pass instead.
    """
    if isinstance(given, (list, tuple, bytes)):
        return
    for names, instead in _INSTEAD:
        if has(given, *names) and not (names[0] == "add_done_callback" and has(given, "__await__")):
            raise TypeError(f"this {type(given).__name__} {instead}")
    if has_any(given, "__enter__", "__aenter__") and has(given, "request", "get", "post"):
        raise TypeError(
            f"this {type(given).__name__} is an HTTP client: pass the response of a streaming request, such as "
            "client.stream(…) or session.post(…, stream=True)"
        )


def refuse_async(given: Any) -> NoReturn:
    """Raise `TypeError` for a source that only async code can read."""
    if has(given, "cr_frame"):
        given.close()  # otherwise Python warns that it was never awaited
    raise TypeError(f"this {type(given).__name__} is async: use AsyncChatStream and `async for`, or aiter_sse")


def refuse_sync(given: Any) -> NoReturn:
    """Raise `TypeError` for a blocking source in async code."""
    raise TypeError(f"this {type(given).__name__} is sync: use ChatStream and `for`, or iter_sse")


def refusal(given: Any) -> TypeError:
    """Return the `TypeError` for an object that is not a source."""
    if isinstance(given, str):
        return TypeError("a str is not a source: pass the response itself, or its bytes before they are decoded")
    if isinstance(given, dict):
        return TypeError("a dict is not a source: pass the response itself, or use ChatAccumulator for decoded chunks")
    if has(given, "cr_frame"):
        given.close()  # otherwise Python warns that it was never awaited
        return TypeError("this coroutine was not awaited: pass its result, such as `await client.send(…)`")
    if has_any(given, "__enter__", "__aenter__"):
        keyword = "async with" if has(given, "__aenter__") else "with"
        return TypeError(
            f"this {type(given).__name__} is a context manager that was not entered: "
            f"pass the response from `{keyword} … as response`"
        )
    return TypeError(
        f"{type(given).__name__} is not a source: pass a response of httpx, requests, aiohttp or another client, "
        "a binary file, or an iterable of bytes"
    )
