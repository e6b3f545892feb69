"""How a stream ends: complete, truncated, broken or too late; and the state afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from sse_stream import (
    AsyncChatStream,
    ChatStream,
    ChunkDecodeError,
    IncompleteStreamError,
    ProviderError,
    SSEStreamError,
    StreamTimeoutError,
    TextDelta,
    Timeouts,
    TransportError,
)
from sse_stream.testing import Disconnect, EndAt, HalfClose, ReplayServer, Reset, Stall, WrongLength, bytewise

from .bodies import DONE, EVENTS, PIECES, STOP, STREAM, TEXT, UNDONE, text
from .clients import Client, Each, clients, run_in_asyncio, run_in_trio, run_without_loop, settled
from .server import HEAD, Peer, ScriptedServer, chunk

SHELLS = pytest.mark.parametrize(
    ("shell", "run"),
    [
        pytest.param(ChatStream, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, run_in_trio, id="trio"),
    ],
)


def text_of(error: SSEStreamError) -> str:
    """What had arrived before the failure."""
    assert error.completion is not None
    return error.completion.text


def failing(client: Client, server: Any, **options: Any) -> tuple[str, SSEStreamError, Any]:
    """Read a stream that fails: the text before, the error, the stream."""
    pieces: list[str] = []

    async def body() -> tuple[str, SSEStreamError, Any]:
        async with client.streaming(server.chat_url, **options) as stream:
            with pytest.raises(SSEStreamError) as caught:
                async for piece in Each[str](stream.iter_text()):
                    pieces.append(piece)
        return "".join(pieces), caught.value, stream

    result: tuple[str, SSEStreamError, Any] = client.run(body)
    return result


def assert_broken(client: Client, failed: tuple[str, SSEStreamError, Any], said: str = TEXT) -> None:
    before, error, stream = failed
    assert before == said
    assert type(error) is TransportError
    assert error.completion is not None
    assert (error.completion.text, stream.completion.text, stream.ending) == (said, said, "transport_error")
    assert type(error.__cause__).__module__.partition(".")[0] in client.packages
    assert type(error.__cause__).__name__ in str(error)


@clients()
class TestTheConnectionBreaks:
    @pytest.mark.parametrize("fault", [Disconnect(), HalfClose(), Reset(), WrongLength(by=100)], ids=repr)
    def test_after_a_whole_event(self, client: Client, fault: Any) -> None:
        with ReplayServer(UNDONE, fault=fault) as server:
            assert_broken(client, failing(client, server))
            # The server is the one who closes where the length was wrong.
            assert isinstance(fault, (Disconnect, Reset, WrongLength)) or server.wait_for_disconnect()

    @pytest.mark.parametrize("fault", [Disconnect(at=len(UNDONE) - 9), Reset(at=len(UNDONE) - 9)], ids=repr)
    def test_inside_an_event(self, client: Client, fault: Any) -> None:
        with ReplayServer(UNDONE, fault=fault) as server:
            assert_broken(client, failing(client, server), "".join(PIECES[:-1]))

    @pytest.mark.parametrize("fault", [Disconnect(), Reset()], ids=repr)
    @pytest.mark.parametrize("more", [b"", DONE[:8]], ids=["after the finish", "inside the end mark"])
    def test_when_nothing_more_was_to_come(self, client: Client, fault: Any, more: bytes) -> None:
        """To ask again would be billed again, for nothing."""

        async def body() -> None:
            async with client.streaming(server.chat_url) as stream:
                completion = await settled(stream.until_done())
            assert (completion.text, completion.finish_reason, stream.ending) == (TEXT, "stop", "complete")
            assert [anomaly.kind for anomaly in stream.anomalies] == ["broken_after_finish"]

        with ReplayServer(UNDONE + STOP + more, fault=fault) as server:
            client.run(body)

    @pytest.mark.parametrize("fault", [Disconnect(), Reset()], ids=repr)
    def test_when_more_may_come(self, client: Client, fault: Any) -> None:
        """Text that follows a finish shows that a finish is not the end here."""
        with ReplayServer(UNDONE + STOP + EVENTS[1], fault=fault) as server:
            assert_broken(client, failing(client, server), TEXT + PIECES[1])

    @pytest.mark.parametrize(
        "last",
        [
            b"%x\r\n%b" % (len(EVENTS[1]) + 100, EVENTS[1]),  # a chunk that is cut
            b"zz\r\n" + EVENTS[1] + b"\r\n",  # a chunk of no size
            b"-5\r\n" + EVENTS[1] + b"\r\n",
        ],
        ids=["cut chunk", "garbage", "negative"],
    )
    def test_inside_a_chunk(self, client: Client, last: bytes) -> None:
        # Of a size that is none aiohttp's C parser says nothing at all, and its read timeout is off by
        # then: without a deadline of the stream's own, the read would last for ever.
        is_silent = client.name == "aiohttp" and not last.startswith(b"%x" % (len(EVENTS[1]) + 100))

        def script(peer: Peer) -> None:
            peer.write(HEAD + chunk(EVENTS[0]))
            peer.wait_for_acknowledgement()
            peer.write(last)

        async def body() -> tuple[str, SSEStreamError, Any]:
            pieces = []
            async with client.streaming(server.chat_url, timeouts=Timeouts(idle=0.2 if is_silent else 5)) as stream:
                with pytest.raises(SSEStreamError) as caught:
                    async for piece in Each[str](stream.iter_text()):
                        pieces.append(piece)
                        server.acknowledge()
            return "".join(pieces), caught.value, stream

        with ScriptedServer(script) as server:
            before, error, stream = client.run(body)
        if is_silent and isinstance(error, StreamTimeoutError):
            assert (before, error.kind, stream.ending) == (PIECES[0], "idle", "timeout")
            return
        # What came of the cut chunk is delivered by the clients that give it out.
        assert before in (PIECES[0], PIECES[0] + PIECES[1])
        assert_broken(client, (before, error, stream), before)

    def test_after_the_stream_was_done(self, client: Client) -> None:
        async def body() -> Any:
            async with client.streaming(server.chat_url) as stream:
                return (await settled(stream.until_done())).text, stream.ending

        with ReplayServer(STREAM, fault=Disconnect()) as server:
            assert client.run(body) == (TEXT, "complete")


@clients()
def test_what_the_client_raises_as_a_timeout_is_one(client: Client) -> None:
    with ReplayServer(UNDONE, fault=Stall()) as server:
        before, error, stream = failing(client, server, read_timeout=0.05)
    assert before == TEXT
    assert isinstance(error, StreamTimeoutError)
    assert isinstance(error, TimeoutError)
    assert error.completion is not None
    assert (error.kind, error.completion.text, stream.ending) == ("read", TEXT, "timeout")
    assert isinstance(error.__cause__, Exception)


@clients()
class TestTheBodyEnds:
    @pytest.mark.parametrize("sent", [UNDONE, UNDONE + text("more")[:-1], UNDONE + STOP[:20]], ids=len)
    def test_before_the_stream_was_done(self, client: Client, sent: bytes) -> None:
        with ReplayServer(sent) as server:
            before, error, stream = failing(client, server)
        assert before.startswith(TEXT)
        assert isinstance(error, IncompleteStreamError)
        assert error.completion is not None
        assert (error.completion.text, stream.ending) == (before, "truncated")

    def test_before_it_was_done_and_that_is_tolerated(self, client: Client) -> None:
        async def body() -> Any:
            async with client.streaming(server.chat_url, on_truncated="return") as stream:
                events = [event async for event in Each(stream)]
                again = [event async for event in Each(stream)]
                completion = await settled(stream.until_done())
                return [event.type for event in events], again, completion.text, stream.ending

        with ReplayServer(STREAM, fault=EndAt(len(UNDONE))) as server:
            assert client.run(body) == (["text_delta"] * len(PIECES), [], TEXT, "truncated")

    def test_after_every_choice_was_finished(self, client: Client) -> None:
        async def body() -> Any:
            async with client.streaming(server.chat_url) as stream:
                return (await settled(stream.until_done())).text, stream.ending

        with ReplayServer(UNDONE + STOP) as server:
            assert client.run(body) == (TEXT, "complete")


@SHELLS
class TestAnErrorInTheStream:
    @pytest.mark.parametrize(
        ("sent", "error", "ending"),
        [
            (b'data: {"error":{"message":"overloaded"}}\n\n', ProviderError, "provider_error"),
            (b"data: <html>\n\n", ChunkDecodeError, "invalid"),
        ],
    )
    def test_comes_after_all_before_it_and_is_final(
        self, shell: Any, run: Any, sent: bytes, error: type[SSEStreamError], ending: str
    ) -> None:
        async def body() -> None:
            stream = shell([UNDONE + sent + text("never") + DONE])
            events = Each[Any](stream)
            assert [(await anext(events)).text for _ in PIECES] == list(PIECES)
            with pytest.raises(error) as caught:
                await anext(events)
            assert text_of(caught.value) == TEXT
            assert stream.ending == ending
            reads = (
                lambda: anext(events),
                lambda: anext(Each(stream)),
                lambda: anext(Each(stream.iter_text())),
                lambda: anext(Each(stream.iter_chunks())),
                stream.until_done,
            )
            for read in reads:
                with pytest.raises(SSEStreamError, match="this stream has already failed: ") as again:
                    await settled(read())
                assert text_of(again.value) == TEXT
            assert stream.ending == ending

        run(body)

    def test_in_strict_mode_is_the_first_anomaly(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            await settled(shell([UNDONE + DONE], strict=True).until_done())

        with pytest.raises(ChunkDecodeError, match="missing_finish_reason"):
            run(body)


@SHELLS
@pytest.mark.parametrize(
    ("sent", "options", "is_kept"),
    [
        (STREAM, {}, False),
        (UNDONE, {}, True),
        (UNDONE, {"on_truncated": "return"}, False),
        (UNDONE + b"data: <html>\n\n", {"on_truncated": "return"}, True),
        (b"<html>", {}, True),
    ],
)
def test_the_error_that_was_raised_stays_with_the_stream(
    shell: Any, run: Any, sent: bytes, options: Any, is_kept: bool
) -> None:
    async def body() -> None:
        stream = shell([sent], **options)
        assert stream.error is None
        raised = None
        try:
            await settled(stream.until_done())
        except SSEStreamError as error:
            raised = error
        assert (stream.error is not None, stream.error) == (is_kept, raised)

    run(body)


@SHELLS
class TestMixing:
    """Whatever reads, it goes on where the last one stopped."""

    def test_the_ways_of_reading_share_one_position(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell([STREAM])
            assert (await settled(anext(stream) if shell is AsyncChatStream else next(stream))).text == PIECES[0]
            assert await anext(Each[str](stream.iter_text())) == PIECES[1]
            assert (await anext(Each[Any](stream.iter_chunks()))).choices[0].delta.content == PIECES[2]
            async for event in Each[Any](stream):
                assert event == TextDelta(PIECES[3])
                break
            completion = await settled(stream.until_done())
            assert (completion.text, stream.ending) == (TEXT, "complete")
            assert [event async for event in Each(stream)] == []

        run(body)

    def test_two_iterators_take_turns(self, shell: Any, run: Any) -> None:
        async def body() -> list[str]:
            stream = shell([STREAM[:40], STREAM[40:90], STREAM[90:]])
            readers = [Each[Any](stream), Each[Any](stream)]
            seen = []
            for turn in range(20):
                event = await anext(readers[turn % 2], None)
                if event is not None:
                    seen.append(event.type)
            return seen

        assert run(body) == [*["text_delta"] * len(PIECES), "choice_finished", "usage_reported", "stream_done"]

    def test_the_end_is_left_to_whoever_reads_next(self, shell: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell([STREAM])
            async for event in Each[Any](stream):
                if event.type == "usage_reported":
                    break
            assert [event.type async for event in Each[Any](stream)] == ["stream_done"]

        run(body)

    def test_the_text_of_another_choice_is_passed_over(self, shell: Any, run: Any) -> None:
        other = b'data: {"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"stop"}]}\n\n'

        async def body(choice: int) -> list[str]:
            stream = shell([EVENTS[0] + other + EVENTS[1] + STOP + DONE])
            return [piece async for piece in Each[str](stream.iter_text(choice))]

        assert run(lambda: body(0)) == list(PIECES[:2])
        assert run(lambda: body(1)) == ["no"]
        assert run(lambda: body(2)) == []

    @pytest.mark.parametrize("cut", [lambda body: [body], bytewise], ids=["whole", "bytewise"])
    def test_chunks_come_to_their_end(self, shell: Any, run: Any, cut: Any) -> None:
        async def body() -> None:
            stream = shell(cut(STREAM))
            chunks = [chunk async for chunk in Each[Any](stream.iter_chunks())]
            assert len(chunks) == len(PIECES) + 2
            assert stream.ending == "complete"
            assert [chunk async for chunk in Each(stream.iter_chunks())] == []

        run(body)


@SHELLS
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"on_truncated": "ignore"}, ValueError, "on_truncated must be 'raise' or 'return'"),
        ({"timeouts": 5}, TypeError, r"such as Timeouts\(total=60\)"),
    ],
)
def test_an_option_that_cannot_be_is_refused(shell: Any, run: Any, options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        shell([STREAM], **options)


def test_a_stream_is_its_own_iterator() -> None:
    stream = ChatStream([EVENTS[0] + STOP + DONE])
    assert [next(stream).type, next(stream).type, next(stream).type] == ["text_delta", "choice_finished", "stream_done"]
    with pytest.raises(StopIteration):
        next(stream)


def test_a_stream_says_what_it_is() -> None:
    source = [STREAM]
    stream = ChatStream(source)
    assert (stream.response, repr(stream), stream.ending) == (source, "<ChatStream open>", "open")
    stream.close()
    assert repr(stream) == "<ChatStream closed>"
