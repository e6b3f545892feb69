"""Checks the chunks of an OpenAI-compatible chat."""

from __future__ import annotations

from collections.abc import Mapping

from .._json._depth import JSONValue
from .._json._reading import read_number
from ..dialects._framing import is_whole_object
from ._blocks import SeenEvent, is_count
from ._findings import Findings, Place

_FIELDS = ("id", "object", "created", "model")
_OBJECTS = frozenset({"", "chat.completion.chunk", "text_completion"})
_FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_SAID = ("content", "refusal", "reasoning", "reasoning_content", "tool_calls", "function_call", "text")
_REASONING = ("reasoning_content", "reasoning", "reasoning_text")


class ChatInspector:
    """Finds broken rules in chunks, in addition to the decoder's anomalies.

    Args:
        findings: Collects the findings.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._roles: dict[int, bool] = {}  # by choice, whether its role was named
        self._calls: dict[int, set[int]] = {}  # by choice, the indices of its calls
        self._whole: set[tuple[int, int]] = set()  # calls of which a piece held all the arguments
        self._is_done = False  # whether [DONE] has come
        self._heads: dict[tuple[int, int], dict[str, JSONValue]] = {}  # of tool calls: the id and the name

    def event(self, seen: SeenEvent, place: Place) -> None:
        """Check an event."""
        chunk = seen.value
        self._is_done = self._is_done or seen.data.strip() == "[DONE]"
        if not isinstance(chunk, dict) or not isinstance(chunk.get("choices"), list):
            return
        if seen.name not in ("", "message"):
            self._findings.add("named_event", place, f"event: {seen.name}")
        missing = [field for field in _FIELDS if field not in chunk]
        if missing:
            self._findings.add("missing_chunk_field", place, seen.data, detail=", ".join(missing))
        kind = chunk.get("object", "")
        if isinstance(kind, str) and kind not in _OBJECTS:
            self._findings.add("wrong_object", place, seen.data, detail=kind)
        for position, choice in enumerate(chunk["choices"]):
            if isinstance(choice, dict):
                self._choice(choice, _index(choice.get("index"), position), seen, place)
        inspect_details(chunk.get("usage"), seen, place, self._findings)

    def _choice(self, choice: Mapping[str, JSONValue], index: int, seen: SeenEvent, place: Place) -> None:
        if "finish_reason" not in choice:
            self._findings.add("missing_finish_field", place, seen.data)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason and reason not in _FINISH_REASONS:
            self._findings.add("unknown_finish_reason", place, seen.data, detail=reason)
        delta = choice.get("delta")
        said = delta if isinstance(delta, dict) else choice
        if self._is_done and any(said.get(name) for name in _SAID):
            self._findings.add("data_after_done", place, seen.data)
        if not isinstance(delta, dict):
            if "text" not in choice:  # of the completions that came before chats
                self._findings.add("missing_delta", place, seen.data)
            return
        self._roles[index] = self._roles.get(index, False) or bool(delta.get("role"))
        texts = [text for name in _REASONING if isinstance(text := delta.get(name), str) and text]
        if len(texts) > len(set(texts)):
            self._findings.add("reasoning_twice", place, seen.data)
        pieces = delta.get("tool_calls")
        if pieces and delta.get("function_call"):
            self._findings.add("call_twice", place, seen.data)
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, dict):
                self._call(piece, index, seen, place)

    def _call(self, piece: Mapping[str, JSONValue], choice: int, seen: SeenEvent, place: Place) -> None:
        function = piece.get("function")
        stated = function if isinstance(function, dict) else {}
        if isinstance(stated.get("arguments"), (dict, list)):
            self._findings.add("arguments_not_text", place, seen.data)
        index = piece.get("index")
        if not is_count(index):
            if not (piece.keys() - {"index", "type", "function"} or any(stated.values())):  # the decoder skips these
                self._findings.add("missing_call_index", place, seen.data)
            return
        begun = self._calls.setdefault(choice, set())
        if index not in begun and index > len(begun):
            self._findings.add("call_index_gap", place, seen.data, detail=f"{index} where {len(begun)} was due")
        begun.add(index)
        head = {name: value for name, value in (("id", piece.get("id")), ("name", stated.get("name"))) if value}
        if not head.get("id") and head.get("name") and (choice, index) in self._whole:
            self._heads.pop((choice, index), None)  # another call, from a server that numbers all calls alike
        arguments = stated.get("arguments")
        if head and isinstance(arguments, str) and is_whole_object(arguments.strip()):
            self._whole.add((choice, index))
        else:
            self._whole.discard((choice, index))
        before = self._heads.setdefault((choice, index), {})
        repeated = [name for name, value in head.items() if value == before.get(name)]
        if any(before.get(name, value) != value for name, value in head.items()):
            self._heads[choice, index] = head  # another call, or a change that the decoder reports
            return
        before.update(head)
        if repeated:
            self._findings.add("call_head_repeated", place, seen.data, detail=" and ".join(repeated))

    def end(self, place: Place) -> None:
        """Check what is known at the end of the stream."""
        for named in self._roles.values():
            if not named:
                self._findings.add("missing_role", place)


def _index(index: JSONValue, position: int) -> int:
    """Return the index of a choice as the decoder reads it."""
    number = read_number(index)
    return position if number is None or number < 0 else int(number)


def inspect_details(usage: JSONValue, seen: SeenEvent, place: Place, findings: Findings) -> None:
    """Find details of a usage report that exceed the count they are part of."""
    if not isinstance(usage, dict):
        return
    for whole in ("prompt", "completion", "input", "output"):
        count, details = usage.get(f"{whole}_tokens"), usage.get(f"{whole}_tokens_details")
        for name, part in details.items() if isinstance(details, dict) else ():
            if is_count(part) and is_count(count) and part > count:
                findings.add("odd_details", place, seen.data, detail=f"{name} {part} of {whole}_tokens {count}")
