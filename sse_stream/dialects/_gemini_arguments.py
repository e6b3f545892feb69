"""Gemini's arguments that come value by value, each with its path: the JSON text that they make.

With `streamFunctionCallArguments` a call's arguments are no JSON text in pieces but a list of values, such as
`{"jsonPath": "$.place.city", "stringValue": "Os", "willContinue": true}`. The text is written as they come: the
containers along the path are opened, and closed when a path leads elsewhere.
https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from .._json._depth import MAX_DEPTH, JSONValue

Step: TypeAlias = str | int
"""One step of a path: a member's name, or an item's index."""

# A path that is longer could not be decoded again once it is text, with what stands around it.
_LONGEST = MAX_DEPTH - 8

# So many members of an object are remembered, to know one that comes again: none has more.
_MOST_NAMES = 4096

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>[0-9]{1,9})\]|\[(?P<quote>['"])(?P<quoted>(?:[^\\]|\\.)*?)(?P=quote)\]"""
)


class Container:
    """An object or an array that is being written.

    Attributes:
        is_array: Which of the two.
        last: The step to the value in it that was written last.
    """

    __slots__ = ("_names", "is_array", "last")

    def __init__(self, *, is_array: bool) -> None:
        self.is_array = is_array
        self.last: Step | None = None
        self._names: set[Step] = set()

    def takes(self, step: Step) -> bool:
        """Whether a value can be written there: it is of this kind of container, and nothing stands there yet."""
        if isinstance(step, int):
            return self.is_array and (not isinstance(self.last, int) or step > self.last)
        return not self.is_array and step not in self._names

    def begin(self, step: Step) -> str:
        """The text before a value."""
        comma = "" if self.last is None else ","
        self.last = step
        if isinstance(step, int):
            return comma
        if len(self._names) < _MOST_NAMES:
            self._names.add(step)
        return f"{comma}{_encoded(step)}:"

    def opening(self) -> str:
        """Its first bracket."""
        return "[" if self.is_array else "{"

    def closing(self) -> str:
        """Its last bracket."""
        return "]" if self.is_array else "}"


class ArgumentsText:
    """The JSON text of arguments, as far as their values have come."""

    __slots__ = ("_open", "_string", "_text")

    def __init__(self) -> None:
        self._open: list[Container] = []
        self._string: list[Step] | None = None  # the path of a string that goes on
        self._text = bytearray()

    def add(self, path: list[Step], value: JSONValue, *, goes_on: bool = False) -> str | None:
        """Write a value, or the next piece of the string that goes on.

        Args:
            path: Where it belongs, one step at least.
            value: The value.
            goes_on: Whether it is a string of which more comes.

        Returns:
            The text that this adds; `None` if something else was written there, which cannot be changed any more.
        """
        if self._string == path and isinstance(value, str):
            return self._write(_escaped(value) + ("" if goes_on else self._end_string()))
        kept = self._kept_open(path)
        if self._open and not self._open[kept].takes(path[kept]):
            return None
        text = self._end_string() + self._close_down_to(kept + 1)
        if not self._open:
            text += self._opened(path[0])
        for place in range(kept, len(path)):
            text += self._open[-1].begin(path[place])
            if place + 1 < len(path):
                text += self._opened(path[place + 1])
        if not goes_on or not isinstance(value, str):
            return self._write(text + _encoded(value))
        self._string = path
        return self._write(f'{text}"{_escaped(value)}')

    def is_within(self, path: list[Step]) -> bool:
        """Whether a string goes on at this path."""
        return self._string == path

    def close(self) -> str:
        """No more values come: the text that is missing, `{}` if there was none."""
        text = self._end_string() + self._close_down_to(0)
        return self._write(text if self._text else "{}")

    def value(self) -> JSONValue:
        """The arguments, once they are closed."""
        return msgspec.json.decode(bytes(self._text))

    def _write(self, text: str) -> str:
        self._text += text.encode()
        return text

    def _kept_open(self, path: list[Step]) -> int:
        """How many of the open containers below the first lead to this path."""
        kept = 0
        while (
            kept + 1 < min(len(path), len(self._open))
            and self._open[kept].last == path[kept]
            and self._open[kept + 1].is_array == isinstance(path[kept + 1], int)
        ):
            kept += 1
        return kept

    def _opened(self, step: Step) -> str:
        self._open.append(Container(is_array=isinstance(step, int)))
        return self._open[-1].opening()

    def _close_down_to(self, kept: int) -> str:
        text = "".join(container.closing() for container in reversed(self._open[kept:]))
        del self._open[kept:]
        return text

    def _end_string(self) -> str:
        if self._string is None:
            return ""
        self._string = None
        return '"'


def steps_of(path: JSONValue) -> list[Step] | None:
    """The steps of a JSONPath such as `$.a.b[0]`; `None` of what leads to no one place, or too deep.

    >>> steps_of("$.a['b c'][0]"), steps_of("$..a")
    (['a', 'b c', 0], None)
    """
    if not isinstance(path, str) or not path.startswith("$"):
        return None
    steps: list[Step] = []
    position = 1
    while position < len(path) and len(steps) < _LONGEST:
        step = _STEP.match(path, position)
        if step is None:
            return None
        position = step.end()
        if step["index"] is not None:
            steps.append(int(step["index"]))
        else:
            steps.append(step["name"] or re.sub(r"\\(.)", r"\1", step["quoted"] or ""))
    return steps if steps and position == len(path) else None


def _encoded(value: JSONValue) -> str:
    return msgspec.json.encode(value).decode()


def _escaped(text: str) -> str:
    return _encoded(text)[1:-1]
