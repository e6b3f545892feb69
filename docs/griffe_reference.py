"""For the reference: doctests are shown as console sessions, structs with the signature that they have."""

from __future__ import annotations

import importlib
import inspect

import griffe
import msgspec

_PROMPT = ">>> "


class Reference(griffe.Extension):
    """What the docstrings and the structs of this package need beyond the usual."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Called for each object once its members are known."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
        if isinstance(obj, griffe.Class) and "__init__" not in obj.members:
            struct = getattr(importlib.import_module(obj.module.path), obj.name, None)
            if inspect.isclass(struct) and issubclass(struct, msgspec.Struct):
                obj.set_member("__init__", constructor(obj, struct))


def fenced(docstring: str) -> str:
    """The docstring with each paragraph fenced that begins with a prompt, so that none becomes a quotation."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return "\n\n".join(
        f"```pycon\n{paragraph}\n```" if paragraph.startswith(_PROMPT) else paragraph for paragraph in paragraphs
    )


def constructor(described: griffe.Class, struct: type[msgspec.Struct]) -> griffe.Function:
    """The constructor that msgspec makes: parameters as it has them, types and defaults as the source spells them."""
    parameters = []
    for name, parameter in inspect.signature(struct).parameters.items():
        member = described.members.get(name)
        field = member if isinstance(member, griffe.Attribute) else None
        default = None if parameter.default is parameter.empty else repr(parameter.default)
        if field is not None and field.value is not None and "field(" not in str(field.value):
            default = str(field.value)
        if not name.startswith("_"):
            annotation = None if field is None else field.annotation
            kind = griffe.ParameterKind.keyword_only if parameter.kind is parameter.KEYWORD_ONLY else None
            kind = kind or griffe.ParameterKind.positional_or_keyword
            parameters.append(griffe.Parameter(name, annotation=annotation, kind=kind, default=default))
    return griffe.Function("__init__", parameters=griffe.Parameters(*parameters))
