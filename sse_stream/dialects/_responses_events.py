"""The events of OpenAI's Responses, by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ._responses_output import Output
from ._responses_parts import Object

COMPLETE = ("completed", "incomplete")

BEGINNINGS = frozenset({"response.created", "response.queued", "response.in_progress"})
ENDS = frozenset(f"response.{status}" for status in ("completed", "incomplete", "failed", "cancelled", "done"))
ERRORS = frozenset({"error", "response.error"})

# Events that report progress, or pieces of items that are sent whole when they are complete.
PROGRESS = tuple(
    f"response.{stem}"
    for stem in (
        "apply_patch_call",
        "code_interpreter_call",
        "compaction",
        "computer_call",
        "file_search_call",
        "image_generation_call",
        "local_shell_call",
        "mcp_call",
        "mcp_list_tools",
        "shell_call",
        "tool_search",
        "web_search_call",
    )
)

OUTPUT: Mapping[str, Callable[[Output, Object], None]] = {
    "response.output_item.added": Output.begin_item,
    "response.output_item.done": Output.end_item,
    "response.content_part.added": Output.begin_part,
    "response.content_part.done": Output.end_part,
    "response.reasoning_part.added": Output.begin_part,
    "response.reasoning_part.done": Output.end_part,
    "response.reasoning_summary_part.added": Output.begin_part,
    "response.reasoning_summary_part.done": Output.end_part,
    "response.output_text.annotation.added": Output.add_annotation,
    "response.audio.delta": Output.add_sound,
    "response.audio.transcript.delta": Output.add_transcript,
    "response.audio.done": Output.pass_over,
    "response.audio.transcript.done": Output.pass_over,
}
