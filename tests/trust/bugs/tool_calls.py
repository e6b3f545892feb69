"""A bug for each row of the rule of tool calls, each rule of arguments, and each variant of them on the wire."""

from __future__ import annotations

from .bug import Subject, bug

_CALLS = "_chat/_tool_calls.py"
_SLOT = "_chat/_slot.py"
_CALL_STATES = "_chat/_call_states.py"
_BRACKETS = "_json/_brackets.py"
_QUIRKS = "dialects/_quirks.py"

# fmt: off
_BUGS = [
    # Which call is c.
    bug("an index names a call", _CALLS, ("self._last if index is None else self._by_index.get(index)", "self._last")),
    bug("an index that is absent or null is not 0", _CALLS, ("index = piece.index if piece.index is not None and piece.index >= 0 else None", "index = max(piece.index or 0, 0)")),
    bug("an index below 0 is none", _CALLS, (" and piece.index >= 0 else None", " else None")),
    bug("an index that is none is told", _CALLS, ('            self._note("missing_call_index", f"index: {piece.index!r}")\n', "            pass\n")),
    bug("without a call at its index, the id names the call", _CALLS, ("(current is None or (index is None and piece.id != current.id))", "index is None and current is not None and piece.id != current.id")),
    bug("without an index, the id names the call", _CALLS, ("(current is None or (index is None and piece.id != current.id))", "current is None")),
    bug("without an index and an id, it is the last call", _CALLS, ("        current = self._last if index is None", "        current = None if index is None")),
    bug("an index follows the call that begins with it", _CALLS, ("            self._by_index[index] = slot\n", "            self._by_index.setdefault(index, slot)\n")),
    # The rows of the rule.
    bug("a known id is the call with it, whatever the index", _CALLS, ("            if known is not None:\n                return known\n", "")),
    bug("an id that is empty, or none, is no other id", _CALLS, ("if call_id and call_id != call.id:", "if call_id != call.id:")),
    bug("another id and name begin a call", _CALLS, ("if function.name != call.name or call.complete or begins:", "if False:")),
    bug("another id and another name begin a call, whatever the arguments", _CALLS, ("if function.name != call.name or call.complete or begins:", "if call.complete or begins:")),
    bug("another id and the same name begin a call behind a closed one", _CALLS, ("if function.name != call.name or call.complete or begins:", "if function.name != call.name or begins:")),
    bug("another id and the same name begin a call with what may begin an object", _CALLS, ('begins = not arguments or arguments.startswith("{")', "begins = not arguments")),
    bug("white space may stand before an object", _CALLS, ('not arguments or arguments.startswith("{")', 'not arguments or (function.arguments or "").startswith("{")')),
    bug("another id and the same name begin a call with blank arguments", _CALLS, ('begins = not arguments or arguments.startswith("{")', 'begins = arguments.startswith("{")')),
    bug("another id and the same name go on with what begins no object", _CALLS, ('begins = not arguments or arguments.startswith("{")', "begins = True")),
    bug("another id alone goes on with an open call", _CALLS, ("        elif call.complete:\n            if arguments:", "        else:\n            if arguments:")),
    bug("another id with arguments begins a call behind a closed one", _CALLS, ("            if arguments:\n                return None\n", "")),
    bug("a bare id behind a closed call waits", _CALLS, ("            call.next_id = call_id\n            return call\n", "            return None\n")),
    bug("a bare id is that of the piece that begins a call", _CALLS, ("            call.next_id = call_id\n", "")),
    bug("another id is told", _CALLS, ('        self._note("call_id_changed", f"{call_id!r} after {call.id!r}")\n', "")),
    bug("another name without an index begins a call", _CALLS, ("if index is None or call.complete:", "if call.complete:")),
    bug("another name begins a call behind a closed one", _CALLS, ("if index is None or call.complete:", "if index is None:")),
    bug("another name goes on with an open call", _CALLS, ("if index is None or call.complete:", "if True:")),
    bug("another name is told", _CALLS, ('            self._note("call_name_changed", f"{name!r} after {call.name!r}")\n', "")),
    bug("where nothing is counted, the name begins a call behind a closed one", _CALLS, ("if not call.id and call.complete and _is_said(arguments):", "if False:")),
    bug("where nothing is counted, a call that has an id goes on", _CALLS, ("if not call.id and call.complete and _is_said", "if not call_id and call.complete and _is_said")),
    bug("where nothing is counted, an open call goes on", _CALLS, ("not call.id and call.complete and _is_said", "not call.id and _is_said")),
    bug("where nothing is counted, blank arguments go on", _CALLS, (" and _is_said(arguments):", ":")),
    bug("a name alone begins a call behind a closed one", _CALLS, ("(call.complete or call.touched == self._delta)", "call.touched == self._delta")),
    bug("a name alone begins a call behind one in the same delta", _CALLS, ("(call.complete or call.touched == self._delta)", "call.complete")),
    bug("a name alone goes on with an open call", _CALLS, ("index is None and (call.complete or call.touched == self._delta):", "index is None:")),
    bug("a name with an index is not alone", _CALLS, ("if not call_id and index is None and (", "if not call_id and (")),
    bug("a name with an id is not alone", _CALLS, ("if not call_id and index is None and (", "if index is None and (")),
    # Ids, names and places.
    bug("a call that began without an id takes the first", _CALLS, ("elif call_id and not slot.id:", "elif False:")),
    bug("a closed call does not take the id of the next", _CALLS, ("            if name and call.name and call.complete:\n                return None\n", "")),
    bug("an open call takes an id that comes with its name", _CALLS, ("if name and call.name and call.complete:", "if name and call.name:")),
    bug("an id is set once", _CALLS, ("elif call_id and not slot.id:", "elif call_id:")),
    bug("a call without an id is told", _CALL_STATES, ('            self._note("missing_call_id", f"call {slot.index}")\n', "            pass\n")),
    bug("a name is set once", _CALL_STATES, ("        if function.name and not slot.name:\n            slot.name = ", "        if function.name:\n            slot.name += ")),
    bug("calls keep the order in which they began", _CALLS, ("self.all.append(slot)", "self.all.insert(0, slot)")),
    bug("a call's place is its own", _CALLS, ("slot = Slot(len(self.all))", "slot = Slot(0)")),
    bug("a custom tool's name and input are name and arguments", _CALLS, ("ChoiceDeltaFunctionCall(name=custom.name, arguments=custom.input, extra=custom.extra)", "ChoiceDeltaFunctionCall(name=custom.name, extra=custom.extra)")),
    bug("a call of a custom tool is one", _CALLS, ('            slot.kind = "custom"\n        self._last = slot\n        slot.touched', "            pass\n        self._last = slot\n        slot.touched")),
    bug("a delta may hold several calls", _CALL_STATES, ("        for piece in pieces:\n", "        for piece in list(pieces)[:1]:\n")),
    bug("an id alone says something", _CALL_STATES, ("if not (piece.id or piece.extra", "if not (piece.extra")),
    bug("a piece that says nothing means no call", _CALL_STATES, ("                continue  # an empty piece starts no call", "                pass")),
    # When a call is done.
    bug("a closed call is done when the next one begins", _CALLS, ("if not preceding or not preceding[0].complete or preceding[0].waits:", "if True:")),
    bug("an open call is not done when the next one begins", _CALLS, ("if not preceding or not preceding[0].complete or preceding[0].waits:", "if not preceding:")),
    bug("an open call is not done at a finish", _CALL_STATES, ("self._slots.take_open() if at_end else self._slots.take_complete()", "self._slots.take_open()")),
    bug("a closed call is done at a finish", _CALL_STATES, ("self._slots.take_open() if at_end else self._slots.take_complete()", "self._slots.take_open() if at_end else []")),
    bug("an open call keeps a stream from being complete without its end mark", _CALLS, ('any(slot.kind == "function" and not slot.complete for slot in self._open)', "False")),
    bug("a call of a custom tool does not", _CALLS, ('slot.kind == "function" and not slot.complete', "not slot.complete")),
    bug("arguments are whole when their outermost bracket is closed", _BRACKETS, ("self._depth == 0", "self._depth <= 1")),
    bug("arguments that go on behind that are not", _BRACKETS, ("self.closed = self._depth == 0", "self.closed = self.closed or self._depth == 0")),
    bug("a bracket in a string closes nothing", _BRACKETS, ("self._in_string = not self._in_string", "pass")),
    bug("an escaped quote ends no string", _BRACKETS, ("                position += 1\n", "")),
    bug("an escape may be cut in two", _BRACKETS, ("self._escaped = position == len(text)", "self._escaped = False")),
    # What of the arguments is new.
    bug("an empty object at the beginning waits", _SLOT, ("if not self._arguments and _EMPTY_OBJECT.fullmatch(text):", "if False:")),
    bug("there may be white space in it", _SLOT, ("_EMPTY_OBJECT.fullmatch(text)", 'text == "{}"')),
    bug("white space behind it waits too", _SLOT, ("if not self._arguments and _EMPTY_OBJECT.fullmatch(text):", "if not self._arguments and not self._held and text.endswith('}') and _EMPTY_OBJECT.fullmatch(text):")),
    bug("it is dropped if an object follows", _SLOT, ("text = text if dropped else self._held + text", "text = self._held + text")),
    bug("it is kept if anything else follows", _SLOT, ("            text = text if dropped else self._held + text\n", "")),
    bug("it is the arguments if nothing follows", _SLOT, ('held, self._held = self._held, ""\n        return', 'held, self._held = "", ""\n        return')),
    bug("a call with it is closed", _SLOT, ("        if self._held:\n            return True\n", "")),
    bug("a piece that repeats the id may repeat the arguments", _CALL_STATES, ("bool(piece.id and piece.id == slot.id) or bool(", "bool(")),
    bug("a piece that repeats the name may repeat the arguments", _CALL_STATES, ("bool(function.name and function.name == slot.name)", "False")),
    bug("a piece behind whole arguments may repeat them", _SLOT, ("if self._arguments and (is_named or (text[0] in _BEGINNINGS and self.complete)):", "if self._arguments and is_named:")),
    bug("any other piece is new, whatever it begins with", _SLOT, ("if self._arguments and (is_named or (text[0] in _BEGINNINGS and self.complete)):", "if self._arguments:")),
    bug("of arguments that begin with those that have come, the rest is new", _SLOT, ("return text_of(data[size:])", "return text_of(data)")),
    bug("the same arguments in another spelling are a repetition", _SLOT, ("self.complete and self._says_the_same(text)", "False")),
    bug("other arguments are not", _SLOT, ("return bool(decode_json(text) == decode_json(text_of(self._arguments)))", "return True")),
    bug("a repetition is told", _CALL_STATES, ("                if repeated:\n", "                if False:\n")),
    bug("the input of a custom tool is no repetition", _SLOT, ('        if self.kind == "custom":\n            return self._append(text), False\n', "")),
    bug("arguments are appended in the order in which they come", _SLOT, ("        self._arguments += utf8(text)\n", "        self._arguments[:0] = utf8(text)\n")),
    bug("arguments that are an object become its JSON", _QUIRKS, ("if isinstance(arguments, (dict, list)):", "if isinstance(arguments, list):")),
    bug("arguments that are an array become its JSON", _QUIRKS, ("if isinstance(arguments, (dict, list)):", "if isinstance(arguments, dict):")),
    # Whole calls in a message.
    bug("a call in a message is the one with its id", _CALLS, ("self._by_id.get(call_id) or (self.all[place] if", "(self.all[place] if")),
    bug("a call in a message without a known id is the one at its place", _CALLS, ("self._by_id.get(call_id) or (self.all[place] if place < len(self.all) else None)", "self._by_id.get(call_id)")),
    bug("of a call in a message only what has not come is new", _CALL_STATES, ('rest = slot.rest_of(function.arguments or "")', "rest = function.arguments")),
]
# fmt: on

_PIECES = [
    "tests/chat/test_tool_calls.py",
    "tests/dialects/test_meanings.py",
    "tests/dialects/test_quirks.py",
    "tests/trust/test_survivors.py",
]

TOOL_CALLS = Subject(
    _BUGS,
    {
        _CALLS: _PIECES,
        _SLOT: _PIECES,
        _CALL_STATES: _PIECES,
        _BRACKETS: _PIECES,
        _QUIRKS: ["tests/dialects/test_openai_chat.py", "tests/dialects/test_quirks.py"],
    },
)
