"""Numbers in a JSON text that arrives in pieces: RFC 8259, section 6."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

NumberState: TypeAlias = Literal["start", "sign", "zero", "digits", "point", "fraction", "e", "e sign", "exponent"]
"""The state after a character of a number."""

_Moves: TypeAlias = Mapping[str, NumberState]


def _digits(state: NumberState) -> _Moves:
    return dict.fromkeys("0123456789", state)


_FIRST: _Moves = {**_digits("digits"), "0": "zero"}
_E: _Moves = {"e": "e", "E": "e"}

_MOVES: Mapping[NumberState, _Moves] = {
    "start": {**_FIRST, "-": "sign"},
    "sign": _FIRST,
    "zero": {".": "point", **_E},
    "digits": {**_digits("digits"), ".": "point", **_E},
    "point": _digits("fraction"),
    "fraction": {**_digits("fraction"), **_E},
    "e": {**_digits("exponent"), "+": "e sign", "-": "e sign"},
    "e sign": _digits("exponent"),
    "exponent": _digits("exponent"),
}

_WHOLE = frozenset[NumberState]({"zero", "digits"})
_ENDS = _WHOLE | {"fraction", "exponent"}


def go_on(state: NumberState, text: str, at: int) -> tuple[NumberState, int]:
    """Read as much of a number as there is. Returns the state at its end, and the position."""
    moves = _MOVES[state]
    end = len(text)
    while at < end:
        following = moves.get(text[at])
        if following is None:
            break
        state = following
        moves = _MOVES[state]
        at += 1
    return state, at


def can_end(state: NumberState) -> bool:
    """Whether a number may end in this state."""
    return state in _ENDS


def number(state: NumberState, text: str) -> int | float:
    """Return the number, as `json.loads` decodes it.

    Raises:
        ValueError: It is an integer with more digits than Python converts.
    """
    return int(text) if state in _WHOLE else float(text)
