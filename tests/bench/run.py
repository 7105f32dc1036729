"""`make bench`: measures, prints a table and writes JSON. A number never fails it; see docs/benchmarks.md."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.bench.report import main

    main()
