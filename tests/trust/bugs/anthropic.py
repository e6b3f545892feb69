"""A bug for each rule of Anthropic's Messages."""

from __future__ import annotations

from .bug import Subject, bug

_DIALECT = "dialects/_anthropic.py"
_STATE = "dialects/_anthropic_state.py"
_BLOCKS = "dialects/_anthropic_blocks.py"
_CHUNKS = "dialects/_anthropic_chunks.py"
_EVENTS = "dialects/_anthropic_events.py"
_USAGE = "dialects/_anthropic_usage.py"

# fmt: off
_BUGS = [
    # Events.
    bug("the type in the data says what an event is", _DIALECT, ("        elif not isinstance(kind, str):\n", "        else:\n")),
    bug("an event without a type in its data is what its name says", _DIALECT, ("            kind = event.event\n", '            kind = ""\n')),
    bug("an event named error is an error, whatever its data says", _DIALECT, ('        if event.event == "error":\n', "        if False:\n")),
    bug("an unknown event is ignored", _DIALECT, ('        return (AnomalyFound("unknown_event", text),)', '        raise ChunkDecodeError("unknown event", data=text)')),
    bug("a ping may come anywhere", _DIALECT, ('if kind == "ping":', 'if kind == "ping" and not self._blocks.open:')),
    bug("fields that a server adds to an event are kept", _CHUNKS, ("extra = _rest(value, known)", "extra: Object = {}")),
    bug("fields that a server adds to a piece are kept", _EVENTS, ('tag="content_block_delta", forbid_unknown_fields=True', 'tag="content_block_delta"')),
    # The message.
    bug("content of message_start is part of the answer", _DIALECT, ("content if isinstance(content, list) else []", "[]")),
    bug("a repeated message_start with the same id is ignored", _DIALECT, ('if chunks.id and message.get("id", chunks.id) != chunks.id:', "if chunks.id:")),
    bug("a second message_start with another id is an error", _DIALECT, ('if chunks.id and message.get("id", chunks.id) != chunks.id:', "if False:")),
    bug("what comes after message_stop is ignored", _DIALECT, ('        if self._is_stopped:\n            return (AnomalyFound("data', '        if False:\n            return (AnomalyFound("data')),
    bug("a body that ends after a stop reason is complete", _DIALECT, ("if self._is_stopped or not self._is_finished:", "if True:")),
    bug("a body that ends without a stop reason is truncated", _DIALECT, ("if self._is_stopped or not self._is_finished:", "if self._is_stopped:")),
    bug("what stands beside the stop reason is kept", _CHUNKS, ('extra=_rest(delta, {"stop_reason"}) or NOTHING', "extra=NOTHING")),
    # Blocks.
    bug("a delta belongs to the block with its index", _STATE, ("self._add(self.open[index], kind", "self._add(self.open.get(self._last, self.open[index]), kind")),
    bug("a piece without its block starts one", _STATE, ("block = _UNANNOUNCED.get(kind) if isinstance(kind, str) else None", "block = None")),
    bug("a text may begin in the start of its block", _STATE, ("{TEXT_FIELDS[kind]: block.get(TEXT_FIELDS[kind])}", '{TEXT_FIELDS[kind]: ""}')),
    bug("a server's own calls are not for the caller to answer", _BLOCKS, ('    "tool_use": "tool_call",\n', '    "tool_use": "tool_call",\n    "server_tool_use": "tool_call",\n')),
    bug("redacted thinking is a part of its own kind", _BLOCKS, ('"redacted_thinking": "redacted_reasoning"', '"redacted_thinking": "reasoning"')),
    bug("calls are numbered among calls, not among blocks", _STATE, ("kind, self._calls if is_call else None, block)", "kind, self._parts if is_call else None, block)")),
    bug("an input that comes whole in the start is the arguments", _STATE, ('sent = block.began.get("input")', "sent = None")),
    bug("an empty piece alone is no input", _DIALECT, ('block.has_input = block.has_input or delta.partial_json != ""', "block.has_input = True")),
    # What goes back.
    bug("a signature replaces the one before", _BLOCKS, ('block["signature"] = delta.get("signature")', 'block["signature"] = block.get("signature", "") + delta.get("signature")')),
    bug("each citation of a text is kept", _BLOCKS, ('citations.append(delta.get("citation"))', 'citations = [delta.get("citation")]')),
    bug("a compaction comes in a delta", _BLOCKS, ('block |= {"content": None, "encrypted_content": None, **delta, "type": kind}', "pass")),
    bug("thinking without a word goes back, for its signature", _BLOCKS, ("if isinstance(part, TextPart) and not part.text and", 'if not getattr(part, "text", "…") and')),
    bug("an empty text does not go back", _BLOCKS, ('if isinstance(part, TextPart) and not part.text and not native.get("citations"):', "if False:")),
    bug("a block with a delta of an unknown type does not go back", _BLOCKS, ("            case _:\n                return None\n", "            case _:\n                pass\n")),
    bug("a call whose input is truncated does not go back", _BLOCKS, ('            if kind == "tool_use":\n                return None\n', "")),
    bug("truncated thinking does not go back", _BLOCKS, ("if isinstance(part, TextPart) and part.text else None", 'if getattr(part, "text", "") else None')),
    # Usage.
    bug("counts are cumulative, never added", _USAGE, ("latest[name] = int(number)", "latest[name] = latest.get(name, 0) + int(number)")),
    bug("a later count replaces an earlier one", _USAGE, ("latest[name] = int(number)", "latest.setdefault(name, int(number))")),
    bug("a count of null leaves the one before", _USAGE, ("            if number is None:\n                continue\n", "            number = number or 0\n")),
    bug("an input count of 0 does not replace a real one", _USAGE, ("if name == _INPUT and number == 0 and latest.get(_INPUT):", "if False:")),
    bug("the prompt includes what the cache holds", _USAGE, ("for name in (_INPUT, _CACHE_READ, _CACHE_WRITTEN) if name", "for name in (_INPUT,) if name")),
    bug("no total is made up", _USAGE, ("            completion_tokens=latest.get(_OUTPUT),\n", "            completion_tokens=latest.get(_OUTPUT),\n            total_tokens=sum(prompt) + latest.get(_OUTPUT, 0),\n")),
]
# fmt: on

ANTHROPIC = Subject(
    _BUGS,
    dict.fromkeys((_DIALECT, _STATE, _BLOCKS, _CHUNKS, _EVENTS, _USAGE), ("tests/dialects/test_anthropic.py",)),
)
