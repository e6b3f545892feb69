"""The outcome of a stream does not depend on how it is read, even if chunks resemble the previous ones.

Reading one byte at a time never takes the shortcut, and serves as the reference.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import ChatDecoder, ChatEvent, ChatStream, Limits, SSEStreamError
from sse_stream.testing import bytewise

Outcome = tuple[Any, ...]


def outcome(pieces: Iterable[bytes], *, unread: bool = False, **options: Any) -> Outcome:
    """All that can be seen of a stream. `unread` leaves half of what is fed to the next call."""
    decoder = ChatDecoder(keepalives=True, **options)
    events: list[ChatEvent] = []
    error: SSEStreamError | None = None
    try:
        for number, piece in enumerate(pieces):
            for event in decoder.feed(piece):
                events.append(event)
                if unread and number % 2:
                    break
        events.extend(decoder.close())
    except SSEStreamError as caught:
        error = caught
    return events, type(error), str(error), decoder.ending, decoder.completion, decoder.anomalies


def counters(pieces: Iterable[bytes], **options: Any) -> tuple[int, ...]:
    """How many server-sent events, chunks, generated pieces and keep-alives there were."""
    stream = ChatStream(pieces, **options)
    with suppress(SSEStreamError):
        for _ in stream:
            pass
    timings = stream.timings
    return timings.events, timings.chunks, timings.deltas, timings.keepalives


def framed(data: str, end: bytes = b"\n\n") -> bytes:
    return b"data: " + data.encode() + end


def ways(events: list[bytes]) -> list[list[bytes]]:
    """The same bytes in reads of one event, of some, of all, and cut anywhere."""
    body = b"".join(events)
    source = random.Random(len(body))
    cuts = [sorted(source.sample(range(len(body) + 1), min(len(events), len(body)))) for _ in range(2)]
    return [
        events,
        [b"".join(events[place : place + 3]) for place in range(0, len(events), 3)],
        [*events[:3], b"".join(events[3:-3]), *events[-3:]] if len(events) > 6 else events,
        [body],
        *([body[a:b] for a, b in zip([0, *cut], [*cut, len(body)], strict=True)] for cut in cuts),
    ]


def check(events: list[bytes], **options: Any) -> None:
    body = b"".join(events)
    expected, counted = outcome(bytewise(body), **options), counters(bytewise(body), **options)
    for pieces in ways(events):
        assert outcome(pieces, **options) == expected, pieces
        assert outcome(pieces, unread=True, **options) == expected, pieces
        if b"[DONE]" not in body[:-16]:  # what comes after it is read only where it came with it
            assert counters(pieces, **options) == counted, pieces


def stream(chunks: Iterable[Any]) -> list[bytes]:
    return [framed(json.dumps(chunk, ensure_ascii=False)) for chunk in chunks]


# One field says something else in each chunk, and the rest of the chunk stays.

TEXTS = [
    "a",
    "b",
    "",
    "cd",
    'e"\\',
    "é\n",
    "f",
    "f",
    "{",
    "8",
    "}",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "g",
    "g.",
    "g..",
]
NUMBERS = [1, 2, 3, 9, 10, 11, 99, 100, 5, 5, 10**14, 10**15, 10**16, 0, -1, -2, 1.5, 2.5, 7, 8, 9]


def choice(delta: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, **fields}]}


STAYING: dict[str, Callable[[str], Any]] = {
    "content": lambda text: choice({"content": text}),
    "content and role": lambda text: choice({"role": "assistant", "content": text}),
    "content and names": lambda text: {"id": "c1", "model": "m", "created": 1, **choice({"content": text})},
    "reasoning": lambda text: choice({"reasoning": text}),
    "reasoning content": lambda text: choice({"reasoning_content": text}),
    "refusal": lambda text: choice({"refusal": text}),
    "content beside empty reasoning": lambda text: choice({"content": text, "reasoning": "", "refusal": None}),
    "content beside reasoning": lambda text: choice({"content": text, "reasoning": "hm"}),
    "content beside refusal": lambda text: choice({"content": text, "refusal": "no"}),
    "both spellings of reasoning": lambda text: choice({"reasoning": text, "reasoning_content": text}),
    "one spelling of reasoning": lambda text: choice({"reasoning": text, "reasoning_content": "hm"}),
    "content beside a call": lambda text: choice(
        {"content": text, "tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{"}}]}
    ),
    "content beside audio": lambda text: choice({"content": text, "audio": {"data": "QQ=="}}),
    "content beside a legacy call": lambda text: choice({"content": text, "function_call": {"arguments": "{"}}),
    "content beside details": lambda text: choice({"content": text, "reasoning_details": [{"text": "hm"}]}),
    "content beside its delta's own": lambda text: choice({"content": text, "odd": "x"}),
    "content beside its choice's own": lambda text: choice({"content": text}, odd="x"),
    "content beside its chunk's own": lambda text: {"odd": "x", **choice({"content": text})},
    "content beside log probabilities": lambda text: choice(
        {"content": text}, logprobs={"content": [{"token": "x", "logprob": -0.5}]}
    ),
    "content beside usage": lambda text: {**choice({"content": text}), "usage": {"prompt_tokens": 5, "cost": 1}},
    "content beside moderation": lambda text: {**choice({"content": text}), "moderation": {"a": 1}},
    "content beside a tier": lambda text: {**choice({"content": text}), "service_tier": "auto", "obfuscation": "x"},
    "content and a finish": lambda text: choice({"content": text}, finish_reason="stop"),
    "content in two choices": lambda text: {
        "choices": [{"index": place, "delta": {"content": text}} for place in range(2)]
    },
    "content beside what is longer by a dot": lambda text: {
        "odd": "b.",
        **choice({"content": text, "odd": "b.", "reasoning_details": [{"type": "b.", "text": "hm"}]}),
    },
    "details beside what is longer by a dot": lambda text: choice(
        {"reasoning_details": [{"type": "b.", "text": text}, {"id": "b."}], "odd": "b."}
    ),
    "an own beside what is longer by a dot": lambda text: {"odd": text, "more": "b.", "model": "b.", **choice({})},
    "an own beside a call without function": lambda text: {
        "odd": text,
        **choice({"tool_calls": [{"index": 0, "id": "c"}]}),
    },
    "content in one of two choices": lambda text: {
        "choices": [{"index": 0, "delta": {"content": "x"}}, {"index": 1, "delta": {"content": text}}]
    },
    "content in a second choice": lambda text: {"choices": [{"index": 1, "delta": {"content": text}}]},
    "content twice": lambda text: choice({"content": text}, text=text),
    "a repeated message": lambda text: choice({"content": "x"}, message={"content": text}),
    "arguments": lambda text: choice({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}),
    "an id": lambda text: choice({"tool_calls": [{"index": 0, "id": text}]}),
    "details": lambda text: choice({"reasoning_details": [{"type": "t", "text": text}, {"text": "hm"}]}),
    "a chunk's own": lambda text: {"odd": text, **choice({"content": "x"})},
    "a choice's own": lambda text: choice({"content": "x"}, odd=text),
    "a delta's own": lambda text: choice({"odd": text}),
    "a call's own": lambda text: choice({"tool_calls": [{"index": 0, "odd": text, "function": {"odd": text}}]}),
    "a padding and the text": lambda text: {"obfuscation": text[::-1] * 2, **choice({"content": text})},
    "the text and a padding": lambda text: {**choice({"content": text}), "obfuscation": text[::-1] * 2},
    "the text and a stated padding": lambda text: {**choice({"reasoning": text}), "odd": 1, "obfuscation": text},
    "an id and the text": lambda text: {"id": text, **choice({"content": text + "!"})},
    "a model": lambda text: {"model": text, **choice({"content": "x"})},
    "a role": lambda text: choice({"role": text, "content": "x"}),
    "a finish reason": lambda text: choice({"content": "x"}, finish_reason=text),
    "a name": lambda text: {**choice({"content": "x"}), "x" + text: 1},
    "a name within": lambda text: choice({"content": "x", "x" + text: 1}),
    "a text in a log probability": lambda text: choice({"content": text}, logprobs={"content": [{"token": text}]}),
    "a text in audio": lambda text: choice({"audio": {"transcript": text}}),
    "a text in a list": lambda text: {"odd": ["x", text], **choice({"content": "x"})},
    "a text in usage": lambda text: {**choice({}), "usage": {"prompt_tokens": 1, "odd": text}},
    "an error": lambda text: {"error": text, **choice({"content": "x"})},
    "an error in a choice": lambda text: choice({"content": "x"}, error=text),
    "a type": lambda text: {"type": text, **choice({"content": "x"})},
    "nothing but text": lambda text: text,
}
COUNTING: dict[str, Callable[[float], Any]] = {
    "created": lambda number: {"created": number, **choice({"content": "x"})},
    "a count beside a call without function": lambda number: {
        **choice({"tool_calls": [{"index": 0, "id": "c"}]}),
        "usage": {"completion_tokens": number, "odd": 1},
    },
    "created after a quote": lambda number: {**choice({"content": 'a"'}), "created": number, "odd": 1},
    "a number in an id": lambda number: {"id": f"c{number}", **choice({"content": "x"})},
    "a number in a text": lambda number: choice({"content": f"a{number}b"}),
    "a count": lambda number: {**choice({"content": "x"}), "usage": {"prompt_tokens": 5, "completion_tokens": number}},
    "two counts": lambda number: {
        **choice({"content": "x"}),
        "usage": {"prompt_tokens": 5, "completion_tokens": number, "total_tokens": number + 5},
    },
    "a count and details": lambda number: {
        **choice({"content": "x"}),
        "usage": {"completion_tokens": number, "completion_tokens_details": {"reasoning_tokens": number}},
    },
    "a count beside the next": lambda number: {
        **choice({"content": "x"}),
        "created": 3,
        "usage": {"prompt_tokens": 3, "completion_tokens": number, "odd": 3},
    },
    "an own number": lambda number: {"odd": number, **choice({"content": "x"})},
    "an index": lambda number: {"choices": [{"index": number, "delta": {"content": "x"}}]},
    "an index of a call": lambda number: choice({"tool_calls": [{"index": number, "function": {"arguments": "x"}}]}),
    "a number in details": lambda number: choice({"reasoning_details": [{"index": number, "text": "x"}]}),
    "a probability": lambda number: choice({"content": "x"}, logprobs={"content": [{"token": "x", "logprob": number}]}),
}
# The text says something else in each chunk, and another field now and then: of the same length, and before it.
TURNING: dict[str, Callable[[str, str], Any]] = {
    "own of the chunk": lambda text, turn: {"odd": turn, **choice({"content": text})},
    "own of the choice": lambda text, turn: {"choices": [{"odd": turn, "index": 0, "delta": {"content": text}}]},
    "own of the delta": lambda text, turn: choice({"odd": turn, "content": text}),
    "tier": lambda text, turn: {"service_tier": turn, **choice({"content": text})},
    "choice": lambda text, turn: {"choices": [{"index": int(turn), "delta": {"content": text}}]},
    "role": lambda text, turn: choice({"role": turn, "content": text}),
    "finish": lambda text, turn: {"choices": [{"index": 0, "finish_reason": turn, "delta": {"content": text}}]},
    "tier before a padding": lambda text, turn: {
        **choice({"content": text}),
        "service_tier": turn,
        "obfuscation": text * 2,
    },
    "choice before a padding": lambda text, turn: {
        "choices": [{"index": int(turn), "delta": {"content": text}}],
        "obfuscation": text * 2,
    },
    "finish before a padding": lambda text, turn: {
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": turn}],
        "obfuscation": text * 2,
    },
    "choice after a padding": lambda text, turn: {
        "p": text,
        "choices": [{"index": int(turn), "delta": {"content": text}}],
    },
    "channel": lambda text, turn: choice({"refusal" if int(turn) % 2 else "content": text}),
    "count": lambda text, turn: {"usage": {"prompt_tokens": int(turn)}, **choice({"content": text})},
}
# What makes a chunk an odd one, now and then.
BETWEEN = [
    b": a comment\n\n",
    b"id: 5\n\n",
    b"event: ping\ndata: {}\n\n",
    b"\n",
    b"error: bad\n\n",
    b"data: [DONE]\n\n",
    framed('{"choices":[{"index":0,"delta":{"content":"x"}}]}', b"\r\n\r\n"),
    framed('{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'),
    framed('{"choices":[{"delta":{"content":"x"}}]}'),
    framed("not JSON"),
    b"data: \xff\n\n",
    b"data: cut",
]
EVERY = {
    **{name: stream(map(chunk, TEXTS * 2)) for name, chunk in STAYING.items()},
    **{name: stream(map(chunk, NUMBERS * 2)) for name, chunk in COUNTING.items()},
    **{
        f"a {name} that turns": stream(chunk(text, str(number // 4)) for number, text in enumerate(TEXTS * 2))
        for name, chunk in TURNING.items()
    },
}


@pytest.mark.parametrize("events", EVERY.values(), ids=EVERY)
def test_what_changes_is_read_and_what_stays_is_not_forgotten(events: list[bytes]) -> None:
    check([*events, b"data: [DONE]\n\n"])
    check([event.replace(b"\n", b"\r\n") for event in events])
    check(events, strict=True)


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("name", ["content", "arguments", "created", "the text and a padding", "content beside usage"])
def test_what_comes_between_counts(name: str, between: bytes) -> None:
    events = EVERY[name]
    for place in (1, 4, 9):
        check([*events[:place], between, *events[place:]])


@pytest.mark.parametrize(
    "name", ["content", "arguments", "a padding and the text", "the text and a padding", "two counts"]
)
def test_limits_are_where_they_are(name: str) -> None:
    events = EVERY[name]
    for size in range(1, 60, 3):
        check(events, limits=Limits(output_size=size))
    longest = max(map(len, events))
    for size in (longest - 9, longest - 3, longest - 2, longest - 1):
        check(events, limits=Limits(event_size=size))


@pytest.mark.parametrize("begin", [b"", b"id: 1\n", b": comment\n", b"event: x\n"])
def test_the_first_oddity_is_the_error_of_strict_mode(begin: bytes) -> None:
    events = stream([choice({"content": "a"}), choice({}, finish_reason="stop"), *[choice({"content": "b"})] * 4])
    check([begin + events[0], *events[1:]], strict=True)
    check([begin + events[0], *events[1:4], framed("{"), events[-1]], strict=True)
    check([begin + events[0], *events[1:3], b"data: " + b"x" * 200], strict=True, limits=Limits(event_size=100))


CHUNKS = st.builds(
    lambda template, values: [template(value) for value in values],
    st.sampled_from(list(STAYING.values())),
    st.lists(st.sampled_from(TEXTS) | st.text(max_size=3), min_size=1, max_size=6),
)


@given(st.lists(CHUNKS, max_size=4), st.lists(st.sampled_from(BETWEEN[:4]), max_size=2), st.randoms())
def test_whatever_comes_after_whatever(groups: list[list[Any]], between: list[bytes], source: random.Random) -> None:
    events = [event for group in groups for event in stream(group)]
    for event in between:
        events.insert(source.randint(0, len(events)), event)
    check(events)


def in_turns(pieces: Iterable[bytes], source: random.Random, **options: Any) -> tuple[Outcome, list[ChatEvent]]:
    """All that can be seen of a stream but its events, and those, where each call is for events or for chunks, and
    reads some of them or all."""
    decoder = ChatDecoder(keepalives=True, **options)
    events: list[ChatEvent] = []
    error: SSEStreamError | None = None
    try:
        for piece in pieces:
            if source.random() < 0.5:
                list(islice(decoder.feed_chunks(piece), source.choice([0, 1, 1, 2, None])))
            else:
                events.extend(islice(decoder.feed(piece), source.choice([0, 1, 1, 2, None])))
        events.extend(decoder.close())
    except SSEStreamError as caught:
        error = caught
    return (type(error), str(error), decoder.ending, decoder.completion, decoder.anomalies), events


@pytest.mark.parametrize("options", [{}, {"strict": True}, {"limits": Limits(output_size=12)}])
@pytest.mark.parametrize("name", ["content", "the text and a padding", "an error in a choice", "own of the delta"])
def test_events_and_chunks_in_turns_lose_nothing(name: str, options: dict[str, Any]) -> None:
    changing = EVERY.get(name) or EVERY[f"a {name} that turns"]
    refused = framed(json.dumps({"choices": [{"index": 0, "delta": {"content": "z"}, "error": {"message": "no"}}]}))
    for seed in range(150):
        source = random.Random(seed)
        events = source.sample(changing, len(changing)) if seed % 2 else [*changing]
        events.insert(source.randint(0, len(events)), source.choice([*BETWEEN, refused, events[0] + events[1]]))
        expected = outcome(bytewise(b"".join(events)), **options)
        found, delivered = in_turns(events, source, **options)
        assert found == expected[1:], (seed, events)
        waiting = iter(expected[0])
        assert all(event in waiting for event in delivered), (seed, events)
