"""What training does to the process's memory, and what is left of it afterwards.

Each measurement has a process of its own: page faults depend on what the heap went through before.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys

import pytest

glibc = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"),
    reason="only glibc has the setting",
)

PREAMBLE = """
import json, resource
import torch
from gatecast.runtime import keeping_memory

def faults(size):
    "Page faults of filling and freeing a buffer of so many numbers ten times."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(size)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

LARGE, SMALL = 16 * 2**20, 2**20  # 64 MB: at least 320 faults in ten, even with huge pages, if each is new; 4 MB
faults(SMALL)
outside = faults(LARGE)
"""


def measured(code: str, **environment: str) -> dict[str, int]:
    """The numbers that the code prints as JSON, in a fresh process."""
    clean = {name: value for name, value in os.environ.items() if name != "GATECAST_KEEP_MEMORY"}
    command = [sys.executable, "-c", PREAMBLE + code]
    done = subprocess.run(command, capture_output=True, check=True, env={**clean, **environment})
    return json.loads(done.stdout)


INSIDE = """
with keeping_memory():
    torch.ones(LARGE)
    inside = faults(LARGE)
print(json.dumps({"outside": outside, "inside": inside}))
"""


@glibc
def test_freed_memory_is_taken_again_without_page_faults() -> None:
    found = measured(INSIDE)
    assert found["outside"] >= 320
    assert found["inside"] < found["outside"] / 10


@glibc
def test_it_can_be_switched_off() -> None:
    found = measured(INSIDE, GATECAST_KEEP_MEMORY="0")
    assert found["inside"] >= found["outside"] / 2


@glibc
def test_memory_goes_back_at_the_end_even_after_an_error() -> None:
    found = measured("""
try:
    with keeping_memory():
        faults(LARGE)
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print(json.dumps({"outside": outside, "after": faults(LARGE)}))
""")
    assert found["after"] >= found["outside"] / 2


@glibc
def test_the_process_is_left_with_no_more_page_faults_than_it_had() -> None:
    """The smaller buffers of the user's own training must not go back to the kernel one by one."""
    found = measured("""
with keeping_memory():
    pass
faults(SMALL)
print(json.dumps({"after": faults(SMALL)}))
""")
    assert found["after"] < 100
