"""Deep copies of JSON values, so that two owners never share a mutable object."""

from __future__ import annotations

import msgspec

from ._depth import JSONValue


def copied(value: JSONValue) -> JSONValue:
    """Return a copy of a JSON value that shares no dict or list with it.

    Objects that are not JSON types are converted as msgspec would encode them, or kept as they are if it cannot.

    >>> value = {"a": [1]}
    >>> copied(value) == value, copied(value)["a"] is value["a"]
    (True, False)
    """
    try:
        return msgspec.to_builtins(value)  # takes a quarter of the time of a loop in Python
    except TypeError:  # something that msgspec cannot encode
        return _copied_as_it_is(value)


def _copied_as_it_is(value: JSONValue) -> JSONValue:
    if isinstance(value, dict):
        return {name: _copied_as_it_is(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copied_as_it_is(item) for item in value]
    return value


def refusal_to_copy(value: object) -> TypeError:
    """Return the error to raise from `__reduce_ex__` of an object that must not be copied or pickled."""
    name = type(value).__name__
    return TypeError(f"a {name} holds the state of a stream and cannot be copied or pickled: create a new one")
