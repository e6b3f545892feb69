"""Finding the end of an object or array, however its text is split."""

from __future__ import annotations

import pytest

from sse_stream._json._brackets import Brackets


def closed(*pieces: str) -> bool:
    brackets = Brackets()
    for piece in pieces:
        brackets.feed(piece)
    return brackets.closed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("5", False),
        ('"{}"', False),
        ("{", False),
        ("[", False),
        ("{}", True),
        ("[]", True),
        ("[[", False),
        ("[[]", False),
        ("[{}", False),
        ("[{}]", True),
        ("{}\n", True),
        ("{} []", True),
        ("{} [", False),
        ('{"a":"}"', False),
        ('{"a":"}"}', True),
        ('{"a":"{"}', True),
        ('{"a":"\\"}', False),
        ('{"a":"\\"}"', False),
        ('{"a":"\\"}"}', True),
        ('{"a":"\\\\"}', True),
        ('{"a":"\\\\\\"}', False),
        ('{"a":"\\\\\\"}"}', True),
        ('{"a":"\\n"}', True),
        ('{"a":"\\n\\""', False),
        ('{"a":"\\u0022"}', True),
        ('["\\\\","\\"]","]"]', True),
        ('["\\\\","\\"]","]"', False),
    ],
)
def test_an_object_or_array_ends_with_its_last_bracket(text: str, expected: bool) -> None:
    assert closed(text) is expected
    assert closed(*text) is expected
    assert closed(*[piece for character in text for piece in (character, "")]) is expected
    for first in range(len(text)):
        for second in range(first, len(text)):
            assert closed(text[:first], text[first:second], text[second:]) is expected
