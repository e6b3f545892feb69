"""What to pass instead of what is no source."""

from __future__ import annotations

from typing import Any, NoReturn

from ._attributes import has, has_any

# What is no source, by what it has, and what to pass in its place.
_INSTEAD: tuple[tuple[tuple[str, ...], str], ...] = (
    (("__fspath__",), "is a path: open it, as in open(path, 'rb')"),
    (("stdout", "communicate"), "is a process: pass its stdout"),
    (
        ("deliverBody",),
        "gives its body by callbacks: feed a ChatDecoder, as in treq.collect(response, …)",
    ),
    (("addCallback", "addErrback"), "is a Deferred of Twisted's: feed a ChatDecoder from treq.collect(response, …)"),
    (
        ("request_time", "effective_url"),
        "is tornado's, whose body was read whole: pass its .body, or feed a ChatDecoder as streaming_callback",
    ),
    (("add_done_callback", "result", "running"), "is a future of a thread: pass its result()"),
)


def check_is_source(given: Any) -> None:
    """Refuse what is known to be no source, though it can be entered, awaited or iterated.

    Raises:
        TypeError: It is; the message says what to pass instead.
    """
    if isinstance(given, (list, tuple, bytes)):
        return
    for names, instead in _INSTEAD:
        if has(given, *names) and not (names[0] == "add_done_callback" and has(given, "__await__")):
            raise TypeError(f"this {type(given).__name__} {instead}")
    if has_any(given, "__enter__", "__aenter__") and has(given, "request", "get", "post"):
        raise TypeError(
            f"this {type(given).__name__} is an HTTP client: pass what it returns for a streaming request, as in "
            "client.stream(…) or session.post(…, stream=True)"
        )


def refuse_async(given: Any) -> NoReturn:
    """Say that only async code can read this."""
    if has(given, "cr_frame"):
        given.close()  # for Python warns of one that was never awaited
    raise TypeError(f"this {type(given).__name__} is async: use AsyncChatStream and `async for`, or aiter_sse")


def refuse_sync(given: Any) -> NoReturn:
    """Say that this blocks, and is not for async code."""
    raise TypeError(f"this {type(given).__name__} is sync: use ChatStream and `for`, or iter_sse")


def refusal(given: Any) -> TypeError:
    """What to pass instead of what is no source."""
    if isinstance(given, str):
        return TypeError("a str is no source: pass the response itself, or its bytes before they are decoded")
    if isinstance(given, dict):
        return TypeError("a dict is no source: pass the response itself, or use ChatAccumulator for decoded chunks")
    if has(given, "cr_frame"):
        given.close()  # for Python warns of one that was never awaited
        return TypeError(
            "this is a coroutine that nobody has awaited: pass what it returns, as in `await client.send(…)`"
        )
    if has_any(given, "__enter__", "__aenter__"):
        keyword = "async with" if has(given, "__aenter__") else "with"
        return TypeError(
            f"this {type(given).__name__} is a context manager that nobody has entered: "
            f"pass the response that `{keyword} … as response` gives"
        )
    return TypeError(
        f"{type(given).__name__} is no source: pass a response of httpx, requests, aiohttp or another client, "
        "a binary file, or an iterable of bytes"
    )
