"""A lock held by a thread that a fork leaves behind must not stop the child."""

from __future__ import annotations

import os
import threading
import warnings

import pytest

from mindast.runtime.locks import ForkLock


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_finds_the_lock_open():
    lock, held, done = ForkLock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside a thread: the very point
        child = os.fork()
    if child == 0:
        threading.Timer(5, os._exit, (1,)).start()
        with lock, lock:
            os._exit(0)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        done.set()
        thread.join()


def test_the_lock_excludes():
    lock, order = ForkLock(), []

    def work():
        with lock:
            order.append("other")

    with lock:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
