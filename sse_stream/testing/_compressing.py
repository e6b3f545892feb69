"""Compression of bodies, flushed so that each piece can be decompressed as soon as it arrives."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, TypeAlias

ContentEncoding: TypeAlias = Literal["identity", "gzip", "deflate", "br", "zstd"]
"""The content encoding. `br` requires the package `brotli`, `zstd` requires `zstandard`."""


@dataclass(frozen=True)
class Compressor:
    """Compresses one body: its pieces, each flushed, then the end."""

    piece: Callable[[bytes], bytes]
    end: Callable[[], bytes]


def compressor_of(encoding: ContentEncoding) -> Compressor:
    """Create a compressor.

    Raises:
        ValueError: The encoding is unknown, or its package is not installed.
    """
    match encoding:
        case "identity":
            return Compressor(bytes, bytes)
        case "gzip" | "deflate":
            # The window size in bits, plus 16 for gzip. HTTP's "deflate" is the zlib format.
            zipping = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
            return Compressor(lambda data: zipping.compress(data) + zipping.flush(zlib.Z_SYNC_FLUSH), zipping.flush)
        case "br":
            brotli = _installed("brotli", encoding).Compressor()
            return Compressor(lambda data: bytes(brotli.process(data) + brotli.flush()), lambda: bytes(brotli.finish()))
        case "zstd":
            zstandard = _installed("zstandard", encoding)
            packing = zstandard.ZstdCompressor().compressobj()
            return Compressor(
                lambda data: bytes(packing.compress(data) + packing.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)),
                lambda: bytes(packing.flush()),
            )
    raise ValueError(f"encoding must be identity, gzip, deflate, br or zstd, not {encoding!r}")


def _installed(name: str, encoding: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"encoding={encoding!r} requires the package {name}, which is not installed") from error
