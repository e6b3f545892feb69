"""The grammar of JSON, token by token: RFC 8259.

A step is a method that takes the text and a position, reads one token or as much of it as there is, sets the next step,
and returns the position after the token. Each character is looked at once, except for an escape split between pieces:
at most eleven characters, which are kept until the rest arrives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from io import StringIO
from typing import NoReturn, TypeAlias

from .._errors import PartialJSONError
from ._depth import MAX_DEPTH, JSONValue
from ._partial_changes import JSONKind, JSONPath, ValueStarted
from ._partial_numbers import NumberState, can_end, go_on, number
from ._partial_strings import decode, fault, is_unsure
from ._partial_tree import PartialTree

_WHITESPACE = re.compile(r"[ \t\n\r]+")
_AFTER_A_NUMBER = frozenset(" \t\n\r,]}")

_LITERALS: Mapping[str, tuple[str, JSONKind, bool | None]] = {
    "t": ("true", "boolean", True),
    "f": ("false", "boolean", False),
    "n": ("null", "null", None),
}


class PartialSteps(PartialTree):
    """Parses one JSON text.

    Attributes:
        step: The next step.
        base: The position in the whole text at which the current piece begins.
        unsure: The beginning of an escape that the last piece split.
        error: The error to raise for calls after a failure; `None` if the text has not failed.
    """

    __slots__ = (
        "_digits",
        "_key_buffer",
        "_literal",
        "_number",
        "_number_at",
        "_rest",
        "base",
        "error",
        "step",
        "unsure",
    )

    # Set by the step or the call that begins what they are about.
    base: int
    _key_buffer: StringIO
    _number: NumberState
    _number_at: int
    _literal: bool | None
    _rest: str  # what is missing of a literal

    def __init__(self) -> None:
        super().__init__()
        self.step: Step = PartialSteps._value
        self.unsure = ""
        self.error: PartialJSONError | None = None
        self._digits: list[str] = []

    def refuse(self, at: int, reason: str) -> NoReturn:
        """Fail at a character of the current piece."""
        position = self.base + at
        message = f"not JSON at position {position}, in {_shown(self.path)}: {reason}"
        self.error = PartialJSONError(f"parsing has already failed: {message}", position=position)
        raise PartialJSONError(message, position=position, changes=tuple(self.changes))

    # ---------------------------------------------------------------- values

    def _value(self, text: str, at: int) -> int:
        """Expect a value."""
        begin = _BEGINNINGS.get(text[at])
        if begin is not None:
            return begin(self, text, at)
        return self._pass_over(text, at, "a value")

    def _first_item(self, text: str, at: int) -> int:
        """Expect the first item of an array, or its end."""
        if text[at] == "]":
            return self._end_container(at)
        white = _WHITESPACE.match(text, at)
        if white is not None:
            return white.end()
        self.next_item()
        return self._value(text, at)

    def _after_value(self, text: str, at: int) -> int:
        """After a value: expect a comma, or the end of the enclosing container."""
        character = text[at]
        if type(self.container) is not list:
            if character == ",":
                self.step = PartialSteps._next_key
                return at + 1 + text.startswith(" ", at + 1)  # measured as "records"
            if character == "}":
                return self._end_container(at)
            return self._pass_over(text, at, "',' or '}'")
        if not self.opened:
            return self._pass_over(text, at, "the end of the text")
        if character == ",":
            self.next_item()
            self.step = PartialSteps._value
            return at + 1
        if character == "]":
            return self._end_container(at)
        return self._pass_over(text, at, "',' or ']'")

    def _pass_over(self, text: str, at: int, expected: str) -> int:
        """Skip whitespace; refuse anything else."""
        white = _WHITESPACE.match(text, at)
        if white is None:
            self.refuse(at, f"expected {expected}, not {text[at]!r}")
        return white.end()

    # ---------------------------------------------------------------- objects and arrays

    def start_object(self, _: str, at: int) -> int:
        return self._begin_container({}, "object", PartialSteps._first_key, at)

    def start_array(self, _: str, at: int) -> int:
        return self._begin_container([], "array", PartialSteps._first_item, at)

    def _begin_container(self, container: JSONValue, kind: JSONKind, step: Step, at: int) -> int:
        if len(self.opened) == MAX_DEPTH:
            self.refuse(at, f"nested deeper than {MAX_DEPTH} levels")
        self.begin_container(container, kind)
        self.step = step
        return at + 1

    def _end_container(self, at: int) -> int:
        self.end_container()
        self.step = PartialSteps._after_value
        return at + 1

    def _first_key(self, text: str, at: int) -> int:
        """Expect the first key of an object, or its end."""
        if text[at] == "}":
            return self._end_container(at)
        return self._begin_key(text, at, "a key in double quotes or '}'")

    def _next_key(self, text: str, at: int) -> int:
        """Expect a key."""
        return self._begin_key(text, at, "a key in double quotes")

    def _begin_key(self, text: str, at: int, expected: str) -> int:
        if text[at] != '"':
            return self._pass_over(text, at, expected)
        piece, at = decode(text, at + 1)
        if at < len(text) and text[at] == '"':
            self.next_key(piece)
            self.step = PartialSteps._colon
            return at + 1
        self._key_buffer = StringIO()
        self._key_buffer.write(piece)
        self.step = PartialSteps._in_key
        return self._keep(text, at)

    def _in_key(self, text: str, at: int) -> int:
        piece, at = decode(text, at)
        self._key_buffer.write(piece)
        if at < len(text) and text[at] == '"':
            self.next_key(self._key_buffer.getvalue())
            self.step = PartialSteps._colon
            return at + 1
        return self._keep(text, at)

    def _colon(self, text: str, at: int) -> int:
        """After a key: expect a colon."""
        if text[at] != ":":
            return self._pass_over(text, at, "':'")
        self.step = PartialSteps._value
        return at + 1 + text.startswith(" ", at + 1)  # measured as "records"

    # ---------------------------------------------------------------- strings

    def start_string(self, text: str, at: int) -> int:
        self.changes.append(ValueStarted(self.path, "string"))
        piece, at = decode(text, at + 1)
        if at < len(text) and text[at] == '"':
            if piece:
                self.add(piece)
            self.done(piece)
            self.step = PartialSteps._after_value
            return at + 1
        self.begin_string(piece)
        self.step = PartialSteps._in_string
        return self._keep(text, at)

    def _in_string(self, text: str, at: int) -> int:
        piece, at = decode(text, at)
        if piece:
            self.write(piece)
        if at < len(text) and text[at] == '"':
            self.end_string()
            self.step = PartialSteps._after_value
            return at + 1
        return self._keep(text, at)

    def _keep(self, text: str, at: int) -> int:
        """Keep a split escape until the rest arrives; refuse an invalid character."""
        if at == len(text):
            return at
        if not is_unsure(text, at):
            wrong = fault(text, at)
            self.refuse(wrong, f"{text[wrong]!r} is not allowed here in a string")
        self.unsure = text[at:]
        return len(text)

    # ---------------------------------------------------------------- numbers and literals

    def start_number(self, text: str, at: int) -> int:
        self.changes.append(ValueStarted(self.path, "number"))
        self._number = "start"
        self._number_at = self.base + at
        self.step = PartialSteps._in_number
        return self._in_number(text, at)

    def _in_number(self, text: str, at: int) -> int:
        begin = at
        self._number, at = go_on(self._number, text, at)
        self._digits.append(text[begin:at])
        if at < len(text):
            if text[at] not in _AFTER_A_NUMBER or not can_end(self._number):
                self.refuse(at, f"{text[at]!r} is not allowed here in a number")
            self._end_number()
        return at

    def end_text(self) -> None:
        """End the text: a number at the top level is now complete."""
        if self._digits and not self.opened and can_end(self._number):
            self._end_number()

    def _end_number(self) -> None:
        digits = "".join(self._digits)
        self._digits.clear()
        try:
            value = number(self._number, digits)
        except ValueError:
            self.refuse(self._number_at - self.base, f"an integer of {len(digits)} digits is too long")
        self.done(value)
        self.step = PartialSteps._after_value

    def start_literal(self, text: str, at: int) -> int:
        self._rest, kind, self._literal = _LITERALS[text[at]]
        self.changes.append(ValueStarted(self.path, kind))
        self.step = PartialSteps._in_literal
        return self._in_literal(text, at)

    def _in_literal(self, text: str, at: int) -> int:
        rest = self._rest
        piece = text[at : at + len(rest)]
        if not rest.startswith(piece):
            wrong = at + next(place for place, character in enumerate(piece) if character != rest[place])
            self.refuse(wrong, f"{text[wrong]!r} is not allowed here in a literal")
        self._rest = rest[len(piece) :]
        if not self._rest:
            self.done(self._literal)
            self.step = PartialSteps._after_value
        return at + len(piece)


Step: TypeAlias = Callable[[PartialSteps, str, int], int]

_BEGINNINGS: Mapping[str, Step] = {
    '"': PartialSteps.start_string,
    "{": PartialSteps.start_object,
    "[": PartialSteps.start_array,
    **dict.fromkeys("-0123456789", PartialSteps.start_number),
    **dict.fromkeys(_LITERALS, PartialSteps.start_literal),
}


def _shown(path: JSONPath) -> str:
    """Format a path as msgspec's errors do: `$.choices[0].text`. Only the end of a long path is shown."""
    shown = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return f"${shown}" if len(shown) <= 80 else f"$…{shown[-80:]}"
