"""Tests of responses of `fetch` under Pyodide; runs inside Pyodide, against a server outside.

Each request names the reply that it wants in its `X-Reply` header.
"""

from __future__ import annotations

import asyncio
import importlib
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from sse_stream import (
    AsyncChatStream,
    ChatStream,
    IncompleteStreamError,
    StatusError,
    StreamDone,
    StreamTimeoutError,
    TextDelta,
    Timeouts,
    TransportError,
    aiter_sse,
)

# By name: outside Pyodide, where type checkers look, there are no such modules.
js: Any = importlib.import_module("js")
to_js: Any = importlib.import_module("pyodide.ffi").to_js
pyfetch: Any = importlib.import_module("pyodide.http").pyfetch

SCENARIOS: dict[str, Callable[[str], Awaitable[None]]] = {}


def scenario(function: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    SCENARIOS[function.__name__] = function
    return function


async def fetched(url: str, reply: str, **options: Any) -> Any:
    asked = to_js(
        {"method": "POST", "headers": {"X-Reply": reply}, "body": "{}", **options},
        dict_converter=js.Object.fromEntries,
    )
    return await js.fetch(url, asked)


async def abandoned(url: str) -> int:
    """How many replies the server could not send to their end, for their client had left."""
    response = await fetched(url, "how many were abandoned")
    return int(await response.text())


async def left(url: str, before: int) -> None:
    """Return when the server has seen that one more client has left."""
    while await abandoned(url) <= before:
        pass


@scenario
async def a_response_of_fetch_is_a_source(url: str) -> None:
    async with AsyncChatStream(await fetched(url, "whole")) as stream:
        events = [event async for event in stream]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Gr", "üße \U0001f600", "\u2028!"]
    assert isinstance(events[-1], StreamDone)
    assert stream.ending == "complete"
    assert stream.completion.text == "Grüße \U0001f600\u2028!"
    assert stream.timings.time_to_first_token is not None
    assert stream.response.status == 200


@scenario
async def one_byte_a_write_changes_nothing(url: str) -> None:
    completion = await AsyncChatStream(await fetched(url, "dripped")).until_done()
    assert completion.text == "Grüße \U0001f600\u2028!"


@scenario
async def a_compressed_body_comes_uncompressed(url: str) -> None:
    completion = await AsyncChatStream(await fetched(url, "gzip")).until_done()
    assert completion.text == "Grüße \U0001f600\u2028!"


@scenario
async def its_body_and_its_reader_are_sources(url: str) -> None:
    body = (await fetched(url, "whole")).body
    assert (await AsyncChatStream(body).until_done()).text == "Grüße \U0001f600\u2028!"
    reader = (await fetched(url, "whole")).body.getReader()
    assert (await AsyncChatStream(reader).until_done()).text == "Grüße \U0001f600\u2028!"


@scenario
async def a_response_of_pyfetch_is_a_source(url: str) -> None:
    response = await pyfetch(url, method="POST", headers={"X-Reply": "whole"}, body="{}")
    assert (await AsyncChatStream(response).until_done()).text == "Grüße \U0001f600\u2028!"


@scenario
async def server_sent_events_come_without_chat(url: str) -> None:
    events = [event async for event in aiter_sse(await fetched(url, "whole"))]
    assert events[-1].data == "[DONE]"


@scenario
async def a_stream_that_was_cut_off_is_told_so(url: str) -> None:
    stream = AsyncChatStream(await fetched(url, "cut off"))
    try:
        await stream.until_done()
    except IncompleteStreamError as error:
        assert error.completion is not None
        assert error.completion.text == "Gr"
    else:
        raise AssertionError("no error")
    assert stream.ending == "truncated"


@scenario
async def a_broken_connection_is_a_transport_error(url: str) -> None:
    stream = AsyncChatStream(await fetched(url, "reset"))
    try:
        await stream.until_done()
    except TransportError as error:
        assert error.completion is not None
        assert error.completion.text in ("", "Gr")  # what a reset leaves unread is the system's business
        assert error.__cause__ is not None
    else:
        raise AssertionError("no error")
    assert stream.ending == "transport_error"


@scenario
async def a_refusal_is_a_status_error(url: str) -> None:
    try:
        await AsyncChatStream(await fetched(url, "refused")).until_done()
    except StatusError as error:
        assert (error.status_code, error.retry_after) == (429, 7.0)
        assert "slow down" in str(error)
    else:
        raise AssertionError("no error")


@scenario
async def a_deadline_is_kept(url: str) -> None:
    before = await abandoned(url)
    try:
        await AsyncChatStream(await fetched(url, "stalled"), timeouts=Timeouts(idle=0.2)).until_done()
    except StreamTimeoutError as error:
        assert error.kind == "idle"
        assert error.completion is not None
        assert error.completion.text == "Gr"
    else:
        raise AssertionError("no error")
    await left(url, before)


@scenario
async def a_cancelled_reader_closes_the_stream(url: str) -> None:
    before = await abandoned(url)
    stream = AsyncChatStream(await fetched(url, "stalled"))
    assert await anext(stream) == TextDelta("Gr")
    task = asyncio.ensure_future(stream.until_done())
    await asyncio.sleep(0)  # it has begun to read
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        assert stream.ending == "closed"
    else:
        raise AssertionError("not cancelled")
    await left(url, before)


@scenario
async def leaving_early_closes_the_connection(url: str) -> None:
    before = await abandoned(url)
    async with AsyncChatStream(await fetched(url, "stalled")) as stream:
        async for event in stream:
            assert event == TextDelta("Gr")
            break
    assert stream.ending == "closed"
    await left(url, before)


@scenario
async def the_sync_shell_says_what_to_use_instead(url: str) -> None:
    response = await fetched(url, "whole")
    try:
        ChatStream(response)
    except TypeError as error:
        assert "AsyncChatStream" in str(error)
    else:
        raise AssertionError("no error")
    await response.body.cancel()


async def failures(url: str) -> dict[str, str]:
    """What failed, by scenario, with its traceback."""
    failed = {}
    for name, function in SCENARIOS.items():
        try:
            await asyncio.wait_for(function(url), 20)
        except Exception:
            failed[name] = traceback.format_exc()
    return failed
