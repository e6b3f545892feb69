"""Invariants that hold for arbitrary bytes. Each check takes a body, and raises `AssertionError` if an invariant fails.

The fuzzer calls them with the bodies that it finds, the tests with bodies that are known to be hard. How a body is
split depends on its bytes only, so that a failure is reproducible.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from sse_stream import (
    Anomaly,
    ChatAccumulator,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChunkDecodeError,
    Ending,
    EventTooLargeError,
    Limits,
    ReasoningDelta,
    ReasoningPart,
    RefusalDelta,
    RefusalPart,
    ServerSentEvent,
    SSEDecoder,
    SSEStreamError,
    StreamDone,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
)
from sse_stream._json._lenient import loads
from sse_stream._json._reading import ignore, read_struct
from sse_stream.dialects import AnthropicMessages, Dialect, GeminiContent, OpenAIChat, OpenAIResponses
from sse_stream.dialects._quirks import normalized

from ..dialects.slow import without_fast_paths
from ..sse import standard as sse_standard
from .comparing import so_far
from .partial_invariants import check_partial

# Up to this many bytes a body is also read one byte at a time.
_BYTEWISE = 120


def ways_of_cutting(body: bytes) -> list[list[bytes]]:
    """Some ways of cutting a body, always the same ones for the same body.

    After each blank line, as servers do, at random, and if it is short everywhere.
    """
    source = random.Random(zlib.crc32(body))
    ways = [re.split(rb"(?<=\n\n)", body)]
    for most in (1, 3, 12):
        places = sorted(source.randint(0, len(body)) for _ in range(source.randint(1, most)))
        ways.append([body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)])
    if len(body) <= _BYTEWISE:
        ways.append([body[place : place + 1] for place in range(len(body))])
    return ways


# Server-sent events.


def check_sse(body: bytes) -> None:
    """`SSEDecoder` finds what the standard's algorithm finds, however the body is cut, with and without a limit."""
    for limit in (None, 1 + zlib.crc32(body) % 64):
        wanted = sse_standard.read(body, max_event_size=limit)
        for pieces in ([body], *ways_of_cutting(body)):
            for unread in (False, True):
                found = _read_sse(pieces, limit, unread=unread)
                assert found.events == wanted.events, (pieces, limit, unread)
                assert found.last_event_id == wanted.last_event_id, (pieces, limit, unread)
                assert found.too_large == wanted.too_large, (pieces, limit, unread)
                assert found.comments == wanted.comments, (pieces, limit, unread)
                assert found.ignored == wanted.ignored, (pieces, limit, unread)
                # Python converts no longer decimal under every setting, so a longer one is ignored.
                if wanted.retry is None or wanted.retry < 10**640:
                    assert found.retry == wanted.retry, (pieces, limit, unread)


def _read_sse(pieces: Sequence[bytes], limit: int | None, *, unread: bool) -> sse_standard.Reading:
    """Decode; `unread` leaves everything that was fed for the end."""
    found = sse_standard.Reading()
    decoder = SSEDecoder(
        max_event_size=limit,
        on_comment=found.comments.append,
        on_unknown_field=lambda name, value: found.ignored.append((name, value)),
    )
    try:
        for piece in pieces:
            events = decoder.feed(piece)
            if not unread:
                for event in events:
                    found.events.append(event)
        for event in decoder.close():
            found.events.append(event)
    except EventTooLargeError:
        found.too_large = True
        _check_final(decoder)
    found.last_event_id = decoder.last_event_id
    found.retry = decoder.retry
    for event in found.events:
        if event.retry is not None and event.retry >= 10**640:
            continue
        if "\r" not in event.data + event.event + event.id:
            again = list(SSEDecoder(max_event_size=None).feed(event.encode()))
            assert again == [event]
    return found


def _check_final(decoder: SSEDecoder | ChatDecoder) -> None:
    """An error is final: what is fed after it says so, and closing does no harm."""
    try:
        decoder.feed(b"data: more\n\n")
    except SSEStreamError:
        pass
    else:
        raise AssertionError("a decoder that has failed took more bytes")
    assert list(decoder.close()) == []


# Chat streams.


@dataclass(frozen=True)
class Outcome:
    """All that a reading of a chat stream shows."""

    events: list[ChatEvent]
    error: tuple[str, str] | None
    completion: ChatCompletion
    ending: Ending
    anomalies: tuple[Anomaly, ...]


SMALL = Limits(event_size=2000, output_size=3000, choices=3, tool_calls=4)


