"""What the command line shows: text as it arrives, a live line for a terminal, figures at the end."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TextIO

from .._chat._events import ChatEvent, ReasoningDelta, TextDelta
from .._chat._reports import Usage
from .._streams._sync import ChatStream
from .._streams._timings import StreamTimings
from ._wrapping import WordWrap, terminal_size, wrapped

# What a model writes must not steer the terminal that shows it: no control character but tab and newline.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
# DECSC and DECRC: the cursor's place, with its colours and its pending wrap.
_SAVE, _RESTORE = "\x1b7", "\x1b8"
_ERASE_LINE = "\x1b[2K"

# How wide the names of figures are, and on how narrow a terminal they have a line of their own.
_NAME = 20
_NARROW = 60

# How often the live line changes, at most, in seconds.
_REFRESH = 0.1


def prepare(out: TextIO) -> None:
    """Let standard output carry any text: a terminal in its own encoding, a file or a pipe exactly, as UTF-8."""
    if isinstance(out, io.TextIOWrapper):
        if out.isatty():
            out.reconfigure(errors="replace")
        else:
            out.reconfigure(encoding="utf-8", errors="replace", newline="\n")


def is_colorless() -> bool:
    """Whether the user wants no colours: https://no-color.org, "when present and not an empty string"."""
    return bool(os.environ.get("NO_COLOR"))


def harmless(text: str) -> str:
    """The text with its control characters spelled out, for a terminal."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


class Screen:
    """Standard output and standard error, which may be one terminal, two, or none.

    Text goes to standard output, to the letter where that is no terminal. Reasoning is for terminals only,
    dim and indented, in lines that fit. A terminal behind standard error has a live line, which `close` erases.

    Args:
        out: Standard output.
        err: Standard error.
        choice: The choice that is shown.
        live: Whether there may be a live line.
    """

    def __init__(self, out: TextIO, err: TextIO, *, choice: int = 0, live: bool = True) -> None:
        self._out = out
        self._err = err
        self._choice = choice
        able = os.environ.get("TERM") != "dumb"
        self._on_terminal = out.isatty()
        self._dims = self._on_terminal and able and not is_colorless()
        self._live_line = _LiveLine(err, shared=self._on_terminal) if live and able and err.isatty() else None
        self._wrap: WordWrap | None = None  # breaks the lines of reasoning, while it is written
        self._line_open = False  # whether what was written last did not end its line

    def show(self, event: ChatEvent) -> None:
        """Write what the event adds to the text, at once."""
        match event:
            case TextDelta(text, choice) if choice == self._choice:
                self._part(reasoning=False)
                self._write(text)
            case ReasoningDelta(text, choice) if choice == self._choice and self._on_terminal:
                self._part(reasoning=True)
                if self._wrap is not None:
                    self._write(self._wrap.add(harmless(text)))

    def update(self, stream: ChatStream) -> None:
        """Let the live line say how the stream goes."""
        if self._live_line is not None:
            self._live_line.update(stream)

    def line(self, text: str) -> None:
        """Write a line to standard output."""
        print(text, file=self._out, flush=True)

    def close(self) -> None:
        """Erase the live line, and end the text's line if it is open."""
        self._part(reasoning=False)
        if self._live_line is not None:
            self._live_line.erase()
        if self._line_open:
            self._line_open = False
            self.line("")

    def _part(self, *, reasoning: bool) -> None:
        if reasoning == (self._wrap is not None):
            return
        dim = (_DIM if reasoning else _PLAIN) if self._dims else ""
        if self._wrap is not None:
            self._write(self._wrap.end())
        self._wrap = WordWrap(terminal_size(self._out).columns - 1, indent="  ") if reasoning else None
        gap = "\n\n" if self._line_open else ""
        self._line_open = self._line_open and not gap
        print(gap + dim if reasoning else dim + gap, end="", file=self._out, flush=True)

    def _write(self, text: str) -> None:
        if text:
            self._line_open = not text.endswith("\n")
            print(harmless(text) if self._on_terminal else text, end="", file=self._out, flush=True)


