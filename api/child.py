"""`python -m api.child MODULE ...`: runs a module as a program that ends when its parent is gone, however it went.

The parent holds the other end of our standard input; the system closes it even after a kill -9.
"""

import os
import runpy
import signal
import sys
import threading


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, *sys.argv[1:] = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
