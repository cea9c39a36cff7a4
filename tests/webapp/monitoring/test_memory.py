import platform
import subprocess
import sys

import pytest

# In a process of its own, whose garbage is known.
PROGRAM = """
import gc
from webapp.monitoring.memory import collect_and_spare

class Loop:
    def __init__(self):
        self.itself = self

def count():
    gc.unfreeze()
    n = sum(type(each) is Loop for each in gc.get_objects())
    gc.freeze()
    return n

used, garbage = Loop(), Loop()
del garbage
collect_and_spare()
assert gc.get_freeze_count() > 1000
assert len(gc.get_objects()) < gc.get_freeze_count() / 10, "a collection has little to look at"
assert count() == 1, "garbage is freed"

later = Loop()
assert sum(type(each) is Loop for each in gc.get_objects()) == 1, "it is not spared"
del later
assert gc.collect() > 0
assert count() == 1

del used
gc.collect()
assert count() == 1, "what was spared stays"
collect_and_spare()
assert count() == 0, "until the next time"
"""


def test_what_is_in_use_is_left_out_of_collections_until_the_next_time() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


# Pieces of which every tenth stays in use, so that nothing lies free at the heap's end.
HOLES = """
from pathlib import Path
from webapp.monitoring.memory import give_back

def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6

pieces = [bytes(5000) for _ in range(20_000)]
pieces = [piece for number, piece in enumerate(pieces) if number % 10 == 0]
before = resident_mb()
give_back()
assert before - resident_mb() > 20, (before, resident_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed")
def test_memory_that_was_freed_is_given_back() -> None:
    subprocess.run([sys.executable, "-c", HOLES], check=True)
