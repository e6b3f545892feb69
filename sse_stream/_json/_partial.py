"""An incremental JSON parser that shows the value so far, in linear time."""

from __future__ import annotations

from typing import NoReturn, SupportsIndex

from ._copying import refusal_to_copy
from ._depth import JSONValue
from ._partial_changes import JSONChange, JSONPath
from ._partial_machine import PartialMachine

MAX_SIZE = 8 * 1024 * 1024


class PartialJSON:
    """Parses JSON text incrementally, as it arrives, looking at each character once.

    It shows only what later text cannot change, and the complete value equals that of `json.loads`. Strings grow as
    they arrive, but an escape or a surrogate pair is shown only once it is complete. Numbers, `true`, `false`, `null`
    and keys are shown when they are complete. The one exception is a repeated key, which JSON allows: its last value
    replaces the earlier one. `NaN` and `Infinity`, which `json.loads` accepts, are not JSON (RFC 8259, section 6) and
    are rejected.

    Args:
        max_size: The maximum number of characters. The value takes about as many bytes of memory, but up to fifty
            times as many if the text consists of empty objects and the like.

    Raises:
        ValueError: `max_size` is below 1.

    >>> parser = PartialJSON()
    >>> parser.feed('{"city": "Os')
    [ValueStarted(path=(), kind='object'), ValueStarted(path=('city',), kind='string'), \
StringDelta(path=('city',), text='Os')]
    >>> parser.value
    {'city': 'Os'}
    >>> parser.feed('lo", "people": 71')
    [StringDelta(path=('city',), text='lo'), ValueDone(path=('city',), value='Oslo'), \
ValueStarted(path=('people',), kind='number')]
    >>> parser.value, parser.path, parser.complete
    ({'city': 'Oslo'}, ('people',), False)
    """

    __slots__ = ("_machine",)

    def __init__(self, *, max_size: int = MAX_SIZE) -> None:
        if max_size < 1:
            raise ValueError(f"PartialJSON(max_size=…) takes a number of characters, 1 or more, not {max_size!r}")
        self._machine = PartialMachine(max_size)

    @property
    def value(self) -> JSONValue:
        """A snapshot of the value so far, `None` while nothing is known. It belongs to the caller and never changes.

        Each access copies the whole value, so read it when you display it, not after every piece.
        """
        return self._machine.value()

    @property
    def path(self) -> JSONPath:
        """The path of the value that is being parsed, or that comes next.

        After a value, and inside a key, it is the path of the enclosing object or array.
        """
        return self._machine.path

    @property
    def complete(self) -> bool:
        """Whether the value is complete, with only whitespace after it."""
        return self._machine.complete and self._machine.error is None

    def feed(self, text: str) -> list[JSONChange]:
        """Parse the next piece of the text.

        Args:
            text: Any number of characters, split anywhere.

        Returns:
            The changes, in order. Each call gives at most one `StringDelta` per string.

        Raises:
            PartialJSONError: The text is not JSON, nested deeper than 128 levels, or longer than `max_size`. The error
                says where, and what came before that point stays in `value` and in the error's `changes`. Raised
                again by every later call, and by a call after `close`.
            TypeError: `text` is not a `str`.
        """
        if not isinstance(text, str):
            raise TypeError(
                f"PartialJSON.feed takes str, not {type(text).__name__}: decode bytes with an incremental decoder first"
            )
        return self._machine.feed(text)

    def close(self) -> list[JSONChange]:
        """End the text. A number that is not inside an object or an array is complete only then.

        Returns:
            The changes. After an error, or when called again, it does nothing.

        Raises:
            PartialJSONError: The value is not complete.
        """
        return self._machine.close()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise refusal_to_copy(self)
