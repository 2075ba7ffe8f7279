"""Device, private random streams and process settings. Importing this changes nothing.

Knows nothing of data or models. Torch is imported by the functions that need it, so that `gatecast --help` never
pays for it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from gatecast.errors import DeviceError

if TYPE_CHECKING:
    import torch

LARGE = 500_000_000  # floating-point operations of a step that is worth all threads, and half precision (docs/LOG.md)

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4  # parameter numbers of glibc's mallopt
_NEVER_TRIM = -1
_MMAP_MAX = 65536  # glibc's default
_MMAP_THRESHOLD, _TRIM_THRESHOLD = 32 * 2**20, 64 * 2**20  # what glibc's own adjustment ends at
_PRODUCTS, _MUCH_LONGER = 5, 1.5  # of a trial; where cores are free, several threads take less time, else ten times it
_PIECES = 3  # of work with each number of threads, by which the quicker one is known


def resolve_device(name: str) -> torch.device:
    """`"auto"`, `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"` → the device. Auto takes one GPU where there is one.

    Raises: DeviceError if the device is not there.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        have = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        raise DeviceError(
            f"device {name!r} is not available here; available: {', '.join(have)}. "
            "Use --device auto to take the best one.",
            f"此机器上没有设备 {name!r}；可用：{'、'.join(have)}。用 --device auto 自动选择。",
        ) from error
    return device


def on_device(array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None) -> torch.Tensor:
    """An array as a tensor: on a CPU the same memory, on a GPU a copy that does not wait for what is still computed."""
    import torch

    return torch.as_tensor(array, dtype=dtype).to(device, non_blocking=True)


def _key(seed: int, keys: tuple[str | int, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, *(k if isinstance(k, int) else crc32(k.encode()) for k in keys)])


def stream(seed: int, *keys: str | int) -> np.random.Generator:
    """A private random stream. The same seed and keys give the same draws, whatever else was drawn before."""
    return np.random.default_rng(_key(seed, keys))


def torch_seed(seed: int, *keys: str | int) -> int:
    """The seed of a private torch stream for these keys."""
    return int(_key(seed, keys).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def private_torch_stream(seed: int, *keys: str | int) -> Iterator[None]:
    """Inside, torch's global stream is ours (initialisation and dropout draw from it); after, the caller's is back."""
    import torch

    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(torch_seed(seed, *keys))
        yield


@contextmanager
def keeping_memory() -> Iterator[None]:
    """While inside, glibc keeps freed memory instead of returning it to the kernel.

    Half of the time of CPU training is page faults on buffers that are freed and taken again at every step. This is
    the one process-wide setting that training changes. At the end the memory goes back to the kernel, and the setting
    to what glibc reaches by itself in a process that frees large buffers: its own adjustment ends with the first
    call of mallopt, and its starting values would leave the process with more page faults than before.
    `GATECAST_KEEP_MEMORY=0` switches all this off. Other C libraries than glibc are left alone.
    """
    if os.environ.get("GATECAST_KEEP_MEMORY") == "0" or not sys.platform.startswith("linux"):
        yield
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        yield
        return
    libc.mallopt(_M_MMAP_MAX, 0)  # older versions of glibc refuse a threshold as high as we would need
    libc.mallopt(_M_TRIM_THRESHOLD, _NEVER_TRIM)
    try:
        yield
    finally:
        libc.mallopt(_M_MMAP_MAX, _MMAP_MAX)
        libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD)
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD)
        libc.malloc_trim(0)


def take_quickest_threads(most: int) -> None:
    """Let torch use so many threads from now on, or one where others hold the cores.

    Threads that share an operation wait for each other at its end: with another program on one of two cores they take
    ten times as long as one alone. A trial of some products says so, in milliseconds where the cores are free.
    """
    import torch

    one, other = torch.ones(64, 512), torch.ones(512, 512)
    seconds = {}
    for number in dict.fromkeys((1, most)):
        torch.set_num_threads(number)
        torch.mm(one, other)  # the first pays for what is made ready once
        start = time.perf_counter()
        for _ in range(_PRODUCTS):
            torch.mm(one, other)
        seconds[number] = time.perf_counter() - start
    torch.set_num_threads(most if seconds[most] < _MUCH_LONGER * seconds[1] else 1)


def quickest_threads(most: int) -> Iterator[None]:
    """Let torch use so many threads, or one, for pieces of work of one kind; to be advanced before each of them.

    A few pieces go with one thread, as many with all: then whichever was quicker. What a second core is worth changes
    by the second where others share the machine, and products in half precision need it less than others. Where
    `take_quickest_threads` finds the cores held by others, one is not tried against all.
    """
    import torch

    take_quickest_threads(most)
    if torch.get_num_threads() > 1:
        seconds = {}
        for number in (1, most):
            torch.set_num_threads(number)
            yield  # the first pays for what is made ready once
            start = time.perf_counter()
            for _ in range(_PIECES):
                yield
            seconds[number] = time.perf_counter() - start
        torch.set_num_threads(1 if seconds[1] < seconds[most] else most)
    while True:
        yield


@contextmanager
def at_most_threads(number: int) -> Iterator[None]:
    """While inside, torch uses at most so many threads for one operation; after, as many as before.

    Threads that share one small operation spend their time waiting for each other, and where other programs hold the
    cores they wait a hundred times longer than they work.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(before, number))
    try:
        yield
    finally:
        torch.set_num_threads(before)