def check_chat(body: bytes) -> None:
    """`ChatDecoder` finds the format, raises nothing but its own errors, adds up, and does not care about the cuts."""
    whole, _ = _check_stream(body, lambda: None)
    _check_same(_read_chat([body], without_fast_paths(OpenAIChat())), _read_chat([body], OpenAIChat()), [body])
    _check_chunks(body, whole)


def check_format(make: Callable[[], Dialect], body: bytes) -> None:
    """The same for a format that is given, which reads alike with and without its fast paths."""
    whole, limited = _check_stream(body, make)
    _check_same(_read_chat([body], without_fast_paths(make())), whole, [body])
    _check_same(_read_chat([body], without_fast_paths(make()), limits=SMALL), limited, [body])


def _check_stream(body: bytes, make: Callable[[], Dialect | None]) -> tuple[Outcome, Outcome]:
    """What holds for every format. Returns the reading of the whole body, without limits and with small ones."""
    whole = _read_chat([body], make())
    _check_sums(whole)
    for pieces in ways_of_cutting(body):
        for unread in (False, True):
            _check_same(_read_chat(pieces, make(), unread=unread), whole, pieces)
    limited = _read_chat([body], make(), limits=SMALL)
    _check_sums(limited)
    for pieces in ways_of_cutting(body):
        _check_same(_read_chat(pieces, make(), limits=SMALL), limited, pieces)
    _check_strict(_read_chat([body], make(), strict=True), whole, body)
    return whole, limited


def _read_chat(
    pieces: Sequence[bytes],
    dialect: Dialect | None,
    *,
    unread: bool = False,
    strict: bool = False,
    limits: Limits = Limits(),
) -> Outcome:
    decoder = ChatDecoder(dialect=dialect, strict=strict, limits=limits, keepalives=True)
    events: list[ChatEvent] = []
    said = None
    try:
        for piece in pieces:
            given = decoder.feed(piece)
            if not unread:
                for event in given:
                    events.append(event)
        for event in decoder.close():
            events.append(event)
    except SSEStreamError as error:
        said = (type(error).__name__, str(error))
        assert str(error)
        assert decoder.error is error
        assert same(error.completion, decoder.completion)
        _check_final(decoder)
    return Outcome(events, said, decoder.completion, decoder.ending, decoder.anomalies)


def _check_same(cut: Outcome, whole: Outcome, pieces: Sequence[bytes]) -> None:
    cut, whole = (replace(one, completion=so_far(one.completion, one.ending)[0]) for one in (cut, whole))
    for name in ("events", "error", "completion", "ending", "anomalies"):
        assert same(getattr(cut, name), getattr(whole, name)), (name, pieces, getattr(cut, name), getattr(whole, name))


def same(one: object, other: object) -> bool:
    """Whether two values are equal, where a NaN in them equals itself."""
    return one == other or repr(one) == repr(other)


def _check_sums(outcome: Outcome) -> None:
    """The events of each choice add up to the completion, and the end is what it is said to be."""
    events, completion = outcome.events, outcome.completion
    done = [event for event in events if isinstance(event, StreamDone)]
    assert (outcome.ending == "complete") == (outcome.error is None) == bool(done)
    assert outcome.ending not in ("open", "closed", "transport_error", "timeout")
    if done:
        assert events[-1:] == done or same(events[-1:], done)
        assert same(done[0].completion, completion)
    for event in events:
        msgspec.json.decode(msgspec.json.encode(event))
    json.dumps(completion.to_dict()).encode()
    assert [choice.index for choice in completion.choices] == sorted({choice.index for choice in completion.choices})
    for choice in completion.choices:
        own = [event for event in events if getattr(event, "choice", None) == choice.index]
        message = choice.message
        json.dumps(message.to_dict()).encode()
        partial = outcome.error is not None and outcome.error[0] in ("OutputTooLargeError", "ChunkDecodeError")
        for delta, part, kept in (
            (TextDelta, TextPart, message.content),
            (ReasoningDelta, ReasoningPart, message.reasoning),
            (RefusalDelta, RefusalPart, message.refusal),
        ):
            delivered = "".join(event.text for event in own if isinstance(event, delta))
            texts = [found.text for found in message.parts if isinstance(found, part)]
            assert (kept or "") == "".join(texts)
            if len(texts) > 1:  # which may have taken turns: each part keeps its own pieces together
                assert Counter(delivered) == Counter(kept) or (partial and Counter(delivered) <= Counter(kept))
            else:
                _check_text(delivered, kept, partial)
        started = [event.index for event in own if isinstance(event, ToolCallStarted)]
        assert started == list(range(len(started)))
        assert len(started) == len(message.tool_calls) or partial
        for number, call in enumerate(message.tool_calls):
            pieces = [event.arguments for event in own if isinstance(event, ToolCallDelta) and event.index == number]
            _check_text("".join(pieces), call.arguments, partial)
            ended = [event for event in own if isinstance(event, ToolCallDone) and event.index == number]
            assert len(ended) == 1 if done else len(ended) <= 1
    for event in events:
        assert getattr(event, "text", "x") != ""
        assert getattr(event, "arguments", "x") != ""


