"""Mutants that no test can kill, or that none needs to, and why."""

from __future__ import annotations

from dataclasses import dataclass

from .mutants import Mutant


@dataclass(frozen=True)
class Explanation:
    """Why mutants survive.

    Attributes:
        module: Of which module.
        line: What the line holds that is changed, without its indentation.
        new: What stands there instead; `None` for any change of the line.
        why: Why nothing can be seen of it, or why nothing needs to be.
    """

    module: str
    line: str
    new: str | None
    why: str


_SIGN = "Only whether the depth is 0 is asked, and it is 0 whichever bracket counts up and which down."

_SHORT_WAY = "A short way, taken less often: the long way gives the same."
_CLOSED = "Nothing is read after an error or the end."

EXPLANATIONS = [
    Explanation(
        "_sse",
        "self._fresh = True",
        None,
        "Before the first line and after the last one, it decides only whether a short way is taken.",
    ),
    Explanation("_sse", "self._dispatch_incomplete = False", None, "`close` sets it before anything asks for it."),
    Explanation("_sse", "if len(self._partial) <= self._room:", "(len(self._partial) < self._room)", _SHORT_WAY),
    Explanation("_sse", "self._fresh = False", "pass", "The `feed` that kept these bytes back has set it."),
    Explanation(
        "_sse",
        "self._partial += self._head",
        "self._partial = self._head",
        "Nothing was read before the first three bytes.",
    ),
    Explanation(
        "_sse",
        'reason = f"has failed: {self._failure}" if self._failure else "was closed"',
        "'was closedX'",
        "The wording of a message.",
    ),
    Explanation(
        "_sse",
        "elif self._skip_lf and data:",
        "(data)",
        "A piece comes this way only at the beginning, after a CR, or when it is refused.",
    ),
    Explanation(
        "_tool_calls",
        "if self._escaped and text:",
        "(self._escaped)",
        "No empty piece of arguments comes here: the accumulator adds none.",
    ),
    Explanation(
        "_tool_calls",
        'self._depth += 1 if character in "{[" else -1',
        "self._depth = self._depth - (1 if character in '{[' else -1)",
        _SIGN,
    ),
    Explanation("_tool_calls", 'self._depth += 1 if character in "{[" else -1', "(character not in '{[')", _SIGN),
    Explanation(
        "_tool_calls",
        'self._depth += 1 if character in "{[" else -1',
        "'{[X'",
        "The pattern before it finds brackets and quotes only.",
    ),
    Explanation(
        "_tool_calls",
        "self._touched = False  # whether the delta that is being read has added to the last call",
        None,
        "`begin_delta` sets it before the first piece.",
    ),
    Explanation(
        "_tool_calls",
        "if piece.id and not slot.id:",
        "(piece.id)",
        "A piece whose id differs from that of a slot never finds that slot, so the same id is set again.",
    ),
    Explanation(
        "_tool_calls",
        "arguments = None if piece.function is None else piece.function.arguments",
        "(piece.function.arguments)",
        "It is asked only of pieces with a name, which is in the function.",
    ),
    Explanation(
        "_merging",
        "self._last = fields",
        "pass",
        "It saves the work of stating the same again, and changes nothing else.",
    ),
    Explanation(
        "_merging",
        "kept[name] = _value(value) if isinstance(value, dict) else value",
        "(_value(value))",
        "A copy of a list that nobody changes is as good as the list.",
    ),
]


def reason(mutant: Mutant) -> str | None:
    """Why a mutant survives; `None` if nobody has said."""
    for explanation in EXPLANATIONS:
        if (
            explanation.module == mutant.module
            and explanation.line == mutant.context
            and explanation.new in (None, mutant.new)
        ):
            return explanation.why
    return None
