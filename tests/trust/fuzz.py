"""Coverage-guided fuzzing of the decoders and of the tolerant reader.

    python -m tests.trust.fuzz [TARGET …] --seconds 20 [--jobs 2] [--corpus FOLDER]

A TARGET is `sse`, `chat`, `anthropic`, `responses`, `gemini`, `partial` or `reader` (default: all). Requires atheris (`pip install atheris`, Python 3.11 at
most). Prints a row per target, and the bytes of any failure; the exit status is 1 if there is one. With `--corpus`,
the corpus is saved, and used by the next run.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .invariants import CHECKS
from .seeds import seeds, tokens

# Long enough for several events of several fields, and no longer: time goes with it.
_MAX_LENGTH = {"sse": 400, "partial": 200}
_OTHERWISE = 2000


@dataclass(frozen=True)
class Run:
    """What a target came to."""

    target: str
    executions: int
    seconds: float
    corpus: int
    covered: int
    findings: list[bytes]
    said: str


def fuzz(target: str, seconds: int, corpus: Path | None = None, runs: int = -1, seed: int = 0) -> Run:
    """Fuzz one target for so long, or for so many runs, if those are fewer.

    Args:
        target: Which.
        seconds: For how long.
        corpus: Where to keep what was learnt.
        runs: How many inputs are tried at most; -1 for any number.
        seed: Of the inputs: the same ones are tried each time; 0 for others each time.
    """
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        learnt = workspace / "learnt" if corpus is None else corpus / target
        begun = workspace / "seeds"
        found = workspace / "found"
        for place in (learnt, begun, found):
            place.mkdir(parents=True, exist_ok=True)
        for number, body in enumerate(seeds(target).values()):
            (begun / str(number)).write_bytes(body)
        dictionary = workspace / "tokens"
        dictionary.write_text("".join(f'"{_escaped(token)}"\n' for token in tokens(target)))
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={_MAX_LENGTH.get(target, _OTHERWISE)}",
            f"-dict={dictionary}",
            f"-artifact_prefix={found}/",
            "-print_final_stats=1",
            "-rss_limit_mb=4096",
            "-timeout=20",
            f"-runs={runs}",
            f"-seed={seed}",
        ]
        command = [sys.executable, "-m", "tests.trust.fuzz_target", target, *options, str(learnt), str(begun)]
        environment = {**os.environ, **({"PYTHONHASHSEED": "0"} if seed else {})}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=environment)
        said = done.stderr + done.stdout
        findings = [path.read_bytes() for path in sorted(found.iterdir())]
        executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
        took = re.search(r"Done \d+ runs in (\d+) second", said)
        covered = re.findall(r"cov: (\d+)", said)
        if executed is None or (done.returncode and not findings):
            raise RuntimeError(f"{target} did not run: {said[-2000:]}")
        return Run(
            target,
            int(executed[1]),
            float(took[1]) if took else float(seconds),
            sum(1 for _ in learnt.iterdir()),
            int(covered[-1]) if covered else 0,
            findings,
            said,
        )


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("targets", metavar="TARGET", nargs="*", choices=[[], *CHECKS], default=[])
    parser.add_argument("--seconds", type=int, default=20, help="time per target (default: 20)")
    parser.add_argument("--jobs", type=int, default=1, help="targets to run in parallel (default: 1)")
    parser.add_argument("--corpus", type=Path, help="folder for the corpus (default: none)")
    parser.add_argument("--runs", type=int, default=-1, help="maximum number of inputs per target (default: no limit)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed for reproducible inputs; 0 for a random one (default: 0)"
    )
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("atheris") is None:
        print("fuzzing needs atheris, which is not installed: pip install atheris, on Python 3.11")
        return 2
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = list(
            pool.map(
                lambda target: fuzz(target, options.seconds, options.corpus, options.runs, options.seed),
                options.targets or list(CHECKS),
            )
        )
    print(f"{'target':10}{'executions':>12}{'seconds':>9}{'a second':>10}{'covered':>9}{'corpus':>8}{'found':>7}")
    for run in runs:
        rate = run.executions / max(run.seconds, 1)
        print(
            f"{run.target:10}{run.executions:12,}{run.seconds:9.0f}{rate:10,.0f}{run.covered:9,}{run.corpus:8,}"
            f"{len(run.findings):7}"
        )
    for run in runs:
        for finding in run.findings:
            print(f"\n{run.target} failed on {finding!r}\n{run.said[-3000:]}")
    return 1 if any(run.findings for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