class _LiveLine:
    """A line that is written over and over: the terminal's last, below the text, or the only one."""

    def __init__(self, err: TextIO, *, shared: bool) -> None:
        self._err = err
        self._shared = shared  # whether text is written to the same terminal
        self._size = os.terminal_size((0, 0))
        self._due = monotonic()
        self._draw("waiting for the first token", "waiting for the first token")

    def update(self, stream: ChatStream) -> None:
        now = monotonic()
        if now >= self._due:
            self._due = now + _REFRESH
            self._draw(*_progress(stream.timings))

    def erase(self) -> None:
        if not self._size.lines:
            return
        end = f"{_SAVE}\x1b[r\x1b[{self._size.lines};1H{_ERASE_LINE}{_RESTORE}" if self._shared else f"\r{_ERASE_LINE}"
        self._size = os.terminal_size((0, 0))
        print(end, end="", file=self._err, flush=True)

    def _draw(self, said: str, briefly: str) -> None:
        size = terminal_size(self._err)
        if size.lines < 3:
            return
        said = (said if len(said) < size.columns else briefly)[: size.columns - 1]
        if not is_colorless():
            said = f"{_DIM}{said}{_PLAIN}"
        if self._shared:
            # The text scrolls within a region that leaves the last line out.
            begin = ""
            if size != self._size:
                room = "" if self._size.lines else "\n"
                begin = f"{room}{_SAVE}\x1b[1;{size.lines - 1}r{_RESTORE}" + ("\x1b[1A" if room else "")
            said = f"{begin}{_SAVE}\x1b[{size.lines};1H{_ERASE_LINE}{said}{_RESTORE}"
        else:
            said = f"\r{_ERASE_LINE}{said}"
        self._size = size
        print(said, end="", file=self._err, flush=True)


def _progress(timings: StreamTimings) -> tuple[str, str]:
    """What the live line says, in full and for narrow terminals."""
    if timings.time_to_first_token is None:
        came = counted(timings.keepalives, "keep-alive")
        return f"waiting for the first token, {came} so far", f"waiting, {came} so far"
    first, speed = f"first token {timings.time_to_first_token:.2f} s", ""
    exact = timings.tokens_per_second
    seconds = (timings.duration or 0) - timings.time_to_first_token
    if exact is not None:
        speed = f", {exact:.1f} tokens/s"
    elif timings.deltas > 1 and seconds > 0:
        # Usage comes at the end. Until then a piece is taken for a token, and the sign says so.
        speed = f", ~{(timings.deltas - 1) / seconds:.1f} tokens/s"
    return f"time to {first}{speed}", f"{first}{speed}"


def fitting(lines: Iterable[str], out: TextIO) -> Iterator[str]:
    """The lines, without control characters, and broken where they would not fit the terminal behind the stream."""
    width = terminal_size(out).columns - 1 if out.isatty() else None
    for line in map(harmless, lines):
        yield line if width is None else wrapped(line, width, indent="  ", first="")


def figures(stream: ChatStream, out: TextIO, choice: int = 0) -> Iterator[str]:
    """What a stream came to: how it ended, usage, timings, anomalies; a line each, or more on a narrow terminal."""
    width = terminal_size(out).columns - 1 if out.isatty() else None
    for name, value in _figures(stream, choice):
        if width is None:
            yield f"{name:<{_NAME}} {harmless(value)}"
        elif width < _NARROW:
            yield f"{name}\n{wrapped(harmless(value), width, indent='  ')}"
        else:
            yield wrapped(harmless(value), width, indent=" " * (_NAME + 1), first=f"{name:<{_NAME}} ")


def _figures(stream: ChatStream, choice: int) -> Iterator[tuple[str, str]]:
    completion, timings = stream.completion, stream.timings
    yield "ending", stream.ending
    chosen = [one for one in completion.choices if one.index == choice]
    yield "finish reason", (chosen[0].finish_reason if chosen else None) or "none came"
    yield "usage", _counts(completion.usage)
    since = "the request" if timings.basis == "request" else "the start of reading"
    if timings.time_to_first_byte is not None:
        yield "time to first byte", f"{timings.time_to_first_byte:.3f} s from {since}"
    if timings.time_to_first_token is not None:
        yield "time to first token", f"{timings.time_to_first_token:.3f} s"
    if timings.duration is not None:
        yield "duration", f"{timings.duration:.3f} s"
    if timings.tokens_per_second is not None and timings.time_per_output_token is not None:
        each = timings.time_per_output_token * 1000
        yield "speed", f"{timings.tokens_per_second:.1f} tokens/s, {each:.1f} ms a token after the first"
    if timings.mean_gap is not None and timings.longest_gap is not None:
        mean, longest = timings.mean_gap * 1000, timings.longest_gap * 1000
        yield "gaps between pieces", f"{mean:.1f} ms on average, {longest:.1f} ms at most"
    counts = {
        "byte": timings.bytes,
        "event": timings.events,
        "chunk": timings.chunks,
        "piece": timings.deltas,
        "keep-alive": timings.keepalives,
    }
    yield "received", ", ".join(counted(count, name) for name, count in counts.items())
    for anomaly in stream.anomalies:
        met = f"{anomaly.kind}, {counted(anomaly.count, 'time')}, first: {anomaly.sample!r}"
        yield "anomaly", f"{met} ({anomaly.level})"


def _counts(usage: Usage | None) -> str:
    if usage is None:
        return "none was reported"
    counts = {"prompt": usage.prompt_tokens, "completion": usage.completion_tokens, "total": usage.total_tokens}
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count is not None) + " tokens"


def counted(count: int, name: str) -> str:
    """The number with its noun, in the plural unless it is one."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
