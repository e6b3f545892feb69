"""Structs for the most frequent response: one candidate with one piece of text, and usage."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

# The type itself limits the nesting depth, which is not checked on this path.
PlainUsage: TypeAlias = dict[str, int | str | list[dict[str, int | str]]]


class PlainPart(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A piece of text, of the answer or of a thought."""

    text: str
    thought: bool = False


class PlainContent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The content of a candidate."""

    parts: list[PlainPart]
    role: str | None = None


class PlainCandidate(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A candidate."""

    content: PlainContent
    index: Annotated[int, msgspec.Meta(ge=0)] = 0
    finishReason: str | None = None  # noqa: N815  # the name on the wire


class PlainResponse(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A response."""

    candidates: list[PlainCandidate]
    usageMetadata: PlainUsage | None = None  # noqa: N815
    modelVersion: str | None = None  # noqa: N815
    createTime: str | None = None  # noqa: N815
    responseId: str | None = None  # noqa: N815