def _check_text(delivered: str, kept: str | None, partial: bool) -> None:
    """A chunk that is refused may be kept in part, and is then not delivered."""
    kept = kept or ""
    assert delivered == kept or (partial and kept.startswith(delivered)), (delivered, kept)


def _check_strict(strict: Outcome, lenient: Outcome, body: bytes) -> None:
    """Strict mode is the same where nothing is odd, and stops at the first oddity where something is."""
    if not any(anomaly.level == "deviation" for anomaly in lenient.anomalies):
        _check_same(strict, lenient, [body])
        return
    assert strict.error is not None
    assert len(strict.events) <= len(lenient.events)
    assert same(strict.events, lenient.events[: len(strict.events)])
    if strict.error != lenient.error:
        assert strict.error[0] == ChunkDecodeError.__name__


def _check_chunks(body: bytes, whole: Outcome) -> None:
    """The chunks, added up by hand, are the completion. In other formats it also has the parts of their own."""
    decoder = ChatDecoder()
    accumulator = ChatAccumulator()
    error = None
    try:
        for chunks in (decoder.feed_chunks(body), decoder.close_chunks()):
            for chunk in chunks:
                accumulator.add(chunk)
                assert isinstance(chunk.raw, dict)
    except SSEStreamError as failure:
        error = (type(failure).__name__, str(failure))
    assert error == whole.error
    if error is None:
        accumulator.close()  # what may be a placeholder waits for the end
    if whole.completion.dialect in (OpenAIChat.name, ""):
        added, wanted = (so_far(one, whole.ending)[0] for one in (accumulator.completion, whole.completion))
        assert same(added, wanted)


# The tolerant reader.


def check_reader(body: bytes) -> None:
    """Whatever JSON comes as a chunk is read; what the fast path reads, the tolerant path reads alike; nothing is lost."""
    text = body.decode("utf-8", "replace")
    try:
        value, loose = loads(text)
    except ChunkDecodeError:
        try:
            OpenAIChat().decode(ServerSentEvent(text))
        except ChunkDecodeError:
            pass
        return
    if not isinstance(value, dict):
        return
    before = repr(value)
    reported: list[tuple[str, Any]] = []
    chunk = read_struct(ChatCompletionChunk, normalized(value, ignore), lambda *said: reported.append(said))
    assert repr(value) == before
    for item in OpenAIChat().decode(ServerSentEvent(text)):
        assert item is not None
    accumulator = ChatAccumulator()
    events = accumulator.add(chunk)
    msgspec.json.encode(events)
    completion = accumulator.completion
    json.dumps(completion.to_dict()).encode()
    assert same(ChatCompletionChunk.from_dict(value).raw, value)
    _check_kept(value, chunk)
    fast = None if loose else OpenAIChat().decode_plain(text)
    if fast is not None:
        assert fast == chunk or same(fast, chunk)
        assert not reported
        assert same(fast.raw, value)
        again = ChatAccumulator()
        assert same(again.add(fast), events)
        assert same(again.completion, completion)


def _check_kept(value: Mapping[str, Any], chunk: ChatCompletionChunk) -> None:
    """What the model does not name is in `extra`, level by level, as far as the levels are what they should be."""
    known = set(ChatCompletionChunk.__struct_fields__) - {"extra", "_source"}
    for name, item in value.items():
        if name not in known:
            assert same(chunk.extra[name], item)
        elif isinstance(item, str) and isinstance(getattr(chunk, name), str):
            assert getattr(chunk, name) == item


CHECKS: Mapping[str, Callable[[bytes], None]] = {
    "sse": check_sse,
    "chat": check_chat,
    "anthropic": partial(check_format, AnthropicMessages),
    "responses": partial(check_format, OpenAIResponses),
    "gemini": partial(check_format, GeminiContent),
    "partial": check_partial,
    "reader": check_reader,
}
"""The checks, by the name of what they check."""
