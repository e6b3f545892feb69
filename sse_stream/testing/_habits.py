"""What providers do, as bytes: a catalogue to run a client against."""

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
"""What servers do, by name: each a short stream with what it means.

Names that begin with `cut-` are truncated, those with `error-` end in an error; all others are complete.
Tool calls are under `calls-`, token counts under `usage-`, ways to end well under `end-`.
"""
