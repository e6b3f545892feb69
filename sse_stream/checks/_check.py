"""Checks a body or a response."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .. import dialects
from .._chat._limits import Limits
from .._sources._protocols import StreamSource
from ..dialects import Dialect
from ..dialects._formats import READERS
from ._capture import Capture, captured
from ._checker import Checker
from ._findings import Findings
from ._report import Report
from ._rule import PROFILES, Level, Profile
from ._rules import RULES

FRAMING = "sse"
"""In place of a dialect: server-sent events that are no model's."""


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
    r"""Find what a server should not have done in a stream.

    Args:
        body_or_source: The bytes of a body, or anything that `ChatStream` takes, which is read to its end and closed.
            Of a response its status and headers are checked too. What an async client has received comes as a
            `Capture`, from `acapture`.
        dialect: The wire format: one of `sse_stream.dialects`, or a name such as `"openai_chat"`; `"sse"` looks at the
            framing only. By default the first event tells.
        profile: `"compat"` finds what clients do not survive, `"strict"` what the format forbids.
        select: Ids, beginnings of ids or names of the rules that are applied; by default all.
        ignore: The same of rules that are not, which wins.
        clock: Tells the time in seconds, such as `time.monotonic`: then it is checked when bytes arrive as well.
        limits: Bounds on memory; what is larger is a finding.
        name: What is checked, for the report.

    Returns:
        The findings, one for each rule that was broken.

    Raises:
        TypeError: `body_or_source` is neither; the message says what to pass instead.
        ValueError: There is no such dialect, profile or rule.
        Exception: What the client raises before a response is there.

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
    """Fail a test if a stream has findings, with the report as the message.

    Args:
        body_or_source: As with `check`.
        dialect: As with `check`.
        profile: As with `check`.
        select: As with `check`.
        ignore: As with `check`.
        fail_on: The level from which on a finding fails the test: `"error"`, `"warning"` or `"note"`.

    Raises:
        AssertionError: There are such findings.
        TypeError: `body_or_source` is neither; the message says what to pass instead.
        ValueError: There is no such dialect, profile, rule or level.
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
    """What makes a report of a capture.

    Args:
        dialect: As with `check`.
        profile: As with `check`.
        select: As with `check`.
        ignore: As with `check`.
        limits: As with `check`.
        name: As with `check`.

    Raises:
        TypeError: Selectors are a single text.
        ValueError: There is no such dialect, profile or rule.
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
            name=name,
        )

    return report


def _dialect(name: str) -> Dialect:
    reader = READERS.get(name)
    if reader is None:
        raise ValueError(f"a dialect is one of {', '.join((*READERS, FRAMING))}, not {name!r}")
    dialect: Dialect = getattr(dialects, reader.dialect)()
    return dialect
