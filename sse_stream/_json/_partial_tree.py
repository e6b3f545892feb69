"""The value parsed so far, and the changes to it."""

from __future__ import annotations

from io import StringIO

from ._copying import copied
from ._depth import JSONValue
from ._partial_changes import JSONChange, JSONKind, JSONPath, StringDelta, ValueDone, ValueStarted


class PartialTree:
    """A JSON value that is being parsed.

    Attributes:
        path: The path of the value that is being parsed.
        changes: The changes since the caller last replaced this list.
        changed: Whether `value` would differ from the last snapshot; the caller resets it.
        container: The innermost open object or array. At the top level, a list for the one value.
        opened: The enclosing containers, outermost first, each with its path.
        buffer: The open string; `None` between strings.
        complete: Whether the value is complete.
    """

    __slots__ = (
        "_hidden",
        "_key",
        "_keys",
        "_own_path",
        "_top",
        "buffer",
        "changed",
        "changes",
        "container",
        "opened",
        "path",
    )

    _key: str  # the key of the last value in the innermost object

    def __init__(self) -> None:
        self.path: JSONPath = ()
        self.changes: list[JSONChange] = []
        self.changed = False
        self._top: list[JSONValue] = []
        self.container: JSONValue = self._top
        self.buffer: StringIO | None = None  # until it is complete, its place holds `None`
        self._own_path: JSONPath = ()  # the path of the innermost container
        self.opened: list[tuple[JSONValue, JSONPath]] = []
        self._keys: dict[str, str] = {}  # one object per key, however often it occurs
        self._hidden = False  # whether the value under that key is hidden, because the key was repeated

    @property
    def complete(self) -> bool:
        return bool(self._top) and not self.opened and self.buffer is None

    def value(self) -> JSONValue:
        """Return a copy of the value so far; `None` while nothing is known."""
        snapshot: list[JSONValue] = copied(self._top)
        if self.buffer is not None or self._hidden:
            innermost: JSONValue = snapshot
            for key in (0, *self._own_path) if self.opened else ():
                innermost = innermost[key]
            if self.buffer is None:
                del innermost[self._key]
            elif type(innermost) is list:
                innermost[-1] = self.buffer.getvalue()
            else:
                innermost[self._key] = self.buffer.getvalue()
        return snapshot[0] if snapshot else None

    def put(self, value: JSONValue) -> None:
        """Store a value in the innermost container."""
        container = self.container
        if type(container) is list:
            container.append(value)
        else:
            container[self._key] = value
            self._hidden = False
        self.changed = True

    def finish(self, value: JSONValue) -> None:
        """Complete a value that is already stored."""
        self.changes.append(ValueDone(self.path, value))
        self.path = self._own_path

    def done(self, value: JSONValue) -> None:
        """Store a value that is complete."""
        container = self.container  # `put` and `finish` in one, measured as "records"
        if type(container) is list:
            container.append(value)
        else:
            container[self._key] = value
            self._hidden = False
        self.changed = True
        self.changes.append(ValueDone(self.path, value))
        self.path = self._own_path

    # ---------------------------------------------------------------- objects and arrays

    def begin_container(self, container: JSONValue, kind: JSONKind) -> None:
        """Open an object or an array."""
        self.put(container)
        self.changes.append(ValueStarted(self.path, kind))
        self.opened.append((self.container, self._own_path))
        self.container = container
        self._own_path = self.path

    def end_container(self) -> None:
        """Close the innermost object or array."""
        container = self.container
        self.container, self._own_path = self.opened.pop()
        self.finish(container)

    def next_item(self) -> None:
        """Set the path to the next item of the innermost array."""
        self.path = (*self._own_path, len(self.container))

    def next_key(self, key: str) -> None:
        """Set the path to a key of the innermost object."""
        self._key = key = self._keys.setdefault(key, key)
        self.path = (*self._own_path, key)
        if key in self.container:
            self._hidden = self.changed = True

    # ---------------------------------------------------------------- strings

    def begin_string(self, piece: str) -> None:
        """Open a string that begins with this piece, which may be empty."""
        self.put(None)
        self.buffer = StringIO()
        if piece:
            self.write(piece)

    def write(self, piece: str) -> None:
        """Append a piece to the open string."""
        assert self.buffer is not None  # noqa: S101  # for type checkers
        self.buffer.write(piece)
        self.add(piece)

    def add(self, piece: str) -> None:
        """Report a piece of a string."""
        self.changes.append(StringDelta(self.path, piece))
        self.changed = True

    def end_string(self) -> None:
        """Close the string."""
        assert self.buffer is not None  # noqa: S101  # for type checkers
        text = self.buffer.getvalue()
        self.buffer = None
        self.container[-1 if type(self.container) is list else self._key] = text
        self.finish(text)
