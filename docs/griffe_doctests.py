"""For the reference: a doctest that stands in a docstring without a heading is shown as a console session."""

from __future__ import annotations

import inspect

import griffe

_OPENING = ">>> "


class Doctests(griffe.Extension):
    """Fences each paragraph that begins with a prompt, so that it is not read as a quotation of a quotation."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Called for each object once its members are known."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(docstring: str) -> str:
    """The docstring with its doctests fenced."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return "\n\n".join(
        f"```pycon\n{paragraph}\n```" if paragraph.startswith(_OPENING) else paragraph for paragraph in paragraphs
    )
