"""The state of one tool call: its name, its arguments, and what is new in each piece."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from .._json._brackets import Brackets
from .._json._depth import JSONValue, decode_json
from ._memory import text_of, utf8
from ._merging import JoinedFields
from ._tool_call import ToolCall

# The memory that an empty slot takes: itself, its buffer, and its entries in two dicts and two lists.
SLOT_WEIGHT = 512

# How a repeated object or array may begin, and how a complete one may end.
_BEGINNINGS = "{[ \t\r\n"
_ENDS = frozenset({b"}", b"]", b" ", b"\t", b"\r", b"\n"})

_EMPTY_OBJECT = re.compile(r"\s*\{\s*\}\s*")


class Slot:
    """Accumulates one tool call.

    Attributes:
        index: Its index among the calls of the choice.
        id: Its first id, `""` until one comes.
        name: Its first name, `""` until one comes.
        kind: `"function"` if its arguments are JSON, `"custom"` if its input is free text.
        next_id: The id of the next call, if it came in a piece of its own; otherwise `""`.
        touched: The number of the last delta that added to it.
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
        self._held = ""  # an empty object that may be a placeholder for the arguments
        self._brackets: Brackets | None = None  # created when first needed, and fed from then on

    def add_arguments(self, text: str, *, is_named: bool = False) -> tuple[str, bool]:
        """Add a piece of the arguments.

        An initial empty object is held back, and dropped if another object follows. Repeated arguments are not added
        twice: a piece that repeats the id or name, or that follows complete arguments, may begin with all the arguments
        so far. The input of a custom tool is added unchanged.

        Args:
            text: The piece.
            is_named: Whether the piece repeats the id or name of the call.

        Returns:
            The new text, and whether anything was a repetition or a dropped placeholder.
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
        """Return the new rest of repeated arguments; `None` if they do not repeat those so far."""
        size = len(self._arguments)
        data = utf8(text)
        if data[:size] == self._arguments:
            return text_of(data[size:])
        # The same value with other formatting. A much shorter text cannot be, so it is not worth decoding.
        if 2 * len(data) >= size and self.complete and self._says_the_same(text):
            return ""
        return None

    def release(self) -> str:
        """Add the held empty object when the call is done, since it was not a placeholder. Returns it."""
        held, self._held = self._held, ""
        return self._append(held)

    @property
    def waits(self) -> bool:
        """Whether an empty object is held back, which may be a placeholder until the call is done."""
        return bool(self._held)

    @property
    def complete(self) -> bool:
        """Whether the arguments are complete JSON: the outermost bracket is closed."""
        if self.kind == "custom":
            return False
        if self._held:
            return True
        # Measured as "50 tool calls": for nearly all pieces, the last byte decides.
        if bytes(self._arguments[-1:]) not in _ENDS:
            return False
        if self._brackets is None:
            self._brackets = Brackets()
            self._brackets.feed(text_of(self._arguments))
        return self._brackets.closed

    @property
    def data(self) -> bytearray:
        """The arguments so far as UTF-8, without a held placeholder."""
        return self._arguments

    def add_extra(self, piece: Mapping[str, JSONValue]) -> int:
        """Add extra fields of the call. Returns the growth in bytes."""
        if self._extra is None:
            self._extra = JoinedFields()
        return self._extra.add(piece)

    def snapshot(self) -> ToolCall:
        """Return the call so far, without a held placeholder."""
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
