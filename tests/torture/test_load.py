"""What `make torture` judges of the load: growth of memory, what is not let go, workers that have ended."""

import pytest

from torture.load import GROWTH_BYTES, Watch
from torture.report import Line


@pytest.fixture
def judge():
    """Return what is wrong with memory, and with what is held."""

    def judge(watch):
        memory, held = Line("memory"), Line("held")
        watch.judge(memory, held)
        return memory.problems, held.problems

    return judge


def test_what_only_comes_and_goes_is_no_growth(judge):
    memory = [90_000_000, 120_000_000, 121_000_000, 120_000_000] * 2
    watch = Watch({1: memory, 2: memory}, files=[12, *[80] * 6, 16], connections=[2, *[8] * 7])

    assert judge(watch) == ([], [])


def test_growth_is_found(judge):
    memory = [120_000_000] * 4 + [121_000_000 + GROWTH_BYTES] * 4
    watch = Watch({1: [120_000_000] * 8, 2: memory}, files=[12, *[80] * 7], connections=[2, *[8] * 6, 12])

    memory_problems, held_problems = judge(watch)
    assert memory_problems == ["A worker grew by 6.0 MB."]
    assert held_problems == ["Not all was let go: before, at most, and after: 12, 80, 80 files, 2, 12, 12 connections"]


def test_a_worker_that_ended_is_found(judge):
    watch = Watch({1: [1] * 8, 2: [1] * 4, 3: [1] * 4}, files=[12] * 8, connections=[2] * 8)

    assert judge(watch) == (["A worker has ended; there were 3 of them."], [])
