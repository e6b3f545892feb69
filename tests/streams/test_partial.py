"""Snapshots of JSON while a stream writes it: `iter_partial`, sync and async."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from sse_stream import (
    AsyncChatStream,
    ChatStream,
    IncompleteStreamError,
    PartialJSONError,
    SSEStreamError,
    TextDelta,
    ToolCallDone,
)
from sse_stream._streams import _partial as module
from sse_stream.testing import ReplayServer, assert_cutting_changes_nothing, bytewise

from .bodies import DONE, STOP, text
from .clients import Client, Each, clients, entered, run_in_asyncio, run_in_trio, run_without_loop, set_clock, settled

SHELLS = pytest.mark.parametrize(
    ("shell", "run"),
    [
        pytest.param(ChatStream, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, run_in_trio, id="trio"),
    ],
)


def chunk(delta: dict[str, Any], *, choice: int = 0, finish: str | None = None) -> bytes:
    return (
        b"data: %b\n\n" % json.dumps({"choices": [{"index": choice, "delta": delta, "finish_reason": finish}]}).encode()
    )


def begin(call: int, *, choice: int = 0) -> bytes:
    called = {"index": call, "id": f"call_{call}", "type": "function", "function": {"name": "f", "arguments": ""}}
    return chunk({"tool_calls": [called]}, choice=choice)


def arguments(call: int, piece: str, *, choice: int = 0) -> bytes:
    return chunk({"tool_calls": [{"index": call, "function": {"arguments": piece}}]}, choice=choice)


PIECES = ['{"city": "Os', "lo\\", 'n", "people": 71', "0000, ", '"tags": ["sea"', "]}"]
VALUES = [
    {"city": "Os"},
    {"city": "Oslo"},
    {"city": "Oslo\n"},
    {"city": "Oslo\n", "people": 710000},
    {"city": "Oslo\n", "people": 710000, "tags": ["sea"]},
]
CONTENT = [*map(text, PIECES), STOP, DONE]
CALLS = [
    begin(0),
    arguments(0, '{"a": "x'),
    begin(1),
    arguments(1, '{"b": ["y'),
    text("meanwhile"),
    arguments(0, 'z"}'),
    arguments(1, '"]}'),
    chunk({}, finish="tool_calls"),
    DONE,
]


async def values_of(view: Any) -> list[Any]:
    return [value async for value in Each[Any](view)]


async def values_and_error(view: Any) -> tuple[list[Any], Exception]:
    """What a view gives, and the error in which it ends."""
    values: list[Any] = []
    try:
        async for value in Each[Any](view):
            values.append(value)
    except Exception as error:
        return values, error
    raise AssertionError(f"no error came after {values}")


@SHELLS
class TestWhatIsGiven:
    def test_each_value_of_the_content_that_is_another_than_before(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell(CONTENT)
            assert await values_of(stream.iter_partial()) == VALUES
            assert stream.ending == "complete"
            assert stream.completion.parse() == VALUES[-1]

        run(body)

    @pytest.mark.parametrize(
        ("call", "values"), [(0, [{"a": "x"}, {"a": "xz"}]), (1, [{"b": ["y"]}]), (2, [])], ids=str
    )
    def test_the_arguments_of_one_call(self, shell: Any, run: Any, call: int, values: list[Any]) -> None:
        async def body() -> None:
            assert await values_of(shell(CALLS).iter_partial(tool_call=call)) == values

        run(body)

    def test_another_choice(self, shell: Any, run: Any) -> None:
        async def body() -> list[Any]:
            pieces = [
                text("no JSON"),
                chunk({"content": "[1"}, choice=1),
                begin(0, choice=1),
                arguments(0, "{", choice=1),
                chunk({"content": ",2]"}, choice=1),
                arguments(0, "}", choice=1),
            ]
            body = b"".join([*pieces, STOP, chunk({}, choice=1, finish="stop"), DONE])
            content = await values_of(shell([body]).iter_partial(choice=1))
            call = await values_of(shell([body]).iter_partial(choice=1, tool_call=0))
            return [content, call]

        assert run(body) == [[[], [1, 2]], [{}]]

    def test_a_number_at_the_top_comes_with_the_end(self, shell: Any, run: Any) -> None:
        async def body() -> list[Any]:
            return await values_of(shell([text(" 1"), text("2"), STOP, DONE]).iter_partial())

        assert run(body) == [12]

    @pytest.mark.parametrize("pieces", [[], [text(" ")], [text("\n"), text(" ")]], ids=["nothing", "blank", "blanks"])
    def test_where_nothing_is_written_nothing_comes(self, shell: Any, run: Any, pieces: list[bytes]) -> None:
        async def body() -> None:
            stream = shell([*pieces, STOP, DONE])
            assert await values_of(stream.iter_partial()) == []
            assert stream.ending == "complete"

        run(body)

    @pytest.mark.parametrize("piece", [None, "", " ", "{}", " {} "])
    def test_blank_arguments_are_none(self, shell: Any, run: Any, piece: str | None) -> None:
        async def body() -> None:
            pieces = [] if piece is None else [arguments(0, piece)]
            stream = shell([begin(0), *pieces, chunk({}, finish="tool_calls"), DONE])
            assert await values_of(stream.iter_partial(tool_call=0)) == [{}]
            assert stream.completion.tool_calls[0].parse() == {}
            assert await values_of(stream.iter_partial(tool_call=1)) == []

        run(body)

    def test_each_value_belongs_to_the_caller(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            async for value in Each[Any](shell(CONTENT).iter_partial()):
                last = dict(value)
                value.clear()
            assert last == VALUES[-1]

        run(body)

    def test_it_ends_once_and_stays_so(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            view = Each[Any](shell(CONTENT).iter_partial())
            assert [value async for value in view] == VALUES
            assert [await anext(view, "nothing") for _ in range(2)] == ["nothing"] * 2

        run(body)


@SHELLS
class TestWhoeverReads:
    def test_what_others_have_read_is_not_missed(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell(CONTENT)
            view = Each[Any](stream.iter_partial())
            events = Each[Any](stream)
            texts = Each[Any](stream.iter_text())
            assert await anext(events) == TextDelta(PIECES[0])
            assert await anext(view) == VALUES[0]
            assert await anext(texts) == PIECES[1]
            assert await anext(events) == TextDelta(PIECES[2])
            assert await anext(view) == VALUES[2]
            chunks = [chunk async for chunk in Each[Any](stream.iter_chunks())]
            assert len(chunks) == 4
            assert [value async for value in view] == VALUES[-1:]

        run(body)

    def test_whoever_asks_late_begins_with_all_of_it(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell(CONTENT)
            await settled(stream.until_done())
            assert await values_of(stream.iter_partial()) == VALUES[-1:]
            assert await values_of(stream.iter_partial()) == VALUES[-1:]

        run(body)

    def test_a_long_text_that_came_before_is_parsed_in_slices(self, shell: Any, run: Any) -> None:
        value = {"rows": [{"text": "\\ud83d\\ude00\n" * 20, "number": number} for number in range(1_000)]}

        async def body() -> None:
            stream = shell([text(json.dumps(value)), STOP, DONE])
            await settled(stream.until_done())
            assert await values_of(stream.iter_partial()) == [value]
            broken = shell([text(json.dumps(value) + "."), STOP, DONE])
            await settled(broken.until_done())
            values, error = await values_and_error(broken.iter_partial())
            assert values == [value]
            assert isinstance(error, PartialJSONError)
            assert error.position == len(json.dumps(value))

        run(body)

    def test_two_of_them_share_the_events_and_miss_nothing(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell(CALLS)
            one, other = Each[Any](stream.iter_partial(tool_call=0)), Each[Any](stream.iter_partial(tool_call=1))
            seen = [await anext(view, "nothing") for view in (one, other, one, other, one)]
            assert seen == [{"a": "x"}, {"b": ["y"]}, {"a": "xz"}, "nothing", "nothing"]
            assert stream.ending == "complete"

        run(body)

    def test_it_reads_no_further_than_to_its_next_value(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell(CALLS)
            assert await anext(Each[Any](stream.iter_partial(tool_call=0))) == {"a": "x"}
            assert (await anext(Each[Any](stream))).type == "tool_call_started"
            await settled(stream.until_done())

        run(body)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@SHELLS
class TestHowOften:
    def test_a_value_comes_at_most_so_often_and_the_last_one_always(
        self, shell: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock()
        set_clock(monkeypatch, clock)

        def timed() -> Iterator[bytes]:
            for second, piece in enumerate(f"{number}," for number in range(10)):
                clock.now = 1000.0 + second
                yield text(piece if second else "[" + piece)
            yield text("10]") + STOP + DONE

        async def body() -> list[Any]:
            return [(clock.now - 1000.0, len(value)) async for value in Each[Any](shell(timed()).iter_partial(every=3))]

        assert run(body) == [(0.0, 1), (3.0, 4), (6.0, 7), (9.0, 10), (9.0, 11)]

    def test_what_was_held_back_comes_before_the_error(
        self, shell: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_clock(monkeypatch, Clock())

        async def body() -> None:
            values, error = await values_and_error(
                shell([text("[1, "), text("2, "), text("3,")]).iter_partial(every=60)
            )
            assert values == [[1], [1, 2, 3]]
            assert isinstance(error, IncompleteStreamError)

        run(body)

    def test_time_counts_from_the_value_before(self, shell: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock()
        set_clock(monkeypatch, clock)

        async def body() -> None:
            stream = shell([*map(text, ("[1,", "2,", "3,", "4]")), STOP, DONE])
            view = Each[Any](stream.iter_partial(every=2.0))
            assert await anext(view) == [1]
            clock.now += 2.0
            assert await anext(view) == [1, 2]
            clock.now += 1.9
            assert [value async for value in view] == [[1, 2, 3, 4]]

        run(body)


@SHELLS
class TestWhatIsNoJSON:
    def test_is_said_after_what_is_and_the_stream_goes_on(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell([text('["a'), text('b", oops'), text("]"), STOP, DONE])
            view = stream.iter_partial()
            values, error = await values_and_error(view)
            assert values == [["a"], ["ab"]]
            assert isinstance(error, PartialJSONError)
            assert error.position == 7
            assert error.changes[-1].path == (0,)
            assert stream.ending == "open"
            again, error = await values_and_error(view)
            assert again == []
            assert "parsing has already failed: not JSON at position 7" in str(error)
            assert (await settled(stream.until_done())).text == '["ab", oops]'
            assert stream.ending == "complete"

        run(body)

    def test_prose_is_refused_at_its_first_character(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            async with entered(shell([text("Sure!"), STOP, DONE])) as stream:
                values, error = await values_and_error(stream.iter_partial())
            assert values == []
            assert isinstance(error, PartialJSONError)
            assert error.position == 0

        run(body)

    def test_neither_is_what_ends_too_early(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell([text('["a'), text("b"), chunk({}, finish="length"), DONE])
            view = stream.iter_partial()
            values, error = await values_and_error(view)
            assert values == [["a"], ["ab"]]
            assert isinstance(error, PartialJSONError)
            assert error.position == 4
            assert stream.ending == "complete"
            again, error = await values_and_error(view)
            assert again == []
            assert isinstance(error, PartialJSONError)

        run(body)

    def test_a_text_after_the_value(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            async with entered(shell([text("{}"), text("\n"), text("."), STOP])) as stream:
                values, error = await values_and_error(stream.iter_partial())
            assert values == [{}]
            assert isinstance(error, PartialJSONError)

        run(body)


@SHELLS
class TestTheEndOfTheStream:
    def test_a_stream_that_fails_fails_the_view_and_says_so_again(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            view = shell([text('["a'), text("b")]).iter_partial()
            values, error = await values_and_error(view)
            assert values == [["a"], ["ab"]]
            assert isinstance(error, IncompleteStreamError)
            assert error.completion.text == '["ab'
            again, error = await values_and_error(view)
            assert again == []
            assert isinstance(error, SSEStreamError)

        run(body)

    def test_what_is_wrong_with_the_text_is_said_though_another_has_been_told_of_the_failure(
        self, shell: Any, run: Any
    ) -> None:
        async def body() -> None:
            stream = shell([text("["), text("1 x")])
            view = Each[Any](stream.iter_partial())
            assert await anext(view) == []
            with pytest.raises(IncompleteStreamError):
                await settled(stream.until_done())
            values, error = await values_and_error(view)
            assert values == [[1]]
            assert isinstance(error, PartialJSONError)

        run(body)

    @pytest.mark.parametrize(("pieces", "value"), [(['["a', "b"], ["ab"]), (["[1", "2"], []), (["12"], None)], ids=str)
    def test_a_truncated_stream_that_is_tolerated_ends_with_what_is_sure(
        self, shell: Any, run: Any, pieces: list[str], value: Any
    ) -> None:
        async def body() -> None:
            stream = shell([text(piece) for piece in pieces], on_truncated="return")
            values = await values_of(stream.iter_partial())
            assert values[-1:] == ([] if value is None else [value])
            assert stream.ending == "truncated"

        run(body)

    def test_a_stream_that_was_closed_gives_nothing_more(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell([text("[1,"), text("2,"), text("3]"), STOP, DONE])
            view = Each[Any](stream.iter_partial())
            assert await anext(view) == [1]
            await anext(Each[Any](stream))
            await settled(stream.close() if shell is ChatStream else stream.aclose())
            for _ in range(2):
                values, error = await values_and_error(view)
                assert values == []
                assert "was closed" in str(error)

        run(body)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"every": -1}, "every=.* 0 or more, not -1"),
            ({"every": float("nan")}, "0 or more"),
            ({"tool_call": -1}, "tool_call=.* index"),
        ],
    )
    def test_an_option_that_cannot_be_is_refused_at_once(
        self, shell: Any, run: Any, options: dict[str, Any], message: str
    ) -> None:
        async def body() -> None:
            stream = shell(CONTENT)
            with pytest.raises(ValueError, match=message):
                stream.iter_partial(**options)
            assert await values_of(stream.iter_partial()) == VALUES

        run(body)


class TestWhatItCosts:
    def test_without_it_no_parser_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "PartialMachine", None)
        with ChatStream(CALLS) as stream:
            assert [event for event in stream if isinstance(event, ToolCallDone)]
        with pytest.raises(TypeError):
            ChatStream(CALLS).iter_partial()

    def test_a_stream_and_its_view_are_no_circle(self) -> None:
        gc.collect()
        gc.disable()
        try:
            stream = ChatStream(CONTENT)
            view = stream.iter_partial()
            next(view)
            gone = weakref.ref(stream)
            del stream
            assert gone() is not None
            del view
            assert gone() is None
        finally:
            gc.enable()


def partials(call: int | None, pieces: list[bytes]) -> Iterator[Any]:
    return ChatStream(pieces).iter_partial(tool_call=call)


def test_cutting_changes_nothing() -> None:
    for pieces, call in ((CONTENT, None), (CALLS, 0), (CALLS, 1)):
        body = b"".join(pieces)
        assert_cutting_changes_nothing(partial(partials, call), body)
        assert_cutting_changes_nothing(partial(partials, call), body[:-60], cuts=[bytewise(body[:-60])])


@clients()
def test_over_a_connection(client: Client) -> None:
    with ReplayServer(CONTENT) as server:

        async def body() -> Any:
            async with client.streaming(server.chat_url) as stream:
                return await values_of(stream.iter_partial()), stream.ending

        assert client.run(body) == (VALUES, "complete")
