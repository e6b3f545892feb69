"""Invariants of `PartialJSON` that hold for arbitrary text. The check raises `AssertionError` if one fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sse_stream import JSONChange, JSONPath, JSONValue, PartialJSON, PartialJSONError

from ..json.partial_changes import Replica, merged
from ..json.partial_oracle import can_go_on, known, loads

# Up to this many characters, each prefix is compared with what all its continuations have in common, which is slow.
_SHORT = 24


@dataclass(frozen=True)
class _Reading:
    """All that a parser shows of a text."""

    changes: Sequence[JSONChange]
    value: JSONValue
    path: JSONPath
    complete: bool
    error: tuple[str, int] | None


def _read(pieces: Sequence[str]) -> _Reading:
    parser = PartialJSON()
    changes: list[JSONChange] = []
    failed = None
    try:
        for piece in pieces:
            changes.extend(parser.feed(piece))
        changes.extend(parser.close())
    except PartialJSONError as error:
        changes.extend(error.changes)
        failed = str(error), error.position
        _check_final(parser)
    return _Reading(merged(changes), parser.value, parser.path, parser.complete, failed)


def _check_final(parser: PartialJSON) -> None:
    """An error is final, and closing after it does no harm."""
    value = repr(parser.value)
    try:
        parser.feed("1")
    except PartialJSONError:
        pass
    else:
        raise AssertionError("a parser that has failed took more text")
    assert parser.close() == []
    assert repr(parser.value) == value


def check_partial(body: bytes) -> None:
    """The value is that of `json.loads`, the changes add up to it, and the split does not matter."""
    text = body.decode("utf-8", "replace")
    whole = _read([text])
    size = len(text)
    for pieces in ([*text], *([text[:at], text[at:]] for at in {size // 3, size // 2, size - 1})):
        assert repr(_read(pieces)) == repr(whole), pieces
    replica = Replica()
    replica.apply(whole.changes)
    at_key = whole.path != () and isinstance(whole.path[-1], str)
    if whole.complete or not at_key:  # between a repeated key and its value, the old value is no longer shown
        shown = [whole.value] if replica.top else []
        assert json.dumps(replica.top, sort_keys=True) == json.dumps(shown, sort_keys=True)
    try:
        value = loads(text)
    except (ValueError, RecursionError):
        assert whole.error is not None, text
    else:
        # What is nested too deep for us need not be for `json.loads`.
        assert whole.error is None or "nested" in whole.error[0], (text, whole.error)
        if whole.error is None:
            assert repr(whole.value) == repr(value)
            assert whole.complete
    if size <= _SHORT:
        _check_prefixes(text)


def _check_prefixes(text: str) -> None:
    """After each character, the value is what all continuations have in common."""
    parser = PartialJSON()
    for at, character in enumerate(text, 1):
        try:
            parser.feed(character)
        except PartialJSONError:
            assert not can_go_on(text[:at]), text[:at]
            return
        assert repr(parser.value) == repr(known(text[:at])), text[:at]
