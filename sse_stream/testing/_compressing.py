"""How a body is compressed, so that each piece can be decompressed as soon as it has come."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, TypeAlias

ContentEncoding: TypeAlias = Literal["identity", "gzip", "deflate", "br", "zstd"]
"""How the body is compressed. `br` needs the package `brotli`, `zstd` needs `zstandard`."""


@dataclass(frozen=True)
class Compressor:
    """One compressed body in the making: pieces that can be decompressed as they come, then the end."""

    piece: Callable[[bytes], bytes]
    end: Callable[[], bytes]


def compressor_of(encoding: ContentEncoding) -> Compressor:
    """A new compressor.

    Raises:
        ValueError: There is no such encoding, or its package is not installed.
    """
    match encoding:
        case "identity":
            return Compressor(bytes, bytes)
        case "gzip" | "deflate":
            # The wrapper's size in bits, plus 16 for that of gzip. HTTP's "deflate" is the zlib format.
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
    raise ValueError(f"encoding is identity, gzip, deflate, br or zstd, not {encoding!r}")


def _installed(name: str, encoding: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"encoding={encoding!r} needs the package {name}, which is not installed") from error
