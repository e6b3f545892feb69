"""A bug for each rule of partial JSON."""

from __future__ import annotations

from .bug import Subject, bug

_CHANGES = "_json/_partial_changes.py"
_MACHINE = "_json/_partial_machine.py"
_NUMBERS = "_json/_partial_numbers.py"
_STEPS = "_json/_partial_steps.py"
_STRINGS = "_json/_partial_strings.py"
_TREE = "_json/_partial_tree.py"

# fmt: off
_BUGS = [
    # Strings.
    bug("an escape that is cut waits for its rest", _STEPS, ("        self.unsure = text[at:]\n", "")),
    bug("half a surrogate pair waits for the other half", _STRINGS, ('    rf"|u{_FIRST_HALF}(?!{_SOME_OF_THE_OTHER_HALF})"\n', '    rf"|u{_FIRST_HALF}"\n')),
    bug("a lone surrogate is a character, as for json.loads", _STRINGS, ("""        return str(json.loads(f'"{said}"')), end\n""", '        return said.encode("utf-8", "replace").decode(), end\n')),
    bug("a control character is not allowed in a string", _STRINGS, (r"""_MARK = re.compile(r'["\\\x00-\x1f]')""", r"""_MARK = re.compile(r'["\\\x00-\x08]')""")),
    bug("no piece of a string is empty", _STEPS, ("            if piece:\n                self.add(piece)\n", "            self.add(piece)\n")),
    # Numbers.
    bug("a number at the top is complete at the end of the text", _MACHINE, ("        self.end_text()\n", "")),
    bug("a number may not end anywhere", _STEPS, ("if self._digits and not self.opened and can_end(self._number):", "if self._digits and not self.opened:")),
    bug("a number has no leading zeros", _NUMBERS, ('    "zero": {".": "point", **_E},\n', '    "zero": {**_digits("digits"), ".": "point", **_E},\n')),
    bug("a whole number is an int", _NUMBERS, ("return int(text) if state in _WHOLE else float(text)", "return float(text)")),
    # Objects and arrays.
    bug("a repeated key hides its earlier value", _TREE, ("            self._hidden = self.changed = True\n", "            pass\n")),
    bug("no comma stands before the end of an object", _STEPS, ("self.step = PartialSteps._next_key\n", "self.step = PartialSteps._first_key\n")),
    bug("white space is four characters", _STEPS, (r'_WHITESPACE = re.compile(r"[ \t\n\r]+")', r'_WHITESPACE = re.compile(r"\s+")')),
    bug("nothing follows the value", _STEPS, ('            return self._pass_over(text, at, "the end of the text")\n', "            return len(text)\n")),
    bug("an item has its own path", _TREE, ("self.path = (*self._own_path, len(self.container))", "self.path = (*self._own_path, 0)")),
    # Values that are handed out.
    bug("a snapshot never changes", _TREE, ("= copied(self._top)\n", "= list(self._top)\n")),
    bug("a value that is done belongs to the caller", _CHANGES, ("            self._value = copied(self._value)\n", "")),
    # Limits and errors.
    bug("128 levels are allowed, not 129", _STEPS, ("if len(self.opened) == MAX_DEPTH:", "if len(self.opened) > MAX_DEPTH:")),
    bug("the size is bounded inside a string", _MACHINE, ("0 < size <= self._room and", "0 < size and")),
    bug("the size is bounded elsewhere", _MACHINE, ("        if excess > 0:\n            self.refuse", "        if False:\n            self.refuse")),
    bug("an error is final", _MACHINE, ("if self.error is not None or self._closed:", "if self._closed:")),
    bug("nothing comes after close", _MACHINE, ("if self.error is not None or self._closed:", "if self.error is not None:")),
    bug("an error has the position in the whole text", _STEPS, ("position = self.base + at\n", "position = at\n")),
    bug("an error has the changes before it", _STEPS, ("changes=tuple(self.changes)", "changes=()")),
    bug("a value that is not complete is no end", _MACHINE, ("        if not self.complete:\n", "        if self.value() is None:\n")),
]
# fmt: on

PARTIAL_JSON = Subject(
    _BUGS,
    dict.fromkeys((_CHANGES, _MACHINE, _NUMBERS, _STEPS, _STRINGS, _TREE), ("tests/json/test_partial.py",)),
)
