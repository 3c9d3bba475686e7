"""A worker that is forked after its parent has hashed a password can check passwords itself."""

import subprocess
import sys

# In a process of its own: forking the test runner with its threads would prove something else.
SCRIPT = """
import asyncio, os
from kundelik_core.kernel.passwords import _executor, hash_password
asyncio.run(hash_password("parent"))
# The thread must have said that it is free: that is what the child would rely on.
assert _executor()._idle_semaphore.acquire(timeout=20)
_executor()._idle_semaphore.release()
child = os.fork()
if child == 0:
    asyncio.run(asyncio.wait_for(hash_password("child"), 20))
    os._exit(0)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_worker_hashes_too() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], timeout=60, check=False)
    assert done.returncode == 0
