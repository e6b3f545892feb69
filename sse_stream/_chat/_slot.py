"""One tool call, as far as it has come: its name, its arguments, and what of a piece is new."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from .._json._brackets import Brackets
from .._json._depth import JSONValue, decode_json
from ._memory import text_of, utf8
from ._merging import JoinedFields
from ._tool_call import ToolCall

# What a slot takes before anything is in it: itself, its buffer, and its entries in two dicts and two lists.
SLOT_WEIGHT = 512

# How an object or array that is sent again can begin, and how one that is whole can end.
_BEGINNINGS = "{[ \t\r\n"
_ENDS = frozenset({b"}", b"]", b" ", b"\t", b"\r", b"\n"})

_EMPTY_OBJECT = re.compile(r"\s*\{\s*\}\s*")


class Slot:
    """One tool call.

    Attributes:
        index: Its place among the calls of its choice.
        id: The first id that came with it, `""` while none has.
        name: The first name that came with it, `""` while none has.
        kind: Whether its arguments are JSON: those of a custom tool are any text.
        next_id: The id of the call that comes next, if it came alone; `""` if none did.
        touched: The number of the delta that last added to it.
    """

    __slots__ = ("_arguments", "_brackets", "_extra", "_held", "id", "index", "kind", "name", "next_id", "touched")

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.kind: Literal["function", "custom"] = "function"
        self.next_id = ""
        self.touched = 0
        self._extra: JoinedFields | None = None
        self._arguments = bytearray()
        self._held = ""  # an empty object, which may be a placeholder for the arguments
        self._brackets: Brackets | None = None  # made when somebody asks, and kept up to date from then on

    def add_arguments(self, text: str, *, is_named: bool = False) -> tuple[str, bool]:
        """Add a piece of the arguments.

        An empty object at the beginning waits: it is dropped if an object follows. Arguments that have come are not
        added again: a piece that repeats id or name, or comes when the arguments are whole, may begin with all of
        them. The input of a custom tool is taken as it comes.

        Args:
            text: The piece.
            is_named: Whether the piece says again which call it belongs to.

        Returns:
            What of it is new, and whether anything in it, or before it, was a repetition.
        """
        if self.kind == "custom":
            return self._append(text), False
        dropped = False
        if self._held:
            dropped = text.lstrip().startswith("{")
            text = text if dropped else self._held + text
            self._held = ""
        if not self._arguments and _EMPTY_OBJECT.fullmatch(text):
            self._held = text
            return "", dropped
        if self._arguments and (is_named or (text[0] in _BEGINNINGS and self.complete)):
            rest = self.rest_of(text)
            if rest is not None:
                return self._append(rest), True
        return self._append(text), dropped

    def rest_of(self, text: str) -> str | None:
        """What of arguments that are sent again has not come: `None` if they are not those that have come."""
        size = len(self._arguments)
        data = utf8(text)
        if data[:size] == self._arguments:
            return text_of(data[size:])
        # The same in another spelling; what is much shorter is not it, and is not worth the time.
        if 2 * len(data) >= size and self.complete and self._says_the_same(text):
            return ""
        return None

    def release(self) -> str:
        """The call is done: the arguments that have waited, which were no placeholder."""
        held, self._held = self._held, ""
        return self._append(held)

    @property
    def waits(self) -> bool:
        """Whether an empty object has come that may be a placeholder: only the end of the call says what it was."""
        return bool(self._held)

    @property
    def complete(self) -> bool:
        """Whether the arguments are whole: JSON whose outermost bracket has been closed."""
        if self.kind == "custom":
            return False
        if self._held:
            return True
        if self._brackets is None:
            # Measured as "50 tool calls": hardly any piece needs another look than at its end.
            if bytes(self._arguments[-1:]) not in _ENDS:
                return False
            self._brackets = Brackets()
            self._brackets.feed(text_of(self._arguments))
        return self._brackets.closed

    @property
    def data(self) -> bytearray:
        """The arguments so far, as UTF-8, without what may be a placeholder."""
        return self._arguments

    def add_extra(self, piece: Mapping[str, JSONValue]) -> int:
        """Add what else comes with the call; how many bytes that takes."""
        if self._extra is None:
            self._extra = JoinedFields()
        return self._extra.add(piece)

    def snapshot(self) -> ToolCall:
        """The call so far, without arguments that may be a placeholder."""
        extra = {} if self._extra is None else self._extra.snapshot()
        return ToolCall(self.id, self.name, text_of(self._arguments), extra, self.kind)

    def _append(self, text: str) -> str:
        self._arguments += utf8(text)
        if self._brackets is not None:
            self._brackets.feed(text)
        return text

    def _says_the_same(self, text: str) -> bool:
        try:
            return bool(decode_json(text) == decode_json(text_of(self._arguments)))
        except (ValueError, RecursionError):
            return False
