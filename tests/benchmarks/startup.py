"""Measure what `import sse_stream` costs: time, memory and imported modules.

    python -m tests.benchmarks.startup [--json FILE] [--rounds N]

Each figure is the median of fresh interpreters that import it, minus that of
fresh interpreters that import nothing, in turns: CPU time of the whole process,
and its peak resident memory. msgspec alone, which is part of it, is shown for
comparison. Modules are those that `python -X importtime` reports, summed by
package, each without what it imports; modules that a program may not need are
listed by name.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from .pipeline import Goal
from .sse import print_table

PACKAGE = "sse_stream"
DEPENDENCY = "msgspec"
# What importing must not load: HTTP clients, what only tests need, and whatever is large for what it is used for.
UNWANTED = (
    "aiohttp",
    "anyio",
    "asyncio",
    "email",
    "http.client",
    "httpx",
    "httpx2",
    "hypothesis",
    "niquests",
    "pydantic",
    "requests",
    "socket",
    "ssl",
    "trio",
    "typing_extensions",
    "unittest",
    "urllib3",
    "urllib.request",
)
# Run by a fresh interpreter after it has imported what is measured: prints its CPU time in seconds and its peak memory in bytes. What
# `getrusage` says begins with the peak of the process that started it, so it is asked only where there is no /proc.
COST = """
import time
print(time.process_time())
try:
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")))
except OSError:
    import resource, sys
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""
_IMPORT = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \| ( *)(\S+)")


def run(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *options, "-c", program], capture_output=True, check=True, text=True)


def cost(program: str) -> tuple[float, float]:
    """Milliseconds and megabytes of a fresh interpreter that runs the program."""
    seconds, peak = run(f"{program}\n{COST}").stdout.split()
    return float(seconds) * 1e3, int(peak) / 1e6


def above_bare(rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds and megabytes of the import, and of that of msgspec alone, above importing nothing."""
    programs = {"": "", **{name: f"import {name}" for name in (DEPENDENCY, PACKAGE)}}
    for program in programs.values():
        run(program)  # what it needs is compiled and in the file cache
    times: dict[str, list[float]] = {name: [] for name in programs}
    sizes: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            milliseconds, megabytes = cost(program)
            times[name].append(milliseconds)
            sizes[name].append(megabytes)
    return {
        name: (median(times[name]) - median(times[""]), median(sizes[name]) - median(sizes[""]))
        for name in (PACKAGE, DEPENDENCY)
    }


def imported_modules() -> dict[str, tuple[float, float]]:
    """Milliseconds of each module that the import loads: by itself, and with all below it."""
    bare = {match[4] for match in _IMPORT.finditer(run("", "-X", "importtime").stderr)}
    found = {}
    for match in _IMPORT.finditer(run(f"import {PACKAGE}", "-X", "importtime").stderr):
        if match[4] not in bare:
            found[match[4]] = (int(match[1]) / 1e3, int(match[2]) / 1e3)
    return found


def by_package(modules: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Milliseconds of each top-level package or module by itself, the costly ones first."""
    sums: dict[str, float] = {}
    for name, (own, _) in modules.items():
        top = name.partition(".")[0]
        sums[top] = sums.get(top, 0.0) + own
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def unwanted_modules() -> list[str]:
    """Which of the unwanted modules the import loads, beyond what its one dependency loads itself."""
    program = f"import sys, {DEPENDENCY}; had = set(sys.modules); import {PACKAGE}; print(*set(sys.modules) - had)"
    loaded = set(run(program).stdout.split())
    return [name for name in UNWANTED if name in loaded]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.startup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="interpreters to start (default: 15)")
    options = parser.parse_args(arguments)

    costs = above_bare(max(1, options.rounds))
    packages = by_package(imported_modules())
    unwanted = unwanted_modules()

    table = [[f"import {name}", f"{time:.1f} ms", f"{size:.1f} MB"] for name, (time, size) in costs.items()]
    print_table([["", "time", "memory"], *table])
    print("\nWhat it loads, by what each takes itself (slower than it is, as it is being measured):\n")
    print_table([["package", "ms"], *([name, f"{own:.2f}"] for name, own in packages.items())])
    print()
    print_table(
        [
            ["goal", "", "measured", ""],
            Goal("import sse_stream, ms", 60, costs[PACKAGE][0], at_least=False).cells(),
            Goal("HTTP clients, event loops and the like that it loads", 0, len(unwanted), at_least=False).cells(),
        ]
    )
    if unwanted:
        print(f"\nLoaded for nothing: {', '.join(unwanted)}")
    if options.json is not None:
        said = {"milliseconds and megabytes": costs, "packages": packages, "unwanted": unwanted}
        options.json.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
