"""A catalogue of what OpenAI-compatible providers send, to test clients against."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ._chunk_habits import CHUNKS
from ._error_habits import ERRORS
from ._framing_habits import ENDINGS, FRAMING
from ._message_habits import MESSAGES
from ._recordings import Habit
from ._tool_call_habits import TOOL_CALLS
from ._usage_habits import USAGE

HABITS: Mapping[str, Habit] = MappingProxyType(
    {**FRAMING, **CHUNKS, **MESSAGES, **TOOL_CALLS, **USAGE, **ENDINGS, **ERRORS}
)
"""Quirks of OpenAI-compatible providers by name, each a short stream with its meaning.

Streams named `cut-…` are truncated, streams named `error-…` end in an error, and all others are complete. Tool calls are
under `calls-…`, usage under `usage-…`, and regular ends under `end-…`.
"""
