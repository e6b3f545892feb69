"""Copies of JSON values, so that no two who hold one can change it for each other."""

from __future__ import annotations

import msgspec

from ._depth import JSONValue


def copied(value: JSONValue) -> JSONValue:
    """A copy of a JSON value that shares no dict and no list with it.

    What a caller has put in that JSON has no word for becomes what msgspec would write for it, or stays the same object.

    >>> value = {"a": [1]}
    >>> copied(value) == value, copied(value)["a"] is value["a"]
    (True, False)
    """
    try:
        return msgspec.to_builtins(value)  # a quarter of the time that a loop in Python takes
    except TypeError:  # something that JSON has no word for
        return _copied_as_it_is(value)


def _copied_as_it_is(value: JSONValue) -> JSONValue:
    if isinstance(value, dict):
        return {name: _copied_as_it_is(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copied_as_it_is(item) for item in value]
    return value


def refusal_to_copy(value: object) -> TypeError:
    """The error for who copies or pickles what stands in the middle of a stream, by `__reduce_ex__`."""
    name = type(value).__name__
    return TypeError(f"a {name} stands in the middle of a stream, and cannot be copied or pickled: make a new one")
