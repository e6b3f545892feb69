"""Reading the text of a choice as it grows, independently of its events."""

from __future__ import annotations

from collections.abc import Mapping

from ._choice_state import ChoiceState
from ._memory import text_of


class WrittenText:
    """Reads the content of a choice, or the arguments of one of its tool calls, as it grows.

    Args:
        choices: The choices of the stream by index, to which more may be added.
        choice: The index of the choice.
        tool_call: The index of the call, in the order in which the calls started; `None` for the content.
    """

    __slots__ = ("_choice", "_choices", "_data", "_position", "_seen", "_tool_call")

    def __init__(self, choices: Mapping[int, ChoiceState], choice: int, tool_call: int | None) -> None:
        self._choices = choices
        self._choice = choice
        self._tool_call = tool_call
        self._data = bytearray()  # the growing text, as UTF-8
        self._position = 0  # the position up to which it has been read
        self._seen = 0  # the number of parts that have been visited

    @property
    def is_call(self) -> bool:
        """Whether this reads the arguments of a call that has started."""
        state = self._choices.get(self._choice)
        calls = None if state is None else state.calls
        return self._tool_call is not None and calls is not None and self._tool_call < len(calls.all)

    def read(self) -> str:
        """Return what has been added since the last call."""
        state = self._choices.get(self._choice)
        if state is None:
            return ""
        text = self._rest()
        if self._tool_call is None:
            parts = state.parts
            while self._seen < len(parts):
                part = parts[self._seen]
                self._seen += 1
                if part.kind == "text" and part.channel is not None:
                    text += self._begin(part.channel.data)
        elif not self._seen and state.calls is not None and self.is_call:
            self._seen = 1
            text = self._begin(state.calls.all[self._tool_call].data)
        return text

    def _begin(self, data: bytearray) -> str:
        """Switch to another growing text. Returns what it has so far."""
        self._data = data
        self._position = 0
        return self._rest()

    def _rest(self) -> str:
        data = self._data
        position, self._position = self._position, len(data)
        return text_of(data[position:])
