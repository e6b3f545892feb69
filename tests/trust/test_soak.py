"""A short soak test; `python -m tests.trust.soak` runs a long one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .soak_plans import plan

PROJECT = Path(__file__).resolve().parents[2]


def test_streams_of_every_kind_come_through_every_client() -> None:
    # In a process of its own, whose descriptors, threads and connections are those of the soak alone.
    command = [sys.executable, "-m", "tests.trust.soak", "--streams", "150", "--seconds", "12"]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    done = re.search(r"^([0-9,]+) streams in .*?([0-9,]+) deltas", ran.stdout, re.MULTILINE)
    assert done is not None, ran.stdout
    assert int(done[1].replace(",", "")) >= 50
    assert int(done[2].replace(",", "")) > 0


def test_the_plans_hold_what_a_soak_is_for() -> None:
    plans = [plan(number, 1) for number in range(600)]
    assert {chosen.kind for chosen in plans} == {"stream", "error", "status", "document", "page"}
    assert {type(chosen.reply.fault).__name__ for chosen in plans} == {
        *("NoneType", "EndAt", "Disconnect", "HalfClose", "Reset", "Stall", "Comments", "WrongLength"),
    }
    assert {chosen.manner for chosen in plans} == {"events", "text", "chunks", "until_done", "leave", "close", "cancel"}
    assert {chosen.reply.encoding for chosen in plans} == {"identity", "gzip", "deflate", "br", "zstd"}
    assert {chosen.reply.framing for chosen in plans} == {"chunked", "length", "close"}
