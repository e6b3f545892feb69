"""JSON that is still being written: exact at every point and at the end, however it is split."""

from __future__ import annotations

import copy
import json
import pickle
import random
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import (
    JSONChange,
    JSONPath,
    PartialJSON,
    PartialJSONError,
    SSEStreamError,
    StringDelta,
    ValueDone,
    ValueStarted,
)
from sse_stream._json._depth import MAX_DEPTH
from sse_stream._json._partial_machine import PartialMachine
from sse_stream._json._partial_strings import inner

from .partial_changes import Replica, merged
from .partial_oracle import can_go_on, known, loads

DOCUMENTS = [
    # Nothing but a scalar.
    "0",
    "-0",
    "12",
    "-0.1e+5",
    "1E400",
    "123456789012345678901234567890",
    "0.30000000000000004",
    "5e-324",
    "true",
    "false",
    "null",
    '""',
    '"a"',
    " \t\r\n1 ",
    '\n"a"\n',
    # Empty, and white space everywhere.
    "{}",
    "[]",
    " { } ",
    "[ ]",
    '[[],{},[{}],{"a":[]}]',
    ' { "a" : [ 1 , true , null , "b" ] , "" : { } } ',
    '\r\n\t{\r\n\t"a"\r\n\t:\r\n\t[\r\n\t1\r\n\t,\r\n\t2\r\n\t]\r\n\t}\r\n\t',
    # Numbers and words, each ended by whatever may end it.
    "[0,-1,1.5,1e5,1E-5,-0.1e+5,10,100 ]",
    '{"a":0,"b":-1.25e2,"c":7}',
    '{"a": 1\n,"b":2\t}',
    "[true,false,null,true ,false]",
    '{"a":true,"b":false,"c":null}',
    # Strings: escapes, pairs, halves of pairs, and what looks like one.
    r'"\"\\\/\b\f\n\r\t"',
    r'"\u0041\u00e9\u4e16\u0000\uFFFF"',
    r'"a\ud83d\ude00b"',
    r'"\uD83D\uDE00\ud83d\udE01"',
    r'"\ud83d"',
    r'"\ud83dx"',
    r'"\ud83d\n"',
    r'"\ud83d\u0041"',
    r'"\ud83d\ud83d\ude00"',
    r'"\ude00\ud83d"',
    r'"\ud83d\ud800\ud800\ud83d\u00e9\ude00"',
    r'"\\ud83d\\"',
    '"Grüße, 世界 👋\x7f\u2028\ufeff"',
    '"\ud83d" ',
    '"\ud83d\\ude00"',
    r'{"\ud83d\ude00\n\u00e9": "\\", "\"": "\""}',
    '["a","b\\n","","\\"",""]',
    # Keys that are empty, that repeat, and that are the same only when they are decoded.
    '{"":"","a":{"":{"":1}}}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1 ,"b":2}',
    '{"a":{"b":1},"c":0,"a":{"d":[2]},"a":"text"}',
    '{"a":"one","a":true,"a":null,"a":[1]}',
    r'{"a":1,"\u0061":2}',
    '[{"a":1},{"a":2,"a":[{"a":3,"a":{}}]}]',
    # Deep.
    "[" * 20 + "1" + "]" * 20,
    '{"a":[{"b":' * 6 + '"c"' + "}]}" * 6,
    # What a model writes.
    '{"city": "Kraków", "days": [{"date": "2026-01-02", "high": -3.5, "rain": false}, {"date": "2026-01-03"}]}',
    json.dumps({"path": "a.py", "content": 'def f():\n\treturn "\\d+"\n', "mode": 0o644}),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
LAYOUTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"indent": 1}, {"ensure_ascii": False}, {"separators": (",", ":")}]
)
# What a document may be damaged with.
CHARACTERS = st.sampled_from([*'{}[]",:0123456789.eE+-truefalsn \t\n\\uUdDcC8ab/', "\x00", "\x1f", "é", "\ud83d"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A JSON text; every value and layout, and some of the documents above, which values do not make."""
    if draw(st.booleans()):
        return draw(st.sampled_from(DOCUMENTS))
    return json.dumps(draw(JSON), **draw(LAYOUTS))


def pieces_of(text: str, places: Iterable[int]) -> list[str]:
    """The text, cut at these places; a place that comes twice gives an empty piece."""
    edges = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


def ways(text: str) -> Iterator[list[str]]:
    """Ways of cutting a text: whole, by the character, in two at every place, and in three of about any size."""
    yield [text]
    yield list(text)
    for place in range(len(text) + 1):
        yield [text[:place], text[place:]]
    for seed in range(40):
        choose = random.Random(seed)
        yield pieces_of(text, [choose.randrange(len(text) + 1) for _ in range(2)])


def read(pieces: Sequence[str]) -> tuple[PartialJSON, list[JSONChange]]:
    """A parser that was fed with all of it, and what changed."""
    parser = PartialJSON()
    changes = [change for piece in pieces for change in parser.feed(piece)]
    return parser, [*changes, *parser.close()]


def assert_exact(text: str) -> None:
    """After each character it says what every way of going on has in common."""
    parser = PartialJSON()
    for place, character in enumerate(text, 1):
        parser.feed(character)
        assert repr(parser.value) == repr(known(text[:place])), text[:place]
    parser.close()
    assert repr(parser.value) == repr(loads(text))


class TestTheOracle:
    """Without which the tests below would say little."""

    @pytest.mark.parametrize(
        ("prefix", "value"),
        [
            ("", None),
            ("tr", None),
            ("true", True),
            ("12", None),
            ("12 ", 12),
            ('"ab', "ab"),
            (r'"a\u00', "a"),
            (r'"\ud83d', ""),
            (r'"\ud83d\ude', ""),
            (r'"\ud83d\ud8', "\ud83d"),
            ('{"a', {}),
            ('{"a":1', {}),
            ('{"a":1,', {"a": 1}),
            ('{"a":1,"a', {"a": 1}),
            ('{"a":1,"a"', {}),
            ('{"a":1,"a":[', {"a": []}),
            ('[1,{"a":"b', [1, {"a": "b"}]),
        ],
    )
    def test_knows_what_all_ways_of_going_on_have_in_common(self, prefix: str, value: Any) -> None:
        assert repr(known(prefix)) == repr(value)

    @pytest.mark.parametrize("prefix", ["", "-", "1.", "1e", "fal", '{"a', r'"\ud8', '{"a":', "[1,", r'{"\u'])
    def test_knows_what_can_go_on(self, prefix: str) -> None:
        assert can_go_on(prefix)

    @pytest.mark.parametrize("prefix", ["01", "tru3", "]", '{"a",', "[,", '"\n', r'"\x', "{}{", "NaN", "-I"])
    def test_knows_what_cannot(self, prefix: str) -> None:
        assert not can_go_on(prefix)


class TestWhatIsShown:
    @pytest.mark.parametrize("text", DOCUMENTS)
    def test_after_each_character_it_is_what_every_way_of_going_on_has_in_common(self, text: str) -> None:
        assert_exact(text)

    @given(texts())
    def test_of_any_document_too(self, text: str) -> None:
        assert_exact(text)

    @pytest.mark.parametrize("text", DOCUMENTS)
    def test_nothing_that_was_shown_is_taken_back_but_by_a_key_that_comes_again(self, text: str) -> None:
        parser = PartialJSON()
        shown: dict[JSONPath, Any] = {}
        for character in text:
            for change in parser.feed(character):
                match change:
                    case ValueStarted(path):
                        shown = {known: value for known, value in shown.items() if known[: len(path)] != path}
                    case ValueDone(path, value):
                        shown[path] = value
            snapshot = parser.value
            if parser.path[-1:] != () and isinstance(parser.path[-1], str):
                shown = {known: value for known, value in shown.items() if known[: len(parser.path)] != parser.path}
            for path, value in shown.items():
                found = snapshot
                for key in path:
                    found = found[key]
                assert repr(found) == repr(value)

    @pytest.mark.parametrize(
        ("prefix", "path"),
        [
            ("", ()),
            (" 12", ()),
            ("12 ", ()),
            ("[", ()),
            ("[ ", ()),
            ("[1", (0,)),
            ("[1 ", ()),
            ("[1,", (1,)),
            ("[1, ", (1,)),
            ("[1, [", (1,)),
            ('[1, ["', (1, 0)),
            ('[1, ["a"', (1,)),
            ("[1, []", ()),
            ("[]", ()),
            ("{", ()),
            ('{"a', ()),
            ('{"a"', ("a",)),
            ('{"a":', ("a",)),
            ('{"a": "b', ("a",)),
            ('{"a": "b"', ()),
            ('{"a": tr', ("a",)),
            ('{"a": {"b": -', ("a", "b")),
            ('{"a": {"b": 1,', ("a",)),
            ('{"a": {"b": 1}', ()),
            ('{"a": {"b": 1}, "', ()),
            ('{"a": {"b": 1}, "c": [[{"": ', ("c", 0, 0, "")),
        ],
    )
    def test_where_the_text_is_being_written(self, prefix: str, path: JSONPath) -> None:
        parser = PartialJSON()
        parser.feed(prefix)
        assert parser.path == path

    @pytest.mark.parametrize(
        ("text", "place"),
        [("{}", 2), (" [1] ", 4), ('"a" ', 3), ("true ", 4), ("12 ", 3), ("-0.5\n", 5), ('{"a":{}}', 8), ('"\\n"', 4)],
    )
    def test_it_is_complete_with_its_last_character(self, text: str, place: int) -> None:
        parser = PartialJSON()
        for at, character in enumerate(text, 1):
            parser.feed(character)
            assert parser.complete is (at >= place)

    # `null` at the top shows what nothing shows.
    @pytest.mark.parametrize("text", [text for text in DOCUMENTS if text != "null"])
    def test_whether_it_has_changed(self, text: str) -> None:
        machine = PartialMachine(len(text))
        assert machine.changed is False
        for character in text:
            before = machine.value()
            machine.changed = False
            machine.feed(character)
            assert machine.changed is (repr(machine.value()) != repr(before))

    def test_a_snapshot_belongs_to_the_caller(self) -> None:
        parser = PartialJSON()
        parser.feed('{"a": [{"b": "c')
        before = parser.value
        before["a"][0]["b"] = 1
        before["a"].append(2)
        (done,) = parser.feed('"')
        assert done == ValueDone(("a", 0, "b"), "c")
        parser.feed("}]")
        assert parser.value == {"a": [{"b": "c"}]}
        assert parser.value is not parser.value
        assert parser.value["a"] is not parser.value["a"]


class TestChanges:
    @pytest.mark.parametrize("text", DOCUMENTS)
    def test_are_the_same_in_sum_however_the_text_is_cut(self, text: str) -> None:
        _, whole = read([text])
        for pieces in ways(text):
            parser, changes = read(pieces)
            assert merged(changes) == whole, pieces
            assert repr(merged(changes)) == repr(whole), pieces
            assert repr(parser.value) == repr(loads(text)), pieces

    @given(texts(), st.lists(st.integers(0, 200), max_size=12))
    def test_of_any_document_too(self, text: str, places: list[int]) -> None:
        _, whole = read([text])
        parser, changes = read(pieces_of(text, places))
        assert repr(merged(changes)) == repr(whole)
        assert repr(parser.value) == repr(loads(text))
        assert parser.complete

    @pytest.mark.parametrize("text", DOCUMENTS)
    def test_alone_they_make_the_value(self, text: str) -> None:
        parser = PartialJSON()
        replica = Replica()
        for character in text:
            replica.apply(parser.feed(character))
            if parser.path and isinstance(parser.path[-1], str):
                continue  # a key has come again, and the kind of its new value has not
            value = replica.top[0] if replica.top else None
            assert value == parser.value
        replica.apply(parser.close())
        assert replica.top == [loads(text)]

    def test_all_kinds_of_them(self) -> None:
        _, changes = read(['{"a": "b\\n", "c": [1, true, null, "", false]}'])
        assert changes == [
            ValueStarted((), "object"),
            ValueStarted(("a",), "string"),
            StringDelta(("a",), "b\n"),
            ValueDone(("a",), "b\n"),
            ValueStarted(("c",), "array"),
            ValueStarted(("c", 0), "number"),
            ValueDone(("c", 0), 1),
            ValueStarted(("c", 1), "boolean"),
            ValueDone(("c", 1), True),
            ValueStarted(("c", 2), "null"),
            ValueDone(("c", 2), None),
            ValueStarted(("c", 3), "string"),
            ValueDone(("c", 3), ""),
            ValueStarted(("c", 4), "boolean"),
            ValueDone(("c", 4), False),
            ValueDone(("c",), [1, True, None, "", False]),
            ValueDone((), {"a": "b\n", "c": [1, True, None, "", False]}),
        ]

    @pytest.mark.parametrize(
        ("fed", "changes"),
        [
            ("abc", [StringDelta((), "abc")]),
            ("", []),
            (r"a\nb\u0041c", [StringDelta((), "a\nbAc")]),
            ("a\\", [StringDelta((), "a")]),
            (r"a\ud83d", [StringDelta((), "a")]),
            (r"\ud83d\ude00\ud83d", [StringDelta((), "😀")]),
            (r"\ud83dx\\", [StringDelta((), "\ud83dx\\")]),
            (r"\u", []),
            ('a\\"b" ', [StringDelta((), 'a"b'), ValueDone((), 'a"b')]),
        ],
    )
    def test_pieces_of_a_string_that_come_at_once_are_one(self, fed: str, changes: list[JSONChange]) -> None:
        parser = PartialJSON()
        parser.feed('"')
        assert parser.feed(fed) == changes

    def test_a_number_shows_that_it_began_and_then_all_of_it(self) -> None:
        parser = PartialJSON()
        assert parser.feed("[-") == [ValueStarted((), "array"), ValueStarted((0,), "number")]
        assert parser.feed("1") == []
        assert parser.feed("2]") == [ValueDone((0,), -12), ValueDone((), [-12])]

    def test_what_is_done_belongs_to_the_caller(self) -> None:
        parser = PartialJSON()
        *_, inner, outer = parser.feed('[{"a": []}]')
        assert isinstance(inner, ValueDone)
        assert isinstance(outer, ValueDone)
        inner.value["a"].append(1)
        outer.value.append(2)
        assert inner.value == {"a": [1]}
        assert outer.value == [{"a": []}, 2]
        assert inner.value is inner.value
        assert parser.value == [{"a": []}]

    def test_they_compare_and_show_what_they_say(self) -> None:
        one, other = ValueDone((), [1]), ValueDone((), [1])
        assert one == other
        assert one != ValueDone((0,), [1])
        assert one != ValueDone((), [2])
        assert one != "something else"
        assert one == ANY  # it lets the other say what that equals
        assert repr(one) == "ValueDone(path=(), value=[1])"
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)

    @pytest.mark.parametrize("change", [ValueStarted((), "null"), StringDelta((), "a"), ValueDone((), 1)])
    def test_they_are_frozen(self, change: Any) -> None:
        for name in ("path", "value", "text", "kind", "other"):
            with pytest.raises(AttributeError):
                setattr(change, name, ())


class TestTheEnd:
    @pytest.mark.parametrize(("text", "value"), [("12", 12), ("-0.5e1 ", -5.0), (" 0", 0), ("1E5", 100000.0)])
    def test_a_number_at_the_top_is_complete_when_the_text_is(self, text: str, value: float) -> None:
        parser, changes = read([text])
        assert repr(parser.value) == repr(value)
        assert changes == [ValueStarted((), "number"), ValueDone((), value)]
        assert parser.complete

    @pytest.mark.parametrize(
        "text", ["", " ", "{", "[", "[1", "[1,", '"', '"a', '"a\\', '{"a"', '{"a":', '{"a":1', "-", "1.", "1e+", "nul"]
    )
    def test_a_text_that_is_not_complete_says_so(self, text: str) -> None:
        parser = PartialJSON()
        parser.feed(text)
        value = parser.value
        with pytest.raises(PartialJSONError, match="the text ended before its value was complete") as caught:
            parser.close()
        assert caught.value.position == len(text)
        assert caught.value.changes == ()
        assert not parser.complete
        assert parser.value == value
        assert parser.close() == []
        with pytest.raises(PartialJSONError, match=r"^parsing has already failed") as caught:
            parser.feed("x")
        assert caught.value.position == len(text)

    def test_it_closes_once(self) -> None:
        parser = PartialJSON()
        parser.feed("12")
        assert parser.close() == [ValueDone((), 12)]
        assert parser.close() == []
        with pytest.raises(PartialJSONError, match=r"^feed was called after close$") as caught:
            parser.feed(" ")
        assert caught.value.position == 2
        assert parser.complete
        assert parser.value == 12


# The text, the index of the first character that no JSON text can have there, what is known before it, the path.
MALFORMED: list[tuple[str, int, Any, str]] = [
    ("x", 0, None, "$"),
    ('{"a":1,x "b":2}', 7, {"a": 1}, "$"),
    ("\ufeff{}", 0, None, "$"),
    ("Sure! {}", 0, None, "$"),
    ("NaN", 0, None, "$"),
    ("Infinity", 0, None, "$"),
    ("-Infinity", 1, None, "$"),
    ("[1, NaN]", 4, [1], r"$\[1\]"),
    ("+1", 0, None, "$"),
    (".5", 0, None, "$"),
    ("01", 1, None, "$"),
    ("-01", 2, None, "$"),
    ("[00]", 2, [], r"$\[0\]"),
    ("1.", 2, None, "$"),
    ("[1.]", 3, [], r"$\[0\]"),
    ("[1.e5]", 3, [], r"$\[0\]"),
    ("[1e]", 3, [], r"$\[0\]"),
    ("[1e+]", 4, [], r"$\[0\]"),
    ("[1ee]", 3, [], r"$\[0\]"),
    ("[-]", 2, [], r"$\[0\]"),
    ("[--1]", 2, [], r"$\[0\]"),
    ("[1-1]", 2, [], r"$\[0\]"),
    ("[1.5.5]", 4, [], r"$\[0\]"),
    ("[0x1]", 2, [], r"$\[0\]"),
    ('[1"a"]', 2, [], r"$\[0\]"),
    ('{"a":1:', 6, {}, r"$\.a"),
    ("tru]", 3, None, "$"),
    ("[trux", 4, [], r"$\[0\]"),
    ("[fake]", 3, [], r"$\[0\]"),
    ("[nil]", 2, [], r"$\[0\]"),
    ("[nulL]", 4, [], r"$\[0\]"),
    ("[True]", 1, [], r"$\[0\]"),
    ("truex", 4, True, "$"),
    ("[truex]", 5, [True], "$"),
    ("]", 0, None, "$"),
    ("[}", 1, [], r"$\[0\]"),
    ("[1}", 2, [1], "$"),
    ("[1 }", 3, [1], "$"),
    ("[,1]", 1, [], r"$\[0\]"),
    ("[1,]", 3, [1], r"$\[1\]"),
    ("[1,,2]", 3, [1], r"$\[1\]"),
    ("[1 2]", 3, [1], "$"),
    ("[1:2]", 2, [], r"$\[0\]"),
    ("{]", 1, {}, "$"),
    ("{,", 1, {}, "$"),
    ("{1:2}", 1, {}, "$"),
    ("{a:1}", 1, {}, "$"),
    ("{'a':1}", 1, {}, "$"),
    ('{"a"}', 4, {}, r"$\.a"),
    ('{"a",1}', 4, {}, r"$\.a"),
    ('{"a" 1}', 5, {}, r"$\.a"),
    ('{"a":}', 5, {}, r"$\.a"),
    ('{"a":,', 5, {}, r"$\.a"),
    ('{"a":1,}', 7, {"a": 1}, "$"),
    ('{"a":1 "b"', 7, {"a": 1}, "$"),
    ('{"a":{"b":"c"}]', 14, {"a": {"b": "c"}}, "$"),
    ("{}{}", 2, {}, "$"),
    ("[] ]", 3, [], "$"),
    ('"a""b"', 3, "a", "$"),
    ("12 3", 3, 12, "$"),
    ("null,", 4, None, "$"),
    ('"a\nb"', 2, "a", "$"),
    ('"a\x00', 2, "a", "$"),
    ('"\x1f', 1, "", "$"),
    ('"a\\\n"', 3, "a", "$"),
    (r'"a\x"', 3, "a", "$"),
    (r'"a\U0041"', 3, "a", "$"),
    (r'"a\u00g0"', 6, "a", "$"),
    ('"a\\u00"', 6, "a", "$"),
    (r'"\ud83d\x', 8, "\ud83d", "$"),
    (r'"\ud83d\udg', 10, "\ud83d", "$"),
    (r'"\ud83d\ude0"', 12, "\ud83d", "$"),
    (r'"\ud83d\ud8g', 11, "\ud83d", "$"),
    ('{"a\tb":1}', 3, {}, "$"),
    (r'{"a\x":1}', 4, {}, "$"),
    (r'{"a":1,"\u00x', 12, {"a": 1}, "$"),
    ('{"a":[{"b":"c","d":tru}]}', 22, {"a": [{"b": "c"}]}, r"$\.a\[0\]\.d"),
    ("[\v1]", 1, [], r"$\[0\]"),
    ("[1,\u00a02]", 3, [1], r"$\[1\]"),
    ("[\u0661]", 1, [], r"$\[0\]"),
    ("[1\u0661]", 2, [], r"$\[0\]"),
]


def fail(parser: PartialJSON, pieces: Sequence[str]) -> tuple[list[JSONChange], PartialJSONError]:
    """The error that one of the pieces raises, or the end, and what had changed before."""
    changes: list[JSONChange] = []
    try:
        for piece in pieces:
            changes += parser.feed(piece)
        changes += parser.close()
    except PartialJSONError as error:
        return [*changes, *error.changes], error
    raise AssertionError(f"{''.join(pieces)!r} was read")


class TestPiecesInsideAString:
    """Most pieces of a long text are: these need no steps."""

    @pytest.mark.parametrize(
        ("piece", "decoded"),
        [
            ("abc", "abc"),
            ("é\ud83d", "é\ud83d"),
            (r"a\nb", "a\nb"),
            (r"\\", "\\"),
            (r"\u00e9\ud83d\ude00", "é😀"),
            ('a"', None),
            (r"a\n" + '"', None),
            ('a" : "b', None),
            ("a\n", None),
            ("a\\", None),
            (r"\u00e", None),
            (r"\ud83d", None),
            (r"\x", None),
        ],
    )
    def test_is_decoded_at_once_where_nothing_else_can_be_meant(self, piece: str, decoded: str | None) -> None:
        assert inner(piece) == decoded


class TestWhatIsNoJSON:
    @pytest.mark.parametrize(("text", "position", "value", "path"), MALFORMED)
    def test_is_refused_where_it_cannot_go_on_and_what_came_is_kept(
        self, text: str, position: int, value: Any, path: str
    ) -> None:
        with pytest.raises(ValueError):
            loads(text)
        parser = PartialJSON()
        changes, error = fail(parser, [text])
        assert error.position == position
        assert repr(parser.value) == repr(value)
        assert not parser.complete
        with pytest.raises(PartialJSONError, match=f"position {position}, in {path.replace('$', '[$]')}: "):
            raise error
        for pieces in ways(text):
            other = PartialJSON()
            found, again = fail(other, pieces)
            assert (again.position, str(again)) == (error.position, str(error)), pieces
            assert merged(found) == merged(changes), pieces
            assert repr(other.value) == repr(value), pieces

    @pytest.mark.parametrize(("text", "position"), [row[:2] for row in MALFORMED])
    def test_is_refused_by_its_first_wrong_character(self, text: str, position: int) -> None:
        assert can_go_on(text[:position])
        if position < len(text):
            assert not can_go_on(text[: position + 1])
            parser = PartialJSON()
            parser.feed(text[:position])
            with pytest.raises(PartialJSONError):
                parser.feed(text[position])

    @pytest.mark.parametrize("prefix", ["[", "[-", "[0", "[1", "[1.", "[1.5", "[1e", "[1e+", "[1e5"])
    def test_what_may_come_next_in_a_number(self, prefix: str) -> None:
        for character in map(chr, range(0x20, 0x7F)):
            parser = PartialJSON()
            parser.feed(prefix)
            if can_go_on(prefix + character):
                parser.feed(character)
            else:
                with pytest.raises(PartialJSONError, match=f"position {len(prefix)}, ") as caught:
                    parser.feed(character)
                assert caught.value.changes == () or character == "}"  # which ends a number, in the wrong place

    @given(texts(), st.data())
    def test_any_damage_is_found_where_it_shows(self, text: str, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.text(CHARACTERS, max_size=3)) + text[at + data.draw(st.integers(0, 2)) :]
        try:
            value = loads(text)
        except ValueError:
            _, error = fail(PartialJSON(), [text])
            assert can_go_on(text[: error.position])
            assert error.position == len(text) or not can_go_on(text[: error.position + 1])
            places = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
            assert str(fail(PartialJSON(), pieces_of(text, places))[1]) == str(error)
        else:
            assert repr(read([text])[0].value) == repr(value)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("x", "expected a value, not 'x'"),
            ("[1 2", "expected ',' or ']', not '2'"),
            ('{"a":[] 2', "expected ',' or '}', not '2'"),
            ("{1", "expected a key in double quotes or '}', not '1'"),
            ('{"a":[],1', "expected a key in double quotes, not '1'"),
            ('{"a" 1', "expected ':', not '1'"),
            ("{} 1", "expected the end of the text, not '1'"),
            ('["a', "the text ended before its value was complete"),
            ("1x", "'x' is not allowed here in a number"),
            ("nux", "'x' is not allowed here in a literal"),
            ('"\n', r"'\n' is not allowed here in a string"),
        ],
    )
    def test_it_says_what_is_wrong(self, text: str, reason: str) -> None:
        _, error = fail(PartialJSON(), [text])
        assert str(error).partition(": ")[2] == reason

    def test_the_end_of_a_long_path_is_shown(self) -> None:
        with pytest.raises(PartialJSONError, match=r"in \$….{80}: ") as caught:
            PartialJSON().feed('{"a' + "b" * 100 + '": [x')
        assert "b[0]: " in str(caught.value)
        with pytest.raises(PartialJSONError, match=r"in \$\.a{79}: "):
            PartialJSON().feed('{"' + "a" * 79 + '": x')
        with pytest.raises(PartialJSONError, match=r"in \$…a{80}: "):
            PartialJSON().feed('{"' + "a" * 80 + '": x')

    def test_an_error_is_final_and_said_again(self) -> None:
        parser = PartialJSON()
        with pytest.raises(PartialJSONError) as caught:
            parser.feed('["abc\n')
        assert caught.value.changes == (
            ValueStarted((), "array"),
            ValueStarted((0,), "string"),
            StringDelta((0,), "abc"),
        )
        for text in ('def"]', "", "\n"):
            with pytest.raises(
                PartialJSONError, match=r"^parsing has already failed: not JSON at position 5, in \$\[0\]"
            ) as again:
                parser.feed(text)
            assert again.value.position == 5
            assert again.value.changes == ()
        assert parser.close() == []
        assert parser.value == ["abc"]
        assert not parser.complete

    def test_it_is_a_value_error_outside_the_tree(self) -> None:
        assert issubclass(PartialJSONError, ValueError)
        assert not issubclass(PartialJSONError, SSEStreamError)
        error = pickle.loads(pickle.dumps(PartialJSONError("what", position=3)))
        assert error.position == 3
        assert error.changes == ()


class TestLimits:
    @pytest.mark.parametrize(("opening", "inside", "closing"), [("[", "", "]"), ('{"a":', "0", "}")])
    def test_depth(self, opening: str, inside: str, closing: str) -> None:
        deepest = opening * MAX_DEPTH + inside + closing * MAX_DEPTH
        assert read([deepest])[0].value == loads(deepest)
        for pieces in ([opening * (MAX_DEPTH + 1)], list(opening * (MAX_DEPTH + 1))):
            _, error = fail(PartialJSON(), pieces)
            assert error.position == len(opening) * (MAX_DEPTH + 1) - len(opening)
            assert "nested deeper than 128 levels" in str(error)

    def test_what_has_been_closed_is_not_deep(self) -> None:
        text = "[" + ",".join(["[[]]"] * MAX_DEPTH) + "]"
        assert read([text])[0].value == loads(text)

    @pytest.mark.parametrize("text", ['["abcdef"]', "[1234567]", "          ", '{"abcdefghi', '"\\ud83d\\ude00"'])
    def test_size_in_characters(self, text: str) -> None:
        for size in range(1, len(text)):
            parsers = [PartialJSON(max_size=size) for _ in range(3)]
            for parser, pieces in zip(parsers, ([text], list(text), [text[:size], text[size:]]), strict=True):
                changes, error = fail(parser, pieces)
                assert error.position == size
                assert f"the text is longer than max_size, {size} characters" in str(error)
                assert repr(parser.value) == repr(known(text[:size]))
                assert merged(changes) == merged(PartialJSON().feed(text[:size]))
        parser = PartialJSON(max_size=len(text))
        for character in text:
            parser.feed(character)
        assert parser.feed("") == []

    def test_size_by_default(self) -> None:
        parser = PartialJSON()
        parser.feed('"' + "a" * 8_388_607)
        _, error = fail(parser, ["a"])
        assert error.position == 8_388_608

    @pytest.mark.parametrize("size", [0, -1])
    def test_size_is_above_0(self, size: int) -> None:
        with pytest.raises(ValueError, match="1 or more"):
            PartialJSON(max_size=size)

    def test_a_whole_number_of_more_digits_than_python_reads(self) -> None:
        text = '{"a": ' + "1" * 5000 + "}"
        with pytest.raises(ValueError, match="limit"):
            loads(text)
        for pieces in ([text], list(text)):
            parser = PartialJSON()
            _, error = fail(parser, pieces)
            assert error.position == 6
            assert "5000 digits" in str(error)
            assert parser.value == {}
        assert read(["1" * 5000 + ".5"])[0].value == float("inf")

    @pytest.mark.parametrize(
        "repeated",
        ["[],", "{},", '{"":0},', "[0],", '"世",', "[" * 100 + "]" * 100 + ",", '{"":' * 100 + "0" + "}" * 100 + ","],
    )
    def test_memory_is_bounded_with_the_size(self, repeated: str) -> None:
        text = "[" + repeated * (60_000 // len(repeated)) + "0]"
        tracemalloc.start()
        parser = PartialJSON()
        for at in range(0, len(text), 500):
            parser.feed(text[at : at + 500])
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken < 50 * len(text)

    def test_a_string_of_many_escapes(self) -> None:
        """More of them than are looked at in one go."""
        text = json.dumps(["\n\\é😀a" * 3000, "\ud83d" * 3000])
        for pieces in ([text], pieces_of(text, range(0, len(text), 7))):
            assert read(pieces)[0].value == loads(text)


class TestArguments:
    @pytest.mark.parametrize("text", [b"{}", None, 1])
    def test_text_is_a_str(self, text: Any) -> None:
        with pytest.raises(TypeError, match=f"PartialJSON.feed takes str, not {type(text).__name__}"):
            PartialJSON().feed(text)

    @pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
    def test_it_cannot_be_copied(self, duplicate: Any) -> None:
        with pytest.raises(TypeError, match="PartialJSON holds the state of a stream"):
            duplicate(PartialJSON())

    def test_a_piece_of_a_subclass_of_str_is_text_like_any_other(self) -> None:
        class Text(str):
            __slots__ = ()

        parser = PartialJSON()
        parser.feed(Text('"ab'))
        (delta,) = parser.feed(Text("cd"))
        assert type(parser.value) is str
        assert isinstance(delta, StringDelta)
        assert parser.value == "abcd"
