import subprocess
import sys

# In a process of its own, whose garbage is known.
PROGRAM = """
import gc
from serving.garbage import collect_and_spare

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
