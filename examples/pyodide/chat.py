"""Runs in the browser, under Pyodide: `AsyncChatStream` over JavaScript's `fetch`."""

from collections.abc import Callable

from js import JSON, Object, fetch  # pyright: ignore[reportMissingImports]  # available in the browser only
from pyodide.ffi import to_js  # pyright: ignore[reportMissingImports]

from sse_stream import AsyncChatStream, SSEStreamError, TextDelta, coalesce


async def ask(url: str, key: str, model: str, prompt: str, show: Callable[[str], object]) -> str:
    """Send a prompt, and show the text as it arrives.

    Returns:
        How the stream ended, in one line.
    """
    payload = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": True}
    options = {
        "method": "POST",
        "headers": {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
        "body": JSON.stringify(to_js(payload, dict_converter=Object.fromEntries)),
    }
    response = await fetch(url, to_js(options, dict_converter=Object.fromEntries))
    # The stream owns the response: leaving the block early cancels the body.
    async with AsyncChatStream(response) as stream, coalesce(stream) as events:
        try:
            async for event in events:
                if isinstance(event, TextDelta):
                    show(event.text)
        except SSEStreamError as error:
            return f"{stream.ending}: {error}"
    return f"{stream.ending}, {stream.timings.chunks} chunks, {len(stream.completion.text)} characters"
