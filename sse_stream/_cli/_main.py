"""Argument parser and entry point of `sse-stream`."""

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
from ._check_options import EXAMPLES, add_check_options, check
from ._commands import chat, demo, read, serve
from ._exit_codes import Exit, say
from ._output import prepare

_EXIT_CODES = """\
exit codes:
  0  the stream is complete
  2  invalid usage
  3  the stream was truncated
  4  the provider reported an error
  5  the connection failed or timed out
  6  the input is not a chat stream
  7  the output could not be written
"""

_ALL_EXIT_CODES = _EXIT_CODES.replace("  2  ", "  1  check has findings\n  2  ", 1)

_SERVE_EXIT_CODES = """\
exit codes:
  0  stopped with Ctrl-C
  2  invalid usage
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
  sse-stream check recording.sse
  sse-stream serve recording.sse --pace 0.02 --fault disconnect:2000
"""

_READ_EXAMPLES = """\
examples:
  sse-stream read recording.sse              print the text
  sse-stream read recording.sse --stats      also print statistics
  sse-stream read recording.sse --events     print typed events as JSON lines
  curl -N … | sse-stream read --completion   print the whole answer as JSON
  sse-stream read https://… --follow         print events, and reconnect
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
  sse-stream serve recording.sse                           at full speed
  sse-stream serve recording.sse --port 8000               on port 8000
  sse-stream serve recording.sse --pace 0.05               one event every 50 ms
  sse-stream serve recording.sse --cut 1                   one byte per write
  sse-stream serve recording.sse --fault disconnect:2000   drop the connection
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The arguments after the program's name (default: from `sys.argv`).

    Returns:
        The exit code, one of `Exit`.

    Raises:
        SystemExit: The arguments are invalid, or include `--help` or `--version`.
    """
    try:
        try:
            options = _parser().parse_args(arguments)
            prepare(sys.stdout)
            code: Exit = options.run(options)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does.
        _discard_output()
        return Exit.CLOSED_PIPE
    except OSError as error:
        # Reading raises the library's own errors, so writing has failed.
        _discard_output()
        with suppress(OSError):
            say(f"cannot write the output: {error.strerror or error}")
        return Exit.UNWRITABLE
    return code


def _discard_output() -> None:
    """Redirect standard output to the null device, so that flushing its buffer at exit does not fail."""
    with suppress(OSError):  # standard output may have no file descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sse-stream",
        description="Read, request and replay streaming answers of language models.",
        epilog=f"{_EXAMPLES}\n{_ALL_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sse-stream {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def command(
        name: str,
        run: Callable[[argparse.Namespace], Exit],
        summary: str,
        examples: str = "",
        exit_codes: str = _EXIT_CODES,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=f"{examples}\n{exit_codes}" if examples else exit_codes,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    command("demo", demo, "stream a sample answer from a local server")

    options = command("read", read, "read a stream from a file, standard input or a URL", _READ_EXAMPLES)
    options.add_argument(
        "file", nargs="?", metavar="FILE", default="-", help="recorded stream, or - for standard input (default: -)"
    )
    options.add_argument(
        "--follow", action="store_true", help="treat FILE as a URL, and reconnect when the stream ends"
    )
    options.add_argument("--last-event-id", metavar="ID", default="", help="with --follow: resume after this event")
    _add_output_options(options)

    options = command("chat", chat, "send a prompt and stream the answer", _CHAT_EXAMPLES)
    options.add_argument("prompt", metavar="PROMPT", help="prompt to send")
    variables = "env: OPENAI_{0}, ANTHROPIC_{0}, {1}"
    options.add_argument("--api", choices=APIS, default="chat", help="API type (default: chat)")
    options.add_argument(
        "--base-url",
        metavar="URL",
        help=f"base URL of the server ({variables.format('BASE_URL', 'GOOGLE_GEMINI_BASE_URL')})",
    )
    options.add_argument("--model", metavar="NAME", help=f"model name ({variables.format('MODEL', 'GEMINI_MODEL')})")
    options.add_argument(
        "--api-key",
        metavar="KEY",
        help=f"API key, if the server requires one ({variables.format('API_KEY', 'GEMINI_API_KEY or GOOGLE_API_KEY')})",
    )
    options.add_argument("--system", metavar="TEXT", help="system message")
    options.add_argument(
        "--set",
        metavar="KEY=VALUE",
        type=setting,
        action="append",
        default=[],
        help="set a request field, such as temperature=0; VALUE is JSON, otherwise text; repeatable",
    )
    options.add_argument(
        "--header",
        metavar="NAME:VALUE",
        type=header,
        action="append",
        default=[],
        help="send a header, replacing any default of that name; repeatable",
    )
    options.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=60.0,
        help="maximum wait for the next bytes (default: 60)",
    )
    options.add_argument(
        "--no-usage", action="store_true", help="do not request usage; some servers reject stream_options"
    )
    _add_output_options(options)

    options = commands.add_parser(
        "check",
        help="check a stream for violations of its format",
        description="Check a stream for violations of its format.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.set_defaults(run=check)
    add_check_options(options)

    options = command(
        "serve",
        serve,
        "replay a recorded stream as an OpenAI-compatible server",
        _SERVE_EXAMPLES,
        _SERVE_EXIT_CODES,
    )
    options.add_argument("file", type=Path, metavar="FILE", help="recorded stream")
    options.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    options.add_argument(
        "--port", metavar="PORT", type=port, default=0, help="port to listen on (default: any free port)"
    )
    options.add_argument(
        "--pace", metavar="SECONDS", type=seconds, default=0.0, help="delay between writes (default: 0)"
    )
    options.add_argument(
        "--cut",
        metavar="BYTES",
        type=size,
        help="bytes per write (default: one event with --pace, otherwise the whole recording)",
    )
    options.add_argument(
        "--fault",
        metavar="NAME[:BYTES]",
        type=fault,
        help=f"fault to inject after BYTES (default: at the end): {', '.join(FAULTS)}",
    )
    return parser


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--events", action="store_true", help="print typed events, one JSON object per line")
    formats.add_argument("--sse", action="store_true", help="print server-sent events, one JSON object per line")
    formats.add_argument("--completion", action="store_true", help="print the whole answer as JSON at the end")
    parser.add_argument("--choice", metavar="N", type=index, help="index of the choice to print (default: 0)")
    parser.add_argument("--stats", action="store_true", help="print usage, timings and anomalies to standard error")
