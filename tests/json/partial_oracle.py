"""What an incomplete JSON text means, determined the slow way: by trying how it can continue.

The parser is not used here. A prefix is completed in many ways, each is decoded by `json.loads`, and what all results
have in common is what the prefix means. Two rules are conventions, and added by hand: an incomplete number or word
means nothing, although every word that starts with `t` is `true`; and a key that is still being written counts as a
new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product, takewhile
from typing import Any, NoReturn

MISSING: Any = object()

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r"[-+.\w]+\Z")

# What may come next where no string is open, the closing brackets apart; no document has such keys.
_NEXT = ("", "0", '"s"', ":0", ':"s"', '"k new":0', '"l new":0', ',"k new":0', ",0")
# How an escape may go on, and what may come after it.
_ESCAPED = {"", "n", "t", *(f"u{code}"[at:] for code in ("0041", "0042", "de00", "de01", "d800") for at in range(5))}
_WITHIN = sorted(_ESCAPED | {"\\ude00", "\\ude01"})
_AFTER_STRING = ("", ":0", ':"s"')
# How a number or a word may go on.
_SCALARS = ("", "0", *(word[at:] for word in ("true", "false", "null") for at in range(1, len(word))))


def loads(text: str) -> Any:
    """`json.loads`, but for the constants that it reads and JSON has not."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _outline(prefix: str) -> tuple[str, bool]:
    """The brackets that are to be closed, and whether a string is open."""
    bare = _STRING.sub("", prefix)
    bare, quote, _ = bare.partition('"')
    closing: list[str] = []
    for character in bare:
        if character in "[{":
            closing.append("]" if character == "[" else "}")
        elif character in "]}" and closing:
            closing.pop()
    return "".join(reversed(closing)), bool(quote)


def _read(prefix: str, tails: Iterator[str], closing: str) -> Iterator[Any]:
    for tail in tails:
        try:
            yield loads(prefix + tail + closing)
        except ValueError:
            continue


def can_go_on(prefix: str) -> bool:
    """Whether any JSON text begins like this."""
    closing, in_string = _outline(prefix)
    tails: Iterator[str]
    if in_string:
        tails = (within + 'x new"' + after for within, after in product(_WITHIN, _AFTER_STRING))
    else:
        tails = iter((*_NEXT, *_SCALARS))
    return any(True for _ in _read(prefix, tails, closing))


def known(prefix: str) -> Any:
    """What is known of a JSON text that begins like this; `None` if nothing is."""
    closing, in_string = _outline(prefix)
    tails: Iterator[str]
    if in_string:
        tails = (within + end + after for within, end, after in product(_WITHIN, ('x new"', 'y new"'), _AFTER_STRING))
    else:
        scalar = _SCALAR.search(prefix)
        if scalar is not None and scalar[0] not in ("true", "false", "null"):
            prefix = prefix[: scalar.start()]
        tails = iter(_NEXT)
    found = list(_read(prefix, tails, closing))
    assert found, prefix
    first, *others = found
    for other in others:
        first = MISSING if first is MISSING else _shared(first, other)
    return None if first is MISSING else first


def _shared(one: Any, other: Any) -> Any:
    """What two JSON values have in common, from the beginning on."""
    if type(one) is not type(other):
        return MISSING
    if isinstance(one, dict):
        both = {key: _shared(one[key], other[key]) for key in one if key in other}
        return {key: value for key, value in both.items() if value is not MISSING}
    if isinstance(one, list):
        items = []
        for pair in zip(one, other, strict=False):
            item = _shared(*pair)
            if item is MISSING:
                break
            items.append(item)
        return items
    if isinstance(one, str):
        return "".join(first for first, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return one if repr(one) == repr(other) else MISSING
