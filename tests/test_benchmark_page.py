"""The page of benchmarks says what the recorded results say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_page_holds_the_recorded_results() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "table.py"), "--check"], check=False)
    assert done.returncode == 0, "run benchmarks/table.py"
