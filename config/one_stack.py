"""Room for all calls of a request in one piece of memory.

Python 3.11 and 3.12 keep the calls that are under way in pieces of 16 KB, and ask the system for the next piece, and
give it back, with each call that steps over an end: where a template's tags happened to stand there, a page of fifty
rows did so 720 times and took a third longer (https://github.com/python/cpython/issues/142183). Releases of 3.13 and
3.14 since the spring of 2026 keep the next piece.
"""

SLOTS = 15_500  # of 8 bytes: more than half of 256 KB, so that this is what is asked for, and half is left for calls


def in_one_piece(act, *args, **kwargs):
    """What `act` answers."""
    return act(*args, **kwargs)


in_one_piece.__code__ = in_one_piece.__code__.replace(co_stacksize=SLOTS)


def roomy(get_response):
    """The outermost middleware: all that a request calls is called within."""
    return lambda request: in_one_piece(get_response, request)
