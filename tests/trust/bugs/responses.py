"""A bug for each rule of OpenAI's Responses."""

from __future__ import annotations

from .bug import Subject, bug

_DIALECT = "dialects/_responses.py"
_EVENTS = "dialects/_responses_events.py"
_OUTPUT = "dialects/_responses_output.py"
_PARTS = "dialects/_responses_parts.py"
_WRITER = "dialects/_responses_writer.py"
_CHANNELS = "dialects/_responses_channels.py"
_REPORTS = "dialects/_responses_reports.py"
_TURN = "dialects/_responses_turn.py"

# fmt: off
_BUGS = [
    # Which item, which part.
    bug(
        "an item is found by its position, never by its id",
        _OUTPUT,
        ('        if item is None and channel.kind == "reasoning":\n', '        if item is not None and event.get("item_id", item.identity) != item.identity:\n            item = None\n        if item is None and channel.kind == "reasoning":\n'),
    ),
    bug("an item without a position is found by its id", _OUTPUT, ("return self._by_id.get(item_id, otherwise) if isinstance(item_id, str) else otherwise", "return otherwise")),
    bug("a content index is no position in a list", _WRITER, ("part = came[place] if len(came) == len(known) else item", "part = item")),
    bug("parts of a summary are told apart by summary_index", _CHANNELS, ('SummaryPiece, "text", "summary_index"', 'SummaryPiece, "text", "content_index"')),
    bug("the content of a message may include reasoning", _OUTPUT, ('if item is None and channel.kind == "reasoning":', "if False:")),
    bug("reasoning may come in a reasoning_part", _EVENTS, ('    "response.reasoning_part.added": Output.begin_part,\n', "")),
    bug("a piece of another item does not continue the text", _DIALECT, ("            or said.output_index != part.item.place\n", "")),
    bug("a piece of another kind does not continue the text", _DIALECT, ("            or type(said) is not part.piece\n", "")),
    # Texts that come twice.
    bug("a text without deltas is delivered from its done event", _WRITER, ("            self.deliver(part, rest, None if part.length else logprobs)", "            pass")),
    bug("a whole text that contradicts its deltas delivers nothing", _PARTS, ("return self._beyond_half(whole[self.length :]) if self._is(whole[: self.length]) else None", "return self._beyond_half(whole[self.length :])")),
    bug("an item of the last event that came before is the same", _OUTPUT, ("            if item is not None:\n                self.end(item, native)\n            elif", "            if item is not None and not item.done:\n                self.end(item, native)\n            elif")),
    bug("an item that only the last event has is delivered", _OUTPUT, ("                self.end(self._begin(place, type_of(native)), native)", "                self.close(self._begin(place, type_of(native)), native)")),
    bug("annotations that came already are not repeated", _WRITER, ("annotations[part.annotations :]", "annotations")),
    # Calls.
    bug("the id of a call is call_id, not the id of its item", _WRITER, ('call_id = said.get("call_id")', 'call_id = said.get("id")')),
    bug("the input of a custom tool makes a custom call", _WRITER, ('"custom" if part.item.type == "custom_tool_call" else "function"', '"function"')),
    # Ends.
    bug("an incomplete response is a complete stream", _EVENTS, ('COMPLETE = ("completed", "incomplete")', 'COMPLETE = ("completed",)')),
    bug("why a response is incomplete is its finish reason", _REPORTS, ("return reason if isinstance(reason, str) and reason else status", "return status")),
    bug("a response that was cancelled is an error", _DIALECT, ("        if status in COMPLETE:\n", '        if status in (*COMPLETE, "cancelled"):\n')),
    bug("a body without the last event is truncated, though items are done", _DIALECT, ("        return ()\n\n    @staticmethod", "        return (Done(),) if self._started and self._output.streaming is None else ()\n\n    @staticmethod")),
    bug("[DONE] does not end a response", _DIALECT, ("return ()  # added by", "return (Done(),)  # added by")),
    bug("what comes after the end is ignored", _DIALECT, ("elif self._done:", "elif False:")),
    bug("an error may be flat, without an object of its own", _REPORTS, ("return provider_error(event, carrier)", 'return provider_error(event, {"error": event.get("error") or {}})')),
    # Events.
    bug("both names of a keep-alive are one", _DIALECT, ('elif kind in ("keepalive", "ping"):', 'elif kind == "ping":')),
    bug("progress of server tools is no anomaly", _DIALECT, ("elif not kind.startswith(PROGRESS):", "else:")),
    bug("a gap in the numbers is an anomaly", _DIALECT, ("if self._next is not None and number != self._next:", "if self._next is not None and number < self._next:")),
    bug("a body that starts later is resumed", _DIALECT, ("            self._output.resumed = True\n", "            pass\n")),
    bug("limits of the server are kept", _DIALECT, ("self._chunks.beside([], extra=beside_output(value, {}))", "self._chunks.beside([])")),
    bug("what repeats the request is not kept", _REPORTS, (" and name not in _REQUESTED\n", "\n")),
    bug("details of usage have the names of chats too", _REPORTS, ("                counts[ours] = known\n", "                pass\n")),
    # What goes back.
    bug("an item goes back once, however many parts it has", _TURN, ("            if channel_of(native) is None:\n", "            if True:\n")),
    bug("truncated reasoning does not go back", _TURN, ("elif isinstance(part, TextPart) and part.text:", 'elif getattr(part, "text", ""):')),
]
# fmt: on

RESPONSES = Subject(
    _BUGS,
    dict.fromkeys(
        (_DIALECT, _EVENTS, _OUTPUT, _PARTS, _WRITER, _CHANNELS, _REPORTS, _TURN),
        ("tests/dialects/test_responses.py",),
    ),
)
