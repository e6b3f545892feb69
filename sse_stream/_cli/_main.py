"""The command line: `sse-stream demo`, `read`, `chat` and `serve`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .._version import __version__
from ..testing import Comments, Disconnect, EndAt, Fault, HalfClose, Reset, Stall
from ._apis import APIS
from ._commands import chat, demo, read, serve
from ._exit_codes import Exit
from ._output import prepare

_EXIT_CODES = """\
exit codes:
  0  the stream is complete          4  the provider reported an error
  2  bad usage                       5  the connection broke, or a deadline passed
  3  the stream was truncated        6  what came is no chat stream
"""

_EXAMPLES = """\
examples:
  sse-stream demo
  curl -N https://api.example.com/v1/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" \\
      -H "Content-Type: application/json" -d @request.json | sse-stream read
  sse-stream read recording.sse --events
  sse-stream chat "Why is the sky blue?" --base-url https://api.example.com/v1 --model some-model
  sse-stream serve recording.sse --pace 0.02 --fault disconnect:2000
"""

_READ_EXAMPLES = """\
examples:
  sse-stream read recording.sse              the text, as far as it came
  sse-stream read recording.sse --stats      and how it ended, usage, timings, anomalies
  sse-stream read recording.sse --events     one typed event a line, as JSON
  curl -N … | sse-stream read --completion   the whole answer as one chat.completion
"""

_CHAT_EXAMPLES = """\
examples:
  OPENAI_API_KEY=… sse-stream chat "Why is the sky blue?" --base-url https://api.example.com/v1 --model some-model
  sse-stream chat "Say hello" --base-url http://127.0.0.1:8000/v1 --model local --stats
  GEMINI_API_KEY=… sse-stream chat "Say hello" --api gemini --model gemini-flash-latest
"""

_SERVE_EXAMPLES = """\
examples:
  sse-stream serve recording.sse                           as fast as the client reads
  sse-stream serve recording.sse --pace 0.05               one event every 50 ms
  sse-stream serve recording.sse --cut 1                   one byte at a time
  sse-stream serve recording.sse --fault disconnect:2000   broken after 2000 bytes
"""

_FAULTS: Mapping[str, Callable[[int | None], Fault]] = {
    "end": lambda at: EndAt(at or 0),
    "disconnect": Disconnect,
    "half-close": HalfClose,
    "reset": Reset,
    "stall": Stall,
    "comments": Comments,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; by default what it was started with.

    Returns:
        The exit code, one of `Exit`.

    Raises:
        SystemExit: The arguments are wrong, or help was asked for.
    """
    options = _parser().parse_args(arguments)
    prepare(sys.stdout)
    try:
        code: Exit = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read this has read enough. What is still buffered goes nowhere, without a traceback at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.CLOSED_PIPE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sse-stream",
        description="Read the event streams of OpenAI-compatible servers.",
        epilog=f"{_EXAMPLES}\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sse-stream {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def command(
        name: str, run: Callable[[argparse.Namespace], Exit], said: str, epilog: str = ""
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=said,
            description=said[0].upper() + said[1:] + ".",
            epilog=f"{epilog}\n{_EXIT_CODES}" if epilog else _EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    command("demo", demo, "stream a recording from a server on this machine, and show what came")

    options = command("read", read, "read a stream from a file or from standard input", _READ_EXAMPLES)
    options.add_argument("file", nargs="?", metavar="FILE", default="-", help="a recorded stream; - is standard input")
    _add_output_options(options)

    options = command("chat", chat, "ask a server, and show its answer as it arrives", _CHAT_EXAMPLES)
    options.add_argument("prompt", metavar="PROMPT", help="what to ask")
    variables = "env: OPENAI_{0}, ANTHROPIC_{0}, {1}"
    options.add_argument("--api", choices=APIS, default="chat", help="the kind of API (default: chat)")
    options.add_argument(
        "--base-url",
        metavar="URL",
        help=f"base URL of the server ({variables.format('BASE_URL', 'GOOGLE_GEMINI_BASE_URL')})",
    )
    options.add_argument("--model", metavar="NAME", help=f"the model ({variables.format('MODEL', 'GEMINI_MODEL')})")
    options.add_argument(
        "--api-key",
        metavar="KEY",
        help=f"API key, if the server wants one ({variables.format('API_KEY', 'GEMINI_API_KEY or GOOGLE_API_KEY')})",
    )
    options.add_argument("--timeout", metavar="SECONDS", type=_seconds, default=60.0, help="between two reads (60)")
    options.add_argument("--no-usage", action="store_true", help="do not ask for usage: some servers refuse the option")
    _add_output_options(options)

    options = command("serve", serve, "serve a recording as an OpenAI-compatible server would", _SERVE_EXAMPLES)
    options.add_argument("file", type=Path, metavar="FILE", help="a recorded stream")
    options.add_argument("--pace", metavar="SECONDS", type=_seconds, default=0.0, help="time between two writes (0)")
    options.add_argument("--cut", metavar="BYTES", type=int, help="bytes a write; by default an event, if it is paced")
    options.add_argument(
        "--fault",
        metavar="NAME[:BYTES]",
        type=_fault,
        help=f"what goes wrong after so many bytes: {', '.join(_FAULTS)}",
    )
    return parser


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--events", action="store_true", help="print the typed events, a JSON object a line")
    shown.add_argument("--sse", action="store_true", help="print the server-sent events, a JSON object a line")
    shown.add_argument("--completion", action="store_true", help="print the whole answer at the end, as JSON")
    parser.add_argument("--choice", metavar="N", type=int, default=0, help="which choice's text to print (0)")
    parser.add_argument("--stats", action="store_true", help="print timings and anomalies to standard error")


def _seconds(value: str) -> float:
    seconds = float(value)
    if not 0 <= seconds < float("inf"):
        raise ValueError
    return seconds


def _fault(value: str) -> Fault:
    name, _, at = value.partition(":")
    if name not in _FAULTS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(_FAULTS)}")
    return _FAULTS[name](int(at) if at else None)
