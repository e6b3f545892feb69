"""The command line: `sse-stream demo`, `read`, `chat` and `serve`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .._version import __version__
from ._apis import APIS
from ._arguments import FAULTS, fault, header, index, port, seconds, setting, size
from ._commands import chat, demo, read, serve
from ._exit_codes import Exit, say
from ._output import prepare

_EXIT_CODES = """\
exit codes:
  0  the stream is complete
  2  bad usage
  3  the stream was truncated
  4  the provider reported an error
  5  the connection broke, or a deadline passed
  6  the input is no chat stream
  7  the output could not be written
"""

_EXAMPLES = """\
examples:
  sse-stream demo
  sse-stream chat "Why is the sky blue?" --model some-model
  curl -N $OPENAI_BASE_URL/chat/completions -d @request.json \\
      -H "Authorization: Bearer $OPENAI_API_KEY" \\
      -H "Content-Type: application/json" | sse-stream read
  sse-stream read recording.sse --events
  sse-stream serve recording.sse --pace 0.02 --fault disconnect:2000
"""

_READ_EXAMPLES = """\
examples:
  sse-stream read recording.sse              the text
  sse-stream read recording.sse --stats      and usage, timings, anomalies
  sse-stream read recording.sse --events     one typed event a line, as JSON
  curl -N … | sse-stream read --completion   the whole answer as one JSON object
  sse-stream read https://… --follow         the events of a server, for good
"""

_CHAT_EXAMPLES = """\
examples:
  export OPENAI_BASE_URL=https://api.example.com/v1 OPENAI_API_KEY=…
  sse-stream chat "Why is the sky blue?" --model some-model
  sse-stream chat "Say hello" --model some-model --system "Answer in French." \\
      --set temperature=0 --set max_tokens=50 --stats
  sse-stream chat "Hello" --base-url http://127.0.0.1:8000/v1 --model local
  sse-stream chat "Hello" --api gemini --model gemini-flash-latest
"""

_SERVE_EXAMPLES = """\
examples:
  sse-stream serve recording.sse                           as fast as it is read
  sse-stream serve recording.sse --port 8000               at this port
  sse-stream serve recording.sse --pace 0.05               one event every 50 ms
  sse-stream serve recording.sse --cut 1                   one byte at a time
  sse-stream serve recording.sse --fault disconnect:2000   cut after 2000 bytes
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; by default what it was started with.

    Returns:
        The exit code, one of `Exit`.

    Raises:
        SystemExit: The arguments are wrong, or help was asked for.
    """
    try:
        try:
            options = _parser().parse_args(arguments)
            prepare(sys.stdout)
            code: Exit = options.run(options)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read this has read enough.
        _discard_output()
        return Exit.CLOSED_PIPE
    except OSError as error:
        # Reading raises errors of the library, so it was writing that failed.
        _discard_output()
        with suppress(OSError):
            say(f"cannot write the output: {error.strerror or error}")
        return Exit.UNWRITABLE
    return code


def _discard_output() -> None:
    """What is still buffered goes nowhere, without a traceback at exit."""
    with suppress(OSError):  # it may be no file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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

    command("demo", demo, "stream an answer from a server on this machine, and show what came")

    options = command("read", read, "read a stream from a file or from standard input", _READ_EXAMPLES)
    options.add_argument(
        "file", nargs="?", metavar="FILE", default="-", help="a recorded stream; - is standard input (default: -)"
    )
    options.add_argument("--follow", action="store_true", help="read a URL as FILE, and connect again when it ends")
    options.add_argument("--last-event-id", metavar="ID", default="", help="with --follow: the event to go on from")
    _add_output_options(options)

    options = command("chat", chat, "send a prompt and stream the answer", _CHAT_EXAMPLES)
    options.add_argument("prompt", metavar="PROMPT", help="the prompt")
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
    options.add_argument("--system", metavar="TEXT", help="the system message")
    options.add_argument(
        "--set",
        metavar="KEY=VALUE",
        type=setting,
        action="append",
        default=[],
        help="set a field of the request, such as temperature=0; the value is JSON, or else text; repeatable",
    )
    options.add_argument(
        "--header",
        metavar="NAME:VALUE",
        type=header,
        action="append",
        default=[],
        help="send a header, in place of one that is sent anyway; repeatable",
    )
    options.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=60.0,
        help="how long to wait for the next bytes (default: 60)",
    )
    options.add_argument(
        "--no-usage", action="store_true", help="do not ask for usage: some servers refuse stream_options"
    )
    _add_output_options(options)

    options = command("serve", serve, "serve a recording as an OpenAI-compatible server would", _SERVE_EXAMPLES)
    options.add_argument("file", type=Path, metavar="FILE", help="a recorded stream")
    options.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="address to listen at (default: 127.0.0.1)"
    )
    options.add_argument("--port", metavar="PORT", type=port, default=0, help="port to listen at (default: a free one)")
    options.add_argument(
        "--pace", metavar="SECONDS", type=seconds, default=0.0, help="time between two writes (default: 0)"
    )
    options.add_argument(
        "--cut",
        metavar="BYTES",
        type=size,
        help="bytes a write (default: an event with --pace, or else all at once)",
    )
    options.add_argument(
        "--fault",
        metavar="NAME[:BYTES]",
        type=fault,
        help=f"fault to inject after BYTES, or else at the end: {', '.join(FAULTS)}",
    )
    return parser


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--events", action="store_true", help="print the typed events, one JSON object per line")
    shown.add_argument("--sse", action="store_true", help="print the server-sent events, one JSON object per line")
    shown.add_argument("--completion", action="store_true", help="print the whole answer at the end, as JSON")
    parser.add_argument("--choice", metavar="N", type=index, help="the choice whose text is printed (default: 0)")
    parser.add_argument("--stats", action="store_true", help="print usage, timings and anomalies to standard error")
