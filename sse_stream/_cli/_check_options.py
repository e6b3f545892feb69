"""The options of `sse-stream check`."""

from __future__ import annotations

import argparse

from ..dialects._formats import READERS
from ._apis import APIS
from ._arguments import body, header, seconds, selectors
from ._exit_codes import Exit

EXAMPLES = """\
examples:
  sse-stream check recording.sse
  sse-stream check recording.sse --profile strict --fail-on warning
  sse-stream check http://127.0.0.1:8000/v1 --model local
  sse-stream check http://127.0.0.1:8000/events --dialect sse
  sse-stream check recording.sse --format junit > report.xml
  sse-stream check --explain SSE006
  sse-stream check --table recordings/

exit codes:
  0  no finding at the level of --fail-on, or at a worse one
  1  findings
  2  bad usage
  5  no connection
"""


def check(options: argparse.Namespace) -> Exit:
    """Check a recording or a server, and report what is wrong."""
    # Imported here: no other command needs the rules.
    from ._check import check

    return check(options)


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of `check`."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE|URL",
        help="a recorded stream, - for standard input, or a URL that is sent a small prompt",
    )
    parser.add_argument(
        "--profile",
        choices=("compat", "strict"),
        default="compat",
        help="report what breaks clients, or everything that the format forbids (default: compat)",
    )
    parser.add_argument(
        "--dialect",
        choices=(*READERS, "sse"),
        help="the format; sse checks the framing only, and sends GET to a URL (default: found by the first event)",
    )
    for name, said in (("select", "apply only these rules"), ("ignore", "leave out these rules")):
        parser.add_argument(
            f"--{name}",
            metavar="RULES",
            type=selectors,
            action="extend",
            default=[],
            help=f"{said}: ids, beginnings of ids or names, separated by commas; repeatable",
        )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "note"),
        default="error",
        help="exit with 1 on findings at this level or a worse one (default: error)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "junit", "github"),
        default="text",
        help="how the report is written (default: text)",
    )
    parser.add_argument("--explain", metavar="RULE", help="explain a rule, and exit")
    parser.add_argument(
        "--table", metavar="DIR", help="check every recording in a folder, and print a Markdown table by provider"
    )
    live = parser.add_argument_group("requests, where a URL is given")
    live.add_argument("--api", choices=APIS, default="chat", help="the kind of API (default: chat)")
    live.add_argument("--model", metavar="NAME", help="the model (env: OPENAI_MODEL, ANTHROPIC_MODEL, GEMINI_MODEL)")
    live.add_argument(
        "--api-key", metavar="KEY", help="API key (env: OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY)"
    )
    live.add_argument(
        "--header", metavar="NAME:VALUE", type=header, action="append", default=[], help="send a header; repeatable"
    )
    live.add_argument(
        "--data",
        metavar="JSON|@FILE",
        type=body,
        help="send this body to exactly this URL instead of a small prompt",
    )
    live.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=60.0,
        help="how long to wait for the next bytes (default: 60)",
    )
