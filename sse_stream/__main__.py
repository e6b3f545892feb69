"""Entry point of `python -m sse_stream`."""

import sys

from ._cli._main import main

if __name__ == "__main__":
    sys.exit(main())
