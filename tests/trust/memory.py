"""Compare the memory that limits count with the memory that is kept, for every shape of JSON, in one or many events.

    python -m tests.trust.memory [PART OF A SHAPE'S NAME …] [--mebibytes 8]

The memory kept by a decoder is the growth that tracemalloc reports after the stream was fed and garbage was
collected. The memory counted is the smallest `Limits(output_size=…)` that accepts the stream. Prints both and their
ratio; the exit status is 1 if a ratio is below 0.5 or above 2. Meant for 64-bit CPython.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sse_stream import ChatDecoder, Limits, OutputTooLargeError

MEBIBYTE = 1024 * 1024

# What is kept, divided by what is counted.
LEAST, MOST = 0.5, 2.0

# How exactly the table says what is counted.
_PRECISION = 1.02

Value: TypeAlias = Callable[[range], str]
"""The JSON of a value that holds these atoms: characters of a text, items of a list, fields of an object."""


@dataclass(frozen=True)
class Shape:
    """One way of filling memory.

    Attributes:
        name: What is kept.
        chunk: The JSON of a chunk that holds these atoms.
        atom: About how many bytes of memory an atom takes.
        small: How many of them a small event has; 0 if they come in one event only.
        large: How many a large event has; 0 for all of them.
    """

    name: str
    chunk: Value
    atom: float
    small: int = 4
    large: int = 0

    def events(self, size: float, *, small: bool, most: int | None = None) -> list[bytes]:
        """A stream of which about so many bytes are kept, in no more events than `most`."""
        count = int(size / self.atom)
        step = (self.small if small else self.large) or count
        if most is not None:
            step = max(step, count // most)
        # The first has one atom more: a piece that is equal to all before it would be a repetition, and not kept.
        begins = [0, *range(step + 1, count, step)]
        chunks = (self.chunk(range(begin, end)) for begin, end in zip(begins, [*begins[1:], count], strict=True))
        return [b"data: " + chunk.encode() + b"\n\n" for chunk in chunks]


# ------------------------------------------------------------------------------------------ values


def text(letters: str) -> Value:
    def value(atoms: range) -> str:
        begin = atoms.start % len(letters)
        repeated = letters * (len(atoms) // len(letters) + 2)
        return json.dumps(repeated[begin : begin + len(atoms)], ensure_ascii=False)

    return value


def listed(item: Callable[[int], str]) -> Value:
    return lambda atoms: ",".join(map(item, atoms))


def within(outer: str, value: Value) -> Value:
    """A value in the place of `%s`."""
    return lambda atoms: outer % value(atoms)


def array(item: Callable[[int], str]) -> Value:
    return within("[%s]", listed(item))


def members(item: Callable[[int], str]) -> Value:
    return within("{%s}", listed(item))


def delta(field: str, value: Value) -> Value:
    return within('{"choices":[{"index":0,"delta":{"' + field + '":%s}}]}', value)


def choice(field: str, value: Value) -> Value:
    return within('{"choices":[{"index":0,"delta":{},"' + field + '":%s}]}', value)


def chunk(field: str, value: Value) -> Value:
    return within('{"choices":[],"' + field + '":%s}', value)


def in_turns(one: Value, other: Value, atoms_each: int) -> Value:
    """Now one, now the other, each with as many atoms."""
    return lambda atoms: (other if atoms.start // atoms_each % 2 else one)(atoms)


# ------------------------------------------------------------------------------------------ shapes


def _field(number: int) -> str:
    return f'"k{number}":{number}'


LETTERS = {
    "ASCII": ("abcdefgh", 1.0),
    "Latin-1": ("aäöüéè", 1.8),
    "BMP": ("日本語中文字", 3.0),
    "astral": ("😀😁😂🤣", 4.0),
    "mixed": ("the quick brown fox jumps over the lazy dog ä日😀", 1.1),
}

# fmt: off
ITEMS: dict[str, tuple[Callable[[int], str], float]] = {
    "empty lists": (lambda _: "[]", 64),
    "lists of a list": (lambda _: "[[]]", 128),
    "lists of small numbers": (lambda n: f"[{n % 9},{n % 5}]", 96),
    "empty objects": (lambda _: "{}", 72),
    "small whole numbers": (lambda n: str(n % 200), 8),
    "whole numbers": (lambda n: str(10**9 + n), 36),
    "long whole numbers": (lambda n: str(10**30 + n), 48),
    "floats": (lambda n: f"{n}.5", 32),
    "true, false and null": (lambda n: ("true", "false", "null")[n % 3], 8),
    "empty texts": (lambda _: '""', 8),
    "single letters": (lambda n: f'"{chr(97 + n % 26)}"', 50),
    "short texts": (lambda n: f'"t{n}"', 63),
    "short texts, Latin-1": (lambda n: f'"é{n}"', 88),
    "short texts, BMP": (lambda n: f'"日{n}"', 92),
    "short texts, astral": (lambda n: f'"😀{n}"', 104),
    "texts of a line": (lambda n: f'"{"a line of text, as they are " * 3}{n}"', 148),
    "objects with equal keys": (lambda n: f'{{"a":{n % 9},"b":null}}', 192),
    "objects with keys of their own": (lambda n: f'{{"key {n}":true}}', 256),
    "objects of ten fields": (lambda n: members(lambda place: f'"field {place}":{n}')(range(10)), 440),
    "objects with an index": (lambda n: f'{{"index":{n},"text":"x"}}', 260),
    "objects in objects": (lambda _: '{"a":{"a":{"a":{}}}}', 640),
    "lists fifty deep": (lambda _: "[" * 50 + "]" * 50, 3300),
    "citations": (lambda n: f'{{"type":"url_citation","url_citation":{{"url":"https://example.org/{n}","start":{n}}}}}', 530),
}
"""What lists can hold, and about how many bytes each of it takes."""

_CALL = '{"choices":[{"index":0,"delta":{"tool_calls":%s}}]}'
_TOKEN = '{"choices":[{"index":0,"delta":{},"logprobs":{"content":%s}}]}'

TEXTS = [
    *(Shape(f"content, {name}", delta("content", text(letters)), atom, 48) for name, (letters, atom) in LETTERS.items()),
    *(Shape(f"a text of its own, {name}", delta("x", text(letters)), atom, 48) for name, (letters, atom) in LETTERS.items()),
    *(
        Shape(f"arguments, {name}", within(_CALL % '[{"index":0,"function":{"name":"f","arguments":%s}}]', text(letters)), atom, 48)
        for name, (letters, atom) in LETTERS.items()
    ),
    Shape("reasoning", delta("reasoning", text("abcdefgh")), 1, 48),
    Shape("reasoning under two names", within('{"choices":[{"index":0,"delta":{"reasoning":%s,"reasoning_content":"a"}}]}', text("abcdefgh")), 1, 48),
    Shape("refusal", delta("refusal", text("😀😁😂🤣")), 4, 48),
    Shape("text and reasoning in turns", in_turns(delta("content", text("abc")), delta("reasoning", text("日本語")), 48), 1, 48),
    Shape("sound", delta("audio", within('{"data":%s}', text("QUJD"))), 1, 48),
    Shape("what the sound says", delta("audio", within('{"transcript":%s}', text("aä日"))), 2, 48),
    Shape("a legacy function call", delta("function_call", within('{"arguments":%s}', text("abc"))), 1, 48),
    Shape("one detail of the reasoning", delta("reasoning_details", within('[{"index":0,"text":%s}]', text("abc"))), 2, 48),
    Shape("an object of texts", delta("x", within('{"a":{"b":%s}}', text("abc"))), 1, 48),
    Shape("a list with a text in each piece", delta("x", within('[{"index":0,"a":%s}]', text("abc"))), 7, 48),
    Shape("a finish reason", choice("finish_reason", text("abc")), 1, 0),
    Shape("a role", delta("role", text("abc")), 1, 0),
    Shape("an id", chunk("id", text("abc")), 1, 0),
    Shape("a model", chunk("model", text("日本")), 2, 0),
    Shape("a fingerprint", chunk("system_fingerprint", text("abc")), 1, 0),
    Shape("padding", chunk("obfuscation", text("abc")), 1, 0),
    Shape("the name of a call", within(_CALL % '[{"index":0,"function":{"name":%s}}]', text("abc")), 1, 0),
    Shape("the id of a call", within(_CALL % '[{"index":0,"id":%s,"function":{"name":"f"}}]', text("abc")), 1, 0),
]
"""Text, wherever it can stand."""

LISTS = [
    *(Shape(f"a field of its own: {name}", delta("x", array(item)), atom) for name, (item, atom) in ITEMS.items()),
    *(
        Shape(f"a field of the choice: {name}", choice("x", array(ITEMS[name][0])), ITEMS[name][1], 0)
        for name in ("empty lists", "short texts", "objects with keys of their own")
    ),
    *(
        Shape(f"a field of the chunk: {name}", chunk("x", array(ITEMS[name][0])), ITEMS[name][1], 0)
        for name in ("empty lists", "floats", "objects with equal keys")
    ),
    Shape("moderation", chunk("moderation", members(lambda n: f'"category {n}":{{"flagged":false}}')), 270),
]
"""Lists of everything, in fields that the model does not name."""

FIELDS = [
    Shape("fields of the delta", within('{"choices":[{"index":0,"delta":{%s}}]}', listed(_field)), 100),
    Shape("fields of an object in the delta", delta("x", members(_field)), 100),
    Shape("fields of the choice", within('{"choices":[{"index":0,"delta":{},%s}]}', listed(_field)), 100),
    Shape("fields of the chunk", within('{"choices":[],%s}', listed(_field)), 100),
    Shape("fields with long names", delta("x", members(lambda n: f'"{"a name that nobody keeps " * 4}{n}":null')), 185),
    Shape("fields of the usage", chunk("usage", members(_field)), 100),
    Shape("fields of the usage's details", chunk("usage", within('{"prompt_tokens_details":%s}', members(_field))), 100),
    Shape("fields of a call", within(_CALL % '[{"index":0,"id":"c","x":%s}]', members(_field)), 100),
    Shape("fields of sound", delta("audio", within('{"id":"a","x":%s}', members(_field))), 100),
]
"""Objects with many fields."""

THINGS = [
    Shape("tool calls", within(_CALL, array(lambda n: f'{{"index":{n},"id":"call {n}","function":{{"name":"f{n}","arguments":"{{}}"}}}}')), 540, 1, 500),
    Shape("tool calls with fields of their own", within(_CALL, array(lambda n: f'{{"index":{n},"id":"c{n}","x":[{n}],"function":{{"name":"f"}}}}')), 800, 1, 500),
    Shape("choices with a letter each", within('{"choices":%s}', array(lambda n: f'{{"index":{n},"delta":{{"content":"a"}}}}')), 450, 1),
    Shape("choices with a call each", within('{"choices":%s}', array(lambda n: f'{{"index":{n},"delta":{{"tool_calls":[{{"index":0,"id":"c{n}"}}]}}}}')), 1100, 1),
    Shape("choices that say nothing", within('{"choices":%s}', array(lambda n: f'{{"index":{n},"delta":{{}}}}')), 260, 1),
    Shape("choices with a finish reason each", within('{"choices":%s}', array(lambda n: f'{{"index":{n},"delta":{{}},"finish_reason":"reason {n}"}}')), 330, 1),
    Shape("log probabilities", within(_TOKEN, array(lambda n: f'{{"token":"t{n}","logprob":-{n}.5}}')), 140, 1),
    Shape("log probabilities with bytes", within(_TOKEN, array(lambda n: f'{{"token":"a","logprob":-0.5,"bytes":[{n % 250},1,2,3]}}')), 220, 1),
    Shape("log probabilities of others", within(_TOKEN, array(lambda n: f'{{"token":"t{n}","top_logprobs":[{{"token":"u{n}","logprob":-1.5}},{{"token":"v{n}","logprob":-2.5,"bytes":[{n % 250}]}}]}}')), 540, 1),
    Shape("log probabilities with fields of their own", within(_TOKEN, array(lambda n: f'{{"token":"a","x":{n}}}')), 320, 1),
    Shape("details of the reasoning", delta("reasoning_details", array(lambda n: f'{{"type":"reasoning.text","index":{n},"text":"word {n}"}}')), 340, 1),
    Shape("details without an index", delta("reasoning_details", array(lambda n: f'{{"type":"reasoning.encrypted","data":"{n}{"QUJD" * 20}"}}')), 390, 1),
]
"""What comes many times."""

CHANGING = [
    Shape("a statement that stays", lambda _: chunk("x", array(lambda n: f'"t{n}"'))(range(20_000)), 63, 20_000, 20_000),
    Shape("a statement that changes", lambda atoms: chunk("x", array(lambda n: f'"t{n % 9}{atoms.start:09}"'))(range(20_000)), 63, 7_000, 7_000),
    Shape("a statement of the choice that changes", lambda atoms: choice("x", array(lambda n: f"{atoms.start}.{n}"))(range(40_000)), 32, 14_000, 14_000),
    Shape("an object that changes", lambda atoms: chunk("x", members(lambda n: f'"k{n}":{10**9 + atoms.start + n}'))(range(12_000)), 110, 4_000, 4_000),
    Shape("usage that changes", lambda atoms: chunk("usage", members(lambda n: f'"k{n}":{10**9 + atoms.start + n}'))(range(12_000)), 110, 4_000, 4_000),
    Shape("a fingerprint that changes", lambda atoms: f'{{"choices":[],"system_fingerprint":"{atoms.start}{"a" * 1_500_000}"}}', 1, 450_000, 450_000),
]
"""What is stated anew: of it the last is kept. All of it comes in each event, whatever the size asked for."""
# fmt: on

SHAPES = [*TEXTS, *LISTS, *FIELDS, *THINGS, *CHANGING]


# ------------------------------------------------------------------------------------------ measuring


_EVERYTHING = [
    b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"b"}],"x":{},"usage":{"y":1}}\n\n'
]


def _decoder(size: int) -> ChatDecoder:
    return ChatDecoder(limits=Limits(output_size=size, event_size=1 << 30, choices=1 << 30, tool_calls=1 << 30))


def _read(decoder: ChatDecoder, events: Sequence[bytes]) -> None:
    for event in events:
        for _ in decoder.feed(bytes(memoryview(event))):  # a copy: if it is kept, it is seen
            pass


def kept(events: Sequence[bytes]) -> int:
    """How many bytes of memory a decoder keeps of a stream."""
    _read(_decoder(1 << 40), _EVERYTHING)  # what is made once for all
    if not gc.get_freeze_count():
        gc.freeze()  # what is there already need not be looked through
    tracemalloc.start()
    try:
        decoder = _decoder(1 << 40)
        _read(decoder, events)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def takes(events: Sequence[bytes], size: int) -> bool:
    """Whether a decoder that may keep so many bytes takes a stream."""
    try:
        _read(_decoder(size), events)
    except OutputTooLargeError:
        return False
    return True


def counted(events: Sequence[bytes], about: int) -> float:
    """The smallest limit that takes a stream, if it is anywhere near to that."""
    low, high = about / 64, about * 64.0
    while high / low > _PRECISION:
        middle = (low * high) ** 0.5
        if takes(events, int(middle)):
            high = middle
        else:
            low = middle
    return high


@dataclass(frozen=True)
class Measured:
    """What came of a stream."""

    events: int
    sent: int
    kept: int
    counted: float

    @property
    def ratio(self) -> float:
        return self.kept / self.counted


def streams(shape: Shape, size: float, most: int | None = None) -> Iterator[tuple[list[bytes], int]]:
    """A stream of large events and one of small ones, and how many bytes are kept of each: a mebibyte or more.

    Args:
        shape: What they hold.
        size: About how many bytes are to be kept.
        most: How many events there may be.
    """
    for small in (False, True) if shape.small and shape.small != shape.large else (False,):
        wanted = size
        memory = 0
        while memory < MEBIBYTE:
            events = shape.events(wanted, small=small, most=most)
            memory = kept(events)
            wanted *= 1.1 * size / memory
        yield events, memory


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.memory", description=__doc__.partition("\n")[0])
    parser.add_argument("names", metavar="PART OF A SHAPE'S NAME", nargs="*")
    parser.add_argument("--mebibytes", type=float, default=8, help="approximate size of each shape (default: 8)")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    print(f"{'what is kept':48}{'events':>9}{'MB sent':>9}{'MB kept':>9}{'MB counted':>12}{'kept / counted':>16}")
    ratios = []
    for shape in SHAPES:
        if chosen.names and not any(name in shape.name for name in chosen.names):
            continue
        for events, memory in streams(shape, chosen.mebibytes * MEBIBYTE):
            row = Measured(len(events), sum(map(len, events)), memory, counted(events, memory))
            ratios.append(row.ratio)
            told = "" if LEAST <= row.ratio <= MOST else "  <-"
            print(
                f"{shape.name:48}{row.events:9,}{row.sent / 1e6:9.1f}{row.kept / 1e6:9.1f}{row.counted / 1e6:12.1f}"
                f"{row.ratio:16.2f}{told}",
                flush=True,
            )
    wrong = [ratio for ratio in ratios if not LEAST <= ratio <= MOST]
    print(
        f"{len(ratios)} streams in {time.monotonic() - began:.0f} s: from {min(ratios):.2f} to {max(ratios):.2f}, "
        f"{len(wrong)} beyond {LEAST:g} to {MOST:g}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
