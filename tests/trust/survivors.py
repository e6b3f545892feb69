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


EXPLANATIONS: list[Explanation] = []


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
