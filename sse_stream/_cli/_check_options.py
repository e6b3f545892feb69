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
  0  no findings at the --fail-on level or above
  1  findings
  2  invalid usage
  5  the connection failed or timed out
  7  the output could not be written
"""


DIALECTS = (*READERS, "sse")


def check(options: argparse.Namespace) -> Exit:
    """Check the stream of a recording or a server, and print the findings."""
    # Imported lazily: no other command needs the rules.
    from ._check import check

    return check(options)


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `check` to a parser."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE|URL",
        help="recorded stream, - for standard input, or a URL to send a short prompt to",
    )
    parser.add_argument(
        "--profile",
        choices=("compat", "strict"),
        default="compat",
        help="compat reports what breaks clients, strict whatever the format forbids (default: compat)",
    )
    parser.add_argument(
        "--dialect",
        choices=DIALECTS,
        metavar="NAME",
        help=f"wire format: {', '.join(DIALECTS)} (default: that of --api for a URL, otherwise detect from the first "
        "event); sse checks only the framing, and sends a GET to a URL",
    )
    for name, said in (("select", "apply only these rules"), ("ignore", "do not apply these rules")):
        parser.add_argument(
            f"--{name}",
            metavar="RULES",
            type=selectors,
            action="extend",
            default=[],
            help=f"{said}: comma-separated ids, id prefixes or names; repeatable",
        )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "note"),
        default="error",
        help="exit with code 1 for findings at this level or above (default: error)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "junit", "github"),
        default="text",
        help="report format (default: text)",
    )
    parser.add_argument("--explain", metavar="RULE", help="explain a rule and exit")
    parser.add_argument(
        "--table", metavar="DIR", help="check every recording in DIR, and print a Markdown table by provider"
    )
    live = parser.add_argument_group("request options for a URL")
    live.add_argument("--api", choices=APIS, default="chat", help="API type (default: chat)")
    live.add_argument("--model", metavar="NAME", help="model name (env: OPENAI_MODEL, ANTHROPIC_MODEL, GEMINI_MODEL)")
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
        help="send this body to the exact URL, instead of a short prompt",
    )
    live.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=60.0,
        help="maximum wait for the next bytes (default: 60)",
    )
