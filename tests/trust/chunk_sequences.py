"""Sequences of chunks that are hard for code that compares chunks instead of decoding them.

Most chunks of a sequence repeat the previous one with a different text, so that comparing pays off. They also contain
what could mislead a comparison: equal values in two fields, texts that look like JSON, duplicate keys, one string in
several spellings, fields that change occasionally, padding, and other events between the chunks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from sse_stream import Limits

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Case:
    """A stream, and how it is read.

    Attributes:
        events: The bytes of each event, its blank line included.
        strict: Whether it is read in strict mode.
        limits: Bounds on memory.
        goes_on: Whether more comes after `[DONE]`.
    """

    events: list[bytes]
    strict: bool
    limits: Limits
    goes_on: bool


@dataclass(frozen=True)
class Step:
    """What one chunk says that others say otherwise.

    Attributes:
        text: The JSON of its text, quotes included.
        again: The same text, spelled otherwise.
        padding: The JSON of its padding, quotes included.
        number: How many chunks came before.
        turn: Counts up now and then.
    """

    text: bytes
    again: bytes
    padding: bytes
    number: int = 0
    turn: int = 0


Written: TypeAlias = Callable[[Step], bytes]
"""Writes the JSON of a value."""

Fields: TypeAlias = list[tuple[bytes, Written]]
"""The JSON of names, and what writes their values. A name may stand there twice."""

# Texts, names and values are taken from the same words, so that they meet.
WORDS = (
    *(
        "a",
        "b",
        "",
        "cd",
        "Hello",
        " ",
        "assistant",
        "stop",
        "m-1",
        "c1",
        "0",
        "1",
        "8",
        "null",
        "true",
        "{",
        "}",
        "[]",
    ),
    *(
        "content",
        "delta",
        "index",
        "choices",
        "obfuscation",
        'e"\\',
        "é",
        "日本",
        "😀",
        "\n",
        "\u2028",
        "/",
        "\x7f",
        "\0",
    ),
    *('"content":"', '","content":"', '"}}]}', '"},"finish_reason":null}]}', '","obfuscation":"', "data: ", "[DONE]"),
)
# What stands between two quotes and is no JSON string, or is one that is hardly ever written.
ODD_TEXTS = (
    *(rb"\ud83d", rb"\ude00", rb"\ud83d\ude00", rb"\u00e9", rb"\u0022", rb"\u005c", rb"\/", rb"\x", b"\t", b"a\\"),
    *(b'a","content":"b', b'a","odd":"b', b'a","content":null,"odd":"b', b'a"},"odd":{"x":"b', b'a":"b', b'a","b'),
    *(
        b"\xff",
        b"\xc3",
        b"\xe6\x97",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\x00",
        b"\x85",
        b'a" ',
        b' "a',
        b"a\rb",
        b"a\nb",
    ),
)
NUMBERS = (b"0", b"1", b"8", b"-0", b"-1", b"1.0", b"1e2", b"0.5", b"9007199254740993", b"1" * 25)
ODD_NUMBERS = (b"01", b"1e400", b"NaN", b"1" * 700)
OTHERS = (b"null", b"true", b"false", b"{}", b"[]", b'""')
TEXT_FIELDS = ("content", "content", "content", "content", "reasoning_content", "reasoning", "refusal")
FINISH_REASONS = (b"null", b"null", b'"stop"', b'""', b'"length"', b'"error"', b"0")
INDICES = ((b"0",), (b"0",), (b"0",), (b"0",), (b"1",), (b"0", b"1"), (b"0", b"0", b"1"), (b"0", b"-1"), (b"0", b'"0"'))
BEGINNINGS = (
    *(b"data:", b"data:  ", b"event: message\ndata: ", b"event: x\ndata: ", b"id: 7\ndata: ", b": c\ndata: "),
    *(b"retry: 5\ndata: ", b"data\ndata: ", b"\ndata: "),
)
BETWEEN = (
    *(b": ping\n\n", b": ping\n", b"\n", b"id: 5\n\n", b"event: ping\ndata: {}\n\n", b"data: :\n\n", b"data: \n\n"),
    *(b'event: ping\ndata: {"choices":[]}\n\n', b'data: {"type":"ping"}\n\n'),
    *(b"event: ping\n", b"data: {\n", b"data\n", b"data: \n", b"d", b"\r", b"id: 6\n"),
    b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n',
    b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n',
    b'data: {"id":"c9","model":"m-9","created":9,"choices":[]}\n\n',
)
ERRORS = (
    *(b"data: not JSON\n\n", b'data: {"error":{"message":"no"}}\n\n', b"data: [1]\n\n", b"error: no\n\n"),
    b'event: error\ndata: {"message":"no"}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"content":"z"}}],"error":"no"}\n\n',
)
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
CUT_OFF = (b"data: cut", b'data: {"choices":[]}', b"data: [DONE]", b"id: 1\n", b": c")
DAMAGE = (b"", b'"', b"\\", b"\n", b"\r", b"\xff", b",", b"{", b"0")


def constant(value: bytes) -> Written:
    return lambda _: value


def turning(*values: bytes) -> Written:
    """One value after another, each for a while."""
    return lambda step: values[step.turn % len(values)]


def text(step: Step) -> bytes:
    return step.text


def again(step: Step) -> bytes:
    return step.again


def padding(step: Step) -> bytes:
    return step.padding


def number(step: Step) -> bytes:
    return b"%d" % (100 + step.number)


def case(source: random.Random) -> Case:
    """A stream, another one for each state of `source`."""
    return _Writer(source).case()


def _escaped(word: str) -> bytes:
    """The JSON of a text with each letter escaped."""
    units = word.encode("utf-16-be", "surrogatepass").hex()
    return b'"%s"' % b"".join(f"\\u{units[place : place + 4]}".encode() for place in range(0, len(units), 4))


class _Writer:
    """Writes one stream: it has a few shapes of chunks, few words, and habits of its own."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.words = source.sample(WORDS, source.randint(2, 6))
        self.is_usual = self.may(0.5)  # its chunks are what most servers send
        self.is_still = self.may(0.6)  # the text, and the padding, are all that is another in each chunk
        self.is_odd = self.may(0.15)  # some texts and numbers are hardly JSON
        self.spelling = source.choice((*["plain"] * 6, "escaped", "each", "mixed"))
        self.twin = source.choice((*[""] * 16, "field", "message", "delta", "chunk"))  # where the text is spelled again
        self.channel = ""  # the field that has the text, if that is settled
        self.comma, self.colon = source.choice(((b",", b":"), (b",", b":"), (b", ", b": "), (b" , ", b" :\t")))
        self.end = source.choice((*[b"\n\n"] * 14, *[b"\r\n\r\n"] * 5, b"\r\r"))

    def may(self, chance: float) -> bool:
        return self.source.random() < chance

    def seldom(self) -> float:
        """The chance of a field that few chunks have."""
        return 0.0 if self.is_usual else self.source.choice((0.0, 0.0, 0.12))

    # Values.

    def spelled(self, word: str) -> bytes:
        """The JSON of a text, in one of the ways in which it can be written."""
        spelling = self.spelling
        if spelling == "mixed":
            spelling = self.source.choice(("plain", "escaped", "each"))
        match spelling:
            case "plain":
                return json.dumps(word, ensure_ascii=False).encode()
            case "escaped":
                return json.dumps(word).replace("/", "\\/").encode()
            case _:
                return _escaped(word)

    def word(self) -> bytes:
        return self.spelled(self.source.choice(self.words))

    def said(self) -> bytes:
        """The text of one chunk."""
        if self.is_odd and self.may(0.2):
            return b'"%s"' % self.source.choice(ODD_TEXTS)
        if self.may(0.25):
            return self.word()
        return self.spelled("".join(self.source.choices((*self.words, *WORDS[:5]), k=self.source.randint(1, 3))))

    def padded(self) -> bytes:
        return self.word() if self.may(0.2) else b'"%s"' % (b"x" * self.source.randint(0, 4))

    def number(self) -> bytes:
        if self.is_usual:
            return b"1"
        return self.source.choice(ODD_NUMBERS if self.is_odd and self.may(0.2) else NUMBERS)

    def each(self, value: Written) -> Written:
        """What changes with each chunk; a word where nothing but the text should, or the text in another spelling."""
        if value is text and self.may(0.2):
            return again
        return constant(self.word()) if self.is_still else value

    def spelled_otherwise(self) -> Written:
        """The text once more, or a word that the text may be, as no other field spells it."""
        return again if self.may(0.4) else constant(self.respelled(self.word()))

    def respelled(self, text: bytes) -> bytes:
        """The same JSON string with each letter escaped; as it is, if it is none."""
        try:
            return _escaped(json.loads(text))
        except ValueError:
            return text

    def value(self, depth: int = 0) -> Written:
        """A value that nobody expects."""
        match self.source.randrange(10 if depth < 2 else 7):
            case 0:
                return constant(self.source.choice(OTHERS))
            case 1:
                return constant(self.number())
            case 2:
                return self.each(text)
            case 3:
                return self.each(number)
            case 4 | 5:
                return constant(self.word())
            case 6:
                return turning(self.word(), self.source.choice(OTHERS))
            case 7 | 8:
                return self.object(self.some_fields(depth + 1))
            case _:
                return self.array([self.value(depth + 1) for _ in range(self.source.randint(0, 2))])

    def some_fields(self, depth: int = 0) -> Fields:
        names = (*self.words, "odd", "provider", "content", "text", "more")
        return [(self.spelled(self.source.choice(names)), self.value(depth)) for _ in range(self.source.randint(0, 2))]

    def object(self, fields: Fields) -> Written:
        comma, colon = self.comma, self.colon
        return lambda step: b"{" + comma.join(name + colon + value(step) for name, value in fields) + b"}"

    def array(self, items: Sequence[Written]) -> Written:
        comma = self.comma
        return lambda step: b"[" + comma.join(item(step) for item in items) + b"]"

    # Chunks.

    def fields(self, *named: tuple[float, str, Written]) -> Fields:
        """Fields, each with the chance that stands before it; now and then in another order, or one twice."""
        found = [
            (self.spelled(name) if self.may(0.02) else b'"%s"' % name.encode(), value)
            for chance, name, value in named
            if self.may(chance)
        ]
        if found and not self.is_usual and self.may(0.06):
            found.insert(self.source.randint(0, len(found)), (self.source.choice(found)[0], self.value()))
        if self.may(0.3):
            self.source.shuffle(found)
        return found

    def shapes(self) -> list[Written]:
        """What the chunks of a stream look like: some of them like one another, but for a field's name or a few words."""
        before = self.source.getstate()
        shapes = [self.shape()]
        for kind in self.source.choices(("another", "field", "words"), k=self.source.choice((0, 0, 0, 1, 1, 2))):
            after = self.source.getstate()
            if kind != "another":
                self.source.setstate(before)
            if kind == "field":
                self.channel = self.source.choice(TEXT_FIELDS)
                self.source.setstate(before)
            if kind == "words":
                self.words = self.words[::-1]
            shapes.append(self.shape())
            self.source.setstate(after)
        return shapes

    def shape(self) -> Written:
        """What the chunks of one kind look like."""
        source = self.source
        rare = self.seldom()
        fields = self.fields(
            (0.6, "id", source.choice((constant(self.word()), turning(b'"c1"', self.word()), self.each(text)))),
            (0.5, "object", constant(b'"chat.completion.chunk"')),
            (0.5, "created", source.choice((constant(self.number()), constant(b"1"), turning(b"1", b"2")))),
            (0.5, "model", source.choice((constant(self.word()), turning(b'"m-1"', self.word())))),
            (rare, "service_tier", turning(b"null", self.word())),
            (rare, "system_fingerprint", turning(self.word(), self.word(), b"null")),
            (1.0, "choices", self.array(self.choices())),
            (rare, "usage", self.usage()),
            (rare / 2, "moderation", self.value()),
            (rare / 4, "x_groq", self.object(self.fields((0.5, "id", self.each(text)), (0.5, "usage", self.usage())))),
            (rare / 8, "error", turning(b"null", b'{"message":"no"}')),
        )
        if self.may(0.25):
            fields.insert(
                source.choice((0, len(fields), len(fields))),
                (b'"obfuscation"', source.choice((padding, self.each(text)))),
            )
        if self.may(0.3):
            for field in self.some_fields():
                fields.insert(source.randint(0, len(fields)), field)
        if self.twin == "chunk":
            place = source.randint(0, len(fields))
            fields.insert(place, (source.choice((b'"id"', b'"model"', b'"odd"')), self.spelled_otherwise()))
        return self.object(fields)

    def choices(self) -> list[Written]:
        count = 1 if self.is_usual else self.source.choice((*[1] * 8, 0, 2, 2, 3))
        return [self.choice(is_first=not place) for place in range(count)]

    def choice(self, *, is_first: bool) -> Written:
        rare = self.seldom()
        return self.object(
            self.fields(
                (1 - rare / 4, "index", turning(*self.source.choice(INDICES))),
                (1 - rare / 4, "delta", self.delta(text if is_first else self.each(text))),
                (0.6, "finish_reason", turning(b"null", self.source.choice(FINISH_REASONS))),
                (0.2, "logprobs", constant(b"null")),
                (rare, "logprobs", self.logprobs()),
                (rare / 2, "text", self.each(text)),
                (rare / 2, "message", self.object(self.fields((1.0, "content", self.each(text))))),
                (float(self.twin == "message"), "message", self.object([(b'"content"', self.spelled_otherwise())])),
                (rare / 4, "error", turning(b"null", b'{"message":"no"}')),
            )
            + (self.some_fields() if self.may(rare) else [])
        )

    def delta(self, said: Written) -> Written:
        source = self.source
        channel = self.channel or source.choice(TEXT_FIELDS)
        rare = self.seldom()
        return self.object(
            self.fields(
                (
                    0.25,
                    "role",
                    source.choice((constant(b'"assistant"'), constant(self.word()), turning(b'"assistant"', b"null"))),
                ),
                (0.97, channel, said),
                *(
                    (0.12, name, source.choice((constant(b"null"), constant(b'""'), self.each(text))))
                    for name in ("content", "reasoning_content", "reasoning", "refusal")
                    if name != channel
                ),
                (rare, channel, self.each(text)),
                (float(self.twin == "field"), channel, self.spelled_otherwise()),
                (float(self.twin == "delta"), "odd", self.spelled_otherwise()),
                (rare, "tool_calls", self.array([self.call() for _ in range(source.randint(0, 2))])),
                (
                    rare / 2,
                    "function_call",
                    self.object(self.fields((0.5, "name", constant(self.word())), (0.8, "arguments", self.each(text)))),
                ),
                (
                    rare / 2,
                    "audio",
                    self.object(self.fields((0.4, "id", constant(self.word())), (0.6, "transcript", self.each(text)))),
                ),
                (rare, "reasoning_details", self.array([self.detail()])),
            )
            + (self.some_fields() if self.may(0.1) else [])
        )

    def call(self) -> Written:
        return self.object(
            self.fields(
                (0.8, "index", turning(b"0", self.source.choice((b"0", b"1", b"null")))),
                (0.3, "id", turning(self.word(), self.word())),
                (0.3, "type", constant(b'"function"')),
                (
                    0.9,
                    "function",
                    self.object(self.fields((0.4, "name", constant(self.word())), (0.9, "arguments", self.each(text)))),
                ),
                (0.1, "odd", self.value()),
            )
        )

    def detail(self) -> Written:
        return self.object(
            self.fields(
                (0.7, "type", constant(b'"reasoning.text"')),
                (0.8, "text", self.each(text)),
                (0.6, "index", turning(b"0", b"0", b"1")),
                (0.2, "odd", self.value()),
            )
        )

    def logprobs(self) -> Written:
        token = self.object(
            self.fields(
                (0.9, "token", self.each(text)), (0.9, "logprob", constant(b"-0.5")), (0.3, "bytes", constant(b"[1,2]"))
            )
        )
        return self.object(self.fields((0.9, "content", self.array([token])), (0.2, "refusal", constant(b"null"))))

    def usage(self) -> Written:
        counts = self.object(
            self.fields(
                (0.7, "prompt_tokens", constant(b"8")),
                (0.8, "completion_tokens", self.each(number)),
                (0.3, "completion_tokens_details", self.object([(b'"reasoning_tokens"', self.each(number))])),
                (0.3, "odd", self.value()),
            )
        )
        return self.source.choice((constant(b"null"), counts, constant(b'{"prompt_tokens":8}')))

    # Events.

    def framed(self, data: bytes) -> bytes:
        """An event with this data."""
        if self.may(0.99 if self.is_usual else 0.94):
            return b"data: " + data + self.end
        line_end = self.end[: len(self.end) // 2]
        begin = self.source.choice(BEGINNINGS).replace(b"\n", line_end)
        return (
            begin
            + data
            + self.source.choice((self.end, b"\n\n", b"\r\n\r\n", self.end + line_end, line_end + b"id: 8" + self.end))
        )

    def case(self) -> Case:
        source = self.source
        shapes = self.shapes()
        change = source.choice((0.0, 0.02, 0.15))
        shape = shapes[0]
        text = self.said()
        step = Step(text, self.respelled(text), self.padded())
        events: list[bytes] = []
        for count in range(source.choice((1, 2, 3, 4, 6, 8, 8, 10, 12, 12, 16, 24))):
            step = replace(step, number=count, turn=step.turn + self.may(change))
            if self.may(0.9):
                text = self.said()
                step = replace(step, text=text, again=self.respelled(text), padding=self.padded())
            if self.may(change):
                shape = source.choice(shapes)
            events.append(self.framed(shape(step)))
            if self.may(0.05):
                events.append(events[-1])
            if self.may(change / 2):
                events.append(source.choice(BETWEEN))
        if self.may(0.05):
            events.insert(source.randint(0, len(events)), source.choice((*ERRORS, DONE)))
        if self.may(0.1):
            events.insert(0, source.choice((b"\xef\xbb\xbf", b"\n", b": hi\n\n")))
        if self.may(0.06):
            self._damage(events)
        if self.may(0.6):
            events.append(FINISH)
        if self.may(0.7):
            events.append(DONE)
        elif self.may(0.2):
            events.append(source.choice(CUT_OFF))
        done = events.index(DONE) if DONE in events else len(events)
        return Case(events, self.may(0.06), self._limits(max(map(len, events))), goes_on=done < len(events) - 1)

    def _damage(self, events: list[bytes]) -> None:
        place = self.source.randrange(len(events))
        data = bytearray(events[place])
        for _ in range(self.source.randint(1, 3)):
            spot = self.source.randint(0, len(data))
            data[spot : spot + self.source.randint(0, 1)] = self.source.choice(DAMAGE)
        events[place] = bytes(data)

    def _limits(self, longest: int) -> Limits:
        match self.source.randrange(24):
            case 0:
                return Limits(output_size=self.source.randint(1, 60))
            case 1:
                return Limits(event_size=max(1, longest - self.source.randint(0, 12)))
            case 2:
                return Limits(choices=1, tool_calls=1)
            case _:
                return Limits()
