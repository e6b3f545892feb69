"""JSON while it is being written: what it says so far, in linear time."""

from __future__ import annotations

from typing import NoReturn, SupportsIndex

from ._copying import refusal_to_copy
from ._depth import JSONValue
from ._partial_changes import JSONChange, JSONPath
from ._partial_machine import PartialMachine

MAX_SIZE = 8 * 1024 * 1024


class PartialJSON:
    """Reads a JSON text while it is being written, and looks at each character once.

    What it shows is what the text says however it goes on, and the whole is what `json.loads` makes of it. Strings
    grow as they come; of an escape or a surrogate pair nothing is shown before it is whole. Numbers, `true`, `false`
    and `null` are shown when they are complete, and so are keys. What was shown is taken back in one case: JSON allows
    a key to come again, and then the last value counts. `NaN` and `Infinity`, which `json.loads` accepts, are no JSON
    (RFC 8259, section 6), and are refused.

    Args:
        max_size: How many characters the text may have. What it says takes about as many bytes of memory, but up to
            fifty times as many if it is made of empty objects and the like.

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
        """All that is known so far, as a snapshot: what comes later does not change it, and it belongs to the caller.

        `None` while nothing is known. Making it costs what it holds, so ask for it as often as you show it, and not
        for each piece.
        """
        return self._machine.value()

    @property
    def path(self) -> JSONPath:
        """Where the text is being written: the path of the value that is being written, or comes next.

        After a value, and while a key is being written, it is the path of the object or array around them.
        """
        return self._machine.path

    @property
    def complete(self) -> bool:
        """Whether the value is whole, and nothing but white space has come after it."""
        return self._machine.complete and self._machine.error is None

    def feed(self, text: str) -> list[JSONChange]:
        """Take the next piece of the text, all of it at once.

        Args:
            text: Any number of characters, cut anywhere.

        Returns:
            What it changes, in order. The pieces of a string that come in one call are one `StringDelta`.

        Raises:
            PartialJSONError: The text is not JSON, nested deeper than 128 levels, or larger than `max_size`; it says
                where. What came before that stays, in `value` and in the error's `changes`. At each later call too,
                and after `close`.
            TypeError: `text` is no `str`.
        """
        if not isinstance(text, str):
            raise TypeError(
                f"PartialJSON.feed takes a str, not {type(text).__name__}: decode bytes incrementally first"
            )
        return self._machine.feed(text)

    def close(self) -> list[JSONChange]:
        """Say that no more will come. Only then a number is complete that is not within an object or an array.

        Returns:
            What that changes. After an error, or when it is called again, it does nothing.

        Raises:
            PartialJSONError: The value is not complete.
        """
        return self._machine.close()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise refusal_to_copy(self)
