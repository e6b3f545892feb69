"""Check that interleaved readers of one stream see its events in order, each exactly once.

    python -m tests.trust.turns [--ways 100000] [--seed 0] [--jobs 1]

Views of events and chunks are created at any time, kept, and read in any order: the results of `feed`, `feed_chunks`,
`close` and `close_chunks`, and the iterators of `ChatStream` and `AsyncChatStream`. A model of a few lines predicts
what each must yield. Prints the number of ways and of differences, and for each reader the first difference,
minimized. The exit status is 1 if there are any.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

from sse_stream import (
    AsyncChatStream,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    Ending,
    KeepAlive,
    SSEStreamError,
    TextDelta,
)

from .comparing import so_far

# How many ways lead through each stream, and how many streams a task of a worker reads.
WAYS = 20
_BATCH = 25

Turn: TypeAlias = tuple[str, Any]
"""What is done, and with what: a method and its argument, a view to be made, or the number of one to be asked."""

Outcome: TypeAlias = tuple[object, ...]
"""What came of a turn."""

DONE: Outcome = ("done",)
STOP: Outcome = ("nothing more",)
FINAL: Outcome = ("nothing changes any more",)


# ------------------------------------------------------------------------------------------ streams


@dataclass(frozen=True)
class Unit:
    """What stands at one place of a stream: a comment, an event, an error, the end.

    Attributes:
        end: After how many bytes of the body it is there; `None` if the end of the body brings it.
        chunk: Its chunk.
        events: Its events.
        error: The error that ends the stream there.
        completion: What the stream has come to with it.
        ending: How it has ended with it.
    """

    end: int | None
    chunk: ChatCompletionChunk | None
    events: Sequence[ChatEvent]
    error: Outcome | None
    completion: ChatCompletion
    ending: Ending


@dataclass(frozen=True)
class Stream:
    """A body, and what stands where in it."""

    body: bytes
    units: Sequence[Unit]
    keepalives: bool


def _event(data: str) -> bytes:
    return b"data: " + data.encode() + b"\n\n"


def _chunk(*choices: str, more: str = "") -> bytes:
    return _event(f'{{"choices":[{",".join(choices)}]{more}}}')


def _choice(delta: str, more: str = "", index: int = 0) -> str:
    return f'{{"index":{index},"delta":{{{delta}}}{more}}}'


def _written(source: random.Random) -> list[bytes]:
    """The parts of a body that mean something by themselves."""
    written: list[bytes] = []
    is_steady = source.random() < 0.4
    for _ in range(source.randint(1, 9)):
        word, index = source.choice("abcde"), source.randint(0, 1)
        text = f'"content":"{word}"'
        call = f'"tool_calls":[{{"index":{index},"function":{{"name":"f{index}","arguments":"{word}"}}}}]'
        single = [
            _chunk(_choice(text)),
            _chunk(_choice(f'"reasoning":"{word}"')),
            _chunk(_choice(text), more=f',"p":"{word}"'),
        ]
        several = [
            _chunk(_choice(f'"reasoning":"{word}",{text}')),
            _chunk(_choice(text), _choice(text, index=1)),
            _chunk(_choice(f'"reasoning":"{word}",{text},"refusal":"{word}"')),
            _chunk(_choice(f"{text},{call}")),
            _chunk(_choice(call)),
            _chunk(_choice(text, ',"finish_reason":"stop"')),
            _chunk(_choice(text), more=f',"usage":{{"prompt_tokens":{index}}}'),
        ]
        others = [
            b": c%d\n" % index,
            b"\n",
            b"id: 1\n",
            _chunk(_choice("")),
            _chunk(),
            _chunk(f'{{"delta":{{{text}}}}}'),
        ]
        kinds = [single[:1]] * 6 + [several, others] if is_steady else [single, several, others]
        written.append(source.choice(source.choice(kinds)))
    if source.random() < 0.15:
        failed = _chunk(_choice('"reasoning":"y","content":"z"'), more=',"error":"no"')
        errors = [_event('{"error":{"message":"no"}}'), _event("not JSON"), b"error: no\n", failed]
        written.insert(source.randint(0, len(written)), source.choice(errors))
    if source.random() < 0.7:
        finish = ',"finish_reason":"stop"'
        written.append(_chunk(_choice("", finish), _choice("", finish, 1)))
    return written


_HALF = _chunk(_choice('"content":"z"'))
_CUT_OFF = (
    (b"data: cut", b"data: cut"),
    (b": c", b": c"),
    (_HALF[:-2], _HALF),
    (_event("[DONE]")[:-1], _event("[DONE]")),
)
"""What stands at the end of a body that was cut off, and what means the same."""


def stream(source: random.Random) -> Stream:
    """A stream, and what it says where: read one part at a time, for its events and for its chunks."""
    reference = _Reference(keepalives=source.random() < 0.8)
    written = _written(source)
    end = source.random()
    if end < 0.6:
        written.append(_event("[DONE]"))
    cut_off, same = source.choice(_CUT_OFF) if end > 0.85 else (b"", b"")
    for part in written:
        reference.read(part, len(part))
    if cut_off:
        reference.read(same, None)
    reference.close()
    return Stream(b"".join(written) + cut_off, reference.units, reference.keepalives)


class _Reference:
    """Reads a stream a part at a time, and notes what it says."""

    def __init__(self, *, keepalives: bool) -> None:
        self.keepalives = keepalives
        self.units: list[Unit] = []
        self._by_events = ChatDecoder(keepalives=keepalives)
        self._by_chunks = ChatDecoder(keepalives=keepalives)
        self._end = 0

    def read(self, part: bytes, size: int | None) -> None:
        if self._by_events.error is None:
            if size is not None:
                self._end += size
            self._note(self._by_events.feed(part), self._by_chunks.feed_chunks(part), size and self._end)

    def close(self) -> None:
        self._note(self._by_events.close(), self._by_chunks.close_chunks(), None)

    def _note(self, events: Iterator[ChatEvent], chunks: Iterator[ChatCompletionChunk], end: int | None) -> None:
        read: list[ChatEvent] = []
        found: list[ChatCompletionChunk] = []
        error = None
        before = self._by_events.ending
        try:
            for event in events:
                if isinstance(event, KeepAlive):
                    self._add(end, None, [event], self._by_events.ending)
                else:
                    read.append(event)
        except SSEStreamError as caught:
            error = ("error", type(caught).__name__, str(caught))
        try:
            for chunk in chunks:
                found.append(chunk)
        except SSEStreamError as caught:
            assert error == ("error", type(caught).__name__, str(caught))
        assert len(found) <= 1
        ending = self._by_events.ending
        self._add(end, found[0] if found else None, read, ending if error is None else before)
        if error is not None:
            self._add(end, None, [], ending, error)

    def _add(
        self,
        end: int | None,
        chunk: ChatCompletionChunk | None,
        events: Sequence[ChatEvent],
        ending: Ending,
        error: Outcome | None = None,
    ) -> None:
        self.units.append(Unit(end, chunk, events, error, self._by_events.completion, ending))


# ------------------------------------------------------------------------------------------ the model


class Model:
    """What has to come of each turn.

    An event goes to whoever asks for events first. Who asks for chunks gets the next chunk of which no event was read,
    and its events with it; what is left of the events of a chunk before it stays for whoever asks for events, as those
    of the end do. A comment is passed over by both. An error is raised once, and ends everything.
    """

    def __init__(self, given: Stream) -> None:
        self._stream = given
        self._left: deque[ChatEvent] = deque()
        self._read = 0  # units
        self.came = 0  # bytes
        self.has_ended = False  # no more bytes will come
        self.has_failed = False
        self._is_closed = False

    @property
    def ending(self) -> Ending:
        ending = self._stream.units[self._read - 1].ending if self._read else "open"
        return "closed" if self._is_closed and ending == "open" else ending

    def close(self) -> None:
        """Whoever reads stops."""
        self._is_closed = True

    @property
    def completion(self) -> ChatCompletion:
        return self._stream.units[self._read - 1].completion if self._read else ChatDecoder().completion

    def _next(self) -> Unit | None:
        if self.has_failed or self._read == len(self._stream.units):
            return None
        unit = self._stream.units[self._read]
        if not self.has_ended and (unit.end is None or unit.end > self.came):
            return None
        self._read += 1
        if unit.error is not None:
            self.has_failed = True
            self._left.clear()
        return unit

    def next_event(self) -> Outcome | None:
        """The next event, or the error; `None` if none has come."""
        while not self._left:
            unit = self._next()
            if unit is None:
                return None
            if unit.error is not None:
                return unit.error
            self._left.extend(unit.events)
        return "item", self._left.popleft()

    def next_chunk(self) -> Outcome | None:
        """The next chunk, or the error; `None` if none has come."""
        while (unit := self._next()) is not None:
            if unit.chunk is not None:
                return "item", unit.chunk
            if unit.error is not None:
                return unit.error
            self._left.extend(event for event in unit.events if not isinstance(event, KeepAlive))
        return None

    def next_text(self) -> Outcome | None:
        """The next text of the first choice, or the error; `None` if none has come."""
        while (outcome := self.next_event()) is not None and outcome[0] == "item":
            if isinstance(event := outcome[1], TextDelta) and event.choice == 0:
                return "item", event.text
        return outcome

    def ask(self, kind: str) -> Outcome | None:
        """What a view of this kind gives."""
        match kind:
            case "chunks":
                return self.next_chunk()
            case "text":
                return self.next_text()
            case _:
                return self.next_event()


# ------------------------------------------------------------------------------------------ ways through a decoder

_KINDS = {"feed": "events", "close": "events", "feed_chunks": "chunks", "close_chunks": "chunks"}
_FINALLY: tuple[Turn, ...] = (("close", None), *[("ask", -1)] * 80)


def decoder_turns(given: Stream, source: random.Random) -> list[Turn]:
    """A way of reading a stream with a decoder: feeding, closing and asking in any order."""
    pieces = deque(cut(given.body, source))
    turns: list[Turn] = []
    asks = source.choice((0.3, 0.6, 0.9))
    chunks = source.choice((0.0, 0.2, 0.5))
    for _ in range(source.randint(4, 40)):
        if source.random() < asks:
            turns.append(("ask", source.randint(0, 9)))
        elif pieces:
            turns.append(("feed_chunks" if source.random() < chunks else "feed", pieces.popleft()))
        elif source.random() < 0.3:
            turns.append(("close_chunks" if source.random() < chunks else "close", None))
        if source.random() < 0.05:
            turns.append(("completion", None))
    if not any(turn[0] in ("close", "close_chunks") for turn in turns):
        turns.extend(("feed", piece) for piece in pieces)
    return turns


def cut(body: bytes, source: random.Random) -> list[bytes]:
    """A body in pieces; half of the time where its events end."""
    if source.random() < 0.5:
        return [part for part in body.replace(b"\n\n", b"\n\n\0").split(b"\0") if part]
    places = sorted(source.randint(0, len(body)) for _ in range(source.randint(0, 8)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def by_decoder(given: Stream, turns: Sequence[Turn]) -> list[Outcome]:
    """What comes of these turns."""
    decoder = ChatDecoder(keepalives=given.keepalives)
    views: list[Iterator[object]] = []
    outcomes: list[Outcome] = []
    for what, argument in (*turns, *_FINALLY):
        match what:
            case "ask":
                outcomes.append(_asked(views[argument % len(views)]) if views else STOP)
            case "completion":
                outcomes.append(so_far(decoder.completion, decoder.ending))
            case _:
                method: Callable[..., Iterator[object]] = getattr(decoder, what)
                try:
                    views.append(method() if argument is None else method(argument))
                except SSEStreamError:
                    outcomes.append(FINAL)
                else:
                    outcomes.append(DONE)
    return [*outcomes, so_far(decoder.completion, decoder.ending)]


def _asked(view: Iterator[object]) -> Outcome:
    try:
        return "item", next(view)
    except StopIteration:
        return STOP
    except SSEStreamError as error:
        return "error", type(error).__name__, str(error)


def of_decoder(given: Stream, turns: Sequence[Turn]) -> list[Outcome]:
    """What has to come of these turns."""
    model = Model(given)
    views: list[str] = []  # the kind of each, "" once it has come to an end
    outcomes: list[Outcome] = []
    for what, argument in (*turns, *_FINALLY):
        match what:
            case "ask" if views:
                place = argument % len(views)
                outcome = model.ask(views[place]) if views[place] else None
                if outcome is None:
                    views[place] = ""
                outcomes.append(outcome or STOP)
            case "ask":
                outcomes.append(STOP)
            case "completion":
                outcomes.append(so_far(model.completion, model.ending))
            case "feed" | "feed_chunks" if model.has_failed:
                outcomes.append(FINAL)
            case _:
                views.append(_KINDS[what])
                outcomes.append(DONE)
                model.came += len(argument or b"")
                model.has_ended |= argument is None
    return [*outcomes, so_far(model.completion, model.ending)]


# ------------------------------------------------------------------------------------------ ways through a stream


def stream_turns(given: Stream, source: random.Random) -> list[Turn]:
    """A way of reading a stream with iterators over it, made and asked in any order. It begins with the pieces."""
    kinds = source.choice((("events",), ("events", "own"), ("events", "chunks"), ("events", "chunks", "text", "own")))
    turns: list[Turn] = [("pieces", [piece for piece in cut(given.body, source) if piece])]
    asks = source.choice((0.5, 0.8))
    for _ in range(source.randint(4, 30)):
        turns.append(("ask", source.randint(0, 9)) if source.random() < asks else ("view", source.choice(kinds)))
        if source.random() < 0.05:
            turns.append(("completion", None))
    if source.random() < 0.05:
        turns.append(("close", None))
    return [*turns, ("view", "events"), *[("ask", -1)] * 80]


class _Pieces:
    """The pieces of a body, and how many were taken."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self.taken = 0

    def read(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.taken += 1
            yield piece

    async def aread(self) -> AsyncIterator[bytes]:
        for piece in self.read():
            yield piece


def _sync_view(stream: ChatStream, kind: str) -> Iterator[object]:
    match kind:
        case "chunks":
            return stream.iter_chunks()
        case "text":
            return stream.iter_text()
        case "own":
            return stream
        case _:
            return iter(stream)


def _async_view(stream: AsyncChatStream, kind: str) -> AsyncIterator[object]:
    match kind:
        case "chunks":
            return stream.iter_chunks()
        case "text":
            return stream.iter_text()
        case "own":
            return stream
        case _:
            return aiter(stream)


async def _aasked(view: AsyncIterator[object]) -> Outcome:
    try:
        return "item", await anext(view)
    except StopAsyncIteration:
        return STOP
    except SSEStreamError as error:
        return "error", type(error).__name__, str(error)


def by_stream(given: Stream, turns: Sequence[Turn]) -> list[Outcome]:
    """What comes of these turns, and how many pieces had been read for each."""
    (_, pieces), *rest = turns
    source = _Pieces(pieces)
    views: list[Iterator[object]] = []
    outcomes: list[Outcome] = []
    is_over = False
    with ChatStream(source.read(), keepalives=given.keepalives) as stream:
        for what, argument in rest:
            match what:
                case "view":
                    views.append(_sync_view(stream, argument))
                case "ask":
                    outcome = _asked(views[argument % len(views)]) if views else STOP
                    outcomes.append((*_final(outcome, is_over=is_over), source.taken))
                    is_over |= outcome[0] == "error"
                case "completion":
                    outcomes.append(so_far(stream.completion, stream.ending))
                case _:
                    stream.close()
                    is_over = True
        return [*outcomes, so_far(stream.completion, stream.ending)]


def by_async_stream(given: Stream, turns: Sequence[Turn]) -> list[Outcome]:
    """The same of an async stream."""
    return asyncio.run(_by_async_stream(given, turns))


async def _by_async_stream(given: Stream, turns: Sequence[Turn]) -> list[Outcome]:
    (_, pieces), *rest = turns
    source = _Pieces(pieces)
    views: list[AsyncIterator[object]] = []
    outcomes: list[Outcome] = []
    is_over = False
    async with AsyncChatStream(source.aread(), keepalives=given.keepalives) as stream:
        for what, argument in rest:
            match what:
                case "view":
                    views.append(_async_view(stream, argument))
                case "ask":
                    outcome = await _aasked(views[argument % len(views)]) if views else STOP
                    outcomes.append((*_final(outcome, is_over=is_over), source.taken))
                    is_over |= outcome[0] == "error"
                case "completion":
                    outcomes.append(so_far(stream.completion, stream.ending))
                case _:
                    await stream.aclose()
                    is_over = True
        return [*outcomes, so_far(stream.completion, stream.ending)]


def _final(outcome: Outcome, *, is_over: bool) -> Outcome:
    """After an error, or `close`, it is all one whether a reader is told so or that there is nothing more."""
    return FINAL if is_over and outcome[0] in (STOP[0], "error") else outcome


def of_stream(given: Stream, turns: Sequence[Turn]) -> list[Outcome]:
    """What has to come of these turns, and how many pieces have to be read for each."""
    model = Model(given)
    (_, pieces), *rest = turns
    views: list[str] = []
    outcomes: list[Outcome] = []
    taken = 0
    is_over = False
    for what, argument in rest:
        match what:
            case "view":
                views.append(argument)
            case "ask" if is_over:
                outcomes.append((*FINAL, taken))
            case "ask" if views:
                kind = views[argument % len(views)]
                while (outcome := model.ask(kind)) is None and not model.has_ended:
                    model.has_ended = taken == len(pieces)
                    if not model.has_ended:
                        model.came += len(pieces[taken])
                        taken += 1
                outcomes.append((*(outcome or STOP), taken))
                is_over = model.has_failed
            case "ask":
                outcomes.append((*STOP, taken))
            case "completion":
                outcomes.append(so_far(model.completion, model.ending))
            case _:
                is_over = True
                model.close()
    return [*outcomes, so_far(model.completion, model.ending)]


# ------------------------------------------------------------------------------------------ the search


@dataclass(frozen=True)
class Reader:
    """What is read with, in turns.

    Attributes:
        name: What it is called.
        share: How many of 20 ways it is given.
        turns: Makes a way.
        found: What comes of one.
        wanted: What has to come of it.
    """

    name: str
    share: int
    turns: Callable[[Stream, random.Random], list[Turn]]
    found: Callable[[Stream, Sequence[Turn]], list[Outcome]]
    wanted: Callable[[Stream, Sequence[Turn]], list[Outcome]]


READERS = (
    Reader("ChatDecoder", 10, decoder_turns, by_decoder, of_decoder),
    Reader("ChatStream", 8, stream_turns, by_stream, of_stream),
    Reader("AsyncChatStream", 2, stream_turns, by_async_stream, of_stream),
)


@dataclass(frozen=True)
class Difference:
    """A way that gives something else than it has to."""

    reader: str
    given: Stream
    turns: Sequence[Turn]
    wanted: object
    found: object

    def __str__(self) -> str:
        turns = "\n".join(f"    {what} {'' if argument is None else argument!r}" for what, argument in self.turns)
        return f"{self.reader}, {self.given.body!r}:\n{turns}\n  wanted: {self.wanted!r}\n  found:  {self.found!r}"


def difference(reader: Reader, given: Stream, turns: Sequence[Turn]) -> Difference | None:
    """Where a way differs first; `None` if it does not."""
    wanted = reader.wanted(given, turns)
    try:
        found = reader.found(given, turns)
    except Exception as error:  # what no reader may raise is a difference as well
        return Difference(reader.name, given, turns, wanted[-1], error)
    if wanted == found:
        return None
    pairs = [pair for pair in zip(wanted, found, strict=True) if pair[0] != pair[1]]
    return Difference(reader.name, given, turns, *pairs[0])


def shortest(reader: Reader, found: Difference) -> Difference:
    """The same way with as few turns as still show a difference."""
    place = len(found.turns) - 1
    while place >= 0:
        fewer = difference(reader, found.given, [*found.turns[:place], *found.turns[place + 1 :]])
        # Without their bytes, or in another order, other things would have to come.
        if fewer is not None and found.turns[place][0] in ("ask", "view", "completion", "close", "close_chunks"):
            found = fewer
        place -= 1
    return found


def search(seeds: range, readers: Sequence[Reader] = READERS) -> tuple[Counter[str], list[Difference]]:
    """Read a stream for each seed, in twenty ways: how many ways each reader went, and those that differ."""
    gone: Counter[str] = Counter()
    found: list[Difference] = []
    for seed in seeds:
        source = random.Random(seed)
        given = stream(source)
        for reader in readers:
            for _ in range(reader.share):
                gone[reader.name] += 1
                differing = difference(reader, given, reader.turns(given, source))
                if differing is not None:
                    found.append(differing)
    return gone, found


def made_short(found: Sequence[Difference]) -> list[Difference]:
    """Of each reader the first difference, by as few turns as show it."""
    first = {differing.reader: differing for differing in reversed(found)}
    return [shortest(reader, first[reader.name]) for reader in READERS if reader.name in first]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.turns", description=__doc__.partition("\n")[0])
    parser.add_argument("--ways", type=int, default=100_000)
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the first stream; the others count up from it (default: 0)"
    )
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args(arguments)
    last = chosen.seed + -(-chosen.ways // WAYS)
    batches = [range(begin, min(begin + _BATCH, last)) for begin in range(chosen.seed, last, _BATCH)]
    gone: Counter[str] = Counter()
    found: list[Difference] = []
    began = told = time.monotonic()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for ways, differences in pool.map(search, batches):
            gone.update(ways)
            found.extend(differences)
            if time.monotonic() - told > 5:
                told = time.monotonic()
                print(f"{gone.total():9,} ways, {told - began:5.0f} s, {len(found)} differ", flush=True)
    wrong = Counter(differing.reader for differing in found)
    print(f"{'':20}{'ways':>9}{'differ':>9}")
    for name, count in gone.items():
        print(f"{name:20}{count:9,}{wrong[name]:9,}")
    print(f"{gone.total():,} ways through {gone.total() // WAYS:,} streams in {time.monotonic() - began:.0f} s")
    for differing in made_short(found):
        print(f"\n{differing}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
