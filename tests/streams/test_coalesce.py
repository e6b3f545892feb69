"""`coalesce`: fewer events, the same answer, and no event held longer than allowed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Self, TypeAlias, TypeVar

import anyio
import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import sse_stream._streams._coalesce as module
from sse_stream import (
    AsyncChatStream,
    ChatEvent,
    ChatStream,
    ChoiceFinished,
    IncompleteStreamError,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallStarted,
    coalesce,
)
from sse_stream.testing import EndAt, ReplayServer, Stall

T = TypeVar("T")
Run: TypeAlias = Callable[[Callable[[], Awaitable[T]]], T]

# Longer than any test lasts: what is held for so long comes for another reason, or not at all.
LONG = 1000.0

FINISHED = ChoiceFinished("stop")
CALL = ToolCallStarted(0, "call_1", "look")


def body(*texts: str) -> list[bytes]:
    """A stream that says these texts, one a write."""
    pieces = [b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % text.encode() for text in texts]
    return [*pieces, b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n', b"data: [DONE]\n\n"]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run[object]:
    """Runs an async function to its end under one of the two, or fails after ten seconds."""

    def run_within_time(main: Callable[[], Awaitable[object]]) -> object:
        async def within_time() -> object:
            with anyio.fail_after(10):
                return await main()

        return anyio.run(within_time, backend=request.param)

    return run_within_time


async def from_memory(events: list[ChatEvent], error: Exception | None = None) -> AsyncIterator[ChatEvent]:
    for event in events:
        yield event
    if error is not None:
        raise error


def sync_from_memory(events: list[ChatEvent], error: Exception) -> Iterator[ChatEvent]:
    yield from events
    raise error


def read(events: list[ChatEvent], seconds: float, *, backend: str | None) -> list[ChatEvent]:
    """What comes of the events, sync or under a backend."""
    if backend is None:
        return list(coalesce(events, seconds))

    async def main() -> list[ChatEvent]:
        return [event async for event in coalesce(from_memory(events), seconds)]

    return anyio.run(main, backend=backend)


def merged(events: list[ChatEvent]) -> list[ChatEvent]:
    """The events with all neighbouring text of one kind and choice in one, the slow and obvious way."""

    def key(numbered: tuple[int, ChatEvent]) -> tuple[object, ...]:
        number, event = numbered
        if isinstance(event, (TextDelta, ReasoningDelta)):
            return (event.type, event.choice)
        return (number,)

    found: list[ChatEvent] = []
    for _, group in groupby(enumerate(events), key):
        together = [event for _, event in group]
        first = together[0]
        if isinstance(first, (TextDelta, ReasoningDelta)):
            texts = [event.text for event in together if isinstance(event, (TextDelta, ReasoningDelta))]
            found.append(type(first)("".join(texts), first.choice))
        else:
            found.append(first)
    return found


TEXT = st.text(min_size=1, max_size=3)
CHOICE = st.integers(0, 1)
EVENTS: st.SearchStrategy[list[ChatEvent]] = st.lists(
    st.one_of(
        st.builds(TextDelta, TEXT, CHOICE),
        st.builds(ReasoningDelta, TEXT, CHOICE),
        st.builds(RefusalDelta, TEXT, CHOICE),
        st.just(CALL),
        st.just(FINISHED),
    )
)


class TestWhatIsMerged:
    @given(EVENTS, st.sampled_from([None, "asyncio", "trio"]))
    def test_all_neighbouring_text_of_a_kind_and_choice_and_nothing_else(
        self, events: list[ChatEvent], backend: str | None
    ) -> None:
        assert read(events, LONG, backend=backend) == merged(events)

    @given(EVENTS, st.sampled_from([None, "asyncio", "trio"]))
    def test_nothing_where_no_time_is_given(self, events: list[ChatEvent], backend: str | None) -> None:
        assert read(events, 0, backend=backend) == events

    def test_text_that_was_held_long_enough_goes_with_the_piece_that_shows_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = iter([0.0, 0.0, 0.03, 0.06, 0.07, 0.07, 0.1, 0.11])
        monkeypatch.setattr(module, "monotonic", clock.__next__)
        pieces: list[ChatEvent] = [TextDelta(text) for text in "abcde"]
        assert list(coalesce(pieces, 0.05)) == [TextDelta("abc"), TextDelta("de")]


class TestTime:
    def test_text_comes_in_time_though_nothing_more_arrives_and_the_read_goes_on(self, run: Run[object]) -> None:
        seen = []

        async def main() -> None:
            go_on = anyio.Event()

            async def hesitant() -> AsyncIterator[ChatEvent]:
                yield TextDelta("a")
                yield TextDelta("b")
                await go_on.wait()
                yield TextDelta("c")

            async for event in coalesce(hesitant(), 0.01):
                seen.append(event)
                go_on.set()

        run(main)
        assert seen == [TextDelta("ab"), TextDelta("c")]

    def test_what_is_no_text_comes_at_once_after_the_text_before_it(self, run: Run[object]) -> None:
        seen = []

        async def main() -> None:
            async def stuck() -> AsyncIterator[ChatEvent]:
                yield TextDelta("a")
                yield CALL
                await anyio.sleep_forever()

            async with coalesce(stuck(), LONG) as events:
                async for event in events:
                    seen.append(event)
                    if event is CALL:
                        break

        run(main)
        assert seen == [TextDelta("a"), CALL]

    def test_nothing_is_read_ahead_of_whoever_reads(self, run: Run[object]) -> None:
        async def main() -> None:
            given = 0

            async def counting() -> AsyncIterator[ChatEvent]:
                nonlocal given
                for _ in range(10):
                    given += 1
                    yield CALL

            async for _ in coalesce(counting()):
                before = given
                await anyio.wait_all_tasks_blocked()
                assert given == before

        run(main)


class TestTheEnd:
    def test_an_error_comes_after_all_that_came_before_it_and_once(self, run: Run[object]) -> None:
        error = ValueError("broken")
        events = coalesce(sync_from_memory([TextDelta("a"), TextDelta("b")], error), LONG)
        assert next(events) == TextDelta("ab")
        with pytest.raises(ValueError, match="broken"):
            next(events)
        assert list(events) == []

        async def main() -> None:
            events = coalesce(from_memory([TextDelta("a"), TextDelta("b")], error), LONG)
            assert await anext(events) == TextDelta("ab")
            with pytest.raises(ValueError, match="broken"):
                await anext(events)
            assert [event async for event in events] == []

        run(main)

    def test_closing_closes_the_stream_and_ends_the_iteration(self, run: Run[object]) -> None:
        stream = ChatStream(body("a", "b"))
        with coalesce(stream, 0) as events:
            assert next(events) == TextDelta("a")
        assert (list(events), stream.ending) == ([], "closed")

        async def main() -> None:
            stream = AsyncChatStream(body("a", "b"))
            async with coalesce(stream, 0) as events:
                assert await anext(events) == TextDelta("a")
            assert ([event async for event in events], stream.ending) == ([], "closed")

        run(main)

    def test_what_has_nothing_to_close_is_left_alone(self, run: Run[object]) -> None:
        with coalesce([CALL, FINISHED]) as events:
            assert next(events) == CALL
        assert list(events) == []

        class Endless:
            def __aiter__(self) -> Self:
                return self

            async def __anext__(self) -> ChatEvent:
                return CALL

        async def main() -> None:
            async with coalesce(Endless()) as events:
                assert await anext(events) == CALL
            assert [event async for event in events] == []

        run(main)

    @pytest.mark.parametrize("seconds", [-1, float("nan")])
    def test_time_is_not_negative(self, seconds: float) -> None:
        with pytest.raises(ValueError, match="0 or more"):
            coalesce([], seconds)

    def test_what_is_no_stream_is_told_so(self) -> None:
        with pytest.raises(TypeError, match="takes a ChatStream or an AsyncChatStream, not int"):
            coalesce(5)  # type: ignore[call-overload]  # what the error is for


def tasks() -> int:
    """How many tasks there are now."""
    try:
        return trio.lowlevel.current_statistics().tasks_living
    except RuntimeError:
        return len(asyncio.all_tasks())


class TestOverAConnection:
    def test_a_slow_stream_arrives_whole_though_the_timer_is_always_first(self, run: Run[object]) -> None:
        texts = ["Good ", "evening", ", 世", "界"]

        async def main() -> None:
            with ReplayServer(body(*texts), pace=0.03) as server:
                async with (
                    httpx.AsyncClient(trust_env=False) as client,
                    client.stream("POST", server.chat_url) as response,
                    AsyncChatStream(response) as stream,
                ):
                    before = tasks()
                    events = [event async for event in coalesce(stream, 0.001)]
                    said = [event.text for event in events if isinstance(event, TextDelta)]
                    assert "".join(said) == "".join(texts)
                    assert events[-1].type == "stream_done"
                    assert (stream.ending, tasks()) == ("complete", before)

        run(main)

    def test_a_truncated_stream_raises_after_its_text(self, run: Run[object]) -> None:
        async def main() -> None:
            whole = body("a", "b", "c")
            with ReplayServer(whole, fault=EndAt(len(b"".join(whole[:2])))) as server:
                async with (
                    httpx.AsyncClient(trust_env=False) as client,
                    client.stream("POST", server.chat_url) as response,
                ):
                    events = coalesce(AsyncChatStream(response), LONG)
                    assert await anext(events) == TextDelta("ab")
                    with pytest.raises(IncompleteStreamError):
                        await anext(events)

        run(main)

    @pytest.mark.parametrize("leave", ["break", "cancel"])
    def test_whoever_leaves_while_a_read_is_under_way_leaves_no_task_and_no_connection(
        self, leave: str, run: Run[object]
    ) -> None:
        async def main() -> None:
            with ReplayServer(body("a"), fault=Stall(len(body("a")[0]))) as server:
                async with httpx.AsyncClient(trust_env=False) as client:
                    before = tasks()
                    async with (
                        client.stream("POST", server.chat_url) as response,
                        AsyncChatStream(response) as stream,
                        coalesce(stream, 0.01) as events,
                    ):
                        assert await anext(events) == TextDelta("a")
                        if leave == "cancel":
                            with anyio.move_on_after(0.02) as scope:
                                await anext(events)
                            assert scope.cancelled_caught
                            assert [event async for event in events] == []
                    assert (stream.ending, tasks()) == ("closed", before)
                    assert await anyio.to_thread.run_sync(partial(server.wait_for_disconnect, 2.0))

        run(main)

    def test_whoever_drops_it_leaves_no_task(self, run: Run[object]) -> None:
        async def main() -> None:
            with ReplayServer(body("a"), fault=Stall(len(body("a")[0]))) as server:
                async with (
                    httpx.AsyncClient(trust_env=False) as client,
                    client.stream("POST", server.chat_url) as response,
                    AsyncChatStream(response) as stream,
                ):
                    before = tasks()
                    async for event in coalesce(stream, 0.01):
                        assert event == TextDelta("a")
                        break
                    gc.collect()
                    await anyio.wait_all_tasks_blocked()
                    assert (stream.ending, tasks()) == ("closed", before)

        run(main)
