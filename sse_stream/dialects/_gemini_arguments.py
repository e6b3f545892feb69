"""Converting Gemini's streamed arguments, values with paths, to JSON text.

With `streamFunctionCallArguments`, the arguments of a call are not JSON text in pieces but a list of values, such as
`{"jsonPath": "$.place.city", "stringValue": "Os", "willContinue": true}`. The text is written incrementally: containers
on the path are opened, and closed when a path leads elsewhere.
https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias

import msgspec

from .._json._depth import MAX_DEPTH, JSONValue
from .._json._lenient import without_surrogates

Step: TypeAlias = str | int
"""One step of a path: the name of a member, or the index of an item."""

# The text for a longer path, and what encloses it, would exceed the limit on nesting.
_LONGEST = MAX_DEPTH - 8

# How many names per object are remembered to detect repetitions. Real arguments have fewer.
_MOST_NAMES = 4096

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>[0-9]{1,9})\]|\[(?P<quote>['"])(?P<quoted>(?:[^\\]|\\.)*?)(?P=quote)\]"""
)


class Container:
    """An object or array that is being written.

    Attributes:
        is_array: Whether it is an array.
        last: The step to the last value that was written in it.
    """

    __slots__ = ("_names", "is_array", "last")

    def __init__(self, *, is_array: bool) -> None:
        self.is_array = is_array
        self.last: Step | None = None
        self._names: set[Step] = set()

    def accepts(self, step: Step) -> bool:
        """Whether a value can be written at this step: it fits the container and is not taken."""
        if isinstance(step, int):
            return self.is_array and (not isinstance(self.last, int) or step > self.last)
        return not self.is_array and step not in self._names

    def begin(self, step: Step) -> str:
        """Return the text before a value: comma and name."""
        comma = "" if self.last is None else ","
        self.last = step
        if isinstance(step, int):
            return comma
        if len(self._names) < _MOST_NAMES:
            self._names.add(step)
        return f"{comma}{_encoded(step)}:"

    def opening(self) -> str:
        """Return the opening bracket."""
        return "[" if self.is_array else "{"

    def closing(self) -> str:
        """Return the closing bracket."""
        return "]" if self.is_array else "}"


class ArgumentsText:
    """Writes the JSON text of arguments as their values come."""

    __slots__ = ("_open", "_string", "_text")

    def __init__(self) -> None:
        self._open: list[Container] = []
        self._string: list[Step] | None = None  # the path of an open string
        self._text = bytearray()

    def add(self, path: list[Step], value: JSONValue, *, goes_on: bool = False) -> str | None:
        """Write a value, or the next piece of the open string.

        Args:
            path: The path of the value, at least one step.
            value: The value.
            goes_on: Whether it is a string that will continue.

        Returns:
            The added text; `None` if the path is taken, because text that was delivered cannot be changed.
        """
        if self._string == path and isinstance(value, str):
            return self._write(_escaped(value) + ("" if goes_on else self._end_string()))
        kept = self._shared_depth(path)
        if not self._open:
            text = self._opened(path[0])
        elif self._open[kept].accepts(path[kept]):
            text = self._end_string() + self._close_down_to(kept + 1)
        else:
            return None
        for place in range(kept, len(path)):
            text += self._open[-1].begin(path[place])
            if place + 1 < len(path):
                text += self._opened(path[place + 1])
        if not goes_on or not isinstance(value, str):
            return self._write(text + _encoded(value))
        self._string = path
        return self._write(f'{text}"{_escaped(value)}')

    def is_within(self, path: list[Step]) -> bool:
        """Whether this is the path of the open string."""
        return self._string == path

    def close(self) -> str:
        """End the arguments. Returns the missing text: `{}` if there were no values."""
        text = self._end_string() + self._close_down_to(0)
        return self._write(text if self._text else "{}")

    def value(self) -> JSONValue:
        """Return the arguments, which must be closed."""
        return msgspec.json.decode(without_surrogates(self._text.decode("utf-8", "surrogatepass")))

    def _write(self, text: str) -> str:
        # Half a surrogate pair at the end of a piece is rejoined in the text that is delivered, as in any other.
        self._text += text.encode("utf-8", "surrogatepass")
        return text

    def _shared_depth(self, path: list[Step]) -> int:
        """Return how many of the open containers, not counting the outermost, are on this path."""
        kept = 0
        while kept + 1 < min(len(path), len(self._open)) and self._open[kept].last == path[kept]:
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
    """Return the steps of a JSONPath such as `$.a.b[0]`; `None` if it is not a path to one value, or too deep.

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
            steps.append(step["name"] or re.sub(r"\\(.)", r"\1", step["quoted"]))
    return steps if steps and position == len(path) else None


def _encoded(value: JSONValue) -> str:
    """Return the JSON text. A string keeps halves of surrogate pairs."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else msgspec.json.encode(value).decode()


def _escaped(text: str) -> str:
    return _encoded(text)[1:-1]
