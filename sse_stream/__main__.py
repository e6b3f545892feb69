"""`python -m sse_stream`: the command line."""

import sys

from ._cli._main import main

if __name__ == "__main__":
    sys.exit(main())
