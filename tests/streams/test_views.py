"""Iterators hold no state: any number of them, read in any order, share one queue."""

from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Iterable
from typing import Any

import pytest

from sse_stream import AsyncChatStream, ChatEvent, ChatStream, TextDelta
from sse_stream.testing import bytewise

from .bodies import DONE, EVENTS, KEEPALIVE, PIECES, STOP, STREAM, text
from .clients import Each, run_in_asyncio, run_in_trio, run_without_loop, settled

SHELLS = pytest.mark.parametrize(
    ("shell", "run"),
    [
        pytest.param(ChatStream, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, run_in_trio, id="trio"),
    ],
)

TOOL = (
    b'data: {"choices":[{"index":0,"delta":{"content":"x","tool_calls":'
    b'[{"index":0,"id":"t","function":{"name":"f","arguments":"{"}}]}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}},'
    b'{"index":1,"delta":{"content":"y"}}]}\n\n'
)
FINISHED = STOP + b'data: {"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}\n\n'
# Chunks of one event and of several, and what is no chunk between them.
BODY = b"".join(EVENTS[:2]) + KEEPALIVE + TOOL + KEEPALIVE * 2 + EVENTS[2] + TOOL + FINISHED + DONE


@SHELLS
class TestTakingTurns:
    def test_each_event_goes_to_whoever_asks_first(self, shell: Any, run: Any) -> None:
        async def body() -> list[ChatEvent]:
            stream = shell(
                [text("0") + b": c\n\n" + text("1") + text("2"), text("3")], keepalives=True, on_truncated="return"
            )
            views = {"a": Each[Any](stream), "b": Each[Any](stream)}
            seen = [await anext(views[name], None) for name in "bababaa"]
            assert stream.completion.text == "0123"
            return [event for event in seen if event is not None]

        assert [event.text if isinstance(event, TextDelta) else event.type for event in run(body)] == [
            *("0", "keep_alive", "1", "2", "3"),
        ]

    @pytest.mark.parametrize("cut", [lambda body: [body], bytewise, lambda body: [body[:99], body[99:300], body[300:]]])
    def test_in_whatever_order_the_events_come_in_theirs(self, shell: Any, run: Any, cut: Any) -> None:
        expected = list(ChatStream([BODY], keepalives=True))

        async def body(choose: random.Random) -> list[ChatEvent]:
            stream = shell(cut(BODY), keepalives=True)
            views: list[Any] = [Each[Any](stream) for _ in range(2)]
            seen: list[ChatEvent] = []
            while True:
                match choose.randrange(4):
                    case 0:
                        views.append(Each[Any](stream))  # one more, made in the middle
                        continue
                    case 1:
                        event = await settled(next(stream, None) if shell is ChatStream else anext(stream, None))
                    case _:
                        event = await anext(choose.choice(views), None)
                if event is None:
                    break
                seen.append(event)
            assert [await anext(view, None) for view in views] == [None] * len(views)
            return seen

        for seed in range(50):
            assert run(lambda seed=seed: body(random.Random(seed))) == expected, seed

    def test_a_view_that_has_ended_stays_so(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell([STREAM])
            views = [Each[Any](stream), Each[Any](stream.iter_text()), Each[Any](stream.iter_chunks())]
            await settled(stream.until_done())
            for _ in range(2):
                assert [await anext(view, "nothing") for view in views] == ["nothing"] * 3

        run(body)


class TestTheyHoldNothing:
    """Were there a copy of an event in one of them, dropping all views but the stream would lose it."""

    @pytest.mark.parametrize("read", [iter, ChatStream.iter_text, ChatStream.iter_chunks])
    def test_a_view_that_is_dropped_takes_nothing_along(self, read: Any) -> None:
        stream = ChatStream([STREAM])
        for _ in range(3):
            next(read(stream))
        assert [event.text for event in stream if isinstance(event, TextDelta)] == [PIECES[3]]

    def test_no_frame_waits_between_two_events(self) -> None:
        stream = ChatStream([STREAM])
        views: Iterable[Any] = (iter(stream), stream.iter_text(), stream.iter_chunks())
        for view in views:
            next(view)
            assert not hasattr(view, "gi_frame")

    def test_a_stream_and_its_views_are_no_circle(self) -> None:
        gc.collect()
        gc.disable()
        try:
            stream = ChatStream([STREAM])
            views = [iter(stream), stream.iter_text(), stream.iter_chunks()]
            next(views[0])
            gone = weakref.ref(stream)
            del stream
            assert gone() is not None
            del views
            assert gone() is None
        finally:
            gc.enable()

    @pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])
    def test_nor_are_an_async_stream_and_its_views(self, run: Any) -> None:
        async def body() -> Any:
            stream = AsyncChatStream([STREAM])
            views: list[Any] = [aiter(stream), stream.iter_text(), stream.iter_chunks()]
            await anext(views[0])
            await stream.aclose()
            return weakref.ref(stream)

        gc.collect()
        gc.disable()
        try:
            assert run(body)() is None
        finally:
            gc.enable()
