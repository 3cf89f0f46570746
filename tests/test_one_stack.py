"""The room for the calls of a request: no loop, however deep, asks the system for memory with each call."""

import resource
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.one_stack import in_one_piece, roomy

LOOPS, DEEPEST, WIDEST = 100, 120, 24  # calls; frames; slots of one frame: somewhere among them an end is stepped over


def _leaf(a, b, c, d, e, f, g, h):
    return a


def _deeper(depth: int) -> int:
    """How many pages of memory came from the system while functions were called at this depth."""
    if depth:
        return _deeper(depth - 1)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(LOOPS):
        _leaf(1, 2, 3, 4, 5, 6, 7, 8)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def _lower_by(slots: int):
    """What calls with its own frame so much longer."""

    def called(act, *args):
        return act(*args)

    called.__code__ = called.__code__.replace(co_stacksize=called.__code__.co_stacksize + slots)
    return called


def _worst(call) -> int:
    """Of a thread of its own, as web processes have, so that little else is on the stack."""

    def of_all():
        return max(_lower_by(slots)(call, _deeper, depth) for slots in range(WIDEST) for depth in range(DEEPEST))

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(of_all).result()


def test_no_depth_asks_for_memory_with_each_call():
    """F4. The control does, in the Pythons that were not mended."""
    assert _worst(in_one_piece) < LOOPS / 2
    if sys.version_info < (3, 13):
        assert _worst(lambda act, depth: act(depth)) >= LOOPS


def test_requests_are_answered_in_it():
    def answer(request):
        assert sys._getframe(1).f_code is in_one_piece.__code__
        return f"to {request}"

    assert roomy(answer)("somebody") == "to somebody"
    with pytest.raises(ZeroDivisionError):
        roomy(lambda request: 1 / 0)("somebody")
