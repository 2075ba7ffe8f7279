"""What training does to the process's memory, and what is left of it afterwards."""

from __future__ import annotations

import ctypes
import resource
import sys

import pytest
import torch

from gatecast.runtime import keeping_memory

glibc = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"),
    reason="only glibc has the setting",
)


def faults_of_ten_large_buffers() -> int:
    """Page faults of filling and freeing 64 MB ten times: at least 320, even with huge pages, if each is new."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@glibc
def test_freed_memory_is_taken_again_without_page_faults() -> None:
    outside = faults_of_ten_large_buffers()
    with keeping_memory():
        torch.ones(16 * 2**20)
        inside = faults_of_ten_large_buffers()
    assert outside >= 320
    assert inside < outside / 10


@glibc
def test_memory_goes_back_at_the_end_even_after_an_error() -> None:
    outside = faults_of_ten_large_buffers()
    with pytest.raises(KeyboardInterrupt), keeping_memory():
        faults_of_ten_large_buffers()
        raise KeyboardInterrupt
    assert faults_of_ten_large_buffers() >= outside / 2


@glibc
def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECAST_KEEP_MEMORY", "0")
    outside = faults_of_ten_large_buffers()
    with keeping_memory():
        assert faults_of_ten_large_buffers() >= outside / 2


@glibc
def test_the_process_is_left_with_no_more_page_faults_than_it_had() -> None:
    """The smaller buffers of the user's own training must not go back to the kernel one by one."""

    def faults_of_small_buffers() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            torch.ones(2**20)  # 4 MB
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    with keeping_memory():
        pass
    faults_of_small_buffers()
    assert faults_of_small_buffers() < 100
