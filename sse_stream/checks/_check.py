"""Checking a body or a response."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .. import dialects
from .._chat._limits import Limits
from .._sources._protocols import StreamSource
from ..dialects import Dialect
from ..dialects._formats import READERS
from ._capture import Capture, captured
from ._checker import Checker
from ._findings import Findings, printable
from ._report import Report
from ._rule import PROFILES, Level, Profile
from ._rules import RULES

FRAMING = "sse"
"""Accepted in place of a dialect: check only the framing."""


def check(
    body_or_source: StreamSource | bytes | bytearray | memoryview | Capture,
    *,
    dialect: Dialect | str | None = None,
    profile: Profile = "compat",
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    clock: Callable[[], float] | None = None,
    limits: Limits = Limits(),
    name: str = "",
) -> Report:
    r"""Check a stream, and report the rules that the server broke.

    Args:
        body_or_source: The bytes of a body, or anything that `ChatStream` accepts, which is read to its end and closed.
            The status and headers of a response are checked too. For an async client, pass the `Capture` that
            `acapture` returns.
        dialect: The wire format: an object of `sse_stream.dialects`, or a name such as `"openai_chat"`. `"sse"` checks
            only the framing. By default, the format is detected from the first event.
        profile: `"compat"` reports what clients cannot handle as errors, `"strict"` what the format forbids.
        select: The rules to apply: ids, prefixes of ids or names. By default, all rules.
        ignore: The rules to leave out, in the same form. They take precedence.
        clock: Returns the time in seconds, such as `time.monotonic`. Timing is checked only if it is given.
        limits: Limits on memory. A stream that exceeds them is a finding.
        name: The name of what is checked, for the report.

    Returns:
        The report, with one finding per broken rule.

    Raises:
        TypeError: `body_or_source` is not one of these; the message says what to pass instead.
        ValueError: The dialect, the profile or a rule is unknown.
        Exception: Whatever the client raises before there is a response.

    >>> report = check(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n', select=["END"])
    >>> [(finding.rule.id, finding.rule.name, finding.level) for finding in report.findings]
    [('END001', 'truncated', 'error')]
    """
    report = reporter(dialect, profile, select, ignore, limits=limits, name=name)
    if isinstance(body_or_source, Capture):
        return report(body_or_source)
    source = bytes(body_or_source) if isinstance(body_or_source, (bytearray, memoryview)) else body_or_source
    return report(captured(source, clock))


def assert_clean(
    body_or_source: StreamSource | bytes | bytearray | memoryview | Capture,
    *,
    dialect: Dialect | str | None = None,
    profile: Profile = "compat",
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    fail_on: Level = "error",
) -> None:
    """Fail a test if a stream has findings. The report is the message.

    Args:
        body_or_source: As with `check`.
        dialect: As with `check`.
        profile: As with `check`.
        select: As with `check`.
        ignore: As with `check`.
        fail_on: Findings at this level or a more severe one fail the test: `"error"`, `"warning"` or `"note"`.

    Raises:
        AssertionError: There are such findings.
        TypeError: As with `check`.
        ValueError: The dialect, the profile, a rule or the level is unknown.
    """
    report = check(body_or_source, dialect=dialect, profile=profile, select=select, ignore=ignore)
    if report.fails(fail_on):
        raise AssertionError(report.render("text"))


def reporter(
    dialect: Dialect | str | None,
    profile: Profile,
    select: Collection[str],
    ignore: Collection[str],
    *,
    limits: Limits = Limits(),
    name: str = "",
) -> Callable[[Capture], Report]:
    """Return a function that checks a capture.

    Args:
        dialect: As with `check`.
        profile: As with `check`.
        select: As with `check`.
        ignore: As with `check`.
        limits: As with `check`.
        name: As with `check`.

    Raises:
        TypeError: The selectors are a single string.
        ValueError: The dialect, the profile or a rule is unknown.
    """
    if isinstance(select, str) or isinstance(ignore, str):
        raise TypeError("select and ignore take several selectors: pass a list, such as ['SSE', 'CHAT002']")
    if profile not in PROFILES:
        raise ValueError(f"a profile is one of {', '.join(PROFILES)}, not {profile!r}")
    selected = RULES.selected(select, ignore)
    framing_only = dialect == FRAMING
    found = _dialect(dialect) if isinstance(dialect, str) and not framing_only else dialect

    def report(capture: Capture) -> Report:
        findings = Findings(RULES, profile, selected)
        reads_as = None if isinstance(found, str) else found
        checker = Checker(capture, findings, reads_as, limits, framing_only=framing_only)
        checker.run()
        return Report(
            findings=tuple(findings),
            profile=profile,
            dialect=checker.format,
            ending=checker.ending,
            events=checker.events,
            size=len(capture.body),
            name=printable(name),
        )

    return report


def _dialect(name: str) -> Dialect:
    reader = READERS.get(name)
    if reader is None:
        raise ValueError(f"a dialect is one of {', '.join((*READERS, FRAMING))}, not {name!r}")
    dialect: Dialect = getattr(dialects, reader.dialect)()
    return dialect
